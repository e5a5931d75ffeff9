"""evaluation.metrics.fidelity: exact for integers, in one order for floats, and nothing hidden."""

from __future__ import annotations

import csv
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics.fidelity import mae, mse, psnr, rmse

SETTINGS = settings(max_examples=60, deadline=None)  # the first call compiles
SHAPES = st.sampled_from([(1,), (31,), (32,), (97,), (5, 7), (12, 13, 3), (64, 33, 1)])


@SETTINGS
@given(st.integers(0, 2**32 - 1), SHAPES, st.sampled_from(["uint8", "uint16"]))
def test_integers_are_exact(seed: int, shape: tuple[int, ...], dtype: str) -> None:
    random, top = np.random.default_rng(seed), np.iinfo(dtype).max
    a, b = (random.choice(np.array([0, 1, top // 2, top], dtype), shape) for _ in range(2))
    gaps = [int(x) - int(y) for x, y in zip(a.ravel(), b.ravel(), strict=True)]
    assert mse(a, b) == float(Fraction(sum(gap * gap for gap in gaps), len(gaps)))
    assert mae(a, b, peak=top) == pytest.approx(
        float(Fraction(sum(map(abs, gaps)), len(gaps) * int(top))), rel=1e-15
    )


def test_large_sums_do_not_wrap() -> None:
    for dtype in (np.uint8, np.uint16):
        top = int(np.iinfo(dtype).max)
        a, b = np.zeros((1100, 1000, 3), dtype), np.full((1100, 1000, 3), top, dtype)
        assert mse(a, b) == mse(b, a) == top**2
        assert mae(a, b, peak=top) == mae(b, a, peak=top) == 1.0
        assert rmse(a, b) == top
        assert psnr(a, b, peak=top) == 0.0


@SETTINGS
@given(st.integers(0, 2**32 - 1), SHAPES, st.sampled_from(["float16", "float32", "float64"]))
def test_floats_are_summed_in_float64(seed: int, shape: tuple[int, ...], dtype: str) -> None:
    random = np.random.default_rng(seed)
    a, b = (random.normal(0.5, 1.0, shape).astype(dtype) for _ in range(2))
    gap = a.astype(np.float64) - b.astype(np.float64)
    # another order of the same sum: some roundings of 2**-53 each
    assert mse(a, b) == pytest.approx(float(np.mean(gap**2)), rel=1e-13)
    assert mae(a, b, peak=2.0) == pytest.approx(float(np.mean(abs(gap))) / 2, rel=1e-13)
    assert mse(a, b) == mse(b, a)


def test_float32_and_float64_may_meet() -> None:
    a = np.random.default_rng(0).random((9, 9))
    b = a.astype(np.float32)
    assert mse(a, b) == mse(a, b.astype(np.float64)) > 0


def test_psnr_by_hand() -> None:
    a = np.zeros((10, 10, 3), np.uint8)
    b = a.copy()
    b[0, 0, 0] = 30  # 900 / 300 = 3
    assert psnr(a, b, peak=255.0) == pytest.approx(10 * math.log10(65025 / 3), abs=1e-12)
    assert rmse(a, b) == math.sqrt(3.0)
    assert mae(a, b, peak=255.0) == pytest.approx(0.1 / 255)
    assert psnr(a / 255, b / 255, peak=1.0) == pytest.approx(psnr(a, b, peak=255.0), abs=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_equal_pictures_are_infinitely_good(dtype: str) -> None:
    a = np.random.default_rng(1).integers(0, 200, (8, 8, 3)).astype(dtype)
    assert psnr(a, a.copy(), peak=255.0) == math.inf
    assert mse(a, a) == mae(a, a, peak=255.0) == rmse(a, a) == 0.0


def test_views_count_like_copies() -> None:
    random = np.random.default_rng(2)
    a, b = (random.integers(0, 256, (40, 50, 3), dtype=np.uint8) for _ in range(2))
    inner = (slice(4, -4), slice(3, -5))
    assert mse(a[inner], b[inner]) == mse(a[inner].copy(), b[inner].copy())
    assert mse(a[..., ::-1], b[..., ::-1]) == mse(a, b)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8), r"\(4, 4\).*\(4, 5\)"),
        (np.zeros((4, 4, 1), np.uint8), np.zeros((4, 4), np.uint8), r"\(4, 4, 1\).*\(4, 4\)"),
        (np.zeros((0, 4)), np.zeros((0, 4)), "not empty"),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4)), "uint8 of shape .* float64"),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint16), "both uint8"),
        (np.zeros((4, 4), np.int64), np.zeros((4, 4), np.int64), "int64"),
        (np.full((4, 4), np.nan), np.zeros((4, 4)), r"\(4, 4\).*16 in the first, 0 in the second"),
        (np.zeros((4, 4)), np.full((4, 4), np.inf), "0 in the first, 16 in the second"),
    ],
)
def test_what_cannot_be_compared_is_named(a: Any, b: Any, said: str) -> None:
    for score in (mse, rmse, lambda x, y: psnr(x, y, peak=1.0), lambda x, y: mae(x, y, peak=1.0)):
        with pytest.raises(ValueError, match=said):
            score(a, b)


@pytest.mark.parametrize("peak", [0.0, -1.0, math.nan, math.inf])
def test_peak_is_checked(peak: float) -> None:
    a, b = np.zeros((2, 2)), np.ones((2, 2))
    for score in (psnr, mae):
        with pytest.raises(ValueError, match="peak must be finite and above 0"):
            score(a, b, peak=peak)


def test_official_values(testdata: Path) -> None:
    """TID2013 pairs with the figures that IQA-PyTorch keeps, printed to two decimals."""
    with (testdata / "iqa/official.csv").open(newline="") as lines:
        rows = {row.pop("metric"): row for row in csv.DictReader(lines)}
    assert len(rows["psnr"]) == 3
    for name, value in rows["psnr"].items():
        a, b = (cv2.imread(str(testdata / "iqa" / side / name)) for side in ("ref", "dist"))
        assert a is not None and b is not None
        assert psnr(a, b, peak=255.0) == pytest.approx(float(value), abs=0.005)
