"""From what a picture's numbers mean to sRGB, level by level.

decode the tone curve -> linear RGB -> matrix to linear sRGB (D65) -> clip to 0..1 (relative
colorimetric: what sRGB cannot hold is cut, not compressed) -> sRGB curve -> quantise, halves up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from degrade.color import PROPHOTO_TO_SRGB, prophoto_decode, srgb_decode, srgb_encode
from degrade.images import Picture
from degrade.reading.icc import linear_to_srgb, read_profile

# A profile this near to sRGB is sRGB stored with rounding (lcms: matrix 2e-4 off, curve 1e-5): each
# element of the matrix, and each level of the curves in encoded units (half an 8-bit step). The
# nearest other primaries in use, SMPTE C and EBU, are 0.05 away; a plain gamma of 2.2 is 0.03.
_SRGB_MATRIX_TOLERANCE = 2e-3
_SRGB_CURVE_TOLERANCE = 0.5 / 255.0


@dataclass(frozen=True)
class _Transform:
    """linear: [3,L] linear light of every stored level; matrix: [3,3] to linear sRGB."""

    linear: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def is_srgb(self) -> bool:
        """Whether the stored numbers are sRGB already, but for a profile's rounding."""
        levels = np.linspace(0.0, 1.0, self.linear.shape[1])
        curves = np.abs(srgb_encode(self.linear) - levels).max()
        matrix = np.abs(self.matrix - np.eye(3)).max()
        return bool(curves <= _SRGB_CURVE_TOLERANCE and matrix <= _SRGB_MATRIX_TOLERANCE)


def profile_to_srgb(picture: Picture, *, profile: bytes, bits: int) -> Picture:
    """[H,W,3] uint8 or uint16 in the space of an ICC profile -> sRGB of `bits` 8 or 16.

    A profile that is sRGB but for its rounding leaves the numbers untouched. Raises ValueError
    for a profile that `degrade.reading.icc.read_profile` refuses.
    """
    return _to_srgb(picture, _of_profile(profile, _top(picture)), bits=bits)


def prophoto_to_srgb(picture: Picture, *, bits: int) -> Picture:
    """[H,W,3] in ProPhoto RGB with Adobe's gamma -> sRGB of `bits` 8 or 16."""
    return _to_srgb(picture, _of_prophoto(_top(picture)), bits=bits)


def change_depth(picture: Picture, *, bits: int) -> Picture:
    """8 bits -> 16: times 257, exact. 16 -> 8: v / 257, rounded (257 is odd: there is no half)."""
    if picture.dtype == np.uint8:
        return picture if bits == 8 else picture.astype(np.uint16) * np.uint16(257)
    if bits == 16:
        return picture
    return ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _top(picture: Picture) -> int:
    return int(np.iinfo(picture.dtype).max)


@lru_cache(maxsize=4)
def _of_profile(profile: bytes, top: int) -> _Transform:
    read = read_profile(profile)
    levels = np.arange(top + 1) / top
    return _Transform(np.stack([curve(levels) for curve in read.curves]), linear_to_srgb(read))


@lru_cache(maxsize=2)
def _of_prophoto(top: int) -> _Transform:
    linear = np.broadcast_to(prophoto_decode(np.arange(top + 1) / top), (3, top + 1))
    return _Transform(np.ascontiguousarray(linear), PROPHOTO_TO_SRGB)


def _to_srgb(picture: Picture, transform: _Transform, *, bits: int) -> Picture:
    if transform.is_srgb():
        return change_depth(picture, bits=bits)
    out: NDArray[Any] = np.empty(picture.shape, dtype=np.uint8 if bits == 8 else np.uint16)
    codes, rises = _srgb_stairs(bits)
    _apply(picture, transform.linear, transform.matrix, codes, rises, out)
    return out


@lru_cache(maxsize=2)
def _srgb_stairs(bits: int) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """The sRGB curve with its rounding, as a staircase: (codes per bin, rises).

    rises[c] is the linear light where code c gives way to c + 1; bins are even in linear light and
    narrower than the narrowest step, 1 / (12.92 (2^bits - 1)), so no bin holds more than one rise.
    """
    top = 2**bits - 1
    bins = 2 ** (bits + 4)
    rises = np.append(srgb_decode((np.arange(top) + 0.5) / top), np.inf)
    codes = np.searchsorted(rises, np.arange(bins + 1) / bins, side="right")
    return codes.astype(np.uint16), rises


@numba.njit(cache=True, nogil=True)
def _apply(
    pixels: NDArray[Any],
    linear: NDArray[np.float64],
    matrix: NDArray[np.float64],
    codes: NDArray[np.uint16],
    rises: NDArray[np.float64],
    out: NDArray[Any],
) -> None:
    """out[y,x] = staircase(clip(matrix @ linear[pixels[y,x]])), picture row by picture row."""
    bins = codes.shape[0] - 1
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            red = linear[0, pixels[y, x, 0]]
            green = linear[1, pixels[y, x, 1]]
            blue = linear[2, pixels[y, x, 2]]
            for c in range(3):
                light = matrix[c, 0] * red + matrix[c, 1] * green + matrix[c, 2] * blue
                light = min(max(light, 0.0), 1.0)
                code = codes[int(light * bins)]
                if light >= rises[code]:
                    code += 1
                out[y, x, c] = code
