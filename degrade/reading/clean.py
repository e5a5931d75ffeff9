"""Clean pictures: whatever a file holds is brought to sRGB, or refused with the reason.

A clean picture becomes the target of a pair, so nothing is guessed: a transparent pixel, an ink
amount or a float without a scale has no colour until somebody says which.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from degrade.images import Picture
from degrade.reading.orientation import upright
from degrade.reading.stored import DECODE_ERRORS, UnsupportedPicture, open_stored
from degrade.reading.to_srgb import profile_to_srgb

PICTURE_SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .tif .tiff .bmp .dib .webp .gif .ppm .pgm .pnm .pbm".split()
)


def read_clean(path: Path, *, data: bytes | None = None) -> Picture:
    """The picture in a file: [H,W,3] RGB, sRGB, upright, uint8, or uint16 if the file has 16 bits.

    data: the file's bytes, where they are read already. PNG, JPEG, TIFF, BMP, WebP, GIF, PPM and
    PGM, told apart by their bytes. An embedded ICC profile of the matrix kind is obeyed, an 8-bit
    picture staying 8 bits; without one the numbers are sRGB, in 16-bit TIFFs too (unlike the
    retouched targets of MIT-Adobe FiveK). Grey becomes three equal channels, a palette its colours,
    EXIF's orientation is applied, alpha that is opaque everywhere is dropped. EXIF's ColorSpace
    and PNG's gAMA and cHRM are not read.

    Errors: UnsupportedPicture (a ValueError) for what is refused: transparency, more than one
    frame, CMYK, Lab, lookup-table profiles, HDR transfer curves, float and odd depths, more than
    `stored.MAX_PIXELS`; ValueError for empty, damaged or other files; OSError where the file
    cannot be opened. All name the file.
    """
    try:
        return _read(path.read_bytes() if data is None else data)
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except UnsupportedPicture as error:
        raise UnsupportedPicture(f"{path}: {error}") from error
    except DECODE_ERRORS as error:
        why = re.sub(r" ?<_io\.BytesIO .*?>", "", str(error))
        raise ValueError(f"{path}: no whole picture ({why}); copy or export it again") from error


def _read(data: bytes) -> Picture:
    stored = open_stored(data)
    if stored.frames > 1:
        raise UnsupportedPicture(
            f"a {stored.format} of {stored.frames} frames; one picture a file is read: save the "
            "frames you want as files of their own"
        )
    if stored.format == "PNG":
        _check_transfer(data)
    pixels = stored.pixels
    if stored.alpha is not None:
        clear = np.count_nonzero(stored.alpha < np.iinfo(pixels.dtype).max)
        if clear:
            raise UnsupportedPicture(
                f"{clear} of its {stored.alpha.size} pixels are transparent (or its fourth channel "
                "is something else); flatten it on the background you mean"
            )
    if stored.profile is not None:
        try:
            pixels = profile_to_srgb(pixels, profile=stored.profile, bits=8 * pixels.dtype.itemsize)
        except ValueError as error:  # the file is whole; its profile is what is refused
            raise UnsupportedPicture(str(error)) from error
    return np.ascontiguousarray(upright(pixels, orientation=stored.orientation))


def _check_transfer(data: bytes) -> None:
    """Refuses a PNG whose cICP chunk (W3C PNG third edition, 11.3.2.6) names another space than
    sRGB: primaries 1, transfer 13 (ITU-T H.273), RGB, full range."""
    at = 8
    while at + 12 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name == b"IDAT":
            return
        if name == b"cICP" and tuple(data[at + 8 : at + 12]) != (1, 13, 0, 1):
            primaries, transfer = data[at + 8], data[at + 9]
            raise UnsupportedPicture(
                f"a PNG of primaries {primaries} and transfer {transfer} (cICP); sRGB is 1 and 13: "
                "export it in sRGB"
            )
        at += 12 + length
