"""Small picture files of every kind, for the tests that read them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

RNG = np.random.Generator(np.random.Philox(4))
EIGHT = RNG.integers(0, 256, (12, 20, 3)).astype(np.uint8)
SIXTEEN = RNG.integers(0, 65536, (12, 20, 3)).astype(np.uint16)
BLOCKS = np.kron(RNG.integers(0, 256, (3, 5, 3)), np.ones((16, 16, 1))).astype(np.uint8)


def with_alpha(picture: NDArray[Any], *, clear: int = 0) -> NDArray[Any]:
    """The picture with an opaque alpha channel, whose first `clear` pixels are transparent."""
    top = np.iinfo(picture.dtype).max
    alpha = np.full(picture.shape[:2], top, picture.dtype)
    alpha.reshape(-1)[:clear] = top // 2
    return np.dstack([picture, alpha])


def save_deep(path: Path, picture: NDArray[Any]) -> Path:
    """A 16-bit PNG or portable map of grey, RGB or RGBA."""
    order = [2, 1, 0, 3][: picture.shape[2]] if picture.ndim == 3 else ...
    assert cv2.imwrite(str(path), picture[..., order] if picture.ndim == 3 else picture)
    return path


def add_chunk(path: Path, name: bytes, body: bytes) -> Path:
    """Puts a chunk after a PNG's IHDR (W3C PNG, 5.3)."""
    data = path.read_bytes()
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path
