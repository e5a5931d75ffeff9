"""How a benchmark's inputs come to be: read as distributed, or made from targets as the authors do.

Each kind is a value (its fields are part of the protocol's digest) that turns the target as read
into the target as scored and the input.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from degrade.resize import resize_matlab
from evaluation.metrics.luma import luma_rounded
from evaluation.pictures import Samples, Shown, to_unit


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Inputs as distributed. bits: 8 reads 16-bit files as cv2.imread does, by their high byte; 16
    keeps them; 0: floats of an archive. scale: of the targets against the inputs, 1 where the sizes
    are equal. gray: pictures of three channels are read as luma (OpenCV's IMREAD_GRAYSCALE)."""

    bits: int = 8
    scale: int = 1
    gray: bool = False

    def __post_init__(self) -> None:
        _check_scale(self.scale)
        if self.bits not in (0, 8, 16):
            raise ValueError(f"stored bits {self.bits}: 8 or 16")


@dataclass(frozen=True, kw_only=True)
class Bicubic:
    """RGB, 8 bits: MATLAB's imresize(uint8, 1/scale) of the target, cropped at the right and the
    bottom to a multiple of `crop` (0: of scale). Gray pictures become three equal channels."""

    scale: int
    crop: int = 0

    def __post_init__(self) -> None:
        _check_scale(self.scale)
        if self.crop % self.scale or self.crop < 0:
            raise ValueError(f"bicubic crop {self.crop}: a multiple of scale {self.scale}, or 0")


@dataclass(frozen=True, kw_only=True)
class LumaBicubic:
    """The tables of SRCNN, VDSR and LapSRN: rgb2ycbcr(uint8), its luma / 255 in double, imresize
    without rounding. Pictures of one channel are luma as they are. One channel.
    gray: names of pictures that are so too where a distribution stores them in three equal channels
    (Set14's bridge; its man was stored so from the first, and is converted like any other)."""

    scale: int
    gray: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_scale(self.scale)


@dataclass(frozen=True, kw_only=True)
class GaussianNoise:
    """float32 target + NumPy's legacy normal(0, sigma / 255) of a generator seeded anew for every
    picture, neither clipped nor rounded. gray: one channel. order: of the channels that the field
    is laid on: 'rgb' (KAIR, Restormer, DPIR) or 'bgr' (SwinIR, which swaps them afterwards)."""

    sigma: float
    seed: int = 0
    gray: bool = False
    order: str = "rgb"

    def __post_init__(self) -> None:
        if not 0 <= self.sigma <= 255:
            raise ValueError(f"gaussian-noise sigma {self.sigma}: 0 to 255")
        if self.order not in ("rgb", "bgr"):
            raise ValueError(f"gaussian-noise order {self.order!r}: rgb or bgr")


def _check_scale(scale: int) -> None:
    if not 1 <= scale <= 16:
        raise ValueError(f"scale {scale}: 1 to 16")


Inputs = Stored | Bicubic | LumaBicubic | GaussianNoise


def inputs_choices(inputs: Inputs) -> dict[str, Any]:
    """Kind and fields, for the digest."""
    return {"kind": type(inputs).__name__, **asdict(inputs)}


def scale_of(inputs: Inputs) -> int:
    """How many times larger a target is than its input."""
    return 1 if isinstance(inputs, GaussianNoise) else inputs.scale


def channels_of(inputs: Inputs) -> int:
    """Channels of an input: 1 for luma and gray, else 3."""
    if isinstance(inputs, LumaBicubic):
        return 1
    return 1 if isinstance(inputs, GaussianNoise | Stored) and inputs.gray else 3


def mod_crop(picture: Samples, multiple: int) -> Samples:
    """Without the last rows and columns beyond a multiple of `multiple`."""
    height, width = (n - n % multiple for n in picture.shape[:2])
    return picture[:height, :width]


def make_shown(
    inputs: Inputs, target: Samples, *, lq: Samples | None = None, name: str = ""
) -> Shown:
    """A case's pictures from its target as read, uint8 [H,W,3] or [H,W,1].

    lq: the stored input, where the set has one; else it is made. name: of the case. Raises
    ValueError where a `Stored` input is missing.
    """
    if isinstance(inputs, Stored):
        if lq is None:
            raise ValueError("the set's inputs are stored, and this one is missing")
        return Shown(to_unit(lq), {"": target})
    if isinstance(inputs, GaussianNoise):
        return Shown(_noisy(inputs, target), {"": target})
    if isinstance(inputs, LumaBicubic):
        luma = _luma(target, gray=name.lower() in inputs.gray)
        luma = mod_crop(luma, inputs.scale)
        made = resize_matlab(luma / 255.0, scale=1 / inputs.scale, reading="matlab-bicubic-double")
        return Shown(made, {"": luma})
    rgb = np.repeat(target, 3, axis=2) if target.shape[2] == 1 else target
    rgb = mod_crop(rgb, inputs.crop or inputs.scale)
    small = resize_matlab(rgb, scale=1 / inputs.scale) if lq is None else lq
    if small.shape[2] == 1:
        small = np.repeat(small, 3, axis=2)
    return Shown(to_unit(small), {"": rgb})


def _luma(target: Samples, *, gray: bool) -> Samples:
    """[H,W,1] uint8. gray: three equal channels are one."""
    if target.shape[2] == 1:
        return target
    if gray and not (target != target[..., :1]).any():
        return target[..., :1]
    return luma_rounded(target)[..., None]


def _noisy(inputs: GaussianNoise, target: Samples) -> Samples:
    # the official scripts' generator: np.random.seed(seed); np.random.normal(...)
    generator = np.random.RandomState(inputs.seed)
    noise = generator.normal(0, inputs.sigma / 255.0, target.shape)
    if inputs.order == "bgr":
        noise = noise[..., ::-1]
    clean = to_unit(target)
    return (clean + noise).astype(np.float32)
