"""evaluation.metrics.lightness: LOE by brute force, by hand, and what an order does not see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from degrade.resize import resize_matlab
from evaluation.metrics.lightness import READINGS, loe

SETTINGS = settings(max_examples=30, deadline=None)
Bytes = NDArray[np.uint8]


def brute(a: Bytes, b: Bytes) -> float:
    """The paper's double sum over two small lightness pictures."""
    x, y = a.ravel(), b.ravel()
    differ = (x[:, None] >= x[None, :]) ^ (y[:, None] >= y[None, :])
    return float(differ.sum(axis=1).mean())


def thinned(picture: Bytes, side: int, reading: str) -> Bytes:
    light = picture.max(axis=2)
    height, width = light.shape
    if reading == "npe":
        ratio = side / min(height, width)
        size = (math.floor(height * ratio + 0.5), math.floor(width * ratio + 0.5))  # half up
        return resize_matlab(light, size=size)
    rows = [int(np.floor(i * (height - 1) / max(side - 1, 1) + 0.5)) for i in range(side)]
    columns = [int(np.floor(i * (width - 1) / max(side - 1, 1) + 0.5)) for i in range(side)]
    return light[rows][:, columns]


def pictures(seed: int, shape: tuple[int, ...], levels: int) -> tuple[Bytes, Bytes]:
    random = np.random.default_rng(seed)
    a, b = (random.integers(0, levels, shape, dtype=np.uint8) * (255 // levels) for _ in range(2))
    return a, b


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.sampled_from([8, 21, 40]),
    width=st.sampled_from([8, 24, 60]),
    levels=st.sampled_from([2, 5, 255]),
    side=st.sampled_from([1, 5, 8, 20]),
    reading=st.sampled_from(list(READINGS)),
)
def test_equals_the_double_sum(
    seed: int, height: int, width: int, levels: int, side: int, reading: str
) -> None:
    a, b = pictures(seed, (height, width, 3), levels)
    want = brute(thinned(a, side, reading), thinned(b, side, reading))
    assert loe(a, b, side=side, reading=reading) == pytest.approx(want, rel=1e-12)
    assert loe(a, b, side=side, reading=reading) == loe(b, a, side=side, reading=reading)
    assert loe(a, a, side=side, reading=reading) == 0.0


def test_by_hand() -> None:
    # L = 1 2 / 3 4 against 2 1 / 3 4: the pair (1, 2) stands the other way round, from both sides
    a = np.array([[1, 2], [3, 4]], np.uint8)[..., None]
    b = np.array([[2, 1], [3, 4]], np.uint8)[..., None]
    assert loe(a, b, side=2) == 2 / 4
    # all four pairs of the reversed order, from both sides: 12 of 16, over 4 places
    assert loe(a, 5 - a, side=2) == 12 / 4
    # equal levels are >= each other both ways; against distinct ones each pair differs once
    assert loe(a, np.zeros_like(a), side=2) == 6 / 4


@pytest.mark.parametrize("reading", READINGS)
def test_only_the_order_of_the_largest_channel_counts(reading: str) -> None:
    a = pictures(0, (100, 100, 3), 255)[0] // 3  # as large as its thinned self: nothing is mixed
    brighter = (a.astype(float) * 2 + 3).astype(np.uint8)
    assert loe(brighter, a, reading=reading) == 0.0
    other = a.copy()
    other[..., 1] = np.minimum(a[..., 1], a.max(axis=2) // 2)
    other[..., 0], other[..., 2] = a.max(axis=2), a[..., 2]
    assert loe(other, a, reading=reading) == 0.0
    # reversed: all of the 10,000 places but those of an equal level
    assert 9500 < loe(255 - np.repeat(a.max(axis=2)[..., None], 3, 2), a, reading=reading) < 10000


def test_floats_are_compared_in_8_bits() -> None:
    a, b = pictures(1, (50, 60, 3), 255)
    assert loe(a / 255, (b / 255).astype(np.float32)) == loe(a, b)
    assert loe(a.astype(np.uint16) * 257, b) == loe(a, b)


GRAY = np.zeros((20, 20, 3), np.uint8)


@pytest.mark.parametrize(
    ("output", "options", "said"),
    [
        (GRAY[:10], {}, r"one size, got output \(10, 20, 3\) and reference \(20, 20, 3\)"),
        (GRAY[..., 0], {}, r"the output is \(20, 20\)"),
        (np.full((20, 20, 3), np.nan), {}, "the output of shape .* NaN"),
        (GRAY, {"side": 0}, "side 0: 1 or more"),
        (GRAY, {"reading": "paper"}, "'paper': one of lime, npe"),
    ],
)
def test_wrong_use_says_what_is_allowed(
    output: NDArray[Any], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        loe(output, GRAY, **options)
