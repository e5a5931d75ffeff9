"""Philox and the fields made of it: known answers, addresses, laws.

Seeds are fixed, so each test of a law passes or fails once and for all: a threshold p > 1e-4 means
that a right generator would have failed with one chance in 10,000 when the seed was picked.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from degrade.philox import (
    KEY_WORD,
    Shape,
    normal_array,
    philox,
    poisson_array,
    tukey_lambda_array,
    uniform_array,
    words_array,
)
from degrade.poisson import below, count, normal_quantile

MILLION: Shape = (4, 500, 500)
P_VALUE = 1e-4
seeds = st.integers(0, 2**32 - 1)


def words_of(text: str) -> NDArray[np.uint32]:
    return np.array([int(word, 16) for word in text.split()], np.uint32)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "408f276d 41c83b0e a20bc7c6 6d5451fd",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers_of_random123(counter: str, key: str, answer: str) -> None:
    assert np.array_equal(philox(words_of(counter), words_of(key)), words_of(answer))


@settings(max_examples=40, deadline=None)
@given(seeds, seeds, st.integers(0, 3), st.integers(0, 8), st.integers(0, 14))
def test_a_word_is_that_of_its_address(
    seed: int, stream: int, channel: int, row: int, column: int
) -> None:
    field = words_array(seed, (channel + 1, row + 1, column + 1), stream=stream)
    counter = np.array([column // 4, row, channel, stream], np.uint32)
    assert field[-1, -1, -1] == philox(counter, np.array([seed, KEY_WORD], np.uint32))[column % 4]


@settings(max_examples=25, deadline=None)
@given(seeds, st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 70)))
def test_a_larger_canvas_leaves_every_field_as_it_is(seed: int, shape: Shape) -> None:
    channels, height, width = shape
    larger = (channels + 1, height + 3, width + 5)
    here = np.s_[:channels, :height, :width]
    rate = np.linspace(0, 40, np.prod(larger)).reshape(larger)
    assert np.array_equal(uniform_array(seed, shape), uniform_array(seed, larger)[here])
    assert np.array_equal(normal_array(seed, shape), normal_array(seed, larger)[here])
    assert np.array_equal(poisson_array(seed, rate[here]), poisson_array(seed, rate)[here])
    assert np.array_equal(
        tukey_lambda_array(seed, shape, form=-0.1),
        tukey_lambda_array(seed, larger, form=-0.1)[here],
    )


def test_uniform_law() -> None:
    field = uniform_array(1, MILLION)
    assert field.dtype == np.float32
    assert 0 < field.min() < 1e-5 and 1 - 1e-5 < field.max() < 1
    assert stats.kstest(field.ravel(), "uniform").pvalue > P_VALUE


def test_normal_law() -> None:
    field = normal_array(2, MILLION).astype(np.float64).ravel()
    assert stats.kstest(field, "norm").pvalue > P_VALUE
    n = field.size
    # Standard errors of mean, variance, skewness and excess of n normals; 4 of them: 6e-5 each.
    assert abs(field.mean()) < 4 / n**0.5
    assert abs(field.var() - 1) < 4 * (2 / n) ** 0.5
    assert abs(stats.skew(field)) < 4 * (6 / n) ** 0.5
    assert abs(stats.kurtosis(field)) < 4 * (24 / n) ** 0.5
    # Beyond 4 there are 63.3 expected of a million; a Poisson count within 4 of its deviations.
    assert abs((abs(field) > 4).sum() - 63.3) < 4 * 63.3**0.5


def test_normals_are_box_and_muller_of_their_words() -> None:
    words = words_array(3, (2, 64, 512)).astype(np.float64).reshape(-1, 4)
    made = normal_array(3, (2, 64, 512)).reshape(-1, 4)
    for pair in (0, 2):
        radius = np.sqrt(-2 * np.log((words[:, pair] + 0.5) / 2**32))
        # The kernel's quarter of the circle runs from -45 to 45 degrees.
        angle = 2 * np.pi * (words[:, pair + 1] / 2**32 - 1 / 8)
        # float32: u is rounded to 24 bits, which near u = 1 is 6e-8 of the squared radius.
        for lane, exact in ((0, radius * np.cos(angle)), (1, radius * np.sin(angle))):
            error = np.abs(made[:, pair + lane] - exact)
            # float32: u is rounded to 24 bits, 1.2e-7 of the squared radius where u is near 1, and
            # the rest of the way costs about an ulp of the result.
            assert (error * radius < 2e-7 * (1 + radius**2)).all()


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_neighbours_channels_streams_and_seeds_are_uncorrelated() -> None:
    field = normal_array(4, (3, 600, 600))
    pairs = [(field[:, :, s:], field[:, :, :-s]) for s in (1, 2, 3, 4)]
    pairs += [(field[:, 1:], field[:, :-1]), (field[0], field[1]), (field[1], field[2])]
    pairs += [
        (field, normal_array(5, field.shape)),
        (field, normal_array(4, field.shape, stream=1)),
    ]
    pairs += [(a**2, b**2) for a, b in pairs]
    # Of 18 coefficients with deviation 1 / sqrt(n), one beyond 5 has a chance of 1e-5.
    assert max(abs(correlation(a, b)) * a.size**0.5 for a, b in pairs) < 5


@pytest.mark.parametrize("rate", [0.1, 1.0, 5.0, 12.0, 60.0, 250.0])
def test_poisson_law(rate: float) -> None:
    counts = poisson_array(6, np.full(MILLION, rate)).ravel().astype(np.int64)
    low, high = (int(stats.poisson.ppf(q, rate)) for q in (1e-5, 1 - 1e-5))
    edges = np.arange(low, high + 1)
    share = np.diff(np.concatenate([[0.0], stats.poisson.cdf(edges[:-1], rate), [1.0]]))
    seen = np.bincount(np.clip(counts, low, high) - low, minlength=edges.size)
    assert stats.chisquare(seen, share * counts.size).pvalue > P_VALUE


@pytest.mark.parametrize("rate", [0.01, 3.0, 15.99, 16.0, 17.3, 40.0, 250.0, 4000.0])
def test_counts_are_exact_quantiles_far_into_the_tails(rate: float) -> None:
    ends = (np.arange(60) + 0.5) / 2**32
    u = np.concatenate(
        [ends, np.geomspace(1e-8, 0.5, 300), 1 - np.geomspace(1e-8, 0.4, 300), 1 - ends]
    )
    assert [count(p, rate) for p in u.tolist()] == list(stats.poisson.ppf(u, rate))


def test_counts_where_the_expansion_must_ask_the_distribution() -> None:
    # Uniform numbers on either side of each step of the distribution, closer than the expansion is.
    for rate in (16.0, 30.0, 90.5):
        for n in range(int(rate - 4 * rate**0.5), int(rate + 4 * rate**0.5)):
            step = float(stats.poisson.cdf(n, rate))
            assert count(step * (1 - 1e-9), rate) == n
            assert count(step * (1 + 1e-9), rate) == n + 1


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-3, 1e4), st.floats(1.0, 2.0))
def test_counts_never_fall_where_the_rate_rises(u: float, rate: float, factor: float) -> None:
    assert count(u, rate) <= count(u, rate * factor)


def test_rates_that_are_no_rates_count_nothing() -> None:
    assert poisson_array(0, np.array([[[0.0, -3.0, np.nan]]])).tolist() == [[[0.0, 0.0, 0.0]]]


def test_quantile_and_distribution_against_scipy() -> None:
    u = np.concatenate([np.geomspace(1e-10, 0.5, 200), 1 - np.geomspace(1e-10, 0.5, 200)])
    assert np.allclose([normal_quantile(p) for p in u.tolist()], stats.norm.ppf(u), rtol=1e-14)
    for rate in (16.0, 200.0, 3000.0):
        k = np.round(rate + np.linspace(-5, 5, 41) * rate**0.5)
        ours = [below(float(n), rate) for n in k]
        assert np.allclose(ours, stats.poisson.cdf(k - 1, rate), rtol=1e-11)


@pytest.mark.parametrize("form", [-0.24, 0.0, 0.14, 0.2])
def test_tukey_lambda_law(form: float) -> None:
    field = tukey_lambda_array(7, (1, 400, 500), form=form).ravel()
    assert stats.kstest(field, stats.tukeylambda(form).cdf).pvalue > P_VALUE


@pytest.mark.parametrize("bad", [-1, 2**32])
def test_seeds_have_32_bits(bad: int) -> None:
    with pytest.raises(ValueError, match=r"seed of a random field is -?\d+; allowed are 0 to"):
        normal_array(bad, (1, 2, 2))
    with pytest.raises(ValueError, match="stream"):
        uniform_array(0, (1, 2, 2), stream=bad)
