"""Weighted sums along one axis of a picture: the compiled half of every resize on a CPU.

One pass takes rows: out[y] = sum over k of weight[y,k] * source[index[y,k]], so the samples of a
row are the lanes of a vector and every sum is taken tap by tap in plain order. The other axis is
the same pass on the transposed picture. Both run in one thread, always in the same order.

Integer pictures promise float64 sums. Eight-bit ones are summed in float32 first, twice as many to
a register, and a sum that lies closer to a rounding boundary than float32 can err is taken again in
float64: the outcome is that of float64 for every picture (`float32_margin` holds the bound).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

_BLOCK = 1024  # samples per block: 4 or 8 kB of sums stay in the L1 cache
_STRIP = 256  # rows that the pass along the second axis turns at a time
_CHUNK = 64  # samples that share one look for sums near a boundary
_NARROW = 1.0 / 64.0  # above this bound too many sums would be taken twice: float64 at once
_UNIT = 2.0**-24  # half of the distance from 1 to the next float32: its relative rounding error


def pass_rows(
    source: NDArray[Any],
    *,
    index: NDArray[np.int64],
    weight: NDArray[Any],
    limit: float = 0.0,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """[H,N] to [h,N] of `dtype`, with index and weight [h,P] of one axis.

    limit 0: sums in the dtype of `weight` (float32 or float64), stored as they are. limit above 0
    (255 or 65535): sums as if in float64, rounded half up and clipped to 0..limit.
    """
    source = np.ascontiguousarray(source)
    out = np.empty((len(index), source.shape[1]), dtype)
    _pass_of(weight, source=source, limit=limit, dtype=dtype)(source, index, out)
    return out


def pass_columns(
    source: NDArray[Any],
    *,
    index: NDArray[np.int64],
    weight: NDArray[Any],
    limit: float = 0.0,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """The same along the second axis: [H,W] or [H,W,C] to [H,w] or [H,w,C].

    Strip by strip, so that the transposed samples stay in the L2 cache.
    """
    height, _, *channels = source.shape
    count = int(np.prod(channels))
    if count > 1:  # sample x of channel c lies in row x*C + c of the transposed picture
        index = (index[:, None] * count + np.arange(count)[:, None]).reshape(-1, index.shape[1])
        weight = np.repeat(weight, count, axis=0)
    flat = source.reshape(height, -1)
    out = np.empty((height, len(index)), dtype)
    work = _pass_of(weight, source=source, limit=limit, dtype=dtype)
    for top in range(0, height, _STRIP):
        side = cv2.transpose(flat[top : top + _STRIP])
        turned = np.empty((len(index), side.shape[1]), dtype)
        work(side, index, turned)
        out[top : top + _STRIP] = cv2.transpose(turned)
    return out.reshape(height, -1, *channels)


def _pass_of(
    weight: NDArray[Any], *, source: NDArray[Any], limit: float, dtype: np.dtype[Any]
) -> Callable[[NDArray[Any], NDArray[np.int64], NDArray[Any]], None]:
    """The compiled pass for these dtypes, as f(source, index, out)."""
    if limit > 0.0 and source.dtype == np.uint8 and dtype == np.uint8:
        margin = float32_margin(weight, limit=limit)
        if margin < _NARROW:
            narrow = weight.astype(np.float32)
            return lambda rows, index, out: _pass_bytes(rows, index, narrow, weight, margin, out)
    return lambda rows, index, out: _pass_rows(rows, index, weight, limit, out)


def float32_margin(weight: NDArray[np.float64], *, limit: float) -> float:
    """How far a float32 sum of samples in 0..limit, plus one half, can be from the float64 one.

    0 where float32 is exact: all weights are multiples of one power of two and no partial sum
    needs more than 24 bits, as at scales 1/2, 1/4 and 2. Otherwise the usual bound (Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 3.5): one rounding for the
    weight, one for each product, one for each addition it takes part in, one for the half.
    """
    largest = float(np.abs(weight).sum(axis=1).max()) * limit + 1.0
    for power in range(1, 24):
        if largest * 2.0**power >= 2.0**24:
            break
        whole = weight * 2.0**power
        if np.array_equal(whole, np.rint(whole)):
            return 0.0
    return (weight.shape[1] + 4) * _UNIT * 1.01 * largest  # 1.01: the terms of second order


@njit(cache=True)
def _pass_bytes(
    source: NDArray[np.uint8],
    index: NDArray[np.int64],
    narrow: NDArray[np.float32],
    weight: NDArray[np.float64],
    margin: float,
    out: NDArray[np.uint8],
) -> None:
    """uint8 to uint8: float32 sums, those within `margin` of a boundary again in float64."""
    total, wide = np.empty(_BLOCK, np.float32), np.empty(_CHUNK, np.float64)
    half, low, high = np.float32(0.5), np.float32(0.0), np.float32(255.0)
    edge = np.float32(0.5 - margin)
    for y in range(len(index)):
        for start in range(0, source.shape[1], _BLOCK):
            stop = min(start + _BLOCK, source.shape[1])
            size = stop - start
            total[:size] = half
            _add_taps(source, index[y], narrow[y], start, total[:size])
            row = out[y, start:stop]
            for x in range(size):
                row[x] = np.int32(min(max(total[x], low), high))
            if margin == 0.0:
                continue
            for first in range(0, size, _CHUNK):
                last = min(first + _CHUNK, size)
                near = np.int32(0)
                for x in range(first, last):
                    near += np.int32(abs(total[x] - np.floor(total[x]) - half) >= edge)
                if near > 0:
                    exact = wide[: last - first]
                    exact[:] = 0.0
                    _add_taps(source, index[y], weight[y], start + first, exact)
                    for x in range(last - first):
                        row[first + x] = np.int32(min(max(exact[x] + 0.5, 0.0), 255.0))


@njit(cache=True)
def _pass_rows(
    source: NDArray[Any],
    index: NDArray[np.int64],
    weight: NDArray[Any],
    limit: float,
    out: NDArray[Any],
) -> None:
    """Any dtypes; sums in that of `weight`, rounded half up and clipped if limit > 0."""
    total = np.empty(_BLOCK, weight.dtype)
    for y in range(len(index)):
        for start in range(0, source.shape[1], _BLOCK):
            stop = min(start + _BLOCK, source.shape[1])
            size = stop - start
            total[:size] = 0.0
            _add_taps(source, index[y], weight[y], start, total[:size])
            row = out[y, start:stop]
            if limit > 0.0:
                for x in range(size):
                    row[x] = np.int32(min(max(total[x] + 0.5, 0.0), limit))
            else:
                for x in range(size):
                    row[x] = total[x]


@njit(cache=True)
def _add_taps(
    source: NDArray[Any],
    index: NDArray[np.int64],
    weight: NDArray[Any],
    start: int,
    total: NDArray[Any],
) -> None:
    """Adds the taps to the sums, one after another; four to a loop halve the sums' traffic."""
    size, taps = len(total), len(index)
    stop = start + size
    k = 0
    while k + 4 <= taps:
        a, b = source[index[k], start:stop], source[index[k + 1], start:stop]
        c, d = source[index[k + 2], start:stop], source[index[k + 3], start:stop]
        wa, wb, wc, wd = weight[k], weight[k + 1], weight[k + 2], weight[k + 3]
        for x in range(size):
            total[x] = (((total[x] + wa * a[x]) + wb * b[x]) + wc * c[x]) + wd * d[x]
        k += 4
    while k < taps:
        a, wa = source[index[k], start:stop], weight[k]
        for x in range(size):
            total[x] += wa * a[x]
        k += 1


