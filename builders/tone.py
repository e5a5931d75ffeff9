"""Per-pixel arithmetic from camera RGB to sRGB codes: the compiled loops and the tone tables.

Every loop takes a block of pixels: `block` is float32 [3,n], planar, changed in place. Each output
value is a function of its own pixel alone. Matrices are applied as differences to the channel on
the diagonal, out_i = x_i + sum over j of m_ij*(x_j - x_i), which equals the product because their
rows sum to 1, and keeps neutral pixels neutral to the last bit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from degrade.color import srgb_encode

_TONE_BINS = 4096  # as DNG SDK 1.3 (dng_1d_table) samples its curves
_ENCODE_BINS = 16384  # 16-bit sRGB by interpolation: at most 0.25 of a code off

# DNG SDK 1.3: the default Shadows tag, 5.0, times ShadowScale 1.0 times 0.001; dng_render.cpp.
_BLACK = 0.005
_BLACK_OF_WHITE = 0.99  # black is at most this part of white
_TOE_OF_BLACK, _TOE_OF_RANGE = 0.5, 1.0 / 16.0  # radius of the ramp's quadratic toe, the lesser
_TONE_BREAK = 0.25  # exposure tone: linear below, quadratic to (1, 1) above

# Support of the default "ACR3" tone curve of DNG SDK 1.3, linear light in and out.
_ACR3 = (
    (0.0, 0.0),
    (0.00390625, 0.00314),
    (0.0078125, 0.00623),
    (0.01171875, 0.01012),
    (0.015625, 0.01485),
    (0.03125, 0.04002),
    (0.046875, 0.07057),
    (0.0625, 0.10433),
    (0.09375, 0.17901),
    (0.125, 0.25961),
    (0.1797, 0.38742),
    (0.21875, 0.46551),
    (0.25, 0.52069),
    (0.3125, 0.61436),
    (0.375, 0.69035),
    (0.4375, 0.75289),
    (0.5, 0.80486),
    (0.5625, 0.84825),
    (0.625, 0.88453),
    (0.6875, 0.91478),
    (0.75, 0.93986),
    (1.0, 1.0),
)


def exposure_ramp(ev: float) -> tuple[float, float, float]:
    """Black point, slope and toe radius of DNG SDK 1.3's exposure ramp at `ev` stops.

    White is 2^-max(0, ev), so positive exposure is a gain and a hard clip; see ramp_block.
    """
    white = 2.0 ** -max(0.0, ev)
    black = min(_BLACK, _BLACK_OF_WHITE * white)
    radius = min(_TOE_OF_BLACK * black, _TOE_OF_RANGE * (white - black))
    return black, 1.0 / (white - black), radius


def tone_curve(ev: float) -> NDArray[np.float32]:
    """ACR3-like tone curve after DNG SDK 1.3's exposure tone, [4098] over [0,1]; last one repeated.

    The exposure tone acts on negative `ev` only: s*x with s = 2^ev below 0.25, then a parabola with
    the same slope there that ends at (1, 1), so darkening does not turn white grey. The curve runs
    through the support points by monotone cubics (PCHIP; Fritsch and Butland 1984).
    """
    from scipy.interpolate import PchipInterpolator  # slow to import, and one style's alone

    x = np.minimum(np.arange(_TONE_BINS + 2) / _TONE_BINS, 1.0)
    if ev < 0.0:
        s = 2.0**ev
        a = 16.0 / 9.0 * (1.0 - s)
        b = s - 0.5 * a
        x = np.where(x <= _TONE_BREAK, s * x, (a * x + b) * x + (1.0 - a - b))
    support, value = np.array(_ACR3).T
    return PchipInterpolator(support, value)(np.clip(x, 0.0, 1.0)).astype(np.float32)


@cache
def encode_16() -> NDArray[np.float32]:
    """65535*srgb_encode over [0,1] for linear interpolation, [16386] float32; last one repeated.

    Its first bins, up to 0.0031308, lie on the curve's linear segment and are exact.
    """
    x = np.minimum(np.arange(_ENCODE_BINS + 2) / _ENCODE_BINS, 1.0)
    table = (65535.0 * srgb_encode(x)).astype(np.float32)
    table.flags.writeable = False
    return table


@njit(cache=True)
def raise_clipped(block: NDArray[np.float32], flags: NDArray[np.uint8]) -> None:
    """The highlight rule (builders.render) on a block; flags: uint8 [n], bit c = channel c."""
    for i in range(flags.size):
        flag = flags[i]
        if flag == 0:
            continue
        r, g, b = block[0, i], block[1, i], block[2, i]
        if flag & 7 == 7:
            level = max(r, g, b)
        else:
            level = np.float32(np.inf)
            if flag & 1 == 0:
                level = min(level, r)
            if flag & 2 == 0:
                level = min(level, g)
            if flag & 4 == 0:
                level = min(level, b)
        if flag & 1:
            block[0, i] = max(r, level)
        if flag & 2:
            block[1, i] = max(g, level)
        if flag & 4:
            block[2, i] = max(b, level)


@njit(cache=True)
def load_block(pixels: NDArray[Any], gain: np.float32, block: NDArray[np.float32]) -> None:
    """pixels [n,3] of uint16 or float32, times gain, into the block."""
    for i in range(len(pixels)):
        block[0, i] = np.float32(pixels[i, 0]) * gain
        block[1, i] = np.float32(pixels[i, 1]) * gain
        block[2, i] = np.float32(pixels[i, 2]) * gain


@njit(cache=True)
def store_linear(block: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """The block as it is, into float32 [n,3]."""
    for i in range(len(out)):
        out[i, 0] = block[0, i]
        out[i, 1] = block[1, i]
        out[i, 2] = block[2, i]


@njit(cache=True)
def matrix_block(block: NDArray[np.float32], matrix: NDArray[np.float32]) -> None:
    """Cuts every channel at 1 from above, applies the matrix (rows sum to 1), clips to [0,1]."""
    low, high = np.float32(0.0), np.float32(1.0)
    m01, m02 = matrix[0, 1], matrix[0, 2]
    m10, m12 = matrix[1, 0], matrix[1, 2]
    m20, m21 = matrix[2, 0], matrix[2, 1]
    for i in range(block.shape[1]):
        r, g, b = min(block[0, i], high), min(block[1, i], high), min(block[2, i], high)
        block[0, i] = min(max(r + m01 * (g - r) + m02 * (b - r), low), high)
        block[1, i] = min(max(g + m10 * (r - g) + m12 * (b - g), low), high)
        block[2, i] = min(max(b + m20 * (r - b) + m21 * (g - b), low), high)


@njit(cache=True)
def ramp_block(
    block: NDArray[np.float32], black: np.float32, slope: np.float32, radius: np.float32
) -> None:
    """Exposure ramp per channel: min((x - black)*slope, 1), a parabola within radius of black."""
    low, high = np.float32(0.0), np.float32(1.0)
    curve = slope / (np.float32(4.0) * radius)
    for c in range(3):
        for i in range(block.shape[1]):
            x = block[c, i] - black
            toe = max(x + radius, low)
            y = x * slope if x >= radius else curve * toe * toe
            block[c, i] = min(y, high)


@njit(cache=True)
def tone_block(block: NDArray[np.float32], table: NDArray[np.float32]) -> None:
    """Tone curve, hue-preserving: greatest and least channel by the table, the third between.

    The third keeps its relative place between them (RefBaselineRGBTone of DNG SDK 1.3).
    """
    bins, low = np.float32(len(table) - 2), np.float32(0.0)
    for i in range(block.shape[1]):
        r, g, b = block[0, i], block[1, i], block[2, i]
        most, least = max(r, g, b), min(r, g, b)
        at = int(most * bins)
        high = table[at] + (most * bins - np.float32(at)) * (table[at + 1] - table[at])
        at = int(least * bins)
        base = table[at] + (least * bins - np.float32(at)) * (table[at + 1] - table[at])
        span = most - least
        ratio = (high - base) / span if span > low else low
        block[0, i] = base + (r - least) * ratio
        block[1, i] = base + (g - least) * ratio
        block[2, i] = base + (b - least) * ratio


@njit(cache=True)
def store_8(
    block: NDArray[np.float32],
    codes: NDArray[np.uint8],
    steps: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> None:
    """The block, linear in [0,1], as 8-bit sRGB [n,3]; tables of degrade.color.srgb_steps."""
    bins = np.float32(len(codes) - 1)
    for i in range(len(out)):
        for c in range(3):
            x = block[c, i]
            at = np.uint32(x * bins)
            out[i, c] = codes[at] + np.uint8(x >= steps[at])


@njit(cache=True)
def store_16(
    block: NDArray[np.float32], table: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """The block, linear in [0,1], as 16-bit sRGB [n,3]; table of encode_16."""
    bins, half = np.float32(len(table) - 2), np.float32(0.5)
    for i in range(len(out)):
        for c in range(3):
            x = block[c, i] * bins
            at = np.uint32(x)
            value = table[at] + (x - np.float32(at)) * (table[at + 1] - table[at])
            out[i, c] = np.uint16(value + half)
