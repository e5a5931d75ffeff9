"""Sheets of labelled pictures: a grid, each picture with lines of text under it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from degrade.images import Picture

PAPER, INK = (250, 250, 250), (40, 40, 40)
GAP, LINE = 8, 13  # px between cells, and from one line of text to the next

AnyFont = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet: uint8 or uint16 [H,W,3], and the lines under it."""

    picture: Picture
    lines: tuple[str, ...]


def labelled_grid(cells: Sequence[Cell], *, columns: int, width: int) -> NDArray[np.uint8]:
    """The cells in rows of `columns`, each `width` px wide, as one sheet [H,W,3] uint8 sRGB.

    A smaller picture is enlarged (nearest: its pixels can be seen), a larger one is shrunk by area
    averaging. Text that is too long is wrapped.
    """
    font = ImageFont.load_default(size=11)
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    fitted = [fit_picture(cell.picture, width=width) for cell in cells]
    texts = [
        [line for text in cell.lines for line in wrap_text(text, draw=draw, font=font, width=width)]
        for cell in cells
    ]
    rows = [range(at, min(at + columns, len(cells))) for at in range(0, len(cells), columns)]
    heights = [
        max(fitted[i].shape[0] for i in row) + LINE * max(len(texts[i]) for i in row) + 2 * GAP
        for row in rows
    ]
    sheet = Image.new("RGB", (GAP + columns * (width + GAP), GAP + sum(heights)), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        tallest = max(fitted[i].shape[0] for i in row)
        for place, index in enumerate(row):
            left = GAP + place * (width + GAP)
            picture = fitted[index]
            sheet.paste(Image.fromarray(picture), (left + (width - picture.shape[1]) // 2, top))
            for number, line in enumerate(texts[index]):
                draw.text((left, top + tallest + 3 + number * LINE), line, INK, font=font)
        top += height
    return np.asarray(sheet)


def fit_picture(picture: Picture, *, width: int) -> NDArray[np.uint8]:
    """The picture `width` px wide, 16 bit shown as 8: a view, never data."""
    shown = (picture >> 8 if picture.dtype == np.uint16 else picture).astype(np.uint8)
    image = Image.fromarray(shown)
    if image.width == width:
        return np.asarray(image)
    height = max(1, round(image.height * width / image.width))
    way = Image.Resampling.NEAREST if image.width < width else Image.Resampling.BOX
    return np.asarray(image.resize((width, height), way))


def plain_text(text: str) -> str:
    """ASCII, which is all that the built-in font has: letters lose their accents."""
    kept = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return kept.encode("ascii", "replace").decode()


def wrap_text(text: str, *, draw: ImageDraw.ImageDraw, font: AnyFont, width: int) -> list[str]:
    """The text in lines no wider than `width` px, broken at spaces."""
    lines = [""]
    for word in plain_text(text).split():
        longer = f"{lines[-1]}  {word}".strip()  # one space of the font is hardly seen
        if lines[-1] and draw.textlength(longer, font=font) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
