"""A network as a Restorer: enlargement before it, self-ensemble, checks, in the memory there is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from degrade.option_error import OptionError
from degrade.resize import resize_matlab
from evaluation.models.ensemble import self_ensemble
from evaluation.models.memory_plan import MemoryPlan
from evaluation.models.network import DEFAULT_SIGMA, Network
from evaluation.models.options import ModelOptions
from evaluation.models.restorer import Restorer, Scale, whole_scale
from evaluation.models.tensors import to_picture, to_tensor
from evaluation.pictures import Samples

if TYPE_CHECKING:
    from torch import Tensor


def restorer_of(
    network: Network, *, name: str, options: ModelOptions, sigma: float | None = None
) -> Restorer:
    """The network as a Restorer named `name`. sigma: what a network that is told the noise is told,
    0 ... 255. Raises OptionError where an option cannot hold."""
    _check(network, name=name, options=options)
    notes = list(network.notes)
    if options.tile not in (0, "auto") and network.tiling == "discouraged":
        notes.append(f"{name} sees the whole picture at once; tiles may change its results")
    if options.batch not in (1, "auto") and not network.batches:
        notes.append(f"{name} takes one picture at a time: --batch is left aside")
    told_noise = network.told == "sigma"
    if told_noise and sigma is None:
        notes.append(
            f"{network.facts.get('architecture', name)} is told the noise: sigma "
            f"{DEFAULT_SIGMA:g} of 255, for want of another"
        )
    level = DEFAULT_SIGMA if sigma is None else sigma
    enlarged = options.pre_upsample or network.pre_upsampled
    function = network.scale == 0 and not network.told and not enlarged
    runner = _Runner(network, name=name, options=options, notes=notes, sigma=level)
    return Restorer(
        name=name,
        restore=runner.restore,
        method="" if options.ensemble else network.method,
        scale=0 if enlarged else network.scale,
        fractions=enlarged or network.told == "scale",
        default_scale=1 if function else network.trained_scale,
        channels=network.channels,
        facts={
            **network.facts,
            **({"sigma": level} if told_noise else {}),
            "scale": network.scale,
            "options": options.facts(device=network.device),
        },
        notes=notes,
        luma=network.luma,
        at_noise=partial(_at_noise, network, name, options) if told_noise else None,
    )


def _at_noise(network: Network, name: str, options: ModelOptions, sigma: float) -> Restorer:
    return restorer_of(network, name=name, options=options, sigma=sigma)


def _check(network: Network, *, name: str, options: ModelOptions) -> None:
    """Raises OptionError."""
    if options.pre_upsample:
        why = ""
        if network.scale > 1 or network.told == "scale":
            why = f"enlarges {f'x{network.scale}' if network.scale else 'by any scale'} itself"
        elif network.pre_upsampled:
            why = "has its pictures enlarged by bicubic without it"
        if why:
            raise OptionError(
                f"--pre-upsample: {name} {why}; it is for networks that keep the size, where "
                "nothing says that they want it: leave it out"
            )
    if options.tile not in (0, "auto") and network.tiling == "never":
        raise OptionError(
            f"--tile {options.tile}: {name} cuts by itself or needs the whole picture; leave it out"
        )


class _Runner:
    """sigma: of 0 ... 255, for a network that is told the noise."""

    def __init__(
        self,
        network: Network,
        *,
        name: str,
        options: ModelOptions,
        notes: list[str],
        sigma: float,
    ) -> None:
        self.network, self.name, self.options, self.sigma = network, name, options, sigma
        self.memory = MemoryPlan(network, name=name, options=options, notes=notes)

    def restore(self, picture: Samples, scale: Scale) -> Samples:
        """See Restorer.restore."""
        picture, own = self._fitted(picture, scale)
        tensor = to_tensor(picture)
        told = {"": (), "sigma": (self.sigma,), "scale": (float(own),)}[self.network.told]

        def call(part: Tensor) -> Tensor:
            return self.memory.run(part, told, scale=own)

        try:
            if self.options.ensemble:
                output = self_ensemble(call, tensor, how=self.options.ensemble)
            else:
                output = call(tensor)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error
        except RuntimeError as error:  # torch's and onnxruntime's word for what does not fit
            height, width, channels = picture.shape
            said = " ".join(str(error).split())[:300]
            raise ValueError(
                f"{self.name}: failed on a picture of {width}x{height}, {channels} channel"
                f"{'s' * (channels != 1)}: {said}"
            ) from error
        restored = to_picture(output)
        if not np.isfinite(restored).all():
            hint = f"; try without {self.options.half_flag}" if self.options.half else ""
            raise ValueError(f"{self.name}: the output holds NaN or infinity{hint}")
        return restored

    def _fitted(self, picture: Samples, scale: Scale) -> tuple[Samples, Scale]:
        """The picture as the network gets it and the scale that is left to it, once both fit."""
        network, channels = self.network, picture.shape[2]
        if network.channels and channels not in network.channels:
            takes = " or ".join(map(str, network.channels))
            raise ValueError(
                f"{self.name} takes {takes} channel{'s' * (takes != '1')}, and the input has "
                f"{channels}: take pictures or a model of the other kind"
            )
        if self.options.ensemble and channels == 6:
            raise ValueError(
                "--self-ensemble: a dual-pixel input mirrored or turned has the parallax of its "
                "views the wrong way; leave it out"
            )
        if self.options.pre_upsample or network.pre_upsampled:
            if scale != 1:
                picture = resize_matlab(
                    picture, scale=float(scale), reading="matlab-bicubic-double"
                )
            return picture, 1
        if network.told == "scale":
            return picture, scale
        if network.scale in (0, scale):
            return picture, whole_scale(scale, name=self.name)
        if network.scale == 1:
            raise ValueError(
                f"{self.name} keeps the size; asked is x{float(scale):g}: add --pre-upsample "
                "(bicubic before the network), or take a model of this scale"
            )
        asked = f"asked is x{float(scale):g}" if scale != 1 else "asked is to keep the size"
        raise ValueError(f"{self.name} is x{network.scale}; {asked}: take a model of that scale")
