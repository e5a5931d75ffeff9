"""Luma of BT.601 as MATLAB's rgb2ycbcr has it, rounded and not, and OpenCV's full-range gray.

Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255 for R, G, B in 0..255 (ITU-R BT.601, studio range):
black is 16, white 235. Super-resolution and deraining are scored on it, rounded to 8 bits (MATLAB,
uint8 in, uint8 out) or not; near 40 dB the two differ by some hundredths of a decibel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_RED, _GREEN, _BLUE = 65.481, 128.553, 24.966
_OFFSET = 16.0
# The same in thousandths of 1/255, so that 8-bit luma is a quotient of whole numbers.
_RED_PARTS, _GREEN_PARTS, _BLUE_PARTS, _UNIT_PARTS = 65481, 128553, 24966, 255000


def luma_float(rgb: NDArray[Any]) -> NDArray[np.float64]:
    """Luma 16 + (65.481 R + 128.553 G + 24.966 B) / 255, not rounded: float64 [H,W].

    rgb: [H,W,3], uint8 or float, 0..255 (floats are not clipped). The sum is taken in float64 in
    the order of the formula. Raises ValueError for another shape or dtype.
    """
    _check(rgb, kinds="uint8 or float")
    if rgb.dtype != np.uint8 and rgb.dtype.kind != "f":
        raise ValueError(f"luma_float got {rgb.dtype} samples; allowed: uint8 or float in 0..255")
    if rgb.dtype.itemsize not in (1, 4, 8):  # half precision has no compiled loop
        rgb = rgb.astype(np.float64)
    luma = np.empty(rgb.shape[:2])
    _float_luma(np.ascontiguousarray(rgb).reshape(-1), luma.reshape(-1))
    return luma


def luma_rounded(rgb_u8: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma rounded to 8 bits, half away from zero: MATLAB's rgb2ycbcr of uint8. uint8 [H,W].

    rgb_u8: uint8 [H,W,3]. Computed in whole numbers, so the 194 colours whose luma lies half-way
    between two levels go up, whatever a float sum would make of them. Raises ValueError for another
    shape or dtype.
    """
    _check(rgb_u8, kinds="uint8")
    if rgb_u8.dtype != np.uint8:
        raise ValueError(
            f"luma_rounded got {rgb_u8.dtype} samples; allowed: uint8; round the picture first, or "
            "use luma_float"
        )
    luma = np.empty(rgb_u8.shape[:2], np.uint8)
    _rounded_luma(np.ascontiguousarray(rgb_u8).reshape(-1), luma.reshape(-1))
    return luma


def _check(rgb: NDArray[Any], *, kinds: str) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(
            f"luma takes a picture of three channels, {kinds} [H,W,3], got {rgb.dtype} of shape "
            f"{rgb.shape}; a picture of one channel is its own luma"
        )


@njit(cache=True)
def _float_luma(flat: NDArray[Any], luma: NDArray[np.float64]) -> None:
    for i in range(len(luma)):
        red, green, blue = flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]
        luma[i] = _OFFSET + (_RED * red + _GREEN * green + _BLUE * blue) / 255.0


@njit(cache=True)
def _rounded_luma(flat: NDArray[np.uint8], luma: NDArray[np.uint8]) -> None:
    start = np.uint32(16 * _UNIT_PARTS + _UNIT_PARTS // 2)  # the offset, and half of a level
    for i in range(len(luma)):
        parts = np.uint32(
            start
            + _RED_PARTS * flat[3 * i]
            + _GREEN_PARTS * flat[3 * i + 1]
            + _BLUE_PARTS * flat[3 * i + 2]
        )
        luma[i] = parts // np.uint32(_UNIT_PARTS)
