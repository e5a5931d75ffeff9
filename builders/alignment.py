"""Whether a render and a retouched target show the same picture, pixel on pixel.

A retouch changes tone, colour, local contrast and the corners' brightness, never where an edge is.
So edges are compared: the gradient magnitude of log luma, divided by its local mean, which a tone
curve, a white balance, a vignette or a black-and-white conversion leaves nearly as it was.

Measured on 81 photographs (MSEC inputs, BSDS, night pictures, scikit-image's), at a long side of
512, between a picture and 17 strong retouches of it (gamma 0.45 and 2.2, S-curve, 2 stops up
and down, vignettes of 80 %, black and white through luma and through red, saturation x2.2, white
balance, swapped channels, sharpening, CLAHE, denoising, noise of 0.03, several at once):
                                 greatest shift, pixels    correlation
  17 retouches                   at most 1.41              0.44 to 1.00
  moved by 2 px                  at least 1.72             0.24 to 0.96
  moved by 3 px                  at least 2.88             0.15 to 0.92
  turned by 1 degree             at least 2.07             0.25 to 0.88
  zoomed by 2 %                  at least 2.58             0.11 to 0.73
  zoomed by 5 %                  at least 1.09             0.00 to 0.48
  mirrored                       at least 0.77            -0.04 to 0.66
  turned by 180 degrees          at least 8.87            -0.06 to 0.57
  another scene                  at least 11.4            -0.03 to 0.10
With the bounds below every retouch passes, everything moved by 3 px and more, turned, zoomed,
mirrored or of another scene fails, except one picture that is its own mirror image (a retina).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from builders.drops import Drop
from degrade.images import Picture

# Pixels at the measured size: above the retouches' 1.41 (next 0.78), below a turn of 1 degree.
MAX_SHIFT = 1.75
# Between the retouches' least (0.44) and another scene's most (0.10), with room on both sides.
MIN_CORRELATION = 0.3
# Long side of the comparison; 1 px of it is 8 px of a 12 megapixel picture.
MEASURED_SIDE = 512
# A quarter of the frame counts when its phase correlation peaks above this (a perfect match: 1).
# Quarters of plain sky have no peak, and what little they have is noise.
CLEAR_PEAK = 0.4

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709 luma
_LOG_FLOOR = np.float32(4.0 / 255.0)  # about the noise of a dark 8-bit picture
_FLAT_FLOOR = np.float32(0.003)  # gradient of log luma below which a region counts as flat
_SMALLEST_SIDE = 32  # a shorter side gives phase correlation too few samples


@dataclass(frozen=True)
class Alignment:
    """How a target lies on its render.

    shift: (dy, dx) in pixels at the measured size, positive where the target's content lies
        further down and right: the greatest of the frame's own shift and those of its four
        quarters that match clearly (a turn or a zoom moves only the quarters).
    correlation: -1..1, of the two edge pictures as they lie; 0 where one has no edges at all.
    """

    shift: tuple[float, float]
    correlation: float


def measure(render: Picture, target: Picture) -> Alignment:
    """Compares two sRGB pictures [H,W,3], uint8 or uint16, of one size.

    Both are reduced (never enlarged) to a long side of 512 by area averaging. Phase correlation
    (Kuglin and Hines 1975; OpenCV's, under a Hann window) gives the shifts, the normalised
    correlation of the edge pictures the rest. Errors: ValueError for another shape or unequal
    sizes.
    """
    if render.ndim != 3 or render.shape[2] != 3 or render.shape != target.shape:
        raise ValueError(
            f"pictures of {list(render.shape)} and {list(target.shape)}: two [H,W,3] of one size "
            "are needed"
        )
    ours, theirs = _edges(render), _edges(target)
    height, width = ours.shape
    dy, dx, _ = _phase(ours, theirs)
    shifts = [(dy, dx)]
    half = (height // 2, width // 2)
    if min(half) >= _SMALLEST_SIDE:
        for top in (0, height - half[0]):
            for left in (0, width - half[1]):
                window = np.s_[top : top + half[0], left : left + half[1]]
                dy, dx, peak = _phase(ours[window], theirs[window])
                if peak >= CLEAR_PEAK:
                    shifts.append((dy, dx))
    return Alignment(max(shifts, key=lambda shift: math.hypot(*shift)), _correlate(ours, theirs))


def check(
    render: Picture,
    target: Picture,
    *,
    name: str,
) -> Alignment:
    """Lets an aligned pair pass, with its measurement, or raises a Drop.

    name: the target, for the message. Drop('target-size') where the shapes differ;
    Drop('misaligned') where the shift is above MAX_SHIFT or the correlation below MIN_CORRELATION.
    """
    if render.shape != target.shape:
        turned = render.shape[:2] == target.shape[1::-1]
        raise Drop(
            "target-size",
            f"{name}: the target is {_size(target)} and the render {_size(render)} (height x "
            f"width){', turned by 90 degrees' if turned else ''}; both must be the whole frame of "
            "the RAW, upright and uncropped",
        )
    alignment = measure(render, target)
    shift = math.hypot(*alignment.shift)
    if alignment.correlation < MIN_CORRELATION:
        raise Drop(
            "misaligned",
            f"{name}: correlation of edges between target and render is "
            f"{alignment.correlation:.3f}, below the bound {MIN_CORRELATION:g}: it shows something "
            "else, or is cropped, mirrored or turned",
        )
    if shift > MAX_SHIFT:
        raise Drop(
            "misaligned",
            f"{name}: target and render are shifted by {shift:.2f} px at a long side of "
            f"{MEASURED_SIDE}, above the bound {MAX_SHIFT:g}: the target is cropped, straightened "
            "or zoomed",
        )
    return alignment


def _size(picture: NDArray[Any]) -> str:
    return "x".join(str(side) for side in picture.shape[:2])


def _edges(picture: NDArray[Any]) -> NDArray[np.float32]:
    """[h,w] float32: gradient magnitude of log luma over its mean within about 16 px."""
    top = np.float32(255.0 if picture.dtype == np.uint8 else 65535.0)
    height, width = picture.shape[:2]
    scale = MEASURED_SIDE / max(height, width)
    if scale < 1.0:
        size = (max(2, round(width * scale)), max(2, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    log_luma = np.log((picture.astype(np.float32) / top) @ _LUMA + _LOG_FLOOR)
    smooth = cv2.GaussianBlur(log_luma, (0, 0), 1.0)  # sigma 1: noise down, edges kept to 1 px
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1.0 / 8.0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1.0 / 8.0)
    magnitude = np.hypot(across, down).astype(np.float32, copy=False)
    return magnitude / np.asarray(
        cv2.GaussianBlur(magnitude, (0, 0), 16.0) + _FLAT_FLOOR, np.float32
    )


def _correlate(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    a, b = ours - ours.mean(), theirs - theirs.mean()
    power = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / power if power > 0.0 else 0.0


def _phase(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> tuple[float, float, float]:
    """(dy, dx, height of the peak); (0, 0, 0) where one of them has no edges."""
    height, width = ours.shape
    if min(height, width) < 2 or not (np.ptp(ours) and np.ptp(theirs)):
        return 0.0, 0.0, 0.0
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    # An odd size would put the zero shift between two bins, half a pixel off.
    below, right = (2 * cv2.getOptimalDFTSize((n + 1) // 2) - n for n in (height, width))
    padded = [
        cv2.copyMakeBorder((f - f.mean()) * window, 0, below, 0, right, cv2.BORDER_CONSTANT)
        for f in (ours, theirs)
    ]
    (dx, dy), peak = cv2.phaseCorrelate(*padded)
    return dy, dx, peak
