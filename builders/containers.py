"""The containers of stored pictures: PNG, JPEG and raw samples, and what their bytes say.

A container is what must be known to read a picture back. How it was written (JPEG quality, chroma
sampling) is a matter of `degrade.images.CODECS` and stands in the pair's record.
"""

from __future__ import annotations

import math
import struct
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Container = Literal["png", "jpeg", "raw"]
SampleType = Literal["uint8", "uint16", "float32"]
# Any: which of the sample types it is belongs to each picture, and checkers cannot know it.
Samples = NDArray[Any]
Shape = tuple[int, int, int]

CONTAINERS: tuple[Container, ...] = get_args(Container)
SAMPLE_TYPES: tuple[SampleType, ...] = get_args(SampleType)
SUFFIXES: dict[Container, str] = {"png": ".png", "jpeg": ".jpg", "raw": ".raw"}

# The PNG signature (W3C PNG, 5.2) and JPEG's SOI followed by the next marker (ITU-T T.81, B.1.1).
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# IHDR is the first chunk (W3C PNG, 11.2.1): width, height, bit depth and colour type from byte 16.
_IHDR_AT, _IHDR = 12, struct.Struct(">4sIIBB")
_RED_GREEN_BLUE_ALPHA = 6  # colour type (W3C PNG, table 9)
# Start-of-frame markers are C0..CF but for DHT, JPG and DAC (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_header(data: bytes) -> tuple[Container, Shape, SampleType]:
    """Container, [H,W,C] and sample type that PNG or JPEG bytes decode to, from their head alone.

    Grey, palette and alpha all decode to RGB; only PNG's red, green, blue and alpha of 16 bits is
    a packed mosaic, [H,W,4]. Raises ValueError for other bytes; raw samples have no head.
    """
    if data.startswith(_PNG) and len(data) >= _IHDR_AT + _IHDR.size:
        name, width, height, depth, color = _IHDR.unpack_from(data, _IHDR_AT)
        if name == b"IHDR" and depth == 16:
            return "png", (height, width, 4 if color == _RED_GREEN_BLUE_ALPHA else 3), "uint16"
        if name == b"IHDR":
            return "png", (height, width, 3), "uint8"
    if data.startswith(_JPEG):
        return "jpeg", (*_jpeg_size(data), 3), "uint8"
    raise ValueError(f"{len(data)} bytes that are neither PNG nor JPEG")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """(height, width) from the frame header (ITU-T T.81, B.2.2), past the segments before it."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte (B.1.1.2)
            at += 1
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise ValueError(f"{len(data)} bytes of a JPEG without a frame header")


def pack_samples(samples: NDArray[Any]) -> bytes:
    """The samples of [H,W,C], C >= 1, in C order, little endian, without a header.

    Raises ValueError for another shape or type than uint8, uint16, float32.
    """
    if samples.ndim != 3 or 0 in samples.shape:
        raise ValueError(f"raw samples are [H,W,C], got {list(samples.shape)}")
    sample_type(samples)
    return np.ascontiguousarray(samples, dtype=samples.dtype.newbyteorder("<")).tobytes()


def unpack_samples(data: bytes, *, shape: tuple[int, ...], dtype: str) -> Samples:
    """The samples that `pack_samples` wrote; raises ValueError unless there are as many."""
    stored = np.dtype(dtype).newbyteorder("<")
    need = math.prod(shape) * stored.itemsize
    if len(data) != need:
        raise ValueError(f"{len(data)} bytes where {list(shape)} {dtype} samples take {need}")
    return np.frombuffer(data, stored).astype(dtype).reshape(shape)


def sample_type(samples: NDArray[Any]) -> SampleType:
    """The name of an array's sample type; raises ValueError if such samples are not stored."""
    for name in SAMPLE_TYPES:
        if samples.dtype == name:
            return name
    raise ValueError(f"samples are one of {', '.join(SAMPLE_TYPES)}, got {samples.dtype}")
