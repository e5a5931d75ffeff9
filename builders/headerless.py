"""Headerless RAW dumps: which files they are, and the sidecar that says what is in them.

LibRaw recognises some dumps by their size alone and then returns plausible nonsense, so a file
reaches it only when its first bytes say what it is.
"""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from builders.dng import DngColor, cfa_tile, write_dng
from builders.drops import Drop

# First bytes of the containers that LibRaw identifies by content (libraw, identify.cpp)
_MAGICS: dict[bytes, str] = {
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"IIRO": "Olympus ORF",
    b"IIRS": "Olympus ORF",
    b"MMOR": "Olympus ORF",
    b"IIU\0": "Panasonic RW2",
    b"FUJIFILM": "Fujifilm RAF",
    b"\0MRM": "Minolta MRW",
    b"FOVb": "Sigma X3F",
    b"DSC-Image": "Rollei",
    b"NOKIARAW": "Nokia",
    b"qktk": "Apple QuickTake",
    b"qktn": "Apple QuickTake",
}
_FOREIGN: dict[bytes, str] = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP",
}
HEADERLESS_SUFFIXES = (".raw", ".bin", ".dat", ".bayer")


class Sidecar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `<file>.json` says of a headerless file; every field but wb and matrix is needed.

    shape: [rows, columns].  dtype: "uint8", "uint16" (little endian) or "uint16-be".
    pattern: letters of the CFA tile, row by row: "RGGB", or 36 letters for X-Trans.
    black: black level in DN, one number or one per site of the tile.  white: saturation in DN.
    wb: gains R, G, B.  matrix: XYZ (D65) -> camera RGB, as DNG's ColorMatrix.
    """

    shape: tuple[int, int]
    dtype: Literal["uint8", "uint16", "uint16-be"]
    pattern: str
    black: float | tuple[float, ...]
    white: int
    wb: tuple[float, float, float] | None = None
    matrix: (
        tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
        | None
    ) = None


@dataclass(frozen=True)
class SidecarFile:
    """A sidecar that was read: what it says, and the sha256 of its bytes in hexadecimal."""

    says: Sidecar
    sha256: str


_DTYPES = {"uint8": np.dtype("u1"), "uint16": np.dtype("<u2"), "uint16-be": np.dtype(">u2")}


def container(head: bytes) -> str | None:
    """The RAW container that a file's first 64 bytes name, or None for a headerless file."""
    for magic, title in _MAGICS.items():
        if head.startswith(magic):
            return title
    if head[4:12] == b"ftypcrx ":
        return "Canon CR3"
    if head[6:14] == b"HEAPCCDR":
        return "Canon CRW"
    if b"IIII" in head[:32] or b"MMMM" in head[:32]:
        return "Phase One IIQ"
    return None


def wrap_headerless(data: bytes, *, path: Path) -> tuple[bytes, SidecarFile]:
    """A headerless file's bytes as a DNG in memory, and the sidecar that made it possible.

    The sidecar is `<name>.json` beside the file, with or without the file's own suffix.
    Raises Drop: "no-sidecar"; "unreadable" when the sidecar is wrong or does not fit the file's
    size, or when the file is something else (a JPEG under a RAW's name).
    """
    for magic, title in _FOREIGN.items():
        if data.startswith(magic):
            raise Drop("unreadable", f"{path}: this is a {title} file, not a RAW")
    places = [path.with_name(path.name + ".json"), path.with_suffix(".json")]
    found = next((place for place in places if place.is_file()), None)
    if found is None and path.suffix.lower() not in HEADERLESS_SUFFIXES:
        raise Drop("unreadable", f"{path}: it does not begin like any RAW file that LibRaw reads")
    if found is None:
        raise Drop(
            "no-sidecar",
            f"{path}: a headerless RAW; describe it in {places[0].name}, for example "
            '{"shape": [512, 768], "dtype": "uint16", "pattern": "RGGB", "black": 600, '
            '"white": 15520}',
        )
    try:
        said = found.read_bytes()
        sidecar = msgspec.json.decode(said, type=Sidecar)
    except (msgspec.DecodeError, OSError) as error:
        raise Drop("unreadable", f"{found}: not a sidecar for {path.name}: {error}") from error
    try:
        return _wrap(data, sidecar=sidecar), SidecarFile(sidecar, hashlib.sha256(said).hexdigest())
    except ValueError as error:
        raise Drop("unreadable", f"{found}: {error}") from error


def _wrap(data: bytes, *, sidecar: Sidecar) -> bytes:
    rows, columns = sidecar.shape
    kind = _DTYPES[sidecar.dtype]
    expected = rows * columns * kind.itemsize
    if rows < 1 or columns < 1 or len(data) != expected:
        raise ValueError(
            f"shape {rows}x{columns} of {sidecar.dtype} needs {expected} bytes, "
            f"the file has {len(data)}"
        )
    cfa_tile(sidecar.pattern)
    black = sidecar.black
    if not all(math.isfinite(level) for level in (black if isinstance(black, tuple) else (black,))):
        raise ValueError(f"black {black} is not finite")
    buffer = io.BytesIO()
    write_dng(
        buffer,
        np.frombuffer(data, kind).reshape(rows, columns).astype(np.uint16),
        color=DngColor(
            pattern=sidecar.pattern,
            black=black,
            white=sidecar.white,
            white_balance=sidecar.wb,
            matrix=sidecar.matrix,
        ),
    )
    return buffer.getvalue()
