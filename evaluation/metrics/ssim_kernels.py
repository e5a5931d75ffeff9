"""The compiled half of SSIM: local moments by a separable window, strip by strip, in one thread.

Four moments suffice, of x, y, x**2 + y**2 and x y, because SSIM needs no more than the sum of the
two variances. A picture of several channels is taken as rows of W*C samples, neighbours C apart.
The window runs across each row first, into a ring of the last rows, then down the ring. Every sum
is taken in one order, whatever the width of the strips, and never by more than one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Outputs per strip, a multiple of 3 (see _bands). Shorter strips spend their time on calls: 768 was
# the fastest of 48 to 1536 on a core with 1 MiB of L2 cache, of which the ring of an 11-wide
# float64 window takes 264 KiB.
_STRIP = 768


@njit(cache=True)
def add_ssim(
    left: NDArray[Any],
    right: NDArray[Any],
    taps: NDArray[Any],
    mixing: NDArray[Any],
    constants: NDArray[Any],
    total: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """SSIM at every place where the window fits, summed down the columns into `total`.

    left, right: [H,W,C], contiguous. taps: [T], odd and symmetric, float64 or float32: the dtype of
    all arithmetic. mixing: [3,3], weights of the channels (columns) in each one of the result, or
    empty. constants: of the taps' dtype: C1, C2, what is subtracted from the samples before they
    are squared, and the factor from population to sample covariance. total: [(W-T+1)*C]. out: gets
    the map, [H-T+1, (W-T+1)*C], or is empty.
    """
    height, across, channels = left.shape
    x = left.reshape((height, across * channels))
    y = right.reshape((height, across * channels))
    span = len(taps)
    halo = (span - 1) * channels
    raw = np.empty(4 * (_STRIP + halo), taps.dtype)
    ring = np.empty((span, 4 * _STRIP), taps.dtype)
    means = np.empty(4 * _STRIP, taps.dtype)
    values = np.empty(_STRIP, taps.dtype)
    padded = np.zeros(4 * _STRIP + 4, taps.dtype)  # two at either end, which weigh nothing
    bands = _bands(mixing, 4 * _STRIP)
    for start in range(0, len(total), _STRIP):
        size = min(_STRIP, len(total) - start)
        width = size + halo
        for row in range(height):
            _moments(
                x[row, start : start + width],
                y[row, start : start + width],
                constants[2],
                raw[: 4 * width],
            )
            slot = padded[2 : 4 * size + 2] if len(bands) else ring[row % span, : 4 * size]
            for moment in range(4):
                _across(
                    raw[moment * width : (moment + 1) * width],
                    channels,
                    taps,
                    slot[moment * size : (moment + 1) * size],
                )
            if len(bands):
                _mix(padded, bands, ring[row % span, : 4 * size])
            if row < span - 1:
                continue
            _down(ring, row + 1, taps, means[: 4 * size])
            _compare(means[: 4 * size], constants, values[:size])
            sums = total[start : start + size]
            for i in range(size):
                sums[i] += values[i]
            if len(out):
                out[row - span + 1, start : start + size] = values[:size]


@njit(cache=True)
def _moments(x: NDArray[Any], y: NDArray[Any], shift: Any, out: NDArray[Any]) -> None:
    """x, y, x**2 + y**2 and x y of one row, one after another."""
    n = len(x)
    first, second, squares, products = out[:n], out[n : 2 * n], out[2 * n : 3 * n], out[3 * n :]
    for i in range(n):
        first[i] = x[i]
        second[i] = y[i]
    for i in range(n):
        p, q = first[i] - shift, second[i] - shift
        first[i] = p
        second[i] = q
        squares[i] = p * p + q * q
        products[i] = p * q


@njit(cache=True)
def _bands(mixing: NDArray[Any], size: int) -> NDArray[Any]:
    """The 3 x 3 matrix as five rows of weights: what the sample d - 2 places on adds to sample i.

    So interleaved channels are mixed by five runs over neighbours. Empty without a matrix.
    """
    bands = np.zeros((5 if len(mixing) else 0, size), mixing.dtype)
    for d in range(len(bands)):
        for i in range(size):
            source = i % 3 + d - 2
            if 0 <= source < 3:
                bands[d, i] = mixing[i % 3, source]
    return bands


@njit(cache=True)
def _mix(padded: NDArray[Any], bands: NDArray[Any], out: NDArray[Any]) -> None:
    """The window's third dimension: with three channels and replicated ends, a 3 x 3 matrix."""
    n = len(out)
    a, b, c = padded[:n], padded[1 : n + 1], padded[2 : n + 2]
    d, e = padded[3 : n + 3], padded[4 : n + 4]
    wa, wb, wc, wd, we = bands[0], bands[1], bands[2], bands[3], bands[4]
    for i in range(n):
        out[i] = wa[i] * a[i] + wb[i] * b[i] + wc[i] * c[i]
    for i in range(n):
        out[i] = out[i] + wd[i] * d[i] + we[i] * e[i]


