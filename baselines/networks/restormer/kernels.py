"""Compiled loops of `restormer.rows`: pictures as rows of pixels of channels, float32.

Each loop over channels is one that LLVM turns into vector instructions: few arrays at a time, no
calls, widths that are multiples of 16 where speed matters. They run without the GIL.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# What may be reordered: NaN and infinity keep their meaning.
_FAST = {"contract", "reassoc", "nsz", "arcp"}

# erf(t) = 1 - (1 + a1 t + ... + a6 t^6)^-16, error below 3e-7 (Abramowitz and Stegun 7.1.28): no
# exponential, which LLVM would call for one value at a time.
_A1 = np.float32(0.0705230784)
_A2 = np.float32(0.0422820123)
_A3 = np.float32(0.0092705272)
_A4 = np.float32(0.0001520143)
_A5 = np.float32(0.0002765672)
_A6 = np.float32(0.0000430638)
_ROOT_HALF = np.float32(math.sqrt(0.5))
_HALF, _ONE = np.float32(0.5), np.float32(1.0)


@njit(inline="always", fastmath=_FAST)
def _gelu(value: Any) -> Any:
    """value times the normal distribution's share below it."""
    t = abs(value) * _ROOT_HALF
    z = _ONE + t * (_A1 + t * (_A2 + t * (_A3 + t * (_A4 + t * (_A5 + t * _A6)))))
    z *= z
    z *= z
    z *= z
    z *= z
    tail = _HALF / z
    return value * (_ONE - tail if value >= 0 else tail)


@njit(inline="always", fastmath=_FAST)
def _filter(above: Any, rows: Any, taps: Any, zeros: Any, y: int, x: int, total: Any) -> None:
    """total[c] = sum of taps[3i+j, c] * (above, rows and zeros)[y+i, x+j-1, c]; pixels beside a
    row are zero."""
    last = rows.shape[1] - 1
    for i in range(3):
        row = zeros
        if y + i < above.shape[0]:
            row = above[y + i]
        elif y + i - above.shape[0] < rows.shape[0]:
            row = rows[y + i - above.shape[0]]
        left = row[x - 1] if x > 0 else zeros[0]
        middle = row[x]
        right = row[x + 1] if x < last else zeros[0]
        t0, t1, t2 = taps[3 * i], taps[3 * i + 1], taps[3 * i + 2]
        if i == 0:
            for c in range(total.shape[0]):
                total[c] = left[c] * t0[c] + middle[c] * t1[c] + right[c] * t2[c]
        else:
            for c in range(total.shape[0]):
                total[c] += left[c] * t0[c] + middle[c] * t1[c] + right[c] * t2[c]


@njit(cache=True, nogil=True, fastmath=_FAST)
def filter_and_gate(above: Floats, rows: Floats, taps: Floats, out: Floats) -> None:
    """out[y,x,c] = gelu(f[c]) * f[C+c], f the 3x3 depthwise filter at y+1 of `above` and `rows`.

    above [A,W,2C] and rows [N,W,2C] lie under one another, zeros below them; taps [9,2C],
    out [R,W,C], A + N at least R + 1.
    """
    height, width, channels = out.shape
    zeros = np.zeros((width, 2 * channels), np.float32)
    total = np.empty(2 * channels, np.float32)
    for y in range(height):
        for x in range(width):
            _filter(above, rows, taps, zeros, y, x, total)
            gate, passed, written = total[:channels], total[channels:], out[y, x]
            for c in range(channels):
                written[c] = _gelu(gate[c]) * passed[c]


@njit(cache=True, nogil=True, fastmath=_FAST)
def filter_and_split(
    above: Floats, rows: Floats, taps: Floats, pairs: Floats, values: Floats, squares: Floats
) -> None:
    """The 3x3 depthwise filter, its first 2C channels to `pairs`, the last C to `values`.

    above, rows: as for filter_and_gate, of 3C channels; taps [9,3C], pairs [R,W,2C], values
    [R,W,C]; squares [2C] gains the sums of the squares of what pairs got.
    """
    height, width, both = pairs.shape
    zeros = np.zeros((width, taps.shape[1]), np.float32)
    total = np.empty(taps.shape[1], np.float32)
    for y in range(height):
        for x in range(width):
            _filter(above, rows, taps, zeros, y, x, total)
            pair, value, rest = pairs[y, x], values[y, x], total[both:]
            for c in range(both):
                pair[c] = total[c]
                squares[c] += total[c] * total[c]
            for c in range(rest.shape[0]):
                value[c] = rest[c]


@njit(cache=True, nogil=True, fastmath=_FAST)
def normalise(
    pixels: Floats, weight: Floats, bias: Floats, centred: bool, epsilon: float, out: Floats
) -> None:
    """Layer norm of each pixel's channels: (pixel - mean) / deviation * weight + bias.

    pixels, out [N,C]; weight, bias [C]. centred: False leaves the mean in the numerator.
    """
    count, channels = pixels.shape
    for n in range(count):
        pixel, written = pixels[n], out[n]
        total = np.float32(0.0)
        for c in range(channels):
            total += pixel[c]
        mean = total / np.float32(channels)
        spread = np.float32(0.0)
        for c in range(channels):
            spread += (pixel[c] - mean) * (pixel[c] - mean)
        factor = np.float32(1.0 / math.sqrt(spread / channels + epsilon))
        away = mean if centred else np.float32(0.0)
        for c in range(channels):
            written[c] = (pixel[c] - away) * factor * weight[c] + bias[c]
