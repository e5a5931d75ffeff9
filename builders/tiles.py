"""Patches on a grid, as authors cut their training sets: places by stride, and which are sharp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from degrade.images import Picture

Place = tuple[int, int]

# Apertures of the Sobel operators whose energies are multiplied (Abuolaim and Brown, ECCV 2020;
# the same in Restormer's generate_patches_dpdd.py).
APERTURES = (3, 7, 11, 15)


def grid_places(shape: tuple[int, int], *, side: int, stride: int) -> list[Place]:
    """(top, left) of the patches of a picture [height, width], row by row.

    0, stride, 2*stride ... as far as a patch fits, then one more flush with the bottom or right
    border where the last does not end there: the same set as Restormer's and BasicSR's scripts
    cut, without the doubles that those write where a patch ends at the border by itself. []
    where no patch fits.
    """
    height, width = shape
    return [
        (top, left)
        for top in _starts(height, side=side, stride=stride)
        for left in _starts(width, side=side, stride=stride)
    ]


def _starts(length: int, *, side: int, stride: int) -> list[int]:
    if length < side:
        return []
    starts = list(range(0, length - side + 1, stride))
    return starts if starts[-1] == length - side else [*starts, length - side]


def sharpest(
    picture: Picture, places: Sequence[Place], *, side: int, leave_out: float
) -> list[Place]:
    """The places without the int(leave_out * count) least sharp, in their order.

    Sharpness of a patch: for each aperture the sum of the gradient's magnitude of its grey, scaled
    to 0..1 over the patches of this picture, the four multiplied. Of equals the first is left
    out. Where all patches of an aperture are equal it decides nothing.
    """
    count = int(leave_out * len(places))
    if not count:
        return list(places)
    patches = [picture[top : top + side, left : left + side] for top, left in places]
    energies = np.array([_energies(np.ascontiguousarray(patch)) for patch in patches])
    low, span = energies.min(axis=0), np.ptp(energies, axis=0)
    scaled = np.where(span > 0, (energies - low) / np.where(span > 0, span, 1.0), 1.0)
    order = np.argsort(scaled.prod(axis=1), kind="stable")
    out = {int(index) for index in order[:count]}
    return [place for index, place in enumerate(places) if index not in out]


def _energies(patch: Picture) -> list[float]:
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    return [_gradient_sum(grey, aperture=aperture) for aperture in APERTURES]


def _gradient_sum(grey: NDArray[Any], *, aperture: int) -> float:
    across = cv2.Sobel(grey, cv2.CV_64F, 1, 0, ksize=aperture)
    down = cv2.Sobel(grey, cv2.CV_64F, 0, 1, ksize=aperture)
    return float(np.sqrt(across * across + down * down).sum())
