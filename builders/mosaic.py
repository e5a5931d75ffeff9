"""The two per-site loops over a mosaic: the clip mask and the normalisation."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

WHITE = 65535  # full scale of the normalised mosaic


def clip_mask(
    mosaic: NDArray[np.uint16],
    *,
    pattern: NDArray[np.uint8] | None,
    white: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Colours saturated at or around each pixel, uint8 [H,W], bit 1 << colour.

    mosaic: [H,W] behind the CFA tile `pattern` [n,n] with `white` [n,n]: a bit is set where a
    site of that colour within the 3x3 neighbourhood is >= its white level. [H,W,3] with pattern
    None and white [3]: where the pixel's own channel is.
    """
    height, width = mosaic.shape[:2]
    # a sample is an integer: at or above white is at or above its ceiling
    levels = np.ceil(white).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    if pattern is None:
        for channel in range(3):
            mask |= (mosaic[:, :, channel] >= levels[channel]).view(np.uint8) << channel
        return mask
    bits = np.left_shift(np.uint8(1), pattern).astype(np.uint8)
    _clip_kernel(mosaic, _rows(levels, width), _rows(bits, width), mask)
    return mask


def normalise(
    mosaic: NDArray[np.uint16],
    *,
    black: NDArray[np.float32],
    white: NDArray[np.float32],
    gain: NDArray[np.float32],
) -> NDArray[np.uint16]:
    """round((min(mosaic, white) - black) * gain), cut to 0..65535, uint16, shaped like mosaic.

    black, white and gain: per site of the tile [n,n] for [H,W], per channel [3] for [H,W,3]. What
    lies above the white level is saturated: how far above means nothing.
    """
    height = mosaic.shape[0]
    flat = mosaic.reshape(height, -1)
    rows_black, rows_gain = np.atleast_2d(black), np.atleast_2d(gain)
    out = np.empty_like(flat)
    width = flat.shape[1]
    tops = np.minimum((np.atleast_2d(white) - rows_black) * rows_gain, WHITE).astype(np.float32)
    rows = (_rows(rows_black, width), _rows(rows_gain, width), _rows(tops, width))
    _normalise_kernel(flat, *rows, out)
    return out.reshape(mosaic.shape)


def _rows(tile: NDArray, width: int) -> NDArray:
    """Each row of a tile repeated to the mosaic's width, so that the loops need no modulo."""
    repeats = -(-width // tile.shape[1])
    return np.ascontiguousarray(np.tile(tile, (1, repeats))[:, :width])


@numba.njit(cache=True)
def _clip_kernel(
    mosaic: NDArray[np.uint16],
    levels: NDArray[np.int32],
    bits: NDArray[np.uint8],
    mask: NDArray[np.uint8],
) -> None:
    height, width = mosaic.shape
    period = levels.shape[0]
    site = np.zeros(width + 2, np.uint8)  # one row's own clipped sites, a margin on both sides
    wide = np.zeros((3, width), np.uint8)  # the last three rows, spread over their neighbours
    for y in range(height + 1):
        spread = wide[y % 3]
        if y < height:
            level = levels[y % period]
            bit = bits[y % period]
            row = mosaic[y]
            for x in range(width):
                site[x + 1] = bit[x] if row[x] >= level[x] else 0
            for x in range(width):
                spread[x] = site[x] | site[x + 1] | site[x + 2]
        else:
            spread[:] = 0
        if y > 0:
            out = mask[y - 1]
            for x in range(width):
                out[x] = wide[0, x] | wide[1, x] | wide[2, x]


@numba.njit(cache=True)
def _normalise_kernel(
    mosaic: NDArray[np.uint16],
    black: NDArray[np.float32],
    gain: NDArray[np.float32],
    tops: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    height, width = mosaic.shape
    period = black.shape[0]
    half = np.float32(0.5)
    zero = np.float32(0)
    for y in range(height):
        level = black[y % period]
        factor = gain[y % period]
        top = tops[y % period]
        row = mosaic[y]
        to = out[y]
        for x in range(width):
            value = min((np.float32(row[x]) - level[x]) * factor[x], top[x]) + half
            to[x] = np.uint16(np.int32(max(value, zero)))
