"""MATLAB's imresize(..., 'bicubic'), sample for sample, and the same kernel in linear light.

The kernel is Keys' cubic convolution with a = -1/2 (IEEE Trans. ASSP 29(6), 1981, eq. 15), widened
by 1/scale when shrinking; positions, taps and pass order follow MATLAB's imresize. Three readings
of it are in use, and published low-resolution sets differ by which one made them:

matlab-bicubic            integers in: each pass is rounded and clipped; mirrored edges. Set5, DIV2K
matlab-bicubic-double     nothing is rounded between the passes: im2double before imresize
matlab-bicubic-replicate  as the first with clamped edges: older MATLAB, the SelfExSR releases

No sum depends on the number of threads: the loops run in one, always in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

READINGS = ("matlab-bicubic", "matlab-bicubic-double", "matlab-bicubic-replicate")
_COLUMNS = 1024  # samples per block of the row pass: 8 kB of float64 sums stay in the L1 cache
_LANES = 8  # rows that the column pass carries side by side: one AVX-512 register of float64
_STRIP = 64  # output rows per strip of resize_rows; the strip's height does not change a value

Sample = TypeVar("Sample", bound=np.generic)


def resize_matlab(
    picture: NDArray[Sample],
    *,
    size: tuple[int, int] | None = None,
    scale: float | None = None,
    reading: str = "matlab-bicubic",
) -> NDArray[Sample]:
    """Resizes as MATLAB's imresize(picture, scale or size, 'bicubic') does, antialiased.

    picture: [H,W] or [H,W,C], uint8, uint16, float32 or float64; floats (any range, never clipped)
    only with the double reading. Returns the same dtype.
    size: (height, width); each axis then has its own scale, out/in. scale: the output is
    ceil(scale * n) and `scale` itself gives the positions, so 511 px by scale=0.25 and by size=128
    are different pictures. Exactly one of the two.
    reading: one of READINGS. Sums are float64; integers are rounded half up, which for the values
    that survive the clip is MATLAB's half away from zero.
    """
    if reading not in READINGS:
        raise ValueError(f"resize reading {reading!r}: allowed are {', '.join(READINGS)}")
    limit = {"uint8": 255.0, "uint16": 65535.0, "float32": 0.0, "float64": 0.0}.get(
        picture.dtype.name
    )
    if limit is None:
        raise ValueError(
            f"resize_matlab got {picture.dtype} samples; allowed: uint8, uint16, float32, float64"
        )
    double = reading == "matlab-bicubic-double"
    if not limit and not double:
        raise ValueError(
            f"resize reading {reading!r} rounds between its passes and takes uint8 or uint16, got "
            f"{picture.dtype}; use 'matlab-bicubic-double' for float pictures"
        )
    height, width = _shape(picture.shape)
    if (size is None) == (scale is None):
        raise ValueError(f"resize_matlab takes one of size and scale, got {size=} and {scale=}")
    if scale is not None:
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"resize scale must be above 0 and finite, got {scale}")
        scales = (float(scale), float(scale))
        target = (math.ceil(scale * height), math.ceil(scale * width))
    else:
        assert size is not None
        target = _target(size)
        scales = (target[0] / height, target[1] / width)
    between = np.dtype(np.float64) if double else picture.dtype
    work: NDArray[Any] = np.ascontiguousarray(picture).reshape(height, width, -1)
    order = (0, 1) if scales[0] <= scales[1] else (1, 0)  # imresize: ascending scale, ties rows
    for turn, axis in enumerate(order):
        index, weight = _taps(
            work.shape[axis], target[axis], scale=scales[axis], clamp=reading.endswith("replicate")
        )
        last = turn == 1
        out = np.empty(
            (*work.shape[:axis], target[axis], *work.shape[axis + 1 :]),
            picture.dtype if last else between,
        )
        rounded = limit if last or not double else 0.0
        if axis == 0:
            flat = work.reshape(len(work), -1)
            _row_pass(flat, index, weight, out.reshape(len(out), -1), rounded)
        else:
            _column_pass(work, index, weight, out, rounded)
        work = out
    return work.reshape(*target, *picture.shape[2:])


def resize_rows(
    read: Callable[[int, int], NDArray[np.float32]],
    *,
    source: tuple[int, int],
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """Resizes linear-light rows that are made on demand, so the full picture is never in float.

    read(top, bottom) returns rows top..bottom-1 of the source as float32 [rows,W,C]; it is called
    strip by strip, downwards, with overlap. source, size: (height, width).
    The kernel, positions and symmetric edges of resize_matlab; sums in float32 (relative error
    below 1e-5), rows first always, nothing clipped. Returns float32 [height,width,C].
    """
    _shape(source)
    target = _target(size)
    index, weight = _taps(source[0], target[0], scale=target[0] / source[0])
    across, across_weight = _taps(source[1], target[1], scale=target[1] / source[1])
    weight, across_weight = weight.astype(np.float32), across_weight.astype(np.float32)
    out: NDArray[np.float32] | None = None
    for top in range(0, target[0], _STRIP):
        taps = index[top : top + _STRIP]
        first, last = int(taps.min()), int(taps.max()) + 1
        rows = np.ascontiguousarray(read(first, last), dtype=np.float32)
        channels = rows.shape[2]
        if out is None:
            out = np.empty((*target, channels), np.float32)
        thin = np.empty((len(taps), source[1], channels), np.float32)
        _row_pass(
            rows.reshape(last - first, -1),
            taps - first,
            weight[top : top + _STRIP],
            thin.reshape(len(taps), -1),
            0.0,
        )
        _column_pass(thin, across, across_weight, out[top : top + _STRIP], 0.0)
    assert out is not None
    return out


def long_side(height: int, width: int, limit: int) -> tuple[int, int]:
    """(height, width) whose longer side is at most `limit` pixels; never enlarges.

    The shorter side is limit*short/long rounded half up (integer arithmetic), at least 1.
    """
    if min(height, width, limit) < 1:
        raise ValueError(f"long_side takes sizes of 1 or more, got {height=}, {width=}, {limit=}")
    longer, shorter = max(height, width), min(height, width)
    if longer <= limit:
        return height, width
    short = max(1, (2 * shorter * limit + longer) // (2 * longer))
    return (limit, short) if height >= width else (short, limit)


def _shape(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(f"resize takes a picture [H,W] or [H,W,C] with pixels, got shape {shape}")
    return shape[0], shape[1]


def _target(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"resize size must be (height, width), each 1 or more, got {size}")
    return int(size[0]), int(size[1])


def _taps(
    source: int, target: int, *, scale: float, clamp: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Source positions and weights of every output sample, both [target,P], as imresize has them.

    Output sample x (from 1) lies at u = x/s + (1 - 1/s)/2 of the source; P = ceil(width) + 2 taps
    from floor(u - width/2), weights divided by their sum, taps that are zero everywhere dropped.
    Positions beyond the edge are mirrored with the edge sample repeated, or clamped to it.
    """
    narrow = min(scale, 1.0)  # only shrinking widens the kernel
    reach = 4.0 / narrow
    centre = np.arange(1, target + 1) / scale + 0.5 * (1.0 - 1.0 / scale)
    left = np.floor(centre - reach / 2.0)
    position = left[:, None] + np.arange(math.ceil(reach) + 2)
    weight = narrow * _keys(narrow * (centre[:, None] - position))
    weight /= np.add.accumulate(weight, axis=1)[:, -1:]  # plain order, whatever NumPy's sum does
    index = position.astype(np.int64) - 1
    if clamp:
        index = np.clip(index, 0, source - 1)
    else:
        index = np.mod(index, 2 * source)
        index = np.where(index < source, index, 2 * source - 1 - index)
    used = np.any(weight != 0.0, axis=0)
    return np.ascontiguousarray(index[:, used]), np.ascontiguousarray(weight[:, used])


