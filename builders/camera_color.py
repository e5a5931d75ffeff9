"""Colour of a camera file as LibRaw knows it: the matrix to sRGB and the white balance.

LibRaw has one matrix (of two, the D65 one) and no ForwardMatrix; what a DNG's profile says beyond
that belongs to rendering.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import rawpy
from numpy.typing import NDArray

from builders.tags import DngTags
from degrade.color import SRGB_TO_XYZ

# Gains spread over more than six stops come from a broken tag, not from a light source
_WIDEST_BALANCE = 64.0


def camera_matrix(raw: rawpy.RawPy) -> tuple[NDArray[np.float32], str]:
    """White-balanced camera RGB -> linear sRGB, float32 [3,3], rows sum to 1, and its source.

    The file's own matrix, else LibRaw's table entry for the camera ("libraw"), else the identity
    ("identity").
    """
    own = np.array(raw.color_matrix, np.float64)[:, :3]  # camera -> sRGB, from the file
    if np.isfinite(own).all() and abs(np.linalg.det(own)) > 1e-3:
        return _rows_to_one(own), "libraw"
    return _from_xyz(np.array(raw.rgb_xyz_matrix, np.float64)[:3])  # LibRaw's table of cameras


def _from_xyz(to_camera: NDArray[np.float64]) -> tuple[NDArray[np.float32], str]:
    """The same from XYZ -> camera: the inverse of (it @ sRGB->XYZ) with rows summing to 1."""
    mixed = to_camera @ SRGB_TO_XYZ
    sums = mixed.sum(axis=1, keepdims=True)
    if not np.isfinite(mixed).all() or (sums <= 0).any():
        return np.eye(3, dtype=np.float32), "identity"
    balanced = mixed / sums
    if abs(np.linalg.det(balanced)) < 1e-6:
        return np.eye(3, dtype=np.float32), "identity"
    return _rows_to_one(np.linalg.inv(balanced)), "libraw"


def _rows_to_one(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def camera_balance(
    raw: rawpy.RawPy, *, dng: DngTags | None, has_matrix: bool
) -> tuple[NDArray[np.float32], str]:
    """R, G, B gains, float32 [3], the least 1, and their source.

    The camera's when they are there and sane ("camera"); else LibRaw's daylight multipliers, where
    a colour matrix gives them ("daylight-matrix"); else 1, 1, 1 ("unit").
    """
    camera = list(raw.camera_whitebalance)
    if dng is not None and dng.neutral is not None and min(dng.neutral) > 0:
        camera = [1 / value for value in dng.neutral]
    # without a tag LibRaw leaves (0, 1, 0, 0), or fills all four with 1 outside DNG
    filled = dng is None and camera == [1.0] * 4
    if not filled and _sane(camera):
        return _least_one(camera), "camera"
    if has_matrix and _sane(raw.daylight_whitebalance):
        return _least_one(raw.daylight_whitebalance), "daylight-matrix"
    return np.ones(3, np.float32), "unit"


def _sane(gains: Sequence[float]) -> bool:
    rgb = np.array(gains[:3], np.float64)
    return bool(np.isfinite(rgb).all() and (rgb > 0).all()) and bool(
        rgb.max() / rgb.min() <= _WIDEST_BALANCE
    )


def _least_one(gains: Sequence[float]) -> NDArray[np.float32]:
    rgb = np.array(gains[:3], np.float64)
    return (rgb / rgb.min()).astype(np.float32)
