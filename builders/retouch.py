"""Retouched targets: the pictures an expert made, brought to sRGB whatever they were saved in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builders.drops import Drop
from degrade.images import Picture
from degrade.reading.orientation import upright
from degrade.reading.stored import DECODE_ERRORS, StoredPicture, open_stored
from degrade.reading.to_srgb import change_depth, profile_to_srgb, prophoto_to_srgb

# What photo editors export; PNG and TIFF may have 16 bits.
_FORMATS = ("TIFF", "JPEG", "MPO", "PNG")


def read_retouch(path: Path, *, bits: int) -> Picture:
    """The retouched picture as sRGB: [H,W,3] RGB, uint8 (bits=8) or uint16 (bits=16), upright.

    Reads TIFF, JPEG and PNG of 8 or 16 bits, RGB or grey; an alpha channel is left out. What the
    numbers mean, in this order:
      1. an embedded ICC profile is obeyed (matrix/TRC kind, degrade/reading/icc.py; an sRGB profile
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
        stored = open_stored(path, formats=_FORMATS)
        converted: NDArray[Any] = _convert(stored, bits=bits)
    except PermissionError as error:
        raise Drop("no-permission", f"{path}: {error.strerror}") from error
    except DECODE_ERRORS as error:
        raise Drop("target-unreadable", f"{path}: {error}") from error
    return np.ascontiguousarray(upright(converted, orientation=stored.orientation))


def _convert(stored: StoredPicture, *, bits: int) -> Picture:
    if stored.profile is not None:
        return profile_to_srgb(stored.pixels, profile=stored.profile, bits=bits)
    if stored.format == "TIFF" and stored.pixels.dtype == np.uint16:
        return prophoto_to_srgb(stored.pixels, bits=bits)
    return change_depth(stored.pixels, bits=bits)
