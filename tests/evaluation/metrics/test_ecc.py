"""evaluation.metrics.ecc: the released steps, one by one, and what they are for."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from evaluation.metrics.ecc import NotAligned, align, aligned_scores, find_homography
from evaluation.metrics.fidelity import psnr

Picture = NDArray[np.float32]
# from the target's places to the output's: turned, widened, moved, slightly tilted
HOMOGRAPHY = np.array([[1.002, 0.003, 2.4], [-0.002, 0.999, -1.7], [1e-6, -2e-6, 1.0]], np.float32)


def scene() -> Picture:
    """A photograph, a little smoothed, so that a warp loses next to nothing: [160,200,3]."""
    photo = skimage.data.astronaut()[20:180, 120:320].astype(np.float32) / 255
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 1.0), np.float32)


def moved(target: Picture, homography: NDArray[Any] = HOMOGRAPHY) -> Picture:
    """What align must undo: place H(x) of it shows place x of the target."""
    height, width = target.shape[:2]
    made = cv2.warpPerspective(
        target, homography, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(made, np.float32)


def released(z: Picture, x: Picture) -> tuple[float, float, NDArray[Any]]:
    """PSNR, SSIM and homography by the steps of evaluation_RealBlur_ecc.py in plain calls."""
    scaled = (x * z).sum() / (z * z).sum() * z
    gray = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (x, scaled)]
    find: Any = cv2.findTransformECC  # its annotations have no inputMask of None
    _, found = find(
        gray[0], gray[1], np.eye(3, dtype=np.float32), cv2.MOTION_HOMOGRAPHY,
        (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 0), inputMask=None,
        gaussFiltSize=5,
    )  # fmt: skip
    size, back = (x.shape[1], x.shape[0]), cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(
        scaled, found, size, flags=cv2.INTER_CUBIC + back, borderMode=cv2.BORDER_REFLECT
    )
    mask = cv2.warpPerspective(np.ones_like(z), found, size, flags=cv2.INTER_NEAREST + back)
    x, warped = x * mask, np.asarray(warped) * mask
    error = ((x - warped) ** 2).sum(dtype=np.float64) / mask.sum()
    # version 0.17 of scikit-image, which the release asks for, computes in float64
    full = structural_similarity(
        x.astype(np.float64), warped.astype(np.float64), channel_axis=2, gaussian_weights=True,
        use_sample_covariance=False, data_range=1.0, full=True,
    )[1]  # fmt: skip
    inner, covered = (p[5:-5, 5:-5] for p in (full * mask, mask))
    ssim = np.mean(inner.sum(axis=(0, 1)) / covered.sum(axis=(0, 1)))
    return 10 * math.log10(1 / error), float(ssim), np.asarray(found)


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_equals_the_released_steps(noise: float) -> None:
    target = scene()
    output = moved(target) * np.float32(0.8)
    output += np.random.default_rng(0).normal(0, noise, output.shape).astype(np.float32)
    psnr_made, ssim_made = aligned_scores(output, target)
    psnr_want, ssim_want, _ = released(output, target)
    # they square float32 differences in float32
    assert psnr_made == pytest.approx(psnr_want, abs=1e-6)
    assert ssim_made == pytest.approx(ssim_want, abs=1e-9)


def test_far_shifts_leave_much_uncovered_which_does_not_count() -> None:
    target = scene()
    far = np.array([[1, 0, 18], [0, 1, -14], [0, 0, 1]], np.float32)
    output = moved(target, far)
    output += np.random.default_rng(1).normal(0, 0.05, output.shape).astype(np.float32)
    made, want = aligned_scores(output, target), released(output, target)[:2]
    assert made[0] == pytest.approx(want[0], abs=1e-6)
    assert made[1] == pytest.approx(want[1], abs=1e-9)


def test_a_homography_is_recovered() -> None:
    target = scene()
    found = find_homography(moved(target), target)
    corners = np.array([[[10, 10], [190, 10], [190, 150], [10, 150]]], np.float32)
    want, made = (cv2.perspectiveTransform(corners, h) for h in (HOMOGRAPHY, found))
    # ECC finds it to a tenth of a pixel or so: it smooths by 5 and meets mirrored edges
    assert np.abs(made - want).max() < 0.15
    assert np.abs(corners - want).max() > 1.5, "there was nothing to find"


def test_aligned_scores_are_higher_and_brightness_does_not_count() -> None:
    target = scene()
    output = moved(target)
    before = psnr(output, target, peak=1.0)
    after, ssim = aligned_scores(output, target)
    assert after > before + 6.0 and ssim > 0.97
    dim, ssim_dim = aligned_scores(output * np.float32(0.5), target)
    assert dim == pytest.approx(after, abs=1e-3) and ssim_dim == pytest.approx(ssim, abs=1e-5)


def test_only_covered_pixels_count() -> None:
    target = scene()
    shift = np.array([[1, 0, 4], [0, 1, 0], [0, 0, 1]], np.float32)
    aligned, mask = align(moved(target, shift), target)
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert not mask[:, -3:].any() and mask[10:-10, :-6].all(), "the right 4 columns were lost"
    assert aligned[:, -3:].any(), "the warp mirrors there"


def test_equal_pictures_are_infinitely_good() -> None:
    assert aligned_scores(scene(), scene()) == (math.inf, 1.0)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (np.zeros_like(scene()), "black: no factor"),
        (np.full_like(scene(), 0.5), "no homography .* the official evaluation stops"),
        (1 - scene(), "no homography .* show the same scene"),
    ],
)
def test_what_cannot_be_aligned_has_no_score(output: Picture, said: str) -> None:
    with pytest.raises(NotAligned, match=said):
        aligned_scores(output, scene())
    assert issubclass(NotAligned, ValueError)


@pytest.mark.parametrize(
    ("output", "target", "said"),
    [
        (scene(), scene()[1:], r"\(160, 200, 3\).*\(159, 200, 3\)"),
        (scene()[..., :1], scene()[..., :1], r"\[H,W,3\]"),
        (scene().astype(np.uint8), scene(), "take floats"),
        (scene()[:10], scene()[:10], "11 x 11 or more"),
        (scene() * np.nan, scene(), "NaN"),
    ],
)
def test_wrong_use_says_what_is_allowed(output: Picture, target: Picture, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        aligned_scores(output, target)
    assert not isinstance(caught.value, NotAligned)