def _keys(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic convolution kernel with a = -1/2 (Keys 1981, eq. 15)."""
    x = np.abs(distance)
    square = x * x
    cube = square * x
    near = 1.5 * cube - 2.5 * square + 1.0
    far = -0.5 * cube + 2.5 * square - 4.0 * x + 2.0
    return np.where(x <= 1.0, near, np.where(x <= 2.0, far, 0.0))


@njit(cache=True)
def _row_pass(
    source: NDArray[Any],
    index: NDArray[np.int64],
    weight: NDArray[Any],
    out: NDArray[Any],
    limit: float,
) -> None:
    """out[y] = sum over k of weight[y,k]*source[index[y,k]]; [H,N] -> [h,N], rounded if limit > 0.

    The sums have the dtype of `weight`. Four taps at a time halve the traffic of the sums; the
    order of the additions is the plain one.
    """
    count, taps = index.shape
    total = np.empty(_COLUMNS, weight.dtype)
    for y in range(count):
        for start in range(0, source.shape[1], _COLUMNS):
            stop = min(start + _COLUMNS, source.shape[1])
            for x in range(stop - start):
                total[x] = 0.0
            k = 0
            while k + 4 <= taps:
                a, b = source[index[y, k], start:stop], source[index[y, k + 1], start:stop]
                c, d = source[index[y, k + 2], start:stop], source[index[y, k + 3], start:stop]
                wa, wb = weight[y, k], weight[y, k + 1]
                wc, wd = weight[y, k + 2], weight[y, k + 3]
                for x in range(stop - start):
                    total[x] = (((total[x] + wa * a[x]) + wb * b[x]) + wc * c[x]) + wd * d[x]
                k += 4
            while k < taps:
                a, wa = source[index[y, k], start:stop], weight[y, k]
                for x in range(stop - start):
                    total[x] += wa * a[x]
                k += 1
            row = out[y, start:stop]
            if limit > 0.0:
                for x in range(stop - start):
                    row[x] = np.int32(min(max(total[x] + 0.5, 0.0), limit))
            else:
                for x in range(stop - start):
                    row[x] = total[x]


@njit(cache=True)
def _column_pass(
    source: NDArray[Any],
    index: NDArray[np.int64],
    weight: NDArray[Any],
    out: NDArray[Any],
    limit: float,
) -> None:
    """The same along the second axis; [H,W,C] -> [H,w,C].

    _LANES rows are turned on their side first, so that the lanes of one vector are different rows
    and every sum is still taken tap by tap.
    """
    height, width, channels = source.shape
    count, taps = index.shape
    side = np.zeros((width * channels, _LANES), weight.dtype)
    total = np.empty(_LANES, weight.dtype)
    for top in range(0, height, _LANES):
        rows = min(_LANES, height - top)
        for r in range(rows):
            for x in range(width):
                for c in range(channels):
                    side[x * channels + c, r] = source[top + r, x, c]
        for x in range(count):
            for c in range(channels):
                for r in range(_LANES):
                    total[r] = 0.0
                for k in range(taps):
                    lane, w = side[index[x, k] * channels + c], weight[x, k]
                    for r in range(_LANES):
                        total[r] += w * lane[r]
                for r in range(rows):
                    if limit > 0.0:
                        out[top + r, x, c] = np.int32(min(max(total[r] + 0.5, 0.0), limit))
                    else:
                        out[top + r, x, c] = total[r]
