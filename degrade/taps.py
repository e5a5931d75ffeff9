"""Where every sample of a resized axis comes from: source positions and weights, for any method.

Taps are (index, weight), both [target, P]: output sample x is the sum over k of weight[x,k] times
source sample index[x,k]. Positions follow the centres of the pixels: output x (from 0) lies at
(x + 0.5)/scale - 0.5 of the source, and `scale` need not be target/source.

The same word means different sums in different libraries; these are told apart here:

matlab       mirrored edges with the edge sample repeated (or clamped: older releases), kernels
             widened when shrinking, a = -1/2
plain        torch and OpenCV without antialiasing: clamped edges, kernels never widened
antialias    Pillow, and torch with antialias=True: widened when shrinking; what lies beyond the
             edge is left out and the weights of what remains are made to sum to 1
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Taps = tuple[NDArray[np.int64], Floats]

_EPS = 2.0**-52  # MATLAB's eps, which imresize's Lanczos kernels add above and below the line


def keys(distance: Floats, *, a: float) -> Floats:
    """Cubic convolution (Keys, IEEE Trans. ASSP 29(6), 1981; a = -1/2 is his eq. 15)."""
    x = np.abs(distance)
    square = x * x
    cube = square * x
    near = (a + 2.0) * cube - (a + 3.0) * square + 1.0
    far = a * cube - 5.0 * a * square + 8.0 * a * x - 4.0 * a
    return np.where(x <= 1.0, near, np.where(x <= 2.0, far, 0.0))


def lanczos(distance: Floats, *, lobes: int) -> Floats:
    """sinc(x) sinc(x/lobes) within |x| < lobes (Duchon, J. Appl. Meteor. 18, 1979), with eps."""
    x = np.pi * distance
    top = np.sin(x) * np.sin(x / lobes) + _EPS
    return np.where(np.abs(distance) < lobes, top / (x * x / lobes + _EPS), 0.0)


def triangle(distance: Floats) -> Floats:
    """Linear interpolation."""
    return np.maximum(1.0 - np.abs(distance), 0.0)


def box(distance: Floats) -> Floats:
    """1 for -1/2 <= x < 1/2: a source sample half way between two outputs goes to the left one."""
    return ((distance >= -0.5) & (distance < 0.5)).astype(np.float64)


# Name -> (kernel, its full width). cubic-0.75 is what torch and OpenCV interpolate with.
KERNELS: dict[str, tuple[Callable[[Floats], Floats], float]] = {
    "cubic": (lambda x: keys(x, a=-0.5), 4.0),
    "cubic-0.75": (lambda x: keys(x, a=-0.75), 4.0),
    "triangle": (triangle, 2.0),
    "box": (box, 1.0),
    "lanczos2": (lambda x: lanczos(x, lobes=2), 4.0),
    "lanczos3": (lambda x: lanczos(x, lobes=3), 6.0),
}


def matlab_taps(
    source: int,
    target: int,
    *,
    scale: float,
    kernel: str = "cubic",
    antialias: bool = True,
    clamp: bool = False,
) -> Taps:
    """Taps of one axis as MATLAB's imresize has them.

    Output sample x (from 1) lies at u = x/s + (1 - 1/s)/2 of the source; P = ceil(width) + 2 taps
    from floor(u - width/2), weights divided by their sum, taps that are zero everywhere dropped.
    Positions beyond the edge are mirrored with the edge sample repeated, or clamped to it.
    """
    shape, width = KERNELS[kernel]
    narrow = min(scale, 1.0) if antialias else 1.0  # only shrinking widens the kernel
    reach = width / narrow
    centre = np.arange(1, target + 1, dtype=np.float64) / scale + 0.5 * (1.0 - 1.0 / scale)
    left = np.floor(centre - reach / 2.0)
    position = left[:, None] + np.arange(math.ceil(reach) + 2, dtype=np.float64)
    distance = centre[:, None] - position
    weight = _summing_to_one(narrow * shape(narrow * distance))
    index = position.astype(np.int64) - 1
    if clamp:
        index = np.clip(index, 0, source - 1)
    else:
        index = np.mod(index, 2 * source)
        index = np.where(index < source, index, 2 * source - 1 - index)
    return _used(index, weight)


def kernel_taps(
    source: int, target: int, *, scale: float, kernel: str, antialias: bool = False
) -> Taps:
    """Taps of one axis as torch, OpenCV and Pillow have them: see `plain` and `antialias` above.

    The weights are divided by their sum in both; for the cubics and the triangle without
    antialiasing the sum is 1 already.
    """
    shape, width = KERNELS[kernel]
    narrow = min(scale, 1.0) if antialias else 1.0
    reach = width / narrow
    centre = (np.arange(target, dtype=np.float64) + 0.5) / scale - 0.5
    left = np.floor(centre - reach / 2.0)
    position = left[:, None] + np.arange(math.ceil(reach) + 2, dtype=np.float64)
    distance = centre[:, None] - position
    weight = shape(narrow * distance)
    if antialias:
        weight[(position < 0) | (position >= source)] = 0.0
    index = np.clip(position, 0, source - 1).astype(np.int64)
    return _used(index, _summing_to_one(weight))


def nearest_taps(source: int, target: int, *, scale: float) -> Taps:
    """Sample floor(x/scale): torch 'nearest' and OpenCV INTER_NEAREST, off centre by up to half a
    pixel. Sizes whose positions float32 cannot tell from whole numbers may differ in torch."""
    return _single(np.floor(np.arange(target) / scale), source=source)


def nearest_exact_taps(source: int, target: int, *, scale: float) -> Taps:
    """Sample floor((x + 0.5)/scale), the one whose centre is nearest: torch 'nearest-exact'."""
    return _single(np.floor((np.arange(target) + 0.5) / scale), source=source)


def area_taps(source: int, target: int, *, scale: float) -> Taps:
    """Mean over the exact interval [x, x + 1]/scale, parts of samples by their share; scale <= 1.

    OpenCV's INTER_AREA when both axes shrink. An interval that leaves the source is cut at its end.
    """
    start = np.minimum(np.arange(target) / scale, source)
    stop = np.minimum((np.arange(target) + 1) / scale, source)
    first = np.minimum(np.floor(start), source - 1)
    position = first[:, None] + np.arange(math.ceil(1.0 / scale) + 1)
    covered = np.minimum(stop[:, None], position + 1) - np.maximum(start[:, None], position)
    weight = np.maximum(covered, 0.0)
    weight[stop <= start, 0] = 1.0  # wholly beyond the source, by rounding of the size: its end
    index = np.clip(position, 0, source - 1).astype(np.int64)
    return _used(index, _summing_to_one(weight))


def area_linear_taps(source: int, target: int, *, scale: float) -> Taps:
    """OpenCV's INTER_AREA where an axis grows: two taps, each output a blend only where its
    interval holds a border between two samples (resize.cpp, `area_mode`)."""
    x = np.arange(target)
    low = np.floor(x / scale)
    share = (x + 1) - (low + 1) * scale
    share = np.where(share <= 0.0, 0.0, share - np.floor(share))
    share = np.where(low >= source - 1, 0.0, share)
    index = np.clip(np.stack([low, low + 1], axis=1), 0, source - 1).astype(np.int64)
    return _used(index, np.stack([1.0 - share, share], axis=1))


def adaptive_taps(source: int, target: int, *, scale: float) -> Taps:
    """Mean of the whole samples floor(x n/m) .. ceil((x + 1) n/m) - 1: torch's adaptive_avg_pool2d,
    which is F.interpolate's 'area'; neighbouring windows overlap where n/m is no whole number.
    The sides alone decide: `scale` is there because the others have it."""
    del scale
    x = np.arange(target)
    first, stop = x * source // target, -(-(x + 1) * source // target)
    position = first[:, None] + np.arange(int((stop - first).max()))
    weight = (position < stop[:, None]) / (stop - first)[:, None]
    return _used(np.minimum(position, source - 1), weight)


def _single(position: Floats, *, source: int) -> Taps:
    index = np.clip(position, 0, source - 1).astype(np.int64)[:, None]
    return index, np.ones(index.shape)


def _summing_to_one(weight: Floats) -> Floats:
    """Each row divided by its sum, taken in plain order whatever NumPy's sum does. A sample so far
    beyond the edge that no tap reaches the picture takes its first tap, clamped to the edge."""
    total = np.add.accumulate(weight, axis=1)[:, -1:]
    edge = np.zeros_like(weight)
    edge[:, 0] = 1.0
    return np.where(total == 0.0, edge, weight / np.where(total == 0.0, 1.0, total))


def _used(index: NDArray[np.int64], weight: Floats) -> Taps:
    """Without the taps that are zero for every output sample."""
    used = np.any(weight != 0.0, axis=0)
    return np.ascontiguousarray(index[:, used]), np.ascontiguousarray(weight[:, used])
