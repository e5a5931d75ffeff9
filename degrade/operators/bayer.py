"""Bayer mosaics on tensors: sampling and demosaicing.

A mosaic is held as a picture [B,3,H,W] at full resolution, of which each pixel counts only in the
colour of its own filter; what the other two channels hold there is never read. Noise on all three
channels before `demosaic` is therefore noise on the mosaic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from degrade.operator import Name, operator

PATTERNS = ("rggb", "grbg", "gbrg", "bggr")
"""The four Bayer patterns, named by the 2x2 cell in the upper left corner, row by row."""
METHODS = ("bilinear", "malvar")

PHASE_PADDING = Name("reflect", allowed=("reflect",), unit="what lies beyond the edge")
"""The one padding that keeps a mosaic's phase whatever the picture's size."""
PATTERN = Name("rggb", allowed=PATTERNS, unit="upper left 2x2 cell, row by row")

# (dy, dx) and weight of every filter, in eighths. Malvar, He and Cutler (ICASSP 2004), fig. 2, with
# their gains alpha 1/2, beta 5/8, gamma 3/4; bilinear is the same with those gains at 0.
_CROSS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_FAR_ROW = ((0, -2), (0, 2))
_FAR_COLUMN = ((-2, 0), (2, 0))

Taps = tuple[tuple[tuple[int, int], float], ...]


def _taps(*groups: tuple[Sequence[tuple[int, int]], float]) -> Taps:
    return tuple((place, weight / 8.0) for places, weight in groups for place in places)


# What stands where the wanted colour does: on the cross, left and right, above and below, corners.
_FILTERS: dict[str, dict[str, Taps]] = {
    "bilinear": {
        "cross": _taps((_CROSS, 2.0)),
        "row": _taps((((0, -1), (0, 1)), 4.0)),
        "column": _taps((((-1, 0), (1, 0)), 4.0)),
        "corners": _taps((_CORNERS, 2.0)),
    },
    "malvar": {
        "cross": _taps((_CROSS, 2.0), (((0, 0),), 4.0), (_FAR_ROW, -1.0), (_FAR_COLUMN, -1.0)),
        "row": _taps(
            (((0, -1), (0, 1)), 4.0), (((0, 0),), 5.0), (_CORNERS, -1.0), (_FAR_ROW, -1.0),
            (_FAR_COLUMN, 0.5),
        ),
        "column": _taps(
            (((-1, 0), (1, 0)), 4.0), (((0, 0),), 5.0), (_CORNERS, -1.0), (_FAR_COLUMN, -1.0),
            (_FAR_ROW, 0.5),
        ),
        "corners": _taps((_CORNERS, 2.0), (((0, 0),), 6.0), (_FAR_ROW, -1.5), (_FAR_COLUMN, -1.5)),
    },
}  # fmt: skip

_REACH = {"bilinear": 1, "malvar": 2}


def _reach(values: Mapping[str, Any]) -> int:
    return _REACH[values["method"]]


@operator(
    kind="pointwise",
    source="Bayer, US patent 3971065 (1976)",
    differentiable=True,
    parameters={"pattern": PATTERN},
)
def mosaic(images: Tensor, *, pattern: Sequence[str]) -> Tensor:
    """What a Bayer sensor sees: at each pixel the two colours of other filters are set to 0.

    images [B,3,H,W]. The pattern counts from the picture's own corner. Not clipped.
    """
    out = torch.zeros_like(images)
    for rows, name in _groups(pattern):
        part = images if rows is None else images[rows]
        cut = torch.zeros_like(part)
        for y, x, channel in _cells(name):
            cut[:, channel, y::2, x::2] = part[:, channel, y::2, x::2]
        if rows is None:
            return cut
        out[rows] = cut
    return out


@operator(
    kind="neighbourhood",
    source="bilinear; Malvar, He and Cutler, ICASSP 2004, fig. 2",
    differentiable=True,
    radius=_reach,
    parameters={
        "pattern": PATTERN,
        "method": Name("bilinear", allowed=METHODS, unit="interpolation"),
        "padding": PHASE_PADDING,
    },
)
def demosaic(images: Tensor, *, pattern: Sequence[str], method: Sequence[str]) -> Tensor:
    """A colour picture from a Bayer mosaic: bilinear, or Malvar's gradient-corrected filters.

    images [B,3,H,W] hold the mosaic (see the top of this file), with a margin of 1 (bilinear) or 2
    (malvar) on all sides, the largest of the batch, reflected so that the pattern goes on. A
    pixel's own colour passes unchanged. Not clipped: Malvar's filters overshoot.
    """
    margin = max(_REACH[m] for m in method)
    keys = [f"{p} {m}" for p, m in zip(pattern, method, strict=True)]
    height, width = (side - 2 * margin for side in images.shape[2:])
    out = images.new_empty((images.shape[0], 3, height, width))
    for rows, key in _groups(keys):
        name, how = key.split()
        made = _interpolate(images if rows is None else images[rows], name, how, margin=margin)
        if rows is None:
            return made
        out[rows] = made
    return out


def _interpolate(images: Tensor, pattern: str, method: str, *, margin: int) -> Tensor:
    """[B,3,H,W] from images with a margin, all samples of one pattern and method."""
    height, width = (side - 2 * margin for side in images.shape[2:])
    plane = images.new_empty((images.shape[0], *images.shape[2:]))
    for y, x, channel in _cells(pattern):
        top, left = (y + margin) % 2, (x + margin) % 2  # the cell's phase, margin counted in
        plane[:, top::2, left::2] = images[:, channel, top::2, left::2]
    out = images.new_zeros((images.shape[0], 3, height, width))
    cells = {(y, x): channel for y, x, channel in _cells(pattern)}
    for y, x, own in _cells(pattern):
        for wanted in range(3):
            if wanted == own:
                taps: Taps = (((0, 0), 1.0),)
            elif wanted == 1:
                taps = _FILTERS[method]["cross"]
            elif own != 1:
                taps = _FILTERS[method]["corners"]
            else:
                taps = _FILTERS[method]["row" if cells[y, 1 - x] == wanted else "column"]
            value = out[:, wanted, y::2, x::2]
            for (dy, dx), weight in taps:
                top, left = y + dy + margin, x + dx + margin
                seen = plane[:, top : top + height - y : 2, left : left + width - x : 2]
                value.add_(seen, alpha=weight)
    return out


def _cells(pattern: str) -> list[tuple[int, int, int]]:
    """(row, column, channel) of the four cells of a pattern."""
    return [(i // 2, i % 2, "rgb".index(color)) for i, color in enumerate(pattern)]


def _groups(keys: Sequence[str]) -> list[tuple[list[int] | None, str]]:
    """The rows of the batch that share a key; None for all of them."""
    names = sorted(set(keys))
    if len(names) == 1:
        return [(None, names[0])]
    return [([b for b, key in enumerate(keys) if key == name], name) for name in names]
