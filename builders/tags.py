"""Read the TIFF tags of a RAW file that LibRaw drops or rounds: camera, DNG levels and crop.

Only the tags named here are looked at; serial numbers and GPS are not.

Source: DNG Specification 1.4.0.0, chapter 4; TIFF 6.0; TIFF/EP (ISO 12234-2) for CFA tags.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tifffile
from numpy.typing import NDArray

from builders.drops import Drop

CFA_PHOTOMETRIC, LINEAR_PHOTOMETRIC = 32803, 34892  # DNG 1.4, PhotometricInterpretation
# What tifffile and the readers below raise on tags of a wrong type, count or value
_BROKEN = (
    tifffile.TiffFileError,
    struct.error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
)
_LARGEST_REPEAT = 64  # LibRaw's bound for BlackLevelRepeatDim
_LOSSY_JPEG = 34892  # DNG 1.4, Compression
_FLOAT_SAMPLES = 3  # TIFF 6.0, SampleFormat
_TIFF_MAGICS = (b"II*\0", b"MM\0*")
# TIFF structure under another version number: Olympus ORF, Panasonic RW2
_TIFF_LIKE = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_CR3_TIFF_BOX = b"CMT1"  # Canon CR3: the ISO media box that holds IFD0
_HEAD = 1 << 18  # IFD0 of such files lies in their first quarter megabyte


@dataclass(frozen=True)
class DngTags:
    """Tags of the image directory that holds a DNG's raw data (else of IFD0), as the spec says.

    height, width: stored samples.  active_area: (top, left, bottom, right) in them.
    crop: DefaultCrop (top, left, height, width) relative to the active area, rounded to whole
        pixels; None when absent.
    tile: CFA tile at the active area's top-left, None for linear data.
    layout: CFALayout, 1 = rectangular.  plane_colors: CFAPlaneColor, (0, 1, 2) = R, G, B.
    black: BlackLevel [rows,columns,samples] at the active area's top-left, with the means of
        BlackLevelDeltaH and DeltaV added, as LibRaw adds them.
    white: WhiteLevel per sample, 2^BitsPerSample - 1 when absent.
    rescaled: LibRaw expands the samples (lossy JPEG) or rescales them (floating point), so black
        and white describe what is stored, not what LibRaw decodes.
    neutral: AsShotNeutral, or None. LibRaw's own multipliers are this divided by each channel's
        range where linear data has several white levels.
    """

    height: int
    width: int
    active_area: tuple[int, int, int, int]
    crop: tuple[int, int, int, int] | None
    tile: NDArray[np.uint8] | None
    layout: int
    plane_colors: tuple[int, ...]
    black: NDArray[np.float64]
    white: tuple[float, ...]
    rescaled: bool
    neutral: tuple[float, ...] | None


@dataclass(frozen=True)
class RawTags:
    """What the tags say: make and model, and, for a DNG, its raw directory."""

    make: str | None
    camera: str | None
    iso: float | None
    dng: DngTags | None


def read_tags(data: bytes, *, name: str) -> RawTags:
    """The tags of a RAW file's bytes; all None where its container has none that are known.

    name is for messages. Raises Drop("unreadable") when a TIFF structure is broken, and
    Drop("unsupported") for a TIFF picture that is no RAW.
    """
    if data[:8] == b"FUJIFILM":  # RAF header: the camera's name is at 28, 32 bytes (LibRaw)
        model = _text(data[28:60])
        return RawTags("FUJIFILM", f"FUJIFILM {model}" if model else None, None, None)
    plain = data[:4] in _TIFF_MAGICS
    block = _tiff_block(data)
    if block is None:
        return RawTags(None, None, None, None)
    try:
        with tifffile.TiffFile(io.BytesIO(block)) as tiff:
            return _read(tiff, name=name, container=plain)
    except _BROKEN as error:
        if isinstance(error, Drop):
            raise
        if plain:
            raise Drop("unreadable", f"{name}: its TIFF tags cannot be read: {error}") from error
        return RawTags(None, None, None, None)


def _tiff_block(data: bytes) -> bytes | None:
    """Bytes that begin with a plain TIFF header, or None."""
    if data[:4] in _TIFF_MAGICS:
        return data
    if data[:4] in _TIFF_LIKE:
        version = b"*\0" if data[:2] == b"II" else b"\0*"
        return data[:2] + version + data[4:_HEAD]
    box = data.find(_CR3_TIFF_BOX, 0, _HEAD) if data[4:11] == b"ftypcrx" else -1
    return None if box < 0 else data[box + len(_CR3_TIFF_BOX) : _HEAD]


def _read(tiff: tifffile.TiffFile, *, name: str, container: bool) -> RawTags:
    first = tiff.pages[0]
    assert isinstance(first, tifffile.TiffPage)
    make = _string(first, 271)
    model = _string(first, 272)
    unique = _string(first, 50708)  # UniqueCameraModel
    is_dng = 50706 in first.tags  # DNGVersion
    if container and not (make or is_dng):
        raise Drop("unsupported", f"{name}: a TIFF picture, not a RAW: no DNGVersion and no Make")
    if model and make and not model.lower().startswith(make.split()[0].lower()):
        model = f"{make} {model}"
    dng = _read_dng(tiff, first, name=name) if is_dng else None
    iso = _numbers(first, 34855)
    return RawTags(make or unique, model or unique, iso[0] if iso else None, dng)


def _directories(tiff: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    for page in tiff.pages:
        if isinstance(page, tifffile.TiffPage):
            yield page
            for sub in page.pages or ():
                if isinstance(sub, tifffile.TiffPage):
                    yield sub


def _read_dng(tiff: tifffile.TiffFile, first: tifffile.TiffPage, *, name: str) -> DngTags:
    raws = [
        page
        for page in _directories(tiff)
        if int(page.photometric or 0) in (CFA_PHOTOMETRIC, LINEAR_PHOTOMETRIC)
        and page.subfiletype == 0  # DNG 1.4, NewSubFileType: 0 = the main image
    ]
    if not raws:
        raise Drop("unsupported", f"{name}: a DNG without a CFA or linear RAW image in it")
    raw = max(raws, key=lambda page: page.imagewidth * page.imagelength)
    height, width = int(raw.imagelength), int(raw.imagewidth)
    samples = int(raw.samplesperpixel)
    if not 1 <= samples <= 4:
        raise Drop("unreadable", f"{name}: its RAW image has {samples} samples per pixel")

    def numbers(code: int) -> list[float] | None:
        found = _numbers(raw, code)
        return _numbers(first, code) if found is None else found

    area = numbers(50829) or [0, 0, height, width]  # ActiveArea
    top, left, bottom, right = (int(side) for side in area)
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise Drop("unreadable", f"{name}: ActiveArea {area} is outside its {height}x{width}")
    tile = None
    cells = numbers(33422)  # CFAPattern
    if int(raw.photometric or 0) == CFA_PHOTOMETRIC and cells:
        rows, columns = (int(n) for n in numbers(33421) or (2, 2))  # CFARepeatPatternDim
        if rows * columns != len(cells):
            raise Drop("unreadable", f"{name}: CFAPattern has {len(cells)} of {rows}x{columns}")
        tile = np.array(cells, np.uint8).reshape(rows, columns)
    floating = (numbers(339) or [1])[0] == _FLOAT_SAMPLES  # SampleFormat
    full_scale = 2.0 ** (numbers(258) or [16])[0] - 1  # BitsPerSample
    return DngTags(
        height=height,
        width=width,
        active_area=(top, left, bottom, right),
        crop=_crop(numbers(50719), numbers(50720)),  # DefaultCropOrigin, DefaultCropSize
        tile=tile,
        layout=int((numbers(50711) or [1])[0]),  # CFALayout
        plane_colors=tuple(int(plane) for plane in numbers(50710) or (0, 1, 2)),
        black=_black(numbers, samples=samples, name=name),
        white=tuple(numbers(50717) or [full_scale]),  # WhiteLevel
        rescaled=int(raw.compression or 1) == _LOSSY_JPEG or floating,
        neutral=tuple(numbers(50728) or ()) or None,  # AsShotNeutral
    )


def _crop(
    origin: Sequence[float] | None, size: Sequence[float] | None
) -> tuple[int, int, int, int] | None:
    if not origin or not size or len(origin) != 2 or len(size) != 2:
        return None
    # both may be RATIONAL; half pixels are rounded up, so that the origin never moves outward
    left, top, width, height = (math.floor(value + 0.5) for value in (*origin, *size))
    return top, left, height, width


def _black(
    numbers: Callable[[int], list[float] | None], *, samples: int, name: str
) -> NDArray[np.float64]:
    levels = numbers(50714) or [0.0]  # BlackLevel
    rows, columns = (int(n) for n in numbers(50713) or (1, 1))  # BlackLevelRepeatDim
    if not (1 <= rows <= _LARGEST_REPEAT and 1 <= columns <= _LARGEST_REPEAT):
        raise Drop("unreadable", f"{name}: BlackLevelRepeatDim is {rows}x{columns}")
    if len(levels) == 1:
        levels = levels * (rows * columns * samples)
    if len(levels) != rows * columns * samples:
        raise Drop(
            "unreadable",
            f"{name}: BlackLevel has {len(levels)} values, "
            f"BlackLevelRepeatDim says {rows}x{columns}x{samples}",
        )
    black = np.array(levels, np.float64).reshape(rows, columns, samples)
    for code in (50715, 50716):  # BlackLevelDeltaH, BlackLevelDeltaV
        deltas = numbers(code)
        if deltas:
            black = black + float(np.mean(deltas))
    return black


def _numbers(page: tifffile.TiffPage, code: int) -> list[float] | None:
    """A numeric tag as floats, fractions divided out; None when the tag is absent."""
    tag = page.tags.get(code)
    if tag is None:
        return None
    value = tag.value
    parts = list(value) if isinstance(value, (tuple, list, bytes, np.ndarray)) else [value]
    if tag.dtype in (5, 10):  # RATIONAL, SRATIONAL: numerator and denominator in turn
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return [float(top) / float(bottom) if bottom else math.nan for top, bottom in pairs]
    return [float(part) for part in parts]


def _string(page: tifffile.TiffPage, code: int) -> str | None:
    tag = page.tags.get(code)
    value = None if tag is None else tag.value
    return _text(value) if isinstance(value, (str, bytes)) else None


def _text(value: str | bytes) -> str | None:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return " ".join(text.split("\0", 1)[0].split()) or None
