"""Compiled 8 x 8 transform coding of one picture, for degrade/operators/jpeg_simulated.py.

A tile of 16 x 128 px is 4 strips of luma and 2 of chroma, each 8 x 64 samples, so that all of it
stays in the first cache and every loop over the 64 runs in vector registers. A strip is transformed
down its columns; the other axis is the same after each of its 8 blocks is turned.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from degrade.operators.chroma import BLUE, CB_SPAN, CR_SPAN, GREEN, RED

_LANES = 64  # samples across a strip
_STRIP = 8 * _LANES
_TILE_WIDTH = 2 * _LANES
_RED, _GREEN, _BLUE = np.float32(RED), np.float32(GREEN), np.float32(BLUE)
_TO_CB, _TO_CR = np.float32(1.0 / CB_SPAN), np.float32(1.0 / CR_SPAN)
_FROM_CB, _FROM_CR = np.float32(CB_SPAN), np.float32(CR_SPAN)
_GREEN_CB, _GREEN_CR = np.float32(BLUE * CB_SPAN / GREEN), np.float32(RED * CR_SPAN / GREEN)
_ZERO, _ONE, _QUARTER = np.float32(0.0), np.float32(1.0), np.float32(0.25)
_TOP, _MIDDLE = np.float32(255.0), np.float32(128.0)
_PER_TOP = np.float32(1.0 / 255.0)
# 1.5 * 2^23: adding and taking it away rounds a float32 below 2^22 to an integer, half to even.
_MAGIC = np.float32(12582912.0)


def simulate_picture(
    picture: NDArray[np.float32],
    out: NDArray[np.float32],
    *,
    dct: NDArray[np.float32],
    tables: NDArray[np.float32],
    cubic: bool,
) -> None:
    """One picture [C,h,w], C = 1 or 3, through quantised blocks, into out[:, :h, :w].

    dct [8,8]; tables [2,8,8], luma and chroma, scaled.
    """
    turned = np.ascontiguousarray(tables.transpose(0, 2, 1))
    # After turning, row v of a strip holds horizontal frequency v; lane 8*block + u vertical u.
    steps = np.tile(turned, (1, 1, _LANES // 8)).reshape(2, _STRIP)
    _simulate(picture, out, dct, np.ascontiguousarray(steps), cubic)


@njit(cache=True)
def _simulate(
    picture: NDArray[np.float32],
    out: NDArray[np.float32],
    dct: NDArray[np.float32],
    steps: NDArray[np.float32],
    cubic: bool,
) -> None:
    channels, height, width = picture.shape
    luma = np.empty((4, _STRIP), np.float32)  # strips: upper left, upper right, lower left, right
    chroma = np.empty((2, _STRIP), np.float32)
    work = np.empty(_STRIP, np.float32)
    rows = np.empty((3, _TILE_WIDTH), np.float32)
    sums = np.empty((2, _TILE_WIDTH), np.float32)
    for top in range(0, height, 16):
        for left in range(0, width, _TILE_WIDTH):
            for y in range(16):
                _load_row(picture, top + y, left, rows)
                for half in range(2):
                    strip = luma[2 * (y // 8) + half]
                    for x in range(_LANES):
                        strip[(y % 8) * _LANES + x] = rows[0, half * _LANES + x]
                if channels == 3:
                    for plane in range(2):
                        _gather_chroma(rows[1 + plane], sums[plane], chroma[plane], y)
            for part in range(4):
                if top + 8 * (part // 2) < height and left + _LANES * (part % 2) < width:
                    _code_strip(luma[part], work, dct, steps[0], cubic)
            if channels == 3:
                for plane in range(2):
                    _code_strip(chroma[plane], work, dct, steps[1], cubic)
            for y in range(min(16, height - top)):
                for half in range(2):
                    strip = luma[2 * (y // 8) + half]
                    for x in range(_LANES):
                        rows[0, half * _LANES + x] = strip[(y % 8) * _LANES + x]
                if channels == 3:
                    for plane in range(2):
                        for x in range(_LANES):
                            value = chroma[plane, (y // 2) * _LANES + x]
                            rows[1 + plane, 2 * x] = value
                            rows[1 + plane, 2 * x + 1] = value
                _store_row(out, top + y, left, min(_TILE_WIDTH, width - left), rows, channels)


@njit(cache=True)
def _clip(value: np.float32) -> np.float32:
    return min(max(value, _ZERO), _ONE)


@njit(cache=True)
def _load_row(picture: NDArray[np.float32], y: int, left: int, rows: NDArray[np.float32]) -> None:
    """Y - 128, Cb, Cr on the scale of 255; what lies outside the picture is black."""
    channels, height, width = picture.shape
    count = min(_TILE_WIDTH, width - left) if y < height else 0
    luma, cb, cr = rows[0], rows[1], rows[2]
    if count and channels == 3:
        reds = picture[0, y, left : left + count]
        greens = picture[1, y, left : left + count]
        blues = picture[2, y, left : left + count]
        for x in range(count):
            red, green, blue = (
                _TOP * _clip(reds[x]),
                _TOP * _clip(greens[x]),
                _TOP * _clip(blues[x]),
            )
            grey = _RED * red + _GREEN * green + _BLUE * blue
            luma[x] = grey - _MIDDLE
            cb[x] = (blue - grey) * _TO_CB
            cr[x] = (red - grey) * _TO_CR
    elif count:
        greys = picture[0, y, left : left + count]
        for x in range(count):
            luma[x] = _TOP * _clip(greys[x]) - _MIDDLE
    for x in range(count, _TILE_WIDTH):
        luma[x] = -_MIDDLE
        cb[x] = _ZERO
        cr[x] = _ZERO


@njit(cache=True)
def _store_row(
    out: NDArray[np.float32],
    y: int,
    left: int,
    count: int,
    rows: NDArray[np.float32],
    channels: int,
) -> None:
    luma, cb, cr = rows[0], rows[1], rows[2]
    first = out[0, y, left : left + count]
    if channels == 1:
        for x in range(count):
            first[x] = _clip((luma[x] + _MIDDLE) * _PER_TOP)
        return
    second, third = out[1, y, left : left + count], out[2, y, left : left + count]
    for x in range(count):
        grey = luma[x] + _MIDDLE
        first[x] = _clip((grey + _FROM_CR * cr[x]) * _PER_TOP)
        second[x] = _clip((grey - _GREEN_CB * cb[x] - _GREEN_CR * cr[x]) * _PER_TOP)
        third[x] = _clip((grey + _FROM_CB * cb[x]) * _PER_TOP)


@njit(cache=True)
def _gather_chroma(
    row: NDArray[np.float32], upper: NDArray[np.float32], strip: NDArray[np.float32], y: int
) -> None:
    """Keeps an even row; with the odd one after it, adds the means of 2 x 2 to the strip."""
    if y % 2 == 0:
        for x in range(_TILE_WIDTH):
            upper[x] = row[x]
        return
    start = (y // 2) * _LANES
    for x in range(_LANES):
        total = upper[2 * x] + upper[2 * x + 1] + row[2 * x] + row[2 * x + 1]
        strip[start + x] = _QUARTER * total


@njit(cache=True)
def _code_strip(
    strip: NDArray[np.float32],
    work: NDArray[np.float32],
    dct: NDArray[np.float32],
    step: NDArray[np.float32],
    cubic: bool,
) -> None:
    """Transforms, quantises and brings back the 8 blocks of a strip, in place."""
    _forward(strip, work, dct)
    _turn_blocks(work, strip)
    _forward(strip, work, dct)
    for i in range(_STRIP):
        wanted = work[i] / step[i]
        whole = (wanted + _MAGIC) - _MAGIC
        if cubic:
            rest = wanted - whole
            whole += rest * rest * rest
        work[i] = whole * step[i]
    _backward(work, strip, dct)
    _turn_blocks(strip, work)
    _backward(work, strip, dct)


@njit(cache=True)
def _turn_blocks(source: NDArray[np.float32], target: NDArray[np.float32]) -> None:
    for block in range(0, _LANES, 8):
        for i in range(8):
            for j in range(8):
                target[j * _LANES + block + i] = source[i * _LANES + block + j]


@njit(cache=True)
def _forward(
    source: NDArray[np.float32], target: NDArray[np.float32], dct: NDArray[np.float32]
) -> None:
    """DCT down the 8 rows: even frequencies see sums of mirrored rows, odd ones differences."""
    for u in range(8):
        sign = _ONE if u % 2 == 0 else -_ONE
        a, b, c, d = dct[u, 0], dct[u, 1], dct[u, 2], dct[u, 3]
        for x in range(_LANES):
            target[u * _LANES + x] = (
                a * (source[x] + sign * source[7 * _LANES + x])
                + b * (source[_LANES + x] + sign * source[6 * _LANES + x])
                + c * (source[2 * _LANES + x] + sign * source[5 * _LANES + x])
                + d * (source[3 * _LANES + x] + sign * source[4 * _LANES + x])
            )


@njit(cache=True)
def _backward(
    source: NDArray[np.float32], target: NDArray[np.float32], dct: NDArray[np.float32]
) -> None:
    """The inverse: rows i and 7 - i are the even part plus and minus the odd part."""
    for i in range(4):
        a, b, c, d = dct[0, i], dct[2, i], dct[4, i], dct[6, i]
        e, f, g, h = dct[1, i], dct[3, i], dct[5, i], dct[7, i]
        for x in range(_LANES):
            even = (
                a * source[x]
                + b * source[2 * _LANES + x]
                + c * source[4 * _LANES + x]
                + d * source[6 * _LANES + x]
            )
            odd = (
                e * source[_LANES + x]
                + f * source[3 * _LANES + x]
                + g * source[5 * _LANES + x]
                + h * source[7 * _LANES + x]
            )
            target[i * _LANES + x] = even + odd
            target[(7 - i) * _LANES + x] = even - odd
