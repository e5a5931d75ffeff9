"""Pictures in and out of bytes: PNG, JPEG and raw samples, 8 and 16 bit, RGB or four planes.

A picture is a numpy array [H,W,3], RGB, uint8 or uint16, display referred (sRGB) unless a name
says otherwise. OpenCV does the coding; its BGR order never leaves this file.

A packed mosaic is [H,W,4] uint16. Its PNG is of colour type 6, where W3C PNG has red, green, blue
and alpha: the samples are kept bit for bit, but what else opens the file takes the fourth plane for
transparency.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8 | np.uint16]

# Codec name -> (file suffix, OpenCV parameters). jpeg75 has libjpeg's quality-75 tables with 4:2:0
# chroma, which are what MATLAB's imwrite writes by default and what the MSEC inputs carry.
# OpenCV's PNG default is left alone: naming any compression level makes it twice as slow.
_JPEG = int(cv2.IMWRITE_JPEG_QUALITY)
_SAMPLING = int(cv2.IMWRITE_JPEG_SAMPLING_FACTOR)
CODECS: dict[str, tuple[str, list[int]]] = {
    "png": (".png", []),
    "jpeg75": (".jpg", [_JPEG, 75, _SAMPLING, int(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)]),
    "jpeg100": (".jpg", [_JPEG, 100, _SAMPLING, int(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)]),
    "raw": (".raw", []),
}


def check_picture(picture: NDArray[Any]) -> None:
    """Raises ValueError unless `picture` is [H,W,3] uint8 or uint16, or [H,W,4] uint16, with H and
    W >= 1."""
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or 0 in picture.shape:
        raise ValueError(f"a picture is [H,W,3], or [H,W,4] packed, got {list(picture.shape)}")
    if picture.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a picture is uint8 or uint16, got {picture.dtype}")
    if picture.shape[2] == 4 and picture.dtype != np.uint16:
        raise ValueError(
            f"a packed picture [H,W,4] is uint16, got {picture.dtype} {list(picture.shape)}"
        )


def encode_picture(picture: Picture, *, codec: str) -> bytes:
    """The bytes of one picture [H,W,3] RGB uint8|uint16, or [H,W,4] uint16; codec is a key of
    `CODECS`.

    'raw' is the samples in C order, little endian, without a header: its reader must know shape
    and type. JPEG takes 8 bit only. Raises ValueError for another codec, shape or depth.
    """
    check_picture(picture)
    if codec not in CODECS:
        raise ValueError(f"codec {codec!r}: one of {', '.join(CODECS)}")
    if codec == "raw":
        return np.ascontiguousarray(picture, dtype=picture.dtype.newbyteorder("<")).tobytes()
    suffix, parameters = CODECS[codec]
    if suffix == ".jpg" and picture.dtype != np.uint8:
        raise ValueError(f"codec {codec!r} holds 8 bits, the picture has 16: use png or raw")
    swap = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, data = cv2.imencode(suffix, cv2.cvtColor(picture, swap), parameters)
    if not done:
        raise ValueError(f"OpenCV could not encode a {picture.shape} {picture.dtype} as {codec}")
    return data.tobytes()


def decode_picture(data: bytes, *, planes: int = 3) -> Picture:
    """The picture [H,W,3] RGB in PNG or JPEG bytes; 16 bit stays 16 bit, grey becomes RGB.

    EXIF orientation is not applied: what pairsmith stores is upright and carries none. planes: 4
    for a packed mosaic [H,W,4]; else a fourth plane is transparency, and left out.
    Raises ValueError if the bytes are not a whole picture, or not one of four planes.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    coded = np.frombuffer(data, np.uint8)
    picture = cv2.imdecode(coded, flags if planes == 3 else cv2.IMREAD_UNCHANGED) if data else None
    if picture is None:
        raise ValueError(f"{len(data)} bytes that are not a picture OpenCV can decode")
    if planes == 4:
        if picture.ndim != 3 or picture.shape[2] != 4:
            raise ValueError(f"a picture {list(picture.shape)}, not one of four planes")
        return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA, dst=picture)  # type: ignore[return-value]
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture)  # type: ignore[return-value]


def read_picture(path: Path) -> Picture:
    """The picture [H,W,3] RGB in a file; errors name the file."""
    try:
        return decode_picture(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
