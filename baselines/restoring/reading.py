"""A picture to restore: as it is stored, upright, with its alpha and its colour profile."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from builders.demosaic import demosaic
from builders.raw import read_raw
from builders.render import develop, render
from builders.sources import RAW_SUFFIXES
from degrade.reading.orientation import upright
from degrade.reading.stored import DECODE_ERRORS, UnsupportedPicture, open_stored
from degrade.resize import long_side, resize_matlab

# Pillow's modes of files that hold one channel, with alpha or without.
_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B")


@dataclass(frozen=True)
class Opened:
    """pixels: [H,W,3], or [H,W,1] of a file that holds gray, uint8 or uint16, in the file's own
    colour space. alpha: [H,W] of the same type, None where there is none. profile: ICC, or None."""

    pixels: NDArray[Any]
    alpha: NDArray[Any] | None
    profile: bytes | None


def read_input(path: Path, *, data: bytes) -> Opened:
    """The picture in `data`, which is `path`'s.

    EXIF's orientation is applied, and nothing else of EXIF is kept. The numbers stay those of the
    file's colour space. A palette becomes its colours. Camera files are demosaiced (AHD) and
    rendered to sRGB at EV 0, 16 bits. Raises ValueError naming the file for what is damaged or
    refused: CMYK, Lab, float, several frames; Drop for camera files that cannot be read.
    """
    if path.suffix.lower() in RAW_SUFFIXES:
        frame = read_raw(path, data=data)
        pixels = render(develop(demosaic(frame)), ev=0.0, bits=16)
        return Opened(pixels, None, None)
    try:
        stored = open_stored(data)
        if stored.frames > 1:
            raise UnsupportedPicture(
                f"a {stored.format} of {stored.frames} frames; one picture a file is read: save "
                "the frames you want as files of their own"
            )
        pixels = stored.pixels[..., :1] if _is_gray(data, kind=stored.format) else stored.pixels
    except UnsupportedPicture as error:
        raise UnsupportedPicture(f"{path}: {error}") from error
    except DECODE_ERRORS as error:
        why = re.sub(r" ?<_io\.BytesIO .*?>", "", str(error))  # Pillow names what it was given
        raise ValueError(f"{path}: no whole picture ({why}); copy or export it again") from error
    alpha = stored.alpha
    if alpha is not None:
        alpha = np.ascontiguousarray(upright(alpha, orientation=stored.orientation))
    pixels = np.ascontiguousarray(upright(pixels, orientation=stored.orientation))
    return Opened(pixels, alpha, stored.profile)


def reduced(opened: Opened, *, max_side: int | None) -> Opened:
    """With a longer side of at most `max_side`, by MATLAB's bicubic with antialiasing; the same
    object where it is no longer."""
    height, width = opened.pixels.shape[:2]
    size = (height, width) if max_side is None else long_side(height, width, max_side)
    if size == (height, width):
        return opened
    alpha = opened.alpha
    return Opened(
        resize_matlab(opened.pixels, size=size),
        None if alpha is None else resize_matlab(alpha, size=size),
        opened.profile,
    )


def _is_gray(data: bytes, *, kind: str) -> bool:
    """Whether the file holds one channel of colour, which `open_stored` repeats."""
    if kind == "TIFF":
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages.first
            return page.photometric in (0, 1) and page.samplesperpixel <= 2
    if kind == "PNG":  # its colour type; Pillow has gray with alpha of 16 bits as RGBA
        return data[25] in (0, 4)
    with Image.open(io.BytesIO(data)) as image:
        return image.mode in _GRAY_MODES
