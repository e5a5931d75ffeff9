"""Means with intervals, paired tests: laws, known small cases, SciPy, coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from evaluation.runs.statistics import Interval, mean_interval, paired

SCORES = st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=30)


def draws(count: int, *, seed: int = 3) -> np.ndarray:
    """Skewed values, of mean 2."""
    return np.random.Generator(np.random.PCG64(seed)).gamma(2.0, 1.0, count)


def ends(interval: Interval) -> tuple[float, float, float]:
    assert interval.mean is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.mean, interval.low, interval.high


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (None, None, None, 0, 0)),
        ([3.5], (3.5, None, None, 1, 0)),
        ([2.0, 2.0, 2.0], (2.0, 2.0, 2.0, 3, 0)),
        ([1.0, 2.0], (1.5, 1.0, 2.0, 2, 0)),
        ([math.inf, 2.0, 2.0, -math.inf, math.nan], (2.0, 2.0, 2.0, 2, 2)),
        ([math.inf, math.inf], (None, None, None, 0, 2)),
    ],
)
def test_small_cases(
    values: list[float], expected: tuple[float | None, float | None, float | None, int, int]
) -> None:
    found = mean_interval(values)
    assert (found.mean, found.low, found.high, found.n, found.n_infinite) == expected


@given(values=SCORES)
@settings(max_examples=50)
def test_the_mean_lies_inside_and_the_ends_among_the_values(values: list[float]) -> None:
    mean, low, high = ends(mean_interval(values, resamples=499))
    assert mean == pytest.approx(math.fsum(values) / len(values), abs=1e-9)
    # 1e-9: sums of at most 30 values below 50 in another order
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@given(values=SCORES, shift=st.floats(-100, 100, width=32), scale=st.floats(0.25, 8, width=32))
@settings(max_examples=50)
def test_a_shift_and_a_scale_move_the_interval_alike(
    values: list[float], shift: float, scale: float
) -> None:
    values = [round(value, 1) for value in values]
    if max(values) == min(values):
        return
    plain = ends(mean_interval(values, resamples=499))
    moved = ends(mean_interval([value * scale + shift for value in values], resamples=499))
    # 1e-9: rounding of values below 500
    assert moved == pytest.approx([end * scale + shift for end in plain], abs=1e-9)


def test_equal_arguments_give_equal_intervals_and_seeds_differ() -> None:
    values = draws(100)
    assert mean_interval(values) == mean_interval(values.tolist())
    assert mean_interval(values).low != mean_interval(values, seed=1).low


def test_intervals_are_scipys() -> None:
    values = draws(60)
    ours = mean_interval(values, resamples=20_000)
    theirs = bootstrap(
        (values,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    # The ends of two sets of 20,000 draws differ by about 1.5 % of the standard error of the mean
    # (sqrt(p (1 - p) / 20,000) / density at 2.5 %: 0.019); five of those.
    error = float(np.std(values) / math.sqrt(values.size))
    assert ours.low == pytest.approx(theirs.low, abs=0.1 * error)
    assert ours.high == pytest.approx(theirs.high, abs=0.1 * error)


def test_skewed_scores_have_skewed_intervals() -> None:
    mean, low, high = ends(mean_interval(draws(40)))
    assert high - mean > mean - low  # a percentile or normal interval is nearly even here


def test_coverage() -> None:
    trials, held = 300, 0
    generator = np.random.Generator(np.random.PCG64(5))
    for trial in range(trials):
        found = mean_interval(generator.normal(size=60), seed=trial, resamples=599)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.0 <= found.high
    # 0.94 +- 3 standard deviations of a share of 300 trials (0.0137)
    assert 0.90 <= held / trials <= 0.98


def test_levels_are_nested_and_checked() -> None:
    values = draws(50)
    _, low, high = ends(mean_interval(values, level=0.95))
    _, inner_low, inner_high = ends(mean_interval(values, level=0.5))
    assert low < inner_low < inner_high < high
    with pytest.raises(ValueError, match=r"level 95, resamples 9999: above 0 and below 1"):
        mean_interval(values, level=95)


def test_root_mean_square() -> None:
    values = draws(50)
    mean, low, high = ends(mean_interval(values, kind="root-mean-square"))
    squares = ends(mean_interval(values**2))
    assert (mean**2, low**2, high**2) == pytest.approx(squares, rel=1e-12)
    assert ends(mean_interval([3.0, 4.0, 5.0], kind="root-mean-square"))[0] == pytest.approx(
        math.sqrt(50 / 3)
    )
    with pytest.raises(ValueError, match="mean of kind 'median': mean or root-mean-square"):
        mean_interval(values, kind="median")


def test_many_values_in_little_memory() -> None:
    mean, low, high = ends(mean_interval(draws(70_000), resamples=99))  # indices of 32 bits
    assert low < mean < high
    # A resampled mean of 70,000 gamma values (deviation sqrt 2) strays by 0.0053.
    assert high - low < 8 * 0.0053


def test_paired_by_hand() -> None:
    found = paired([2.0, 3.0, 4.0, 5.0, 7.0], [1.0, 1.0, 1.0, 1.0, 2.0])
    assert found.difference == pytest.approx(3.0)
    assert (found.wins, found.losses, found.ties, found.n, found.left_out) == (5, 0, 0, 5, 0)
    # all five signs alike: 2 of 2^5 orders, for either test
    assert found.wilcoxon_p == pytest.approx(2 / 32)
    assert found.sign_p == pytest.approx(2 / 32)


def test_paired_exact_rank_test() -> None:
    # ranks 1 2 3 4 with only rank 1 against: W = 1, reached by 2 of 16 orders, two-sided 4 / 16
    found = paired([-1.0, 2.0, 3.0, 4.0], [0.0] * 4)
    assert found.wilcoxon_p == pytest.approx(4 / 16)
    assert found.sign_p == pytest.approx(10 / 16)


def test_lower_may_be_better() -> None:
    a, b = [0.1, 0.2, 0.5], [0.2, 0.3, 0.5]
    assert (paired(a, b).wins, paired(a, b).losses, paired(a, b).ties) == (0, 2, 1)
    found = paired(a, b, better="lower")
    assert (found.wins, found.losses, found.ties) == (2, 0, 1)
    assert found.difference == pytest.approx(-0.2 / 3)


def test_infinite_scores_count_as_wins_but_not_in_means() -> None:
    found = paired([math.inf, math.inf, 30.0, math.nan], [40.0, math.inf, 29.0, 28.0])
    assert (found.wins, found.losses, found.ties) == (2, 0, 1)
    assert (found.n, found.left_out, found.difference) == (1, 2, 1.0)
    assert (found.low, found.high) == (None, None)


def test_equal_scores_have_no_p() -> None:
    found = paired([1.0, 2.0], [1.0, 2.0])
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)
    assert (found.wilcoxon_p, found.sign_p, found.ties) == (None, None, 2)
    nothing = paired([], [])
    assert (nothing.difference, nothing.n, nothing.wilcoxon_p) == (None, 0, None)


@given(pairs=st.lists(st.tuples(st.floats(20, 40), st.floats(20, 40)), min_size=2, max_size=6))
@settings(max_examples=20, deadline=None)
def test_the_other_way_round_is_the_opposite(pairs: list[tuple[float, float]]) -> None:
    a, b = [one for one, _ in pairs], [two for _, two in pairs]
    there, back = paired(a, b), paired(b, a)
    assert there.difference == -(back.difference or 0.0)
    assert (there.wins, there.losses, there.ties) == (back.losses, back.wins, back.ties)
    assert there.wilcoxon_p == back.wilcoxon_p or there.wilcoxon_p == pytest.approx(back.wilcoxon_p)
    assert there.wins + there.losses + there.ties == len(pairs)


def test_a_plain_difference_is_found_and_noise_is_not() -> None:
    generator = np.random.Generator(np.random.PCG64(11))
    scores = generator.normal(30, 3, 100)
    better = paired(scores + generator.normal(0.1, 0.2, 100), scores)
    assert better.low is not None
    assert better.low > 0
    assert better.wilcoxon_p is not None
    assert better.wilcoxon_p < 1e-3
    same = paired(scores + generator.normal(0.0, 0.2, 100), scores)
    assert same.wilcoxon_p is not None
    assert same.wilcoxon_p > 0.01


def test_lists_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="paired scores: 2 against 3; one each a picture"):
        paired([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="better 'more': higher or lower"):
        paired([1.0], [2.0], better="more")
