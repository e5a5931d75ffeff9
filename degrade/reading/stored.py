"""Picture files as they are stored: samples, alpha, ICC profile and orientation, nothing converted.

The bytes decide what a file is; its suffix is not asked. Sizes are known before anything is
decoded, so that a small file cannot ask for all the memory.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from degrade.images import Picture, decode_picture
from degrade.reading.orientation import known_orientation

# 512 MiB of 8-bit RGB, and where Pillow itself refuses what may be a decompression bomb.
MAX_PIXELS = 2**29 // 3
FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "BMP", "DIB", "WEBP", "GIF", "PPM")
# TIFF 6.0 section 8 and BigTIFF, little and big endian.
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Compressions tifffile decodes by itself: none, and deflate under its two numbers.
_OWN_COMPRESSIONS = (1, 8, 32946)
_ICC_TAG, _ORIENTATION_TAG = 34675, 274  # TIFF 6.0; ICC.1:2010 annex B.4
# The modes of Pillow that are display RGB or grey, and those among them that may be transparent.
_ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")
_MODES = ("1", "L", "P", "RGB", "I", "I;16", *_ALPHA_MODES)
# What the decoders raise for damaged bytes; TypeError and cv2.error are damaged TIFF tags.
DECODE_ERRORS = (
    *(OSError, UnidentifiedImageError, ValueError, SyntaxError, KeyError, IndexError, EOFError),
    *(struct.error, zlib.error, tifffile.TiffFileError, Image.DecompressionBombError),
    *(TypeError, cv2.error),
)


class UnsupportedPicture(ValueError):
    """A whole file of a kind that is refused; the message says which, and what to do."""


@dataclass(frozen=True)
class StoredPicture:
    """pixels [H,W,3] uint8 or uint16 as stored, grey in three channels; alpha [H,W] of the same
    type or None; profile: ICC bytes or None; orientation: EXIF 1..8; format: one of FORMATS;
    frames: pictures of full size in the file, of which this is the first."""

    pixels: Picture
    alpha: NDArray[Any] | None
    profile: bytes | None
    orientation: int
    format: str
    frames: int


def open_stored(source: Path | bytes, *, formats: Collection[str] = FORMATS) -> StoredPicture:
    """Decodes a file, or its bytes. Raises UnsupportedPicture, or one of DECODE_ERRORS."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            mark = file.read(4)
    else:
        mark = source[:4]
    if not mark:
        raise ValueError("the file holds no bytes")
    if mark in _TIFF_MARKS and "TIFF" in formats:
        return _open_tiff(source)
    return _open_other(_bytes(source), formats=formats)


def _bytes(source: Path | bytes) -> bytes:
    return source.read_bytes() if isinstance(source, Path) else source


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnsupportedPicture(
            f"{width}x{height} pixels; at most {MAX_PIXELS:,} are decoded: cut it into parts"
        )


def _open_tiff(source: Path | bytes) -> StoredPicture:
    with tifffile.TiffFile(source if isinstance(source, Path) else io.BytesIO(source)) as file:
        page = file.pages.first
        _check_size(page.imagewidth, page.imagelength)
        frames = sum(
            not (isinstance(other, tifffile.TiffPage) and (other.is_reduced or other.is_mask))
            for other in file.pages
        )
        photometric = tifffile.PHOTOMETRIC(page.photometric).name.replace("SEPARATED", "CMYK")
        tags = page.tags
        profile = tags[_ICC_TAG].value if _ICC_TAG in tags else None
        orientation = known_orientation(
            tags[_ORIENTATION_TAG].value if _ORIENTATION_TAG in tags else 1
        )
        flat = page.bitspersample in (1, 2, 4, 8) and page.samplesperpixel == 1
        if flat and (photometric == "PALETTE" or page.bitspersample < 8):
            return _open_other(_bytes(source), formats=("TIFF",))
        whole = page.dtype in (np.uint8, np.uint16) and page.bitspersample in (8, 16)
        if not whole or photometric not in ("RGB", "MINISBLACK", "YCBCR"):
            raise UnsupportedPicture(
                f"a TIFF of {photometric} of {page.bitspersample} bits, {page.dtype}; unsigned RGB "
                "or grey of 8 or 16 bits is read: export it again"
            )
        if page.compression in _OWN_COMPRESSIONS and photometric != "YCBCR":
            pixels = page.asarray()
            if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
                pixels = np.moveaxis(pixels, 0, -1)
        else:  # LZW and JPEG: libtiff, inside OpenCV, has the decoders
            data = _unturned(_bytes(source), page)
            pixels = _unchanged(data) if page.samplesperpixel in (2, 4) else decode_picture(data)
    return StoredPicture(*_channels(pixels), profile, orientation, "TIFF", frames)