@njit(cache=True)
def _code_samples(images: NDArray[np.float32], codes: NDArray[Any], top: int) -> None:
    """Flat float samples to integers 0..top: clipped, rounded half up, all in float32."""
    low, high, half, scale = np.float32(0), np.float32(1), np.float32(0.5), np.float32(top)
    for i in range(len(images)):
        codes[i] = np.int32(min(max(images[i], low), high) * scale + half)


@njit(cache=True)
def _decode_samples(codes: NDArray[Any], images: NDArray[np.float32], top: int) -> None:
    for i in range(len(codes)):
        images[i] = np.float32(codes[i]) / np.float32(top)


def code_samples(images: NDArray[np.float32], *, top: int) -> NDArray[Any]:
    """Samples in [0,1] as uint8 (top 255) or uint16 (top 65535), clipped and rounded half up."""
    flat = np.ascontiguousarray(images).reshape(-1)
    codes = np.empty(flat.shape, np.uint8 if top == 255 else np.uint16)
    _code_samples(flat, codes, top)
    return codes.reshape(images.shape)


def decode_samples(codes: NDArray[Any], *, top: int) -> NDArray[np.float32]:
    """Integer samples as float32 k/top."""
    flat = np.ascontiguousarray(codes).reshape(-1)
    images = np.empty(flat.shape, np.float32)
    _decode_samples(flat, images, top)
    return images.reshape(codes.shape)
