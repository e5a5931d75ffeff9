"""Ordered dithering and error diffusion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from degrade.apply import apply_steps, apply_together
from degrade.operators.dither import dither_diffused, dither_ordered


def test_bayer_matrices_are_the_published_ones() -> None:
    """Two levels of a value v: a pixel is white where v >= (s^2 - 1/2 - M) / s^2, which reads M."""
    published = {
        2: [[0, 2], [3, 1]],
        4: [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]],
    }
    for side, matrix in published.items():
        count = side * side
        values = (torch.arange(count, dtype=torch.float64) + 1.0) / count - 0.4 / count
        images = values[:, None, None, None].expand(count, 1, side, side)
        made = dither_ordered(images, levels=(2,) * count, side=(side,) * count)
        np.testing.assert_array_equal(count - made.sum(0)[0], count - 1 - np.array(matrix) + 0.0)


@settings(max_examples=30, deadline=None)
@given(levels=st.integers(2, 256), side=st.sampled_from([1, 2, 4, 8, 16]), value=st.floats(0, 1))
def test_ordered_keeps_the_mean_within_a_threshold(levels: int, side: int, value: float) -> None:
    images = torch.full((1, 1, 16, 16), value, dtype=torch.float64)
    made = dither_ordered(images, levels=(levels,), side=(side,)) * (levels - 1)
    assert abs(float(made.mean()) - value * (levels - 1)) <= 0.5 / side**2 + 1e-9
    assert float(made.max() - made.min()) <= 1.0 + 1e-9
    torch.testing.assert_close(made, made.round(), rtol=0, atol=1e-9)


def test_a_side_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(ValueError, match="side 6; allowed are 1, 2, 4, 8 and 16"):
        dither_ordered(torch.zeros(1, 1, 4, 4), levels=(2,), side=(6,))


def test_diffusion_by_hand() -> None:
    """Two levels. 0.6 -> 1, error -0.4: ahead -0.175, below -0.125, below ahead -0.025."""
    picture = np.array([[[0.6, 0.6], [0.6, 0.6]]], np.float32)
    # y0 x1: 0.6 - 0.175 = 0.425 -> 0, error 0.425: below behind +0.0796875, below +0.1328125
    # y1 x0: 0.6 - 0.125 + 0.0796875 = 0.5546875 -> 1, error -0.4453125: ahead -0.19482
    # y1 x1: 0.6 - 0.025 + 0.1328125 - 0.19482 = 0.51299 -> 1
    made = dither_diffused(picture, levels=2, scan="raster")
    np.testing.assert_array_equal(made, [[[1, 0], [1, 1]]])
    # serpentine, row 1 from the right. x1: 0.6 - 0.025 + 0.1328 = 0.7078 -> 1, ahead -0.1278
    # x0: 0.6 - 0.125 + 0.0797 - 0.1278 = 0.4269 -> 0
    made = dither_diffused(picture, levels=2, scan="serpentine")
    np.testing.assert_array_equal(made, [[[1, 0], [0, 1]]])


@settings(max_examples=20, deadline=None)
@given(levels=st.integers(2, 64), value=st.floats(0, 1), scan=st.sampled_from(["raster",
       "serpentine"]))  # fmt: skip
def test_diffusion_keeps_the_mean(levels: int, value: float, scan: str) -> None:
    """What leaves the picture at its rim is lost: at most half a step for each of its pixels."""
    picture = np.full((1, 64, 64), value, np.float32)
    made = dither_diffused(picture, levels=levels, scan=scan) * (levels - 1)
    assert abs(float(made.mean()) - value * (levels - 1)) <= 0.5 * 4 / 64
    np.testing.assert_allclose(made, np.rint(made), rtol=0, atol=1e-4)


def test_diffusion_leaves_its_input_alone_and_clips() -> None:
    picture = np.linspace(-1, 2, 75, dtype=np.float32).reshape(3, 5, 5)
    before = picture.copy()
    made = dither_diffused(picture, levels=3, scan="raster")
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(made, dither_diffused(picture.clip(0, 1), levels=3,
                                                        scan="raster"))  # fmt: skip
    assert set(np.unique(made)) == {0.0, 0.5, 1.0}


def test_a_ragged_canvas_changes_nothing() -> None:
    make = torch.Generator().manual_seed(0)
    pictures = [torch.rand(3, h, w, generator=make) for h, w in ((7, 19), (12, 5), (4, 20))]
    steps = [
        [
            {"operator": "dither_ordered", "levels": 40 + b, "side": (4, 2, 8)[b]},
            {"operator": "dither_diffused", "levels": 2 + b, "scan": "raster"},
        ]
        for b in range(3)
    ]
    for one, other in zip(
        apply_steps(pictures, steps), apply_together(pictures, steps), strict=True
    ):
        assert torch.equal(one, other)