def _unturned(data: bytes, page: tifffile.TiffPage) -> bytes:
    """The file with its orientation tag at 1: some releases of OpenCV turn a TIFF themselves,
    whatever they are asked, and others do not."""
    if _ORIENTATION_TAG not in page.tags:
        return data
    at = page.tags[_ORIENTATION_TAG].valueoffset
    one = struct.pack(f"{page.parent.byteorder}H", 1)
    return data[:at] + one + data[at + 2 :]


def _open_other(data: bytes, *, formats: Collection[str]) -> StoredPicture:
    with warnings.catch_warnings():
        # Pillow warns from half of MAX_PIXELS on
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data))
        except Image.DecompressionBombError as error:
            raise UnsupportedPicture(
                f"more than {MAX_PIXELS:,} pixels, which are not decoded: cut it into parts"
            ) from error
    with image:
        kind, mode = str(image.format), image.mode
        if kind not in formats or mode not in _MODES:
            known = ", ".join(name for name in formats if name not in ("MPO", "DIB"))
            raise UnsupportedPicture(
                f"a {kind} of mode {mode}; RGB or grey {known} are read: export it in sRGB"
            )
        _check_size(*image.size)
        profile = image.info.get("icc_profile") or None
        # Pillow turns a TIFF itself when it decodes it, and nothing else
        turn = 1 if kind == "TIFF" else image.getexif().get(_ORIENTATION_TAG, 1)
        frames = 1 if kind == "MPO" else getattr(image, "n_frames", 1)
        # Byte 24 of a PNG is its bit depth. Pillow would cut 16-bit RGB to 8.
        if kind == "PNG" and data[24] == 16:
            pixels, alpha = _deep_png(data, image)
        elif kind == "PPM" and mode != "1":
            pixels, alpha = _portable(data, image)
        else:
            pixels, alpha = _pillow(image)
    return StoredPicture(pixels, alpha, profile, known_orientation(turn), kind, frames)


def _pillow(image: Image.Image) -> tuple[Picture, NDArray[Any] | None]:
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _channels(np.asarray(image.convert("RGBA")))
    return _channels(np.asarray(image.convert("RGB")))


def _deep_png(data: bytes, image: Image.Image) -> tuple[Picture, NDArray[Any] | None]:
    pixels, alpha = _channels(_unchanged(data))
    if alpha is None and (key := image.info.get("transparency")) is not None:
        # one colour stands for nothing (W3C PNG, 11.3.1.1)
        clear = (pixels == np.asarray(key, pixels.dtype)).all(axis=2)
        alpha = np.where(clear, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return pixels, alpha


def _portable(data: bytes, image: Image.Image) -> tuple[Picture, NDArray[Any] | None]:
    """PGM and PPM; Pillow would cut 16-bit PPM to 8."""
    head = re.match(rb"P[2356](?:\s|#[^\n]*\n)+(\d+(?:\s|#[^\n]*\n)+){2}(\d+)\s", data)
    top = int(head[2]) if head else 0
    if head is None or top not in (255, 65535):
        raise UnsupportedPicture(
            f"a portable map of maximum {top}; 255 and 65535 are read: convert it to PNG"
        )
    image.load()  # refuses a file cut short
    if top == 255:
        return _pillow(image)
    samples = image.width * image.height * (3 if data[1:2] in b"36" else 1)
    if data[1:2] in b"56" and len(data) < head.end() + 2 * samples:
        raise ValueError(f"cut short: {len(data)} bytes for {samples} samples of 16 bits")
    return _channels(decode_picture(data))


def _unchanged(data: bytes) -> NDArray[Any]:
    """[H,W], [H,W,3] RGB or [H,W,4] RGBA as OpenCV decodes it, in the depth of the file."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError(f"{len(data)} bytes that are not a picture OpenCV can decode")
    if pixels.ndim == 3 and pixels.shape[2] >= 3:
        pixels = pixels[:, :, [2, 1, 0, *range(3, pixels.shape[2])]]
    return pixels


def _channels(pixels: NDArray[Any]) -> tuple[Picture, NDArray[Any] | None]:
    """[H,W], [H,W,1], [H,W,2] (grey) or [H,W,3+] -> ([H,W,3], alpha) in this machine's byte
    order; of several further channels the least counts as alpha."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(f"an array of shape {list(pixels.shape)} is not a picture")
    colours = 3 if pixels.shape[2] >= 3 else 1
    alpha = pixels[:, :, colours:].min(axis=2) if pixels.shape[2] > colours else None
    if colours == 1:
        pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
    order = pixels.dtype.newbyteorder("=")
    return np.ascontiguousarray(pixels[:, :, :3], dtype=order), alpha
