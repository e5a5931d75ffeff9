"""Where a sample is cut from its picture, and how it is turned: the same on both sides.

Places are drawn at (seed, name of the draw, the sample's position ...), so that neither a worker
nor a process can change them. Targets are measured in their own pixels, inputs in theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from builders.containers import Samples
from degrade.draws import draw_below
from degrade.option_error import OptionError
from evaluation.pictures import to_unit

TRIES = 8  # places that are drawn before a dull one is taken after all
_WHOLE = 1e-9  # how far a float product may be off a whole number
_UNITS = 10  # scales are tenths at the finest (Meta-SR: 1.1, 1.2 ... 4.0)


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, picture: Samples) -> Samples:
        """That part of a picture [H,W,C]."""
        return picture[self.top : self.top + self.height, self.left : self.left + self.width]

    def cut_planes(self, planes: Tensor) -> Tensor:
        """That part of planes [C,H,W], a view of them."""
        return planes[:, self.top : self.top + self.height, self.left : self.left + self.width]

    def times(self, scale: float) -> Box:
        """The same rectangle where pixels are 1/scale as large; it has to end on whole ones."""
        return Box(*(round(side * scale) for side in self.listed()))

    def listed(self) -> tuple[int, int, int, int]:
        """top, left, height, width."""
        return self.top, self.left, self.height, self.width


@dataclass(frozen=True)
class Orientation:
    """left_right and up_down mirror; then `across` swaps rows and columns."""

    left_right: bool = False
    up_down: bool = False
    across: bool = False

    def of(self, picture: Samples) -> Samples:
        """A picture [H,W,C] turned; a view of it."""
        turned = picture[:: -1 if self.up_down else 1, :: -1 if self.left_right else 1]
        return turned.swapaxes(0, 1) if self.across else turned

    def size_of(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of a picture of that size once it is turned."""
        return (size[1], size[0]) if self.across else size

    def before(self, box: Box, *, size: tuple[int, int]) -> Box:
        """Where a box of the turned picture lies in the picture itself, of (height, width)."""
        top, left, height, width = box.listed()
        if self.across:
            top, left, height, width = left, top, width, height
        if self.up_down:
            top = size[0] - top - height
        if self.left_right:
            left = size[1] - left - width
        return Box(top, left, height, width)


def draw_orientation(
    *address: str | int, flips: bool, quarters: bool, upside_down: bool = True
) -> Orientation:
    """Each mirror and the swap by half, where they are asked for."""

    def half(name: str, wanted: bool) -> bool:
        return wanted and bool(draw_below(*address, name, bound=2))

    return Orientation(
        half("left-right", flips),
        half("up-down", flips and upside_down),
        half("across", quarters),
    )


def whole_unit(scale: float) -> int:
    """The least number of input pixels that are whole pixels of a target `scale` times as large.

    Raises OptionError for a scale that is finer than tenths, or below 1."""
    if scale >= 1:
        for unit in range(1, _UNITS + 1):
            if abs(unit * scale - round(unit * scale)) < _WHOLE:
                return unit
    raise OptionError(f"data.scales {scale:g}: 1 or more, in steps of 0.1 (1.5, 2.3, 4)")


@dataclass(frozen=True)
class Sides:
    """Sides of a sample's squares in pixels: of the target, 0 for whole pictures, and of the input,
    0 where the target's says it. grid: what a region of the target is a multiple of."""

    target: int
    input: int
    grid: int


def patch_sides(patch: int, *, of: str, scale: float, enlarged: bool) -> Sides:
    """The sides for a stage's `patch`, px of the 'target' or the 'input'.

    enlarged: the network's input has the target's size. A target side is int(scale * input side),
    which is what the network of any scale makes of it. Raises OptionError where a target's side is
    no multiple of the scale.
    """
    unit = whole_unit(scale)
    grid = round(unit * scale)
    if enlarged or not patch:
        return Sides(patch, 0, grid)
    if of == "input":
        return Sides(int(scale * patch), patch, grid)
    if unit > 1:
        side = int(patch / scale)
        return Sides(int(scale * side), side, grid)
    if patch % grid:
        raise OptionError(
            f"stages.patch {patch}: no multiple of the scale {grid}; take "
            f"{patch - patch % grid or grid}, or data.patch_of input"
        )
    return Sides(patch, patch // grid, grid)


def draw_place(
    size: tuple[int, int],
    *address: str | int,
    side: int,
    grid: int = 1,
    fits: Callable[[Box], bool] | None = None,
) -> Box:
    """A square of `side` pixels in a picture of (height, width), its corner on multiples of `grid`.

    fits: says which are taken, the last of `TRIES` in any case. side 0: the whole picture. Raises
    ValueError for a picture that is smaller."""
    height, width = size
    if not side:
        return Box(0, 0, height, width)
    if min(size) < side:
        raise ValueError(
            f"{width}x{height} pixels, smaller than the patch of {side}: remove it or lower "
            "stages.patch"
        )
    box = Box(0, 0, side, side)
    for attempt in range(TRIES):
        top, left = (
            grid * draw_below(*address, name, attempt, bound=(free - side) // grid + 1)
            for name, free in (("top", height), ("left", width))
        )
        box = Box(top, left, side, side)
        if fits is None or fits(box):
            break
    return box


def with_context(box: Box, *, size: tuple[int, int], context: int, grid: int, whole: bool) -> Box:
    """`box` and at least `context` pixels around it, as far as a picture of `size` goes.

    It begins on a multiple of `grid`. whole: it ends on one too, as `size` does.
    """
    spans = []
    for start, length, end in ((box.top, box.height, size[0]), (box.left, box.width, size[1])):
        begin = max(0, start - context) // grid * grid
        last = min(start + length + context, end)
        if whole:
            last = math.ceil(last / grid) * grid
        spans.append((begin, last - begin))
    (top, height), (left, width) = spans
    return Box(top, left, height, width)


def squeezed(picture: Samples, *, side: int) -> NDArray[Any]:
    """The whole picture [H,W,C] as [side,side,C]: Pillow's bicubic, antialiased; 8 bits stay 8,
    others become float32 in 0 ... 1."""
    how = Image.Resampling.BICUBIC
    if picture.dtype == np.uint8 and picture.shape[2] == 3:
        return np.asarray(Image.fromarray(picture).resize((side, side), how))
    planes = [
        Image.fromarray(np.ascontiguousarray(to_unit(picture)[..., c]))
        for c in range(picture.shape[2])
    ]
    return np.stack([np.asarray(one.resize((side, side), how)) for one in planes], axis=2)


def lively(picture: Samples, box: Box, *, brightness: tuple[float, float], gradient: float) -> bool:
    """Whether a patch's mean lies within `brightness` and its mean gradient is `gradient` or more,
    both of 0 ... 1 (MSEC's patches; MATLAB imgradient of the gray: Sobel's, edges repeated)."""
    patch = to_unit(box.cut(picture))
    if not brightness[0] <= float(patch.mean()) <= brightness[1]:
        return False
    if not gradient:
        return True
    flat = patch.mean(axis=2) if patch.shape[2] != 3 else cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    sides = [
        cv2.Sobel(flat, cv2.CV_32F, dx, dy, ksize=3, borderType=cv2.BORDER_REPLICATE)
        for dx, dy in ((1, 0), (0, 1))
    ]
    return float(np.hypot(*sides).mean()) >= gradient
