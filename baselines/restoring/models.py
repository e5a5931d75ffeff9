"""The model of a restoring run: what `--model` names, chained, told its noise and its scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from baselines.opening import Report, open_named_models
from baselines.restoring.channels import any_channels
from baselines.zero_shot.as_restorer import NAMES as ZERO_SHOT
from degrade.option_error import OptionError
from evaluation.models.chaining import chain
from evaluation.models.options import ModelOptions
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Samples

LARGEST_SCALE = 64.0
LARGEST_DENOMINATOR = 100  # of a scale: tiles begin at multiples of it
_CROP = 128  # pixels, side of what the error of 16 bits is measured on


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """names: of --model, a chain. networks: of --network, one for each name or none. scale: of
    --scale, taken as the nearest fraction of a denominator up to 100; None for the models' own.
    sigma: of --sigma in 0 ... 255. seconds: the most that a zero-shot method takes for a picture, 0
    for its own time. Raises OptionError for what no model takes.
    """

    names: Sequence[str]
    networks: Sequence[str] = ()
    scale: float | None = None
    sigma: float | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:  # a NaN is in no range
        if self.scale is not None and not 1 <= self.scale <= LARGEST_SCALE:
            raise OptionError(f"--scale {self.scale:g}: 1 to {LARGEST_SCALE:g}")
        if self.sigma is not None and not 0 <= self.sigma <= 255:
            raise OptionError(f"--sigma {self.sigma:g}: 0 to 255")
        if not 0 <= self.seconds < math.inf:
            raise OptionError(
                f"--time-limit {self.seconds:g}: seconds, more than 0; leave it out for as long as "
                "the steps take"
            )
        if self.seconds and not any(name in ZERO_SHOT for name in self.names):
            raise OptionError(f"--time-limit: for {' and '.join(ZERO_SHOT)}; leave it out")


@dataclass(frozen=True, kw_only=True)
class Model:
    """restorer: for gray and RGB alike. scale: what it is called with."""

    restorer: Restorer
    scale: Scale

    def restore(self, picture: Samples) -> Samples:
        """float [H,W,C] in 0 ... 1 -> [H*scale,W*scale,C'], sides of a fraction rounded."""
        return self.restorer.restore(picture, self.scale)


def open_restorer(
    asked: ModelRequest, *, options: ModelOptions, report: Report | None = None
) -> Model:
    """The models as one, for any picture. Raises OptionError where a scale or a sigma is asked for
    that they do not take, or a scale is needed and is not given."""
    models = open_named_models(
        asked.names,
        networks=asked.networks,
        options=options,
        seconds=asked.seconds,
        report=report,
    )
    restorer = chain([any_channels(model) for model in models])
    if asked.sigma is not None:
        if restorer.at_noise is None:
            raise OptionError(f"--sigma {asked.sigma:g}: {restorer.name} is told no noise")
        restorer = restorer.at_noise(asked.sigma)
    own = math.prod(model.scale or 1 for model in models)
    return Model(restorer=restorer, scale=_scale(restorer, asked=asked.scale or 0.0, own=own))


def _scale(restorer: Restorer, *, asked: float, own: int) -> Scale:
    """What the models are to be called with. own: the product of the scales that are fixed."""
    if restorer.scale:
        if asked not in (0, own):
            does = f"enlarges by {own}" if own > 1 else "keeps the size"
            more = asked > own and (asked / own).is_integer()
            raise OptionError(
                f"--scale {asked:g}: {restorer.name} {does}; leave it out"
                + (f", or put bicubic behind it for x{asked / own:g} more" if more else "")
                + (": add --model bicubic" if more else ", or take another model")
            )
        return own
    wanted = Fraction(asked or restorer.default_scale).limit_denominator(LARGEST_DENOMINATOR)
    if not wanted:
        raise OptionError(f"--scale: {restorer.name} enlarges by any; say by how much: --scale 2")
    if wanted < own:
        raise OptionError(f"--scale {asked:g}: {restorer.name} enlarges by {own} at least")
    if (wanted / own).denominator != 1 and not restorer.fractions:
        if wanted.denominator == 1:
            raise OptionError(f"--scale {asked:g}: {restorer.name} needs a multiple of {own}")
        raise OptionError(
            f"--scale {asked:g}: {restorer.name} enlarges by whole numbers; fractions are for "
            "Meta-SR and for networks of enlarged pictures (SRCNN, VDSR)"
        )
    return int(wanted) if wanted.denominator == 1 else wanted


def half_error(
    asked: ModelRequest, *, options: ModelOptions, model: Model, picture: Samples
) -> str:
    """How far 16 bits are from float32, in words: both run on the middle of a picture, [H,W,C].

    model: opened with `options`, whose `half` says which 16 bits.
    """
    height, width = picture.shape[:2]
    top, left = max(0, (height - _CROP) // 2), max(0, (width - _CROP) // 2)
    crop = np.ascontiguousarray(picture[top : top + _CROP, left : left + _CROP])
    full = open_restorer(asked, options=replace(options, half="", compile=False))
    wanted = np.clip(full.restore(crop), 0.0, 1.0).astype(np.float64)
    apart = np.abs(np.clip(model.restore(crop), 0.0, 1.0) - wanted)
    mean = float((apart**2).mean())
    level = "no difference" if not mean else f"{-10 * math.log10(mean):.1f} dB"
    return (
        f"{options.half}: {level} to float32 on the first picture (largest difference "
        f"{apart.max():.2g} of 1)"
    )
