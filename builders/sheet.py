"""The contact sheet: a row per scene, its lq pictures and their gt, each with its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from builders.packed import show_packed
from builders.parts import Coded, Row
from builders.shards import open_shard
from degrade.sheet import plain_text

CELL = 176  # long side of a thumbnail, px
_CLOSE = ("noise", "lowlight")  # kinds whose pairs differ by what a shrunk picture does not show
LABEL = 16  # height of the line under it, px
GAP = 6
_PAPER, _INK = (250, 250, 250), (40, 40, 40)


def sample_rows(out: Path, *, files: Sequence[str], scenes: int = 6) -> list[Row]:
    """Every pair of the first `scenes` scenes, taken from the shards in turn.

    Of a scene with patches only the first patch of each variant is taken.
    """
    rows: list[Row] = []
    seen: set[str] = set()
    for file in files:
        reader = open_shard(out, file=file)
        try:
            for index, key in enumerate(reader.keys()):
                scene, _, variant = key.partition("/")
                if scene not in seen and len(seen) == scenes:
                    break
                seen.add(scene)
                if "-p" not in variant or variant.endswith("-p00"):
                    rows.append(reader.row(index))
        finally:
            reader.close()
        if len(seen) == scenes:
            break
    return rows


def contact_sheet(rows: Sequence[Row]) -> NDArray[np.uint8]:
    """A sheet [H,W,3] uint8 sRGB: a line per (scene, gt), lq pictures left to right, gt last.

    An lq smaller than its gt is shown at the gt's size, its pixels as squares, and says its own.
    """
    lines: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        # the targets of a pyramid's scales are one picture cut by a pixel or two: one line
        gt = "gt" if row.gt_name.startswith("gt-x") else row.gt_name
        lines.setdefault((row.scene, gt), []).append(row)
    columns = max(len(line) for line in lines.values())
    strips = [_strip(line, columns=columns) for line in lines.values()]
    width = GAP + (columns + 1) * (CELL + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(strip.height for strip in strips)), _PAPER)
    top = GAP
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    return np.asarray(sheet)


def _strip(line: Sequence[Row], *, columns: int) -> Image.Image:
    """One scene: a column per variant, its gt in the last column, a label under each."""
    close = any(f'"kind":"{kind}"' in line[0].record for kind in _CLOSE)
    gt = _thumbnail(_decoded(line[0].gt, line[0].scene), close=close)
    cells = [(x, _label(row), row.lq) for x, row in enumerate(line)]
    seen = [_shown(_decoded(row.lq, row.scene), row.record) for row in line]
    pictures = [_beside(_thumbnail(picture, close=close), gt) for picture in seen]
    cells.append((columns, f"gt  {line[0].scene}", line[0].gt))
    pictures.append(gt)
    height = max(picture.shape[0] for picture in pictures)
    size = (GAP + (columns + 1) * (CELL + GAP), height + LABEL + GAP)
    strip = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(strip)
    font = ImageFont.load_default(size=11)
    for (x, text, _), picture in zip(cells, pictures, strict=True):
        left = GAP + x * (CELL + GAP)
        strip.paste(Image.fromarray(picture), (left + (CELL - picture.shape[1]) // 2, 0))
        draw.text((left, height + 1), _fit(text, draw, font), _INK, font=font)
    return strip


def _label(row: Row) -> str:
    """The variant, and the size of an lq that has not its gt's."""
    height, width = row.lq.shape[:2]
    same = row.lq.shape[:2] == row.gt.shape[:2]
    return row.variant if same else f"{row.variant}  {width}x{height}"


def _beside(small: NDArray[np.uint8], gt: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An lq's thumbnail; one smaller than that of its gt is enlarged to it."""
    height, width = gt.shape[:2]
    if small.shape[0] >= height and small.shape[1] >= width:
        return small
    grown = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(grown, np.uint8)


def _decoded(coded: Coded, scene: str) -> NDArray:
    try:
        return coded.picture()
    except ValueError as error:
        raise ValueError(
            f"scene {scene}: a stored picture is damaged ({error}); pairsmith verify says in which "
            "shard, and what to do"
        ) from error


def _shown(picture: NDArray, record: str) -> NDArray:
    """The picture itself, or what a packed mosaic [h,w,4] shows, by its record's white balance."""
    if picture.shape[2] != 4:
        return picture
    return show_packed(picture, record=msgspec.json.decode(record, type=dict[str, Any]))


def _thumbnail(picture: NDArray, *, close: bool) -> NDArray[np.uint8]:
    """At most CELL on the long side; 16 bit shown as 8. Area averaging: a view, never data. Close:
    the middle at full resolution instead, because a shrunk picture shows no noise."""
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    height, width = picture.shape[:2]
    if close:
        top, left = (max(0, side - CELL) // 2 for side in (height, width))
        return np.ascontiguousarray(picture[top : top + CELL, left : left + CELL], np.uint8)
    scale = min(1.0, CELL / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _fit(text: str, draw: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont
         ) -> str:  # fmt: skip
    """The text, its middle left out where it is too long: names that differ often do at the end."""
    text = fitted = plain_text(text)
    keep = len(text)
    while draw.textlength(fitted, font=font) > CELL and keep > 4:
        keep -= 1
        fitted = f"{text[: keep - keep // 2]}...{text[len(text) - keep // 2 :]}"
    return fitted
