"""Patches on a grid: they cover the picture, end at its border, and the sharp ones are kept."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.tiles import grid_places, sharpest


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20), st.integers(1, 20))
def test_the_grid_reaches_the_border_and_lies_inside(
    height: int, width: int, side: int, stride: int
) -> None:
    places = grid_places((height, width), side=side, stride=stride)
    assert places == sorted(set(places))
    if min(height, width) < side:
        assert places == []
        return
    for length, starts in zip((height, width), zip(*places, strict=True), strict=True):
        assert min(starts) == 0
        assert max(starts) == length - side
        ordered = sorted(set(starts))
        assert all(b - a <= stride for a, b in pairwise(ordered))
        assert all(start % stride == 0 for start in ordered[:-1])


def test_the_published_cuttings() -> None:
    """Patches of a 1280x720 frame (512, 256), of a DPDD picture (512, 204), of 2040x1404 (480, 240)
    as the authors' loops cut them."""
    assert len(grid_places((720, 1280), side=512, stride=256)) == 2 * 4
    rows = sorted({top for top, _ in grid_places((1120, 1680), side=512, stride=204)})
    columns = sorted({left for _, left in grid_places((1120, 1680), side=512, stride=204)})
    assert rows == [0, 204, 408, 608]
    assert columns == [0, 204, 408, 612, 816, 1020, 1168]
    assert len(grid_places((1404, 2040), side=480, stride=240)) == 5 * 8


def noisy(strengths: list[float]) -> np.ndarray:
    """Patches of 16x16 side by side, each noise of its own strength about grey."""
    noise = np.random.default_rng(7).standard_normal((16, 16 * len(strengths), 1))
    scale = np.repeat(np.array(strengths), 16)[None, :, None]
    deep = np.clip(30_000 + 6_000 * scale * noise, 0, 65_535)
    return np.repeat(deep, 3, axis=2).astype(np.uint16)


def test_the_least_sharp_are_left_out_and_the_order_stays() -> None:
    strengths = [0.9, 0.1, 0.5, 0.05, 0.7, 0.3, 0.8, 0.6, 0.4, 1.0]
    places = grid_places((16, 160), side=16, stride=16)
    kept = sharpest(noisy(strengths), places, side=16, leave_out=0.3)
    assert kept == [place for place, s in zip(places, strengths, strict=True) if s > 0.3]
    assert sharpest(noisy(strengths), places[:3], side=16, leave_out=0.3) == places[:3]


def test_flat_pictures_lose_the_first() -> None:
    places = grid_places((16, 160), side=16, stride=16)
    assert sharpest(noisy([0.0] * 10), places, side=16, leave_out=0.3) == places[3:]
