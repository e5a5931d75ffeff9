"""Screens: which pictures and patches are too dark, too bright or too flat to learn from.

The rules and bounds are those of Afifi et al., "Learning Multi-Scale Photo Exposure Correction",
CVPR 2021, as their published patch extraction applies them to the target (not to the input).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from builders.drops import Drop
from degrade.images import Picture

# MATLAB's rgb2gray: the luma row of the inverse of its YIQ-to-RGB matrix, printed 0.2989 R +
# 0.5870 G + 0.1140 B in the documentation.
RGB2GRAY = (0.298936021293775, 0.587043074451121, 0.114020904255103)


@dataclass(frozen=True)
class Screens:
    """The bounds; a picture passes at the bound itself.

    dark: least sum of R+G+B over the number of pixels, so 0..3, not 0..1 (0.02 is a mean of
        0.0067). bright: greatest mean over pixels and channels, 0..1. flat: least mean gradient
        magnitude of the grey picture, see `measure_gradient`.
    The defaults are the authors'; the neutral values 0, 1 and 0 switch a screen off.
    """

    dark: float = 0.02
    bright: float = 0.98
    flat: float = 0.06

    def __post_init__(self) -> None:
        for name, value, top in (("dark", self.dark, 3.0), ("bright", self.bright, 1.0)):
            if not 0.0 <= value <= top:
                raise ValueError(f"screen {name} is {value}: a bound within 0..{top:g} is needed")
        if not (math.isfinite(self.flat) and self.flat >= 0.0):
            raise ValueError(f"screen flat is {self.flat}: a finite bound of at least 0 is needed")


AFIFI = Screens()


def _unit(picture: Picture) -> NDArray[np.float64]:
    if picture.dtype not in (np.uint8, np.uint16) or picture.ndim != 3 or picture.shape[2] != 3:
        raise TypeError(
            f"a screen takes RGB [h,w,3] of uint8 or uint16, got {picture.dtype} "
            f"{list(picture.shape)}"
        )
    return picture / float(np.iinfo(picture.dtype).max)


def measure_gradient(picture: Picture) -> float:
    """Mean gradient magnitude of the grey picture, the way MATLAB's imgradient reads it.

    picture: RGB [h,w,3], scaled to 0..1, made grey by rgb2gray (on the encoded values), then
    imgradient's default: Sobel kernels [1 2 1; 0 0 0; -1 -2 -1] that are NOT normalised (a unit
    step gives 4), borders replicated, sqrt(gx^2 + gy^2), and the mean over all pixels. The
    authors write sum(Gmag(:)) / length(Gmag(:)); length() of that column is the number of pixels,
    not the patch's side.
    """
    gray = _unit(picture) @ np.asarray(RGB2GRAY)
    across = cv2.Sobel(gray, cv2.CV_64F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(gray, cv2.CV_64F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    return float(np.hypot(across, down).mean())


def screen(picture: Picture, *, limits: Screens = AFIFI) -> None:
    """Lets a picture or patch pass or raises Drop('too-dark' | 'too-bright' | 'too-flat').

    picture: RGB [h,w,3] uint8 or uint16, sRGB. The screens are tried in the order dark, bright,
    flat; the message holds the measured value and its bound.
    """
    mean = float(_unit(picture).mean())
    if 3.0 * mean < limits.dark:
        raise Drop(
            "too-dark",
            f"the picture: sum of R+G+B per pixel is {3.0 * mean:.4f} (of 3), below the screen's "
            f"bound {limits.dark:g}",
        )
    if mean > limits.bright:
        raise Drop(
            "too-bright",
            f"the picture: mean is {mean:.4f}, above the screen's bound {limits.bright:g}",
        )
    # The gradient costs ten times the mean: it is not taken where its screen is off.
    gradient = measure_gradient(picture) if limits.flat > 0.0 else math.inf
    if gradient < limits.flat:
        raise Drop(
            "too-flat",
            f"the picture: mean Sobel gradient is {gradient:.4f}, below the screen's bound "
            f"{limits.flat:g}",
        )
