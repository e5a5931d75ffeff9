"""RealBlur's scores: the output is scaled and warped onto its target before it is compared.

Rim, Lee, Won, Cho: Real-world blur dataset for learning and benchmarking deblurring algorithms,
ECCV 2020; the steps are those of the released evaluation_RealBlur_ecc.py, which Restormer's
evaluate_realblur.py repeats. The homography is found by the enhanced correlation coefficient
(Evangelidis, Psarakis: IEEE TPAMI 30(10), 2008) as OpenCV has it, 100 iterations from the identity.
The release asks for OpenCV 4.2 and scikit-image 0.17 (SSIM in float64): another OpenCV may find the
homography with other last digits.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.ssim import ssim_map

_ITERATIONS = 100
_SMOOTHING = 5  # side of the Gaussian that both pictures are smoothed with, OpenCV's old default
_BORDER = 5  # of the SSIM map that is left out: half of its window

Floats = NDArray[np.float32]


class NotAligned(ValueError):
    """No homography was found. The released script stops there, so there is no official score: the
    picture has none, rather than one that was not aligned."""


def aligned_scores(output: NDArray[Any], target: NDArray[Any]) -> tuple[float, float]:
    """(PSNR, SSIM) over the pixels that the aligned output covers; equal pictures give math.inf, 1.

    output, target: float [H,W,3], 1 is white, at least 11 x 11. PSNR has peak 1 and takes the mean
    square over those pixels; SSIM is scikit-image's Gaussian one, its map weighed by them, per
    channel, then averaged. Raises NotAligned where ECC does not converge, ValueError for other
    arrays.
    """
    _check(output, target)
    target = np.ascontiguousarray(target, np.float32)
    moved, mask = align(output, target)
    moved, kept = moved * mask, target * mask
    covered = float(mask.sum(dtype=np.float64))
    inside = mask[_BORDER:-_BORDER, _BORDER:-_BORDER]
    weights = inside.sum(axis=(0, 1), dtype=np.float64)
    if not weights.all():
        raise NotAligned("the homography that ECC found moves the output off the picture")
    gap = (kept - moved).astype(np.float64)
    error = float((gap * gap).sum()) / covered
    scores = ssim_map(kept, moved, variant="skimage-gauss", peak=1.0) * inside
    ssim = float((scores.sum(axis=(0, 1)) / weights).mean())
    return (math.inf if error == 0.0 else -10.0 * math.log10(error)), ssim


def align(output: NDArray[Any], target: NDArray[Any]) -> tuple[Floats, Floats]:
    """(the output warped onto the target, the mask: 1 where it came from inside): both [H,W,3].

    The output is first scaled by sum(target * output) / sum(output**2). Outside of it the warp
    mirrors, so it is not zero where the mask is. Arguments and errors as in `aligned_scores`.
    """
    _check(output, target)
    output, target = (np.ascontiguousarray(side, np.float32) for side in (output, target))
    power = np.sum(output * output)  # float32, as the release has it
    if power == 0.0:
        raise NotAligned("the output is black: no factor scales it to the target's brightness")
    scaled = (np.sum(target * output) / power) * output
    homography = find_homography(scaled, target)
    height, width = target.shape[:2]
    moved = cv2.warpPerspective(
        scaled,
        homography,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    mask = cv2.warpPerspective(
        np.ones_like(scaled),
        homography,
        (width, height),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(moved, np.float32), np.asarray(mask, np.float32)


def find_homography(output: Floats, target: Floats) -> Floats:
    """[3,3]: the place in the output of each place (x, y, 1) of the target. float32 [H,W,3] each.

    Raises NotAligned where OpenCV gives up: the pictures do not correlate.
    """
    # all iterations: the coefficient's change is never below 0
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, 0.0)
    try:
        _, homography = cv2.findTransformECC(
            cv2.cvtColor(target, cv2.COLOR_RGB2GRAY),
            cv2.cvtColor(output, cv2.COLOR_RGB2GRAY),
            np.eye(3, dtype=np.float32),
            cv2.MOTION_HOMOGRAPHY,
            criteria,
            inputMask=None,  # pyright: ignore[reportArgumentType, reportCallIssue]
            gaussFiltSize=_SMOOTHING,
        )
    except cv2.error as error:
        raise NotAligned(
            f"ECC found no homography from the output onto the target ({error.err}); the official "
            "evaluation stops there: look whether the two show the same scene"
        ) from error
    return np.asarray(homography, np.float32)


def _check(output: NDArray[Any], target: NDArray[Any]) -> None:
    found = f"{output.dtype} of shape {output.shape} and {target.dtype} of shape {target.shape}"
    if output.shape != target.shape or output.ndim != 3 or output.shape[2] != 3:
        raise ValueError(f"RealBlur's scores take two pictures [H,W,3] of one size, got {found}")
    if output.dtype.kind != "f" or target.dtype.kind != "f":
        raise ValueError(f"RealBlur's scores take floats, 1 is white, got {found}")
    if min(output.shape[:2]) <= 2 * _BORDER:
        raise ValueError(f"RealBlur's scores take pictures of 11 x 11 or more, got {found}")
    if not (np.isfinite(output).all() and np.isfinite(target).all()):
        raise ValueError(f"RealBlur's scores: NaN or infinite samples in {found}")
