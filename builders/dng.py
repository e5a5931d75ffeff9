"""Write a mosaic, or linear RGB, as a DNG that LibRaw opens bit-exact.

Source: Digital Negative (DNG) Specification 1.4.0.0 (Adobe, 2012), chapters 3 and 4; tag numbers
and types are its. Written uncompressed in one strip, little endian, with no time stamp: equal
arguments give equal bytes.
"""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

CFA_LETTERS = "RGB"  # DNG 1.4, CFAPlaneColor: 0 = red, 1 = green, 2 = blue
SMALLEST_SIDE = 22  # LibRaw refuses anything less (libraw, identify.cpp)
LARGEST_SIDE = 65535  # LibRaw keeps the sides in 16 bits

# TIFF 6.0 field types
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10
_CFA_PHOTOMETRIC, _LINEAR_PHOTOMETRIC = 32803, 34892
_EXIF_POINTER = 34665  # ExifIFD
# tifffile writes no ExifIFD: this entry (an unused tag, LONG) holds its place, which sorts alike
_EXIF_PLACE = (34664, _LONG, 1, 0xE71FE71F)
_D65 = 21  # EXIF LightSource code, used by CalibrationIlluminant1

_Tag = tuple[int, int, int, Any, bool]


@dataclass(frozen=True)
class DngColor:
    """Levels and colour of a DNG.

    pattern: letters of the CFA tile in row-major order from the active area's top-left, 4 for
        Bayer ("RGGB"), 36 for a 6x6 tile (X-Trans); None for linear RGB.
    black: black level in DN: one number, one per site of the tile (row-major), or one per
        channel of linear RGB. Fractions are kept to 1/10000.
    white: saturation level in DN, counted from 0 (not from black); one, or per linear channel.
    white_balance: R, G, B gains that make a neutral grey equal (stored as AsShotNeutral = 1/gain,
        greatest 1); None leaves the tag out.
    matrix: XYZ (D65) -> camera RGB, three rows of three (ColorMatrix1); None leaves it out.
    """

    pattern: str | None = "RGGB"
    black: float | tuple[float, ...] = 0.0
    white: int | tuple[int, ...] = 65535
    white_balance: tuple[float, float, float] | None = (1.0, 1.0, 1.0)
    matrix: tuple[tuple[float, float, float], ...] | None = None


@dataclass(frozen=True)
class DngShot:
    """What is not colour: camera name, exposure, orientation and the two rectangles.

    camera: UniqueCameraModel, ASCII.  iso: sensitivity.  shutter: exposure time in seconds.
    orientation: EXIF 1..8.  active_area: (top, left, bottom, right) in the stored array.
    crop: DefaultCrop as (top, left, height, width), relative to the active area.
    """

    camera: str = "pairsmith"
    iso: int | None = None
    shutter: float | None = None
    orientation: int = 1
    active_area: tuple[int, int, int, int] | None = None
    crop: tuple[int, int, int, int] | None = None


def cfa_tile(pattern: str) -> NDArray[np.uint8]:
    """The CFA tile of a pattern's letters: "RGGB" -> [[0, 1], [1, 2]], uint8, 0 R 1 G 2 B.

    Raises ValueError unless there are 4 or 36 letters, all of R, G, B, each at least once.
    """
    if len(pattern) not in (4, 36) or set(pattern) != set(CFA_LETTERS):
        raise ValueError(
            f"CFA pattern {pattern!r}: give 4 (Bayer) or 36 (X-Trans) letters of R, G and B, "
            "row by row, such as 'RGGB'"
        )
    side = math.isqrt(len(pattern))
    sites = [CFA_LETTERS.index(letter) for letter in pattern]
    return np.array(sites, np.uint8).reshape(side, side)


def cfa_name(tile: NDArray[np.uint8]) -> str:
    """The letters of a CFA tile, row-major: the inverse of `cfa_tile`."""
    return "".join(CFA_LETTERS[int(site)] for site in tile.ravel())


def write_dng(
    target: Path | BinaryIO,
    mosaic: NDArray[np.uint16],
    *,
    color: DngColor | None = None,
    shot: DngShot | None = None,
) -> None:
    """Write `mosaic` as an uncompressed DNG 1.4 to a path or an open binary file.

    mosaic: [H,W] uint16 behind a CFA, or [H,W,3] uint16 linear RGB (then color.pattern is None);
        sides 22..65535, the range that LibRaw reads.
    color, shot: see DngColor and DngShot; None takes their defaults.
    Raises ValueError for anything the format or LibRaw cannot hold; nothing is written then.
    """
    color = color or DngColor(pattern=None if mosaic.ndim == 3 else "RGGB")
    shot = shot or DngShot()
    _check_mosaic(mosaic, color)
    tags = [*_level_tags(color), *_color_tags(color), *_shot_tags(shot, mosaic.shape)]
    exif = _exif_entries(shot)
    if exif:
        tags.append((*_EXIF_PLACE, True))
    buffer = io.BytesIO() if exif else target
    tifffile.imwrite(
        buffer,
        np.ascontiguousarray(mosaic),
        byteorder="<",
        bigtiff=False,  # LibRaw does not read BigTIFF
        photometric=_CFA_PHOTOMETRIC if mosaic.ndim == 2 else _LINEAR_PHOTOMETRIC,
        planarconfig=None if mosaic.ndim == 2 else "contig",
        rowsperstrip=mosaic.shape[0],
        software="pairsmith",
        metadata=None,
        extratags=tags,
    )
    if isinstance(buffer, io.BytesIO) and buffer is not target:
        written = _append_exif(buffer.getvalue(), entries=exif)
        if isinstance(target, Path):
            target.write_bytes(written)
        else:
            target.write(written)


