"""Transfer curves and matrices of sRGB and ProPhoto RGB, from their definitions.

sRGB: IEC 61966-2-1:1999. ProPhoto (ROMM) RGB: ISO 22028-2:2013; its D50 is taken to sRGB's D65 by
the linear Bradford transform (ICC.1:2022, annex E).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

# IEC 61966-2-1, 5.2: the published, rounded break points of the two directions.
_SRGB_LINEAR_BREAK = 0.0031308
_SRGB_ENCODED_BREAK = 0.04045

# Adobe's ProPhoto profile holds its gamma of 1.8 as an ICC u8Fixed8Number: 0x01CD = 461/256.
_PROPHOTO_GAMMA = 461.0 / 256.0
_BINS_16 = 16384  # 16-bit sRGB by interpolation: at most 0.25 of a code off

# ITU-R BT.601-7, 2.5.1: the weights of R', G' and B' in luma; OpenCV and Pillow have the same.
BT601 = (0.299, 0.587, 0.114)

# CIE xy of the R, G and B primaries: IEC 61966-2-1 table 1; ISO 22028-2 table 1.
_SRGB_XY = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_PROPHOTO_XY = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
# XYZ of the whites, 2 degree observer: ASTM E308-01.
_D65 = np.array([0.95047, 1.0, 1.08883])
_D50 = np.array([0.96422, 1.0, 0.82521])
# Cone response matrix of the Bradford transform: ICC.1:2022, annex E.3.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def srgb_encode(linear: ArrayLike) -> NDArray[np.float64]:
    """sRGB transfer curve, linear light to encoded (IEC 61966-2-1); any shape, computed in float64.

    [0,1] maps to [0,1]; nothing is clipped: below 0 the linear segment goes on, above 1 the power.
    """
    x = np.asarray(linear, dtype=np.float64)
    power = 1.055 * np.maximum(x, _SRGB_LINEAR_BREAK) ** (1.0 / 2.4) - 0.055
    return np.where(x <= _SRGB_LINEAR_BREAK, 12.92 * x, power)


def srgb_decode(encoded: ArrayLike) -> NDArray[np.float64]:
    """Inverse sRGB transfer curve, encoded to linear light (IEC 61966-2-1); as srgb_encode."""
    x = np.asarray(encoded, dtype=np.float64)
    power = ((np.maximum(x, _SRGB_ENCODED_BREAK) + 0.055) / 1.055) ** 2.4
    return np.where(x <= _SRGB_ENCODED_BREAK, x / 12.92, power)


def prophoto_decode(encoded: ArrayLike) -> NDArray[np.float64]:
    """ProPhoto transfer curve, encoded to linear light; any shape, float64, clipped below 0.

    The pure power of Adobe's profile, which its programs embed in their TIFFs; ISO 22028-2's own
    curve has a linear toe below encoded 1/32 instead.
    """
    return np.maximum(np.asarray(encoded, dtype=np.float64), 0.0) ** _PROPHOTO_GAMMA


@cache
def srgb_steps() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Tables that turn linear float32 in [0,1] into exact 8-bit sRGB: (codes, steps), [4097] each.

    With i = int(4096*x): code = codes[i] + (x >= steps[i]), which equals
    floor(255*srgb_encode(x) + 1/2) for every float32 x in [0,1]. The finest step of that staircase
    is 1/(255*12.92), wider than a bin of 1/4096, so no bin holds more than one.
    """
    bins = 4096
    rise = srgb_decode((np.arange(1, 256) - 0.5) / 255.0).astype(np.float32)
    for neighbour in (-np.inf, np.inf):  # srgb_decode is not the last bit's inverse: settle it
        for _ in range(2):
            shifted = np.nextafter(rise, np.float32(neighbour))
            reached = np.floor(255.0 * srgb_encode(shifted) + 0.5) >= np.arange(1, 256)
            here = np.floor(255.0 * srgb_encode(rise) + 0.5) >= np.arange(1, 256)
            move = reached if neighbour < 0 else ~here
            rise = np.where(move, shifted, rise)
    edges = np.arange(bins + 1) / bins
    codes = np.searchsorted(rise, edges.astype(np.float32), side="right").astype(np.uint8)
    following = np.append(rise, np.float32(np.inf))[codes]
    codes.flags.writeable = following.flags.writeable = False
    return codes, following


@cache
def srgb_curve_16() -> NDArray[np.float32]:
    """65535*srgb_encode over [0,1] for linear interpolation, [16386] float32; last one repeated.

    Its first bins, up to 0.0031308, lie on the curve's linear segment and are exact.
    """
    x = np.minimum(np.arange(_BINS_16 + 2) / _BINS_16, 1.0)
    table = (65535.0 * srgb_encode(x)).astype(np.float32)
    table.flags.writeable = False
    return table


def _to_xyz(xy: tuple[tuple[float, float], ...], white: NDArray[np.float64]) -> NDArray[np.float64]:
    """RGB -> XYZ from the chromaticities of the primaries and the XYZ of white, [3,3]."""
    primaries = np.array([[x / y, 1.0, (1.0 - x - y) / y] for x, y in xy]).T
    return np.asarray(primaries * np.linalg.solve(primaries, white), dtype=np.float64)


SRGB_TO_XYZ: NDArray[np.float64] = _to_xyz(_SRGB_XY, _D65)
"""Linear sRGB -> XYZ of D65 (white has Y = 1), [3,3] for column vectors."""


def _prophoto_to_srgb() -> NDArray[np.float64]:
    cones = np.diag((_BRADFORD @ _D65) / (_BRADFORD @ _D50))
    adapt = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD
    matrix = np.linalg.inv(SRGB_TO_XYZ) @ adapt @ _to_xyz(_PROPHOTO_XY, _D50)
    return matrix / matrix.sum(axis=1, keepdims=True)  # white to white to the last bit


PROPHOTO_TO_SRGB: NDArray[np.float64] = _prophoto_to_srgb()
"""Linear ProPhoto RGB (D50) -> linear sRGB (D65), [3,3] for column vectors; rows sum to 1."""

SRGB_TO_PROPHOTO: NDArray[np.float64] = np.linalg.inv(PROPHOTO_TO_SRGB).astype(np.float64)
"""Linear sRGB (D65) -> linear ProPhoto RGB (D50), [3,3] for column vectors; rows sum to 1."""
