"""Which sizes a network takes, and the padding that gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Size = tuple[int, int]  # height, width


@dataclass(frozen=True, kw_only=True)
class SizeRule:
    """The sizes (height, width) of an input in pixels that a network takes.

    multiple: both are multiples of it. minimum: neither is below. square: both are equal.
    fixed: exactly this size, where there is one (exported files).
    """

    multiple: int = 1
    minimum: int = 1
    square: bool = False
    fixed: Size | None = None

    def padded(self, size: Size) -> Size:
        """The least size that the network takes and that holds `size`; a `fixed` size holds only
        what is no larger, and larger pictures are cut into tiles of it."""
        if self.fixed is not None:
            return max(size[0], self.fixed[0]), max(size[1], self.fixed[1])
        height, width = (self.up(max(n, self.minimum)) for n in size)
        longer = max(height, width)
        return (longer, longer) if self.square else (height, width)

    def up(self, side: int) -> int:
        """The least multiple that is `side` or more."""
        return -(-side // self.multiple) * self.multiple

    def tile(self, side: int) -> int:
        """The largest side of a tile that is at most `side`, or else the least that is possible."""
        return max(side // self.multiple * self.multiple, self.up(max(1, self.minimum)))


def pad_reflect(picture: Tensor, size: Size) -> Tensor:
    """[1,C,H,W] -> [1,C,*size], mirrored at the right and the bottom without repeating the edge.

    As Restormer's and most official scripts do. Where the padding is larger than the picture, it
    is mirrored again and again; spandrel's own padding repeats the last pixel there.
    """
    for axis, wanted in zip((2, 3), size, strict=True):
        have = picture.shape[axis]
        if wanted > have:
            index = np.pad(np.arange(have), (0, wanted - have), mode="reflect")
            picture = picture[:, :, index] if axis == 2 else picture[..., index]
    return picture