def _check_mosaic(mosaic: NDArray[np.uint16], color: DngColor) -> None:
    linear = mosaic.ndim == 3 and mosaic.shape[2] == 3
    if mosaic.dtype != np.uint16 or not (mosaic.ndim == 2 or linear):
        raise ValueError(
            f"write_dng got {mosaic.dtype} of shape {mosaic.shape}; it takes uint16 [H,W] "
            "or linear RGB [H,W,3]"
        )
    sides = mosaic.shape[:2]
    if min(sides) < SMALLEST_SIDE or max(sides) > LARGEST_SIDE:
        raise ValueError(
            f"write_dng got {sides[0]}x{sides[1]} samples; LibRaw reads sides of "
            f"{SMALLEST_SIDE} to {LARGEST_SIDE}"
        )
    if linear != (color.pattern is None):
        kind = "linear RGB has no CFA pattern" if linear else "a mosaic needs its CFA pattern"
        raise ValueError(f"write_dng got shape {mosaic.shape}, pattern {color.pattern!r}: {kind}")


def _level_tags(color: DngColor) -> list[_Tag]:
    """CFA geometry, BlackLevel and WhiteLevel (DNG 1.4, chapter 4)."""
    tags: list[_Tag] = []
    sites = 3
    side = 1
    if color.pattern is not None:
        tile = cfa_tile(color.pattern)
        sites, side = tile.size, tile.shape[0]
        tags += [
            (33421, _SHORT, 2, tile.shape, True),  # CFARepeatPatternDim
            (33422, _BYTE, sites, tile.tobytes(), True),  # CFAPattern
            (50710, _BYTE, 3, b"\x00\x01\x02", True),  # CFAPlaneColor
            (50711, _SHORT, 1, 1, True),  # CFALayout: rectangular
        ]
    blacks = _per_site(color.black, sites, name="black")
    whites = _per_site(color.white, sites if side == 1 else 1, name="white")
    if any(white != int(white) or white > 65535 for white in whites):
        raise ValueError(f"white level {color.white}: WhiteLevel holds whole numbers to 65535")
    if min(blacks) < 0 or max(blacks) >= min(whites):
        raise ValueError(f"black {color.black}, white {color.white}: 0 <= black < white is needed")
    if side == 1 or len(set(blacks)) > 1:  # one number per site, or per linear channel
        blacks_kept, repeat = blacks, (side, side)
    else:
        blacks_kept, repeat = blacks[:1], (1, 1)
    ratios = [part for level in blacks_kept for part in _ratio(level, 10_000)]
    return [
        *tags,
        (50713, _SHORT, 2, repeat, True),  # BlackLevelRepeatDim
        (50714, _RATIONAL, len(blacks_kept), tuple(ratios), True),  # BlackLevel
        (50717, _LONG, len(whites), tuple(int(white) for white in whites), True),  # WhiteLevel
    ]


def _per_site(level: float | tuple[float, ...], sites: int, *, name: str) -> tuple[float, ...]:
    levels = tuple(level) if isinstance(level, tuple) else (level,)
    levels = levels * sites if len(levels) == 1 else levels
    if len(levels) != sites or not all(math.isfinite(value) for value in levels):
        raise ValueError(f"{name} level {level}: give one number, or {sites} finite numbers")
    return levels


def _color_tags(color: DngColor) -> list[_Tag]:
    """AsShotNeutral, ColorMatrix1 and its illuminant (DNG 1.4, chapters 4 and 6)."""
    tags: list[_Tag] = []
    if color.white_balance is not None:
        gains = color.white_balance
        if len(gains) != 3 or not all(math.isfinite(gain) and gain > 0 for gain in gains):
            raise ValueError(f"white balance {gains}: give three positive gains R, G, B")
        least = min(gains)
        # denominators of a million: 1e-6 is far below a step of 16 bits
        neutral = [part for gain in gains for part in _ratio(least / gain, 1_000_000)]
        tags.append((50728, _RATIONAL, 3, tuple(neutral), True))  # AsShotNeutral
    if color.matrix is not None:
        matrix = np.asarray(color.matrix, np.float64)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or abs(matrix).max() > 1000:
            raise ValueError(f"matrix {color.matrix}: give XYZ -> camera RGB as three rows of 3")
        if abs(np.linalg.det(matrix)) < 1e-6:
            raise ValueError(f"matrix {color.matrix}: it is singular, so no colour can be read")
        # Adobe's own profiles use denominators of 10,000
        parts = [part for value in matrix.ravel() for part in (round(value * 10_000), 10_000)]
        tags.append((50721, _SRATIONAL, 9, tuple(parts), True))  # ColorMatrix1
        tags.append((50778, _SHORT, 1, _D65, True))  # CalibrationIlluminant1
    return tags


