"""Dithering to few levels: ordered by Bayer's matrix, and error diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from degrade.laws import Choice, Integer
from degrade.operator import Name, Whole, operator

_LEVELS = Whole(
    Integer(2, 16),
    low=2,
    high=256,
    unit="levels per channel",
    source="chosen: 1 to 4 bits, as palettes of old displays had",
)
# Parts of 1/16 for the pixel ahead and the three of the next row: Floyd and Steinberg 1976.
_AHEAD, _BEHIND_BELOW, _BELOW, _AHEAD_BELOW = 7 / 16, 3 / 16, 5 / 16, 1 / 16


@operator(
    kind="pointwise",
    source="Bayer 1973, An optimum method for two-level rendition of continuous-tone pictures",
    differentiable=False,
    parameters={
        "levels": _LEVELS,
        "side": Whole(
            Choice((2, 4, 8)), low=1, high=16, unit="px, a power of two", source="Bayer 1973"
        ),
    },
)
def dither_ordered(images: Tensor, *, levels: Sequence[int], side: Sequence[int]) -> Tensor:
    """Ordered dithering: a threshold from Bayer's matrix decides between the two nearest levels.

    images [B,C,H,W] encoded, clipped to [0,1]. With n levels and the matrix M of side s, 0..s^2-1,
    repeated from the picture's upper left corner, in every channel alike:
    out = floor(in (n - 1) + (M + 1/2) / s^2) / (n - 1). side 1 is rounding to nearest. Raises
    ValueError for a side that is no power of two.
    """
    height, width = images.shape[2:]
    field = np.stack([_thresholds(s) for s in side]) if len(set(side)) == 1 else None
    if field is None:  # every side divides the largest one
        most = max(side)
        field = np.stack([np.tile(_thresholds(s), (most // s, most // s)) for s in side])
    tall, wide = -(-height // field.shape[1]), -(-width // field.shape[2])
    thresholds = torch.from_numpy(field).to(images).repeat(1, tall, wide)[:, None, :height, :width]
    top = torch.tensor([n - 1.0 for n in levels], device=images.device)
    top = top.to(images)[:, None, None, None]
    return (images.clamp(0.0, 1.0) * top + thresholds).floor() / top


@operator(
    kind="host",
    source="Floyd and Steinberg 1976, An adaptive algorithm for spatial greyscale",
    differentiable=False,
    parameters={
        "levels": _LEVELS,
        "scan": Name(
            "raster",
            allowed=("raster", "serpentine"),
            unit="direction of rows",
            source="raster: Floyd and Steinberg; serpentine: Ulichney 1987, every other row back",
        ),
    },
)
def dither_diffused(picture: NDArray[np.float32], *, levels: int, scan: str) -> NDArray[np.float32]:
    """Error diffusion: each pixel's rounding error goes to neighbours that are yet to come.

    picture float32 [C,H,W] encoded, clipped to [0,1]; every channel by itself. The error goes 7/16
    ahead, 3/16, 5/16 and 1/16 to the next row (behind, below, ahead); what would leave the picture
    is lost. Levels are round-half-up of value * (levels - 1), and never beyond [0,1].
    """
    out = np.clip(picture, 0.0, 1.0)
    for plane in out:
        _diffuse(plane, levels - 1, scan == "serpentine")
    return out


@cache
def _thresholds(side: int) -> NDArray[np.float64]:
    """(M + 1/2) / side^2 by Bayer's recursion, [side,side]."""
    if side < 1 or side & (side - 1):
        raise ValueError(f"Bayer's matrix of side {side}; allowed are 1, 2, 4, 8 and 16")
    matrix = np.zeros((1, 1))
    while len(matrix) < side:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / side**2


@njit(cache=True)
def _diffuse(plane: NDArray[np.float32], top: int, serpentine: bool) -> None:
    """In place; errors in float64, one row ahead."""
    height, width = plane.shape
    errors = np.zeros((2, width + 2))
    for y in range(height):
        here, below = errors[y % 2], errors[(y + 1) % 2]
        below[:] = 0.0
        back = serpentine and y % 2 == 1
        step = -1 if back else 1
        x = width - 1 if back else 0
        for _ in range(width):
            wanted = plane[y, x] * top + here[x + 1]
            code = min(max(np.floor(wanted + 0.5), 0.0), float(top))
            error = wanted - code
            here[x + 1 + step] += error * _AHEAD
            below[x + 1 - step] += error * _BEHIND_BELOW
            below[x + 1] += error * _BELOW
            below[x + 1 + step] += error * _AHEAD_BELOW
            plane[y, x] = code / top
            x += step