@njit(cache=True)
def _across(row: NDArray[Any], step: int, taps: NDArray[Any], out: NDArray[Any]) -> None:
    """The window along a row whose neighbours lie `step` apart."""
    n = len(out)
    half = len(taps) // 2
    middle, tap = row[half * step : half * step + n], taps[half]
    for i in range(n):
        out[i] = tap * middle[i]
    k, far = 0, (len(taps) - 1) * step
    while k + 2 <= half:
        near, last = k * step, far - k * step
        _two_pairs(
            row[near : near + n], row[last : last + n], taps[k],
            row[near + step : near + step + n], row[last - step : last - step + n], taps[k + 1],
            out,
        )  # fmt: skip
        k += 2
    if k < half:
        near, last = k * step, far - k * step
        _pair(row[near : near + n], row[last : last + n], taps[k], out)


@njit(cache=True)
def _down(ring: NDArray[Any], row: int, taps: NDArray[Any], out: NDArray[Any]) -> None:
    """The window over the ring's rows, of which `row % T` is the oldest."""
    span, n = len(taps), len(out)
    half = span // 2
    middle, tap = ring[(row + half) % span, :n], taps[half]
    for i in range(n):
        out[i] = tap * middle[i]
    k = 0
    while k + 2 <= half:
        low, high = (row + k) % span, (row + span - 1 - k) % span
        inner_low, inner_high = (row + k + 1) % span, (row + span - 2 - k) % span
        _two_pairs(
            ring[low, :n], ring[high, :n], taps[k],
            ring[inner_low, :n], ring[inner_high, :n], taps[k + 1], out,
        )  # fmt: skip
        k += 2
    if k < half:
        _pair(ring[(row + k) % span, :n], ring[(row + span - 1 - k) % span, :n], taps[k], out)


@njit(cache=True)
def _pair(low: NDArray[Any], high: NDArray[Any], tap: Any, out: NDArray[Any]) -> None:
    for i in range(len(out)):
        out[i] += tap * (low[i] + high[i])


@njit(cache=True)
def _two_pairs(
    low: NDArray[Any],
    high: NDArray[Any],
    tap: Any,
    inner_low: NDArray[Any],
    inner_high: NDArray[Any],
    inner_tap: Any,
    out: NDArray[Any],
) -> None:
    for i in range(len(out)):
        outer = out[i] + tap * (low[i] + high[i])
        out[i] = outer + inner_tap * (inner_low[i] + inner_high[i])


@njit(cache=True, error_model="numpy")  # no test for a divisor of 0: C1 and C2 are above it
def _compare(means: NDArray[Any], constants: NDArray[Any], out: NDArray[Any]) -> None:
    """Wang et al. (2004), eq. 13, from the four means: of x, y, x**2 + y**2 and x y."""
    n = len(out)
    c1, c2, shift, unbias = constants[0], constants[1], constants[2], constants[3]
    first, second = means[:n], means[n : 2 * n]
    squares, products = means[2 * n : 3 * n], means[3 * n : 4 * n]
    for i in range(n):
        p, q = first[i], second[i]
        variances = (squares[i] - (p * p + q * q)) * unbias
        covariance = (products[i] - p * q) * unbias
        p, q = p + shift, q + shift
        product = p * q
        above = (product + product + c1) * (covariance + covariance + c2)
        out[i] = above / ((p * p + q * q + c1) * (variances + c2))
