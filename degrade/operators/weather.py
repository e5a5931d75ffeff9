"""Rain: streaks from sparse noise, blurred along their fall, blended over the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from degrade.fields import uniform_field
from degrade.filtering import correlate
from degrade.laws import Integer, LogUniform, Uniform
from degrade.operator import NOISE_SEED, Name, Number, Whole, light, operator

MODES = ("screen", "additive")

# Own choices, by eye on photographs, as are the laws below. Every layer lies farther off by this
# factor, so that its streaks are shorter and thinner; drops are dim more often than bright, as the
# cube of a uniform number is; a streak fades over a quarter of its length at either end; none is
# thinner than this, in pixels.
_FARTHER = 0.7
_FADE = 0.25
_THINNEST = 0.6
# Points a pixel, along each axis, over which a streak is averaged.
_FINE = 4
# Tails below this part of the peak are cut: half of an 8-bit code of a full streak.
_CUT = 1.0 / 512.0


@operator(
    kind="pointwise",
    source="noise, threshold, motion blur, blend, as behind the sets of Zhang, Sindagi and Patel "
    "(TCSVT 2020) and Fu et al. (CVPR 2017); several layers: Yang et al., CVPR 2017; veil: Li, "
    "Cheong and Tan, CVPR 2019",
    differentiable=True,
    parameters={
        "density": Number(
            LogUniform(0.002, 0.02), low=0.0, high=1.0, neutral=0.0,
            unit="drops per pixel, all layers together",
        ),
        "length": Number(Uniform(10.0, 60.0), low=1.0, high=1000.0, unit="px", host=True),
        "angle": Number(
            Uniform(60.0, 120.0), low=-360.0, high=360.0, host=True,
            unit="degrees, counter-clockwise from a row of the picture; 90 falls straight down",
        ),
        "width": Number(
            Uniform(1.0, 3.0), low=0.1, high=100.0, unit="px, full width at half maximum", host=True
        ),
        "layers": Whole(Integer(1, 5), low=1, high=16, unit="layers"),
        "intensity": Number(
            Uniform(0.3, 0.8), low=0.0, high=1.0, neutral=0.0, unit="of full range, at most",
            source="own choice",
        ),
        "mode": Name("screen", allowed=MODES, unit="blend"),
        "airlight": Number(
            Uniform(0.6, 1.0), low=0.0, high=1.0, unit="of full range", source="of the veil"
        ),
        "transmission": Number(
            1.0, low=0.0, high=1.0, neutral=1.0, unit="part that passes the veil",
            source="heavy rain: U(0.7, 1)",
        ),
        "seed": NOISE_SEED,
        "light": light("linear"),
    },
)  # fmt: skip
def rain(
    images: Tensor,
    *,
    density: Tensor,
    length: Sequence[float],
    angle: Sequence[float],
    width: Sequence[float],
    layers: Sequence[int],
    intensity: Tensor,
    mode: Sequence[str],
    airlight: Tensor,
    transmission: Tensor,
    seed: Tensor,
) -> Tensor:
    """Streaks of rain in one or more layers, and a veil of rain too far off for streaks.

    images [B,C,H,W]; the same grey streaks S on all channels. With t the transmission, A the
    airlight:  screen  t (1 - (1 - B)(1 - S)) + (1 - t) A,  additive  t (B + S) + (1 - t) A, in
    linear light unless `light` says otherwise. Length and width are those of the nearest layer. Not
    clipped: additive streaks pass white. The picture's size does not move a drop, nor does another
    layer.
    """
    streaks = torch.cat(
        [
            _streaks(
                images.shape[2:], density=density[b] / layers[b], length=length[b], angle=angle[b],
                width=width[b], layers=layers[b], seed=seed[b : b + 1],
            )
            for b in range(images.shape[0])
        ]
    )  # fmt: skip
    strength, veil, through = (
        column[:, None, None, None].to(images) for column in (intensity, airlight, transmission)
    )
    added = strength * streaks.to(images)
    screen = torch.tensor([name == "screen" for name in mode], device=images.device)
    seen = torch.where(screen[:, None, None, None], images + added * (1.0 - images), images + added)
    return through * seen + (1.0 - through) * veil


def _streaks(
    size: torch.Size,
    *,
    density: Tensor,
    length: float,
    angle: float,
    width: float,
    layers: int,
    seed: Tensor,
) -> Tensor:
    """Streaks [1,1,H,W] float32 in [0,1] of one picture, its layers blended by screen."""
    dark = torch.ones((1, 1, *size), device=seed.device)
    for layer in range(layers):
        scale = _FARTHER**layer
        kernel = streak_kernel(
            length=length * scale, angle=angle, width=max(width * scale, _THINNEST)
        )
        # Drops outside the picture whose streaks reach into it: the field counts from their corner.
        around = 2 * (kernel.shape[0] // 2)
        field = uniform_field(seed, (1, size[0] + around, size[1] + around), stream=layer)
        lit = (_drawn if field.device.type == "cpu" else _filtered)(field, density, kernel)
        dark = dark * (1.0 - lit.clamp(0.0, 1.0))
    return 1.0 - dark


def _filtered(field: Tensor, density: Tensor, kernel: NDArray[np.float64]) -> Tensor:
    """The field's drops, blurred: [1,1,H,W] from a field with the kernel's margin."""
    share = density.to(field).clamp(min=1e-30)
    drops = torch.where(field < share, field / share, 0.0) ** 3
    return correlate(drops, kernels=torch.from_numpy(kernel).to(field.device)[None])


def _drawn(field: Tensor, density: Tensor, kernel: NDArray[np.float64]) -> Tensor:
    """The same on the CPU, streak by streak: drops are few, so that most sums are of zeros."""
    height, width = (side - kernel.shape[0] + 1 for side in field.shape[2:])
    out = np.zeros((height, width), np.float32)
    _draw(field[0, 0].numpy(), np.float32(density), kernel.astype(np.float32), out)
    return torch.from_numpy(out)[None, None]


@njit(cache=True)
def _draw(
    field: NDArray[np.float32],
    share: np.float32,
    kernel: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    height, width = out.shape
    side = kernel.shape[0]
    for y in range(field.shape[0]):
        for x in range(field.shape[1]):
            if field[y, x] < share:
                part = field[y, x] / share
                drop = part * part * part
                for i in range(max(0, y - height + 1), min(side, y + 1)):
                    for j in range(max(0, x - width + 1), min(side, x + 1)):
                        out[y - i, x - j] += kernel[i, j] * drop


def streak_kernel(*, length: float, angle: float, width: float) -> NDArray[np.float64]:
    """A straight streak with soft ends, [K,K] with K odd, its largest weight 1.

    length px between the points of half brightness, width px of the full width at half maximum,
    angle in degrees counter-clockwise from a row. Averaged over 4x4 points a pixel.
    """
    half = max(1, math.ceil(length * (1.0 + _FADE) / 2.0 + width))
    side = 2 * half + 1
    place = (np.arange(side * _FINE) + 0.5) / _FINE - 0.5 - half
    y, x = np.meshgrid(place, place, indexing="ij")
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = x * cos - y * sin, x * sin + y * cos
    rise = np.clip((length / 2.0 - np.abs(along)) / (_FADE * length) + 0.5, 0.0, 1.0)
    fine = np.sin(rise * math.pi / 2.0) ** 2 * np.exp(-4.0 * math.log(2.0) * (across / width) ** 2)
    kernel = fine.reshape(side, _FINE, side, _FINE).mean(axis=(1, 3))
    kernel /= kernel.max()
    return np.where(kernel < _CUT, 0.0, kernel)
