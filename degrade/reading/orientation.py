"""EXIF's orientation: how a stored picture is to be turned."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Sample = TypeVar("_Sample", bound=np.generic)


def upright(picture: NDArray[_Sample], *, orientation: int) -> NDArray[_Sample]:
    """A view of [H,W] or [H,W,C] turned as EXIF's Orientation 1..8 asks (EXIF 2.32, 4.6.4).

    Raises ValueError for another number.
    """
    if orientation not in range(1, 9):
        raise ValueError(f"orientation {orientation}: EXIF has 1 to 8")
    if orientation >= 5:  # 5..8 exchange rows and columns
        picture = picture.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture


def known_orientation(tag: Any) -> int:
    """The tag's value, or 1 for a number that EXIF does not define: cameras do write 0."""
    return tag if isinstance(tag, int) and 1 <= tag <= 8 else 1
