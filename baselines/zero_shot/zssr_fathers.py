"""ZSSR's training pictures: crops of one picture, turned, scaled and sheared."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class FatherSettings:
    """How an HR 'father' is drawn, the release's configs.py.

    as_is, no_interpolation: probabilities of the picture itself and of quarter turns and mirrors;
    else an affine map of scale least_scale ... 1 with a difference of the axes' scales and a shear
    of normal law, and any angle. crop: side in pixels.
    """

    as_is: float = 0.05
    no_interpolation: float = 0.45
    least_scale: float = 0.5
    scale_difference: float = 0.25
    shear: float = 0.1
    crop: int = 128


def draw_father(
    picture: Floats, *, settings: FatherSettings, side: int, draws: np.random.Generator
) -> Floats:
    """One father [side,side,C] of a picture [H,W,C] in 0..1, H and W >= side.

    The laws are the release's (random_augment). Two things differ: turns and mirrors without
    interpolation are of the whole picture, where the release's are off by one pixel; and where an
    affine map reaches beyond the picture it is mirrored, where the release has black.
    """
    kind = draws.random()
    if kind >= settings.as_is + settings.no_interpolation:
        return _affine(picture, settings=settings, side=side, draws=draws)
    if kind >= settings.as_is:
        picture = np.rot90(picture, int(draws.integers(4)))
        picture = picture[:, ::-1] if draws.random() < 0.5 else picture
    top, left = (draws.integers(n - side + 1) for n in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def _affine(
    picture: Floats, *, settings: FatherSettings, side: int, draws: np.random.Generator
) -> Floats:
    """Scaled, mirrored, turned, sheared about the middle, in this order, then cropped."""
    height, width = picture.shape[:2]
    scale = settings.least_scale + draws.random() * (1.0 - settings.least_scale)
    difference = draws.normal() * settings.scale_difference
    mirror = -1.0 if draws.random() < 0.5 else 1.0
    shift = [draws.random() * max(0.0, scale * n - side) for n in (width, height)]
    angle = draws.random() * 2.0 * math.pi
    shears = draws.normal(size=2) * settings.shear
    cosine, sine = math.cos(angle), math.sin(angle)
    linear = (
        np.array([[1.0, shears[0]], [shears[1], 1.0]])
        @ np.array([[cosine, sine], [-sine, cosine]])
        @ np.diag([mirror * (scale + difference / 2.0), scale - difference / 2.0])
    )
    middle = np.array([width / 2.0, height / 2.0])
    moving = middle - np.array(shift) - linear @ middle
    warped = cv2.warpAffine(
        np.ascontiguousarray(picture),
        np.hstack([linear, moving[:, None]]),
        (side, side),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.clip(warped.reshape(side, side, -1), 0.0, 1.0).astype(np.float32)
