"""A Bayer mosaic seen by a sensor with larger pixels: blur, aperture and sampling, plane by plane.

Each plane is taken as the piecewise linear surface through its own sites, blurred by the lens
(a Gaussian), averaged over the larger pixel's area, and read where that colour's site of the
larger mosaic lies. So each plane keeps its place in the colour filter: site (Y, X) of the result
has its centre at scale (Y + 1/2) - 1/2 of the source, whatever its colour. (Averaging packed planes
over blocks, as in the RAW super-resolution challenges' pipeline, moves every plane towards the
middle of its block, by (scale - 1) / 2 source pixels.)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

_STEPS = 8  # sub-samples of a source pixel: the sums below are exact in their first moment at any
_REACH = 4.0  # deviations of the Gaussian that are kept: 6e-5 of it lies beyond


class Blur(NamedTuple):
    """The lens: a Gaussian's two standard deviations in pixels of the source, and the angle of the
    first, in radians from the row towards the column axis."""

    sigma: float
    cross: float
    angle: float


def downscale_mosaic(mosaic: NDArray[np.float32], *, scale: int, blur: Blur) -> NDArray[np.float32]:
    """[H,W] behind a 2x2 tile -> [H/scale,W/scale] behind the same tile.

    H and W must be multiples of 2 scale. Beyond the edge each plane is mirrored about its last
    site. Raises ValueError for other sides and for a scale below 1.
    """
    height, width = mosaic.shape
    if scale < 1 or height % (2 * scale) or width % (2 * scale):
        raise ValueError(
            f"a mosaic of {height}x{width} at scale {scale}: both sides must be multiples of "
            f"{2 * scale}; cut it first"
        )
    out = np.empty((height // scale, width // scale), np.float32)
    for y, x in np.ndindex(2, 2):
        kernel = plane_kernel(scale=scale, blur=blur, site=(y, x)).astype(np.float32)
        plane = np.ascontiguousarray(mosaic[y::2, x::2])
        sampled = np.empty((height // 2 // scale, width // 2 // scale), np.float32)
        _sample(plane, kernel, scale, sampled)
        out[y::2, x::2] = sampled
    return out


def plane_kernel(*, scale: int, blur: Blur, site: tuple[int, int]) -> NDArray[np.float64]:
    """The weights [K,K] of a plane's sites around site (scale y, scale x) for sample (y, x).

    site: (row, column) of the plane in the 2x2 tile. Sums to 1; its centroid is
    (scale - 1) (site + 1/2) / 2 sites, which is what keeps the tile's phase.
    """
    reach = _REACH * max(blur.sigma, blur.cross) + scale / 2.0
    count = math.ceil(reach * _STEPS)
    fine = np.arange(-count, count + 1) / _STEPS
    area = np.abs(fine[:, None] - fine) * 2.0
    box = (area < scale) + 0.5 * (area == scale)  # the trapezoid rule over one larger pixel
    seen = box @ _gaussian(fine, blur) @ box.T
    half = math.ceil((reach + 1.5 * (scale - 1)) / 2.0) + 1
    places = 2.0 * np.arange(-half, half + 1)
    rows, columns = (
        np.maximum(0.0, 1.0 - np.abs(fine + (scale - 1) * (at + 0.5) - places[:, None]) / 2.0)
        for at in site
    )
    kernel = rows @ seen @ columns.T
    return kernel / kernel.sum()


def _gaussian(fine: NDArray[np.float64], blur: Blur) -> NDArray[np.float64]:
    x, y = fine[None, :], fine[:, None]
    along = x * math.cos(blur.angle) + y * math.sin(blur.angle)
    across = y * math.cos(blur.angle) - x * math.sin(blur.angle)
    return np.exp(-0.5 * ((along / blur.sigma) ** 2 + (across / blur.cross) ** 2))


@numba.njit(cache=True)
def _sample(
    plane: NDArray[np.float32], kernel: NDArray[np.float32], step: int, out: NDArray[np.float32]
) -> None:
    height, width = plane.shape
    half = kernel.shape[0] // 2
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = np.float32(0.0)
            for i in range(-half, half + 1):
                row = _mirrored(y * step + i, height)
                for j in range(-half, half + 1):
                    column = _mirrored(x * step + j, width)
                    total += kernel[i + half, j + half] * plane[row, column]
            out[y, x] = total


@numba.njit(cache=True)
def _mirrored(at: int, count: int) -> int:
    """An index within 0..count-1, mirrored about the first and the last."""
    if count == 1:
        return 0
    at = abs(at) % (2 * count - 2)
    return min(at, 2 * count - 2 - at)