def _shot_tags(shot: DngShot, shape: tuple[int, ...]) -> list[_Tag]:
    """Versions, camera name, exposure, orientation, ActiveArea and DefaultCrop."""
    if not shot.camera or not shot.camera.isascii() or not shot.camera.isprintable():
        raise ValueError(f"camera name {shot.camera!r}: UniqueCameraModel is printable ASCII")
    if shot.orientation not in range(1, 9):
        raise ValueError(f"orientation {shot.orientation}: EXIF has 1 to 8")
    tags: list[_Tag] = [
        (271, _ASCII, 0, shot.camera.split()[0], True),  # Make
        (272, _ASCII, 0, shot.camera, True),  # Model
        (274, _SHORT, 1, shot.orientation, True),  # Orientation
        (50706, _BYTE, 4, b"\x01\x04\x00\x00", True),  # DNGVersion
        (50707, _BYTE, 4, b"\x01\x01\x00\x00", True),  # DNGBackwardVersion
        (50708, _ASCII, 0, shot.camera, True),  # UniqueCameraModel
    ]
    top, left, bottom, right = shot.active_area or (0, 0, shape[0], shape[1])
    if not (0 <= top < bottom <= shape[0] and 0 <= left < right <= shape[1]):
        raise ValueError(
            f"active area {shot.active_area}: (top, left, bottom, right) must lie within "
            f"{shape[0]}x{shape[1]} samples"
        )
    if shot.active_area and min(bottom - top, right - left) <= SMALLEST_SIDE:
        raise ValueError(f"active area {shot.active_area}: LibRaw needs sides above 22")
    if shot.active_area is not None:
        tags.append((50829, _LONG, 4, (top, left, bottom, right), True))  # ActiveArea
    y, x, height, width = shot.crop or (0, 0, bottom - top, right - left)
    inside = 0 < height <= bottom - top - y and 0 < width <= right - left - x
    if min(y, x) < 0 or not inside:
        raise ValueError(
            f"crop {shot.crop}: (top, left, height, width) must lie within the active area of "
            f"{bottom - top}x{right - left}"
        )
    tags.append((50719, _LONG, 2, (x, y), True))  # DefaultCropOrigin: horizontal, vertical
    tags.append((50720, _LONG, 2, (width, height), True))  # DefaultCropSize
    return tags


def _exif_entries(shot: DngShot) -> list[tuple[int, int, tuple[int, ...]]]:
    """Exposure time and ISO as EXIF entries (code, type, values); LibRaw reads ISO only there."""
    entries: list[tuple[int, int, tuple[int, ...]]] = []
    if shot.shutter is not None:
        if not (math.isfinite(shot.shutter) and 1e-6 <= shot.shutter <= 86400):
            raise ValueError(f"shutter {shot.shutter} s: give 1e-6 to 86400 seconds")
        entries.append((33434, _RATIONAL, _ratio(shot.shutter, 1_000_000)))  # ExposureTime
    if shot.iso is not None:
        if not 1 <= shot.iso <= 65535:  # EXIF 2.2 holds it in 16 bits
            raise ValueError(f"ISO {shot.iso}: ISOSpeedRatings holds 1 to 65535")
        entries.append((34855, _SHORT, (int(shot.iso),)))  # ISOSpeedRatings
    return entries


def _append_exif(data: bytes, *, entries: list[tuple[int, int, tuple[int, ...]]]) -> bytes:
    """The file with an EXIF directory behind it and its pointer set (EXIF 2.32, 4.6.3)."""
    start = len(data) + len(data) % 2  # TIFF directories begin at even offsets
    place = struct.pack("<HHII", *_EXIF_PLACE)
    pointer = struct.pack("<HHII", _EXIF_POINTER, _LONG, 1, start)
    values = start + 2 + 12 * len(entries) + 4
    directory, extra = struct.pack("<H", len(entries)), b""
    for code, kind, numbers in entries:
        if kind == _RATIONAL:
            directory += struct.pack("<HHII", code, kind, 1, values + len(extra))
            extra += struct.pack("<II", *numbers)
        else:
            directory += struct.pack("<HHIHH", code, kind, 1, *numbers, 0)
    padded = data.replace(place, pointer, 1).ljust(start, b"\0")
    return padded + directory + struct.pack("<I", 0) + extra


def _ratio(value: float, denominator: int) -> tuple[int, int]:
    """The nearest fraction with at most this denominator."""
    fraction = Fraction(value).limit_denominator(denominator)
    return fraction.numerator, fraction.denominator
