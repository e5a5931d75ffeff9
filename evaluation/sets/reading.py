"""The files of a benchmark, read as the papers' scripts read them: stored numbers, nothing else.

Neither colour profile nor orientation is applied, unlike for clean sources of new datasets: MATLAB
and OpenCV hand the numbers of the file to the network, and published scores are of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.pictures import Samples


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded. channels: 1 or 3; bits: 8 or 16."""

    height: int
    width: int
    channels: int
    bits: int


def read_stored(path: Path, *, bits: int = 8, gray: bool = False) -> Samples:
    """The picture in a file: [H,W,3] RGB or [H,W,1], uint8, or uint16 where bits is 16.

    bits: 8 takes the high byte of 16-bit files, as cv2.imread does by default; 16 needs such a
    file. gray: three channels become one as OpenCV's IMREAD_GRAYSCALE has it. Raises ValueError
    for what is no whole picture, has transparency or another depth; OSError where it cannot be
    opened. All name the file.
    """
    data = np.frombuffer(path.read_bytes(), np.uint8)
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    stored: NDArray[Any] | None = cv2.imdecode(data, flags) if data.size else None
    if stored is None:
        raise ValueError(f"{path}: no whole picture ({data.size} bytes); copy or download it again")
    if stored.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{path}: samples of {stored.dtype}; a benchmark's are of 8 or 16 bits")
    if stored.ndim == 2:
        stored = stored[..., None]
    if stored.shape[2] == 4:
        if (stored[..., 3] < (65535 if stored.dtype == np.uint16 else 255)).any():
            raise ValueError(f"{path}: transparent pixels; a benchmark's pictures have none")
        stored = stored[..., :3]
    if bits == 16 and stored.dtype != np.uint16:
        raise ValueError(f"{path}: 8 bits; this set is scored at 16, take the original PNG files")
    if bits == 8 and stored.dtype == np.uint16:
        stored = (stored >> 8).astype(np.uint8)
    if stored.shape[2] == 1:
        return np.ascontiguousarray(stored)
    if gray:  # by the decoder, as imread has it: for PNG not quite what cvtColor gives
        one = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
        assert one is not None  # it was decoded above
        return np.asarray(one, np.uint8)[..., None]
    return cv2.cvtColor(np.ascontiguousarray(stored), cv2.COLOR_BGR2RGB)


# Pillow's modes of one channel; a palette may hold colours, and is read as three.
_GRAY = {"1", "L", "I", "I;16", "I;16B", "F"}


def read_header(path: Path) -> Header:
    """Size, channels and depth of a picture file. Raises ValueError naming the file."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            mode = picture.mode
    except OSError as error:
        if not path.is_file():
            raise
        raise ValueError(f"{path}: no picture ({error}); copy or download it again") from error
    with path.open("rb") as file:
        start = file.read(26)
    # Pillow opens 16-bit RGB PNGs as 8 bits; byte 24 of a PNG is its depth (W3C PNG, IHDR).
    deep = start[24] == 16 if start.startswith(b"\x89PNG") and len(start) > 24 else "16" in mode
    return Header(height, width, 1 if mode in _GRAY else 3, 16 if deep else 8)
