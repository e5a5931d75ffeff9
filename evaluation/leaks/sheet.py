"""What is reported of leaks: the record of each, leaks.csv, leaks.json, sheets of the pairs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

from builders.atomic import write_whole
from degrade.images import Picture, encode_picture
from degrade.sheet import Cell, labelled_grid
from evaluation.pictures import Samples, to_u8

if TYPE_CHECKING:
    from evaluation.leaks.fingerprints import Fingerprint
    from evaluation.leaks.search import Laid, Listed

SHEET_PAIRS = 40  # of one sheet
CELL = 256  # px, width of a picture on a sheet
COLUMNS = 4  # two pairs beside each other

# Where a relation begins: median difference of luma (JPEG of quality 30 and resizing stay below),
# share of an area that is all of it, radians, logarithm of the scale in pixels.
SAME_LIGHT = 3 / 255
_ALL, _ROTATED, _RESIZED = 0.95, 0.1, 0.04


class Leak(msgspec.Struct, frozen=True):
    """Two pictures of the same content.

    relation: 'identical bytes', 'same pixels', 're-encoded', or of mirrored, rotated, crop (one
    lies in the other), overlap, resized and exposure those that hold, joined by ' + '. a, b: names.
    score: correlation of the detail of what both show. features: how many agree in place, 0 where
    the pictures were laid over each other as wholes. cover_a, cover_b: share that both show.
    """

    relation: str
    score: float
    a: str
    b: str
    features: int
    cover_a: float
    cover_b: float


class Leaks(msgspec.Struct, frozen=True):
    """All leaks, the strongest first; how many pictures were compared (pictures_b 0: within A),
    how many of them are flat, and a line for each that could not be read."""

    found: list[Leak]
    pictures_a: int
    pictures_b: int
    flat: int
    bad: list[str]


def relation_of(laid: Laid, *, a: Fingerprint, b: Fingerprint) -> str:
    """What was done to one to get the other, as far as the thumbs tell."""
    turn = laid.matrix[:, :2]
    scale = np.sqrt(abs(np.linalg.det(turn))) * max(a.size) / max(b.size)
    least, most = sorted((laid.cover_a, laid.cover_b))
    words = {
        "mirrored": laid.mirrored,
        "rotated": abs(np.arctan2(turn[1, 0], turn[0, 0])) > _ROTATED,
        "crop": least < _ALL <= most,
        "overlap": most < _ALL,
        "resized": abs(np.log(scale)) > _RESIZED,
        "exposure": laid.difference > SAME_LIGHT,
    }
    return " + ".join(word for word, true in words.items() if true) or "re-encoded"


def write_report(
    leaks: Leaks, *, out: Path, a: Sequence[Listed], b: Sequence[Listed] | None = None
) -> list[Path]:
    """Writes leaks.csv, leaks.json and, where there are leaks, sheet.png, sheet-2.png ...

    a, b: the lists that were searched, whose pictures are read again (b None: one set, a).
    Sheets of an earlier search that this one does not write are removed. Returns the files.
    """
    out.mkdir(parents=True, exist_ok=True)
    made = [out / "leaks.csv", out / "leaks.json"]
    write_whole(made[0], leaks_csv(leaks.found).encode())
    encoded = msgspec.json.encode(leaks, order="deterministic")
    write_whole(made[1], msgspec.json.format(encoded, indent=2) + b"\n")
    by_a = {item.name: item for item in a}
    by_b = by_a if b is None else {item.name: item for item in b}
    for number, at in enumerate(range(0, len(leaks.found), SHEET_PAIRS), start=1):
        path = out / ("sheet.png" if number == 1 else f"sheet-{number}.png")
        page = leaks.found[at : at + SHEET_PAIRS]
        cells = [
            cell
            for leak in page
            for cell in (_cell(by_a[leak.a], leak, side="A"), _cell(by_b[leak.b], leak, side="B"))
        ]
        write_whole(path, encode_picture(labelled_grid(cells, columns=COLUMNS, width=CELL),
                                         codec="png"))  # fmt: skip
        made.append(path)
    for old in out.glob("sheet*.png"):
        if old not in made and (old.stem == "sheet" or old.stem.removeprefix("sheet-").isdigit()):
            old.unlink()
    return made


def leaks_csv(found: Sequence[Leak]) -> str:
    """A line per leak under a header of the fields of `Leak`; RFC 4180, lines end in \\n."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Leak.__struct_fields__)
    writer.writerows(msgspec.structs.astuple(leak) for leak in found)
    return text.getvalue()


def _cell(item: Listed, leak: Leak, *, side: str) -> Cell:
    """One picture of a leak; grey with the reason where it cannot be read any more."""
    line = f"{leak.relation}, {leak.score:.2f}" if side == "A" else ""
    try:
        picture = _shown(item.read())
    except (ValueError, OSError) as error:
        picture, line = np.full((CELL // 2, CELL, 3), 128, np.uint8), str(error)
    return Cell(picture, (f"{side}: {item.name}", line))


def _shown(picture: Samples) -> Picture:
    """8-bit RGB no wider than a cell needs: the first plane of pictures that are not RGB."""
    shown = to_u8(picture)
    shown = shown if shown.shape[2] == 3 else np.repeat(shown[..., :1], 3, axis=2)
    height, width = shown.shape[:2]
    if width > CELL:
        size = (CELL, max(round(height * CELL / width), 1))
        shown = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    height = shown.shape[0]
    if height > 2 * CELL:  # a strip would fill the sheet
        shown = cv2.resize(shown, (max(round(shown.shape[1] * 2 * CELL / height), 1), 2 * CELL))
    return np.ascontiguousarray(shown).astype(np.uint8)
