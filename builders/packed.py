"""A packed Bayer mosaic: its four planes as a stored picture, its codes, and how it is shown.

Planes are R, Gr, Gb, B in this order (Brooks et al., CVPR 2019, and CycleISP pack so; SID and ELD
have R, G, B, G): Gr is the green in the row of red, Gb the green in the row of blue. The mosaic
begins at a red site, so plane (dy, dx) of the 2x2 cell is 2 dy + dx in every file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from degrade.color import srgb_encode

PLANES = ("R", "Gr", "Gb", "B")
# Code of black: a sixteenth of the range, as cameras of 14 bits have 1024 of 16384. What noise puts
# below black is kept down to -BLACK / (WHITE - BLACK) = -0.067 of white. Of a million black sites
# none falls below that with any camera of the table at its highest ISO (the farthest: -0.052).
BLACK, WHITE = 4096, 65535


def pack(mosaic: NDArray[np.float32]) -> NDArray[np.float32]:
    """[H,W] behind an RGGB tile, even sides -> [H/2,W/2,4] in the order of `PLANES`."""
    height, width = mosaic.shape
    if height % 2 or width % 2:
        raise ValueError(f"a mosaic of {height}x{width} has no whole 2x2 cells; cut it to even")
    cells = mosaic.reshape(height // 2, 2, width // 2, 2)
    return np.ascontiguousarray(cells.transpose(0, 2, 1, 3)).reshape(height // 2, width // 2, 4)


def to_codes(light: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Light of any shape, 0 black and 1 white, as codes: BLACK + light * (WHITE - BLACK), rounded
    half up and cut to 0..WHITE."""
    codes = light * np.float32(WHITE - BLACK) + np.float32(BLACK + 0.5)
    return np.clip(codes, 0.0, WHITE).astype(np.uint16)


def to_light(codes: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Codes as light, 0 black and 1 white; below black it is negative."""
    return (codes.astype(np.float32) - np.float32(BLACK)) / np.float32(WHITE - BLACK)


def show_packed(picture: NDArray[np.uint16], *, record: Mapping[str, Any]) -> NDArray[np.uint8]:
    """A packed picture [h,w,4] as sRGB uint8 [h,w,3], a pixel for each cell: only to look at.

    White balance and matrix are those in the record's "capture"; without them the picture is
    shown as the sensor has it, greenish.
    """
    capture = record.get("capture", {})
    balance = np.array(capture.get("white_balance", (1.0, 1.0, 1.0)), np.float32)
    matrix = np.array(capture.get("matrix", np.eye(3).ravel()), np.float32).reshape(3, 3)
    light = _centred(to_light(picture))
    rgb = np.stack([light[..., 0], light[..., 1:3].mean(axis=2), light[..., 3]], axis=2)
    linear = np.minimum(rgb * (balance / balance.min()), 1.0) @ matrix.T
    return np.floor(srgb_encode(linear.clip(0.0, 1.0)) * 255.0 + 0.5).astype(np.uint8)


def _centred(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each plane read at the centre of its cell, bilinearly: its site lies a quarter cell off."""
    out = np.empty_like(light)
    for plane in range(4):
        values = light[..., plane]
        for axis, late in enumerate(divmod(plane, 2)):  # 1: the site lies past the centre
            count = values.shape[axis]
            beside = np.clip(np.arange(count) + (-1 if late else 1), 0, count - 1)
            values = 0.75 * values + 0.25 * values.take(beside, axis=axis)
        out[..., plane] = values
    return out
