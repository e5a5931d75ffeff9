"""Random motion kernels: what their published laws promise, whatever the seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from degrade.motion import shake_kernel, walk_kernel

seeds = st.integers(0, 2**32 - 1)


def covariance(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    y, x = np.indices(kernel.shape)
    y, x = y - (kernel * y).sum(), x - (kernel * x).sum()
    return np.array([[(kernel * a * b).sum() for a in (x, y)] for b in (x, y)])


@given(seed=seeds, half=st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_kernels_are_functions_of_their_seed_that_sum_to_one(seed: int, half: int) -> None:
    size = 2 * half + 1
    for make in (walk_kernel, shake_kernel):
        kernel = make(seed, size=size)
        assert kernel.shape == (size, size) and kernel.dtype == np.float64
        assert kernel.min() >= 0.0 and kernel.sum() == pytest.approx(1.0, abs=1e-12)
        np.testing.assert_array_equal(make(seed, size=size), kernel)
        if size > 5:
            assert not np.array_equal(make((seed + 1) % 2**32, size=size), kernel)


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_without_anxiety_the_shake_is_a_straight_line_of_its_length(seed: int) -> None:
    along, across = np.linalg.eigvalsh(
        covariance(shake_kernel(seed, size=85, length=60.0, anxiety=0.0))
    )[::-1]
    # The bilinear marks add at most 1/4 px squared; half the line has a quarter of the variance.
    assert along == pytest.approx(60.0**2 / 12, abs=0.6)
    assert across < 0.26
    short = shake_kernel(seed, size=85, length=60.0, anxiety=0.0, exposure=0.5)
    assert np.linalg.eigvalsh(covariance(short))[1] == pytest.approx(30.0**2 / 12, abs=0.6)


@given(seed=seeds, anxiety=st.sampled_from([0.0, 0.005, 0.1]))
@settings(max_examples=15, deadline=None)
def test_exposures_of_one_path_lie_over_each_other(seed: int, anxiety: float) -> None:
    seen = [
        exposure * shake_kernel(seed, size=65, anxiety=anxiety, exposure=exposure)
        for exposure in (0.01, 0.1, 0.5, 1.0)
    ]
    for shorter, longer in pairwise(seen):
        # A path of 2000 samples counts 1999 steps at full exposure: weights agree to 1/2000.
        assert (shorter <= longer * (1 + 1e-3) + 1e-9).all()


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_the_box_of_a_shake_is_centred_within_a_pixel(seed: int) -> None:
    kernel = shake_kernel(seed, size=85, anxiety=0.01)
    for axis in (0, 1):
        marked = np.flatnonzero(kernel.sum(axis) > 0)
        assert abs((marked[0] + marked[-1]) / 2 - 42) <= 1.5


def test_more_anxiety_makes_smaller_blurs() -> None:
    spread = [
        np.mean([np.trace(covariance(shake_kernel(s, anxiety=a))) for s in range(30)])
        for a in (0.0, 0.005, 0.1)
    ]
    assert spread[0] > spread[1] > spread[2]


def test_a_path_of_no_length_is_the_identity_and_small_sizes_hold_it() -> None:
    still = shake_kernel(3, size=9, length=0.0)
    assert still[4, 4] == 1.0 and still.sum() == 1.0
    assert shake_kernel(3, size=1).tolist() == walk_kernel(3, size=1).tolist() == [[1.0]]


def test_walks_have_the_published_sides() -> None:
    """Sides are 5 - ln(U)/.15, at most 27 and odd; the box is in the middle of a larger size."""
    sides = []
    for seed in range(300):
        kernel = walk_kernel(seed, size=91)
        marked = np.flatnonzero(kernel.sum(0) > 0)
        sides.append(2 * int(np.abs(marked - 45).max()) + 1)
    # One in four is stretched or replaced by a Gaussian, most of those beyond 27 px.
    sides = [side for side in sides if side <= 27]
    assert 210 < len(sides) < 280
    # P(5 - ln(U)/.15 > 13.5) = exp(-.15 * 8.5) = .28, and the tenth that is stretched to at most 27
    # px nearly always; rates of .2 and .1 instead of .15 give .28 and .46.
    assert 0.30 < np.mean(np.array(sides) >= 15) < 0.45
    assert max(sides) == 27
