"""Per-pixel arithmetic from camera RGB to sRGB codes: the compiled loops.

Every loop takes a block of pixels: `block` is float32 [3,n], planar, changed in place. Each output
value is a function of its own pixel alone. Matrices are applied as differences to the channel on
the diagonal, out_i = x_i + sum over j of m_ij*(x_j - x_i), which equals the product because their
rows sum to 1, and keeps neutral pixels neutral to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def load_block(pixels: NDArray[Any], gain: np.float32, block: NDArray[np.float32]) -> None:
    """pixels [n,3] of uint16 or float32, times gain, into the block."""
    for i in range(len(pixels)):
        block[0, i] = np.float32(pixels[i, 0]) * gain
        block[1, i] = np.float32(pixels[i, 1]) * gain
        block[2, i] = np.float32(pixels[i, 2]) * gain


@njit(cache=True)
def raise_clipped(block: NDArray[np.float32], flags: NDArray[np.uint8], white: np.float32) -> None:
    """The highlight rule (builders.render) on a block; flags: uint8 [n], bit c = channel c; white:
    the block's value of scene-linear 1, below which a flagged channel was measured after all."""
    for i in range(flags.size):
        flag = flags[i]
        if flag == 0:
            continue
        r, g, b = block[0, i], block[1, i], block[2, i]
        if r < white:
            flag &= 6
        if g < white:
            flag &= 5
        if b < white:
            flag &= 3
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
    """The block, linear in [0,1], as 16-bit sRGB [n,3]; table of degrade.color.srgb_curve_16."""
    bins, half = np.float32(len(table) - 2), np.float32(0.5)
    for i in range(len(out)):
        for c in range(3):
            x = block[c, i] * bins
            at = np.uint32(x)
            value = table[at] + (x - np.float32(at)) * (table[at + 1] - table[at])
            out[i, c] = np.uint16(value + half)


@njit(cache=True)
def store_linear(block: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """The block as it is, into float32 [n,3]."""
    for i in range(len(out)):
        out[i, 0] = block[0, i]
        out[i, 1] = block[1, i]
        out[i, 2] = block[2, i]
