"""Retouched targets: the pictures an expert made, brought to sRGB whatever they were saved in.

decode the tone curve -> linear RGB -> matrix to linear sRGB (D65) -> clip to 0..1 (relative
colorimetric: what sRGB cannot hold is cut, not compressed) -> sRGB curve -> quantise, halves up.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numba
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from builders.drops import Drop
from builders.frame import upright
from builders.icc import linear_to_srgb, read_profile
from degrade.color import PROPHOTO_TO_SRGB, prophoto_decode, srgb_decode, srgb_encode
from degrade.images import Picture, decode_picture

# TIFF 6.0 section 8 and BigTIFF, little and big endian.
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Compressions tifffile decodes by itself: none, and deflate under its two numbers.
_OWN_COMPRESSIONS = (1, 8, 32946)
# A profile this near to sRGB is sRGB stored with rounding (lcms: matrix 2e-4 off, curve 1e-5): each
# element of the matrix, and each level of the curves in encoded units (half an 8-bit step). The
# nearest other primaries in use, SMPTE C and EBU, are 0.05 away; a plain gamma of 2.2 is 0.03.
_SRGB_MATRIX_TOLERANCE = 2e-3
_SRGB_CURVE_TOLERANCE = 0.5 / 255.0


@dataclass(frozen=True)
class _Opened:
    """pixels [H,W,3] uint8 or uint16 as stored; profile: ICC bytes; orientation: EXIF 1..8."""

    pixels: Picture
    profile: bytes | None
    orientation: int
    tiff: bool


def read_retouch(path: Path, *, bits: int) -> Picture:
    """The retouched picture as sRGB: [H,W,3] RGB, uint8 (bits=8) or uint16 (bits=16), upright.

    Reads TIFF, JPEG and PNG of 8 or 16 bits, RGB or grey; an alpha channel is left out. What the
    numbers mean, in this order:
      1. an embedded ICC profile is obeyed (matrix/TRC kind, see builders/icc.py; an sRGB profile
         leaves the numbers untouched);
      2. a 16-bit TIFF without one is ProPhoto RGB with Adobe's gamma of 1.8: what the expert
         folders tiff16_a .. tiff16_e of MIT-Adobe FiveK (Bychkovsky et al., CVPR 2011) hold;
      3. anything else without one is sRGB: an 8-bit TIFF, a JPEG, a PNG of 8 or 16 bits.
    EXIF's ColorSpace and PNG's gAMA and cHRM are not read. The orientation tag is obeyed.

    Errors: Drop('target-unreadable') that names the file and the remedy, Drop('no-permission').
    """
    if bits not in (8, 16):
        raise ValueError(f"bits is {bits}: a retouched target comes as 8 or 16 bits")
    try:
        opened = _open(path)
        converted = _convert(opened, bits=bits)
    except PermissionError as error:
        raise Drop("no-permission", f"{path}: {error.strerror}") from error
    except (
        *(OSError, UnidentifiedImageError, ValueError, SyntaxError, KeyError, IndexError),
        *(struct.error, zlib.error, tifffile.TiffFileError, Image.DecompressionBombError),
        *(TypeError, cv2.error),  # damaged TIFF tags raise these in tifffile and in OpenCV
    ) as error:
        raise Drop("target-unreadable", f"{path}: {error}") from error
    turned: NDArray[Any] = converted
    return np.ascontiguousarray(upright(turned, orientation=opened.orientation))


def _open(path: Path) -> _Opened:
    with path.open("rb") as file:
        mark = file.read(4)
    if not mark:
        raise ValueError("the file holds no bytes")
    return _open_tiff(path) if mark in _TIFF_MARKS else _open_other(path.read_bytes())


def _open_tiff(path: Path) -> _Opened:
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        photometric = tifffile.PHOTOMETRIC(page.photometric).name
        stored = f"{photometric} of {page.bitspersample} bits, {page.dtype}"
        if page.dtype not in (np.uint8, np.uint16) or photometric not in (
            *("RGB", "MINISBLACK", "YCBCR"),
        ):
            raise ValueError(
                f"a TIFF of {stored}; unsigned RGB or grey of 8 or 16 bits is read: export it again"
            )
        tags = page.tags
        profile = tags[34675].value if 34675 in tags else None
        orientation = _known(tags[274].value if 274 in tags else 1)
        if page.compression in _OWN_COMPRESSIONS and photometric != "YCBCR":
            pixels = page.asarray()
            if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
                pixels = np.moveaxis(pixels, 0, -1)
        else:  # LZW and JPEG: libtiff, inside OpenCV, has the decoders
            pixels = decode_picture(path.read_bytes())
    return _Opened(_three_channels(pixels), profile, orientation, tiff=True)


def _open_other(data: bytes) -> _Opened:
    with Image.open(io.BytesIO(data)) as image:
        kind, mode = image.format, image.mode
        if kind not in ("JPEG", "MPO", "PNG") or mode in ("CMYK", "LAB", "HSV"):
            raise ValueError(f"a {kind} of mode {mode}; RGB or grey TIFF, JPEG and PNG are read")
        profile = image.info.get("icc_profile")
        orientation = _known(image.getexif().get(274, 1))
        # Byte 24 of a PNG is its bit depth. Pillow would cut 16-bit RGB to 8.
        deep = kind == "PNG" and data[24] == 16
        pixels = decode_picture(data) if deep else np.asarray(image.convert("RGB"))
    return _Opened(_three_channels(pixels), profile or None, orientation, tiff=False)


def _known(orientation: object) -> int:
    """EXIF's orientation, or 1 for a number it does not define: cameras do write 0."""
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _three_channels(pixels: NDArray[Any]) -> NDArray[Any]:
    """[H,W], [H,W,1], [H,W,2] (grey) or [H,W,3+] -> [H,W,3] in this machine's byte order."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(f"an array of shape {list(pixels.shape)} is not a picture")
    if pixels.shape[2] < 3:
        pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(pixels[:, :, :3], dtype=pixels.dtype.newbyteorder("="))


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


@lru_cache(maxsize=4)
def _transform(profile: bytes | None, top: int) -> _Transform:
    """The way from stored levels 0..top to linear sRGB; no profile means ProPhoto (rule 2)."""
    levels = np.arange(top + 1) / top
    if profile is None:
        linear = np.broadcast_to(prophoto_decode(levels), (3, top + 1))
        return _Transform(np.ascontiguousarray(linear), PROPHOTO_TO_SRGB)
    read = read_profile(profile)
    linear = np.stack([curve(levels) for curve in read.curves])
    return _Transform(linear, linear_to_srgb(read))


def _convert(opened: _Opened, *, bits: int) -> Picture:
    pixels = opened.pixels
    top = int(np.iinfo(pixels.dtype).max)
    prophoto = opened.profile is None and opened.tiff and pixels.dtype == np.uint16
    if opened.profile is None and not prophoto:
        return _change_depth(pixels, bits=bits)
    transform = _transform(opened.profile, top)
    if transform.is_srgb():
        return _change_depth(pixels, bits=bits)
    out: NDArray[Any] = np.empty(pixels.shape, dtype=np.uint8 if bits == 8 else np.uint16)
    codes, rises = _srgb_stairs(bits)
    _apply(pixels, transform.linear, transform.matrix, codes, rises, out)
    return out


def _change_depth(pixels: Picture, *, bits: int) -> Picture:
    """8 bits -> 16: times 257, exact. 16 -> 8: v / 257, rounded (257 is odd: there is no half)."""
    if pixels.dtype == np.uint8:
        return pixels if bits == 8 else pixels.astype(np.uint16) * np.uint16(257)
    if bits == 16:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


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
