"""PSNR, mean squared and mean absolute error, of whole pictures or any arrays.

Integers are summed in whole numbers, so a score of 8-bit or 16-bit pictures is exact up to the
last logarithm. Floats are summed in float64 in one fixed order, in one thread.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LANES = 32  # float64 sums that run side by side, and are added at the end in order


def mse(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Mean of (a - b)**2 over all samples.

    a, b: one shape; both uint8, both uint16 or both float. Raises ValueError, with shapes and
    dtypes, where they differ, are empty, or hold samples that are not finite.
    """
    flat = _flat(a, b)
    total = _float_sum(*flat, True) if a.dtype.kind == "f" else float(_squares(*flat))
    return _finite(total, a, b) / a.size


def mae(a: NDArray[Any], b: NDArray[Any], *, peak: float) -> float:
    """Mean of |a - b| over all samples, in units of the peak: 0 ... 1. Arrays as `mse` takes."""
    top, flat = _checked(peak), _flat(a, b)
    total = _float_sum(*flat, False) if a.dtype.kind == "f" else float(_distances(*flat))
    return _finite(total, a, b) / a.size / top


def rmse(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Root of `mse`, in the samples' own unit."""
    return math.sqrt(mse(a, b))


def psnr(a: NDArray[Any], b: NDArray[Any], *, peak: float) -> float:
    """10 log10(peak**2 / mse) in decibels; math.inf where the arrays are equal.

    peak: 255 for 8 bits, 1 for floats in [0,1]. Arrays as `mse` takes. Other code caps equal
    pictures at 80 or 100 dB; here infinity is left for the caller to count.
    """
    top, error = _checked(peak), mse(a, b)
    return math.inf if error == 0.0 else 10.0 * math.log10(top**2 / error)


def _checked(peak: float) -> float:
    if not (math.isfinite(peak) and peak > 0):
        raise ValueError(
            f"peak must be finite and above 0 (255 for 8 bits, 1 for floats), got {peak}"
        )
    return float(peak)


def _flat(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as contiguous rows of one dtype that the loops are compiled for."""
    found = f"{a.dtype} of shape {a.shape} and {b.dtype} of shape {b.shape}"
    if a.shape != b.shape or not a.size:
        raise ValueError(f"pictures to compare must have one shape that is not empty, got {found}")
    floats = a.dtype.kind == "f" and b.dtype.kind == "f"
    if not floats and (a.dtype != b.dtype or a.dtype not in (np.uint8, np.uint16)):
        raise ValueError(
            f"pictures to compare are both uint8, both uint16 or both float, got {found}"
        )
    if floats and (a.dtype != b.dtype or a.dtype not in (np.float32, np.float64)):
        a, b = a.astype(np.float64), b.astype(np.float64)
    return np.ascontiguousarray(a).reshape(-1), np.ascontiguousarray(b).reshape(-1)


def _finite(total: float, a: NDArray[Any], b: NDArray[Any]) -> float:
    if not math.isfinite(total):
        raise ValueError(
            f"pictures of shape {a.shape} and {b.shape} hold NaN or infinite samples: "
            f"{_count(a)} in the first, {_count(b)} in the second; they have no error"
        )
    return total


def _count(picture: NDArray[Any]) -> int:
    return int(picture.size - np.isfinite(picture).sum())


@njit(cache=True)
def _squares(a: NDArray[Any], b: NDArray[Any]) -> np.int64:
    """Of integers; 2**31 samples of 16 bits fit into the sum."""
    total = np.int64(0)
    for i in range(len(a)):
        gap = np.int64(a[i]) - np.int64(b[i])
        total += gap * gap
    return total


@njit(cache=True)
def _distances(a: NDArray[Any], b: NDArray[Any]) -> np.int64:
    total = np.int64(0)
    for i in range(len(a)):
        total += abs(np.int64(a[i]) - np.int64(b[i]))
    return total


@njit(cache=True)
def _float_sum(a: NDArray[Any], b: NDArray[Any], squared: bool) -> float:
    """Sum of squares or of distances: lane j adds samples j, j + 32, ... and the lanes follow."""
    lanes = np.zeros(_LANES)
    whole = len(a) - len(a) % _LANES
    for start in range(0, whole, _LANES):
        x, y = a[start : start + _LANES], b[start : start + _LANES]
        for j in range(_LANES):
            gap = np.float64(x[j]) - np.float64(y[j])
            lanes[j] += gap * gap if squared else abs(gap)
    for i in range(whole, len(a)):
        gap = np.float64(a[i]) - np.float64(b[i])
        lanes[i - whole] += gap * gap if squared else abs(gap)
    total = 0.0
    for j in range(_LANES):
        total += lanes[j]
    return total
