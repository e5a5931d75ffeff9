"""Laws: their moments, their addresses, their refusals."""

from __future__ import annotations

import math
import statistics

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from degrade.laws import (
    LAWS,
    AnyLaw,
    Below,
    Choice,
    Draw,
    Integer,
    Law,
    LogLinear,
    LogUniform,
    Mixture,
    Normal,
    Of,
    Product,
    Reciprocal,
    Root,
    Seed,
    Sum,
    Uniform,
    pick,
    value_of,
)

COUNT = 4000
EXAMPLES: list[Law] = [
    Uniform(-1.0, 3.0), LogUniform(1e-4, 1.2e-2), Integer(7, 21, 2), Normal(0.8, 0.1), Seed(),
    Choice(("a", "b"), (1.0, 3.0)), Of("sigma"), Mixture((1.0, Uniform(1.0, 2.0)), (0.25, 0.75)),
    Sum((Uniform(0.0, 1.0), 2.0)), Product((Uniform(0.0, 1.0), Of("sigma"))),
    Reciprocal(Uniform(1.0, 4.0)), Root(Uniform(0.0, 4.0)),
    LogLinear("sigma", 2.18, 1.2, 0.26, "e"),
    Below("sigma", 3.0, Uniform(0.0, 1.0), Uniform(5.0, 6.0)),
]  # fmt: skip


def draws(law: Law, *, count: int = COUNT, **earlier: float) -> list:
    return [law.at(Draw((7, f"k{i}", "s", "p"), earlier)) for i in range(count)]


def test_every_law_is_in_the_examples() -> None:
    assert {type(law) for law in EXAMPLES} == set(LAWS.values())


@pytest.mark.parametrize("law", EXAMPLES, ids=lambda law: type(law).__name__)
def test_json_brings_the_law_back(law: Law) -> None:
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(law)), AnyLaw) == law


@pytest.mark.parametrize(
    ("law", "mean", "sigma"),
    [
        (Uniform(-1.0, 3.0), 1.0, 4 / math.sqrt(12)),
        (Normal(0.8, 0.1), 0.8, 0.1),
        (Integer(7, 21, 2), 14.0, 2 * math.sqrt((8**2 - 1) / 12)),
        (Mixture((1.0, 3.0), (0.25, 0.75)), 2.5, math.sqrt(0.75)),
        (Choice((0, 1), (1.0, 3.0)), 0.75, math.sqrt(3 / 16)),
        (Sum((Uniform(0.0, 1.0), Uniform(0.0, 1.0))), 1.0, math.sqrt(2 / 12)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_moments(law: Law, mean: float, sigma: float) -> None:
    values = [float(value) for value in draws(law)]
    # five standard errors: one false alarm in 2 million, and the draws are fixed
    assert abs(statistics.fmean(values) - mean) < 5 * sigma / math.sqrt(COUNT)
    assert abs(statistics.pstdev(values) / sigma - 1) < 5 / math.sqrt(COUNT)


def test_the_logarithm_of_log_uniform_is_uniform() -> None:
    values = [math.log10(value) for value in draws(LogUniform(1e-4, 1e-2))]
    assert -4 <= min(values) < -3.99 < -2.01 < max(values) <= -2
    assert abs(statistics.fmean(values) + 3) < 5 * 2 / math.sqrt(12 * COUNT)


@pytest.mark.parametrize(("log", "base"), [("e", math.e), ("10", 10.0)])
def test_log_linear_names_its_base(log: str, base: float) -> None:
    values = draws(LogLinear("shot", 2.18, 1.2, 0.26, log), shot=0.01)
    logs = [math.log(value, base) for value in values]
    assert abs(statistics.fmean(logs) - (2.18 * math.log(0.01, base) + 1.2)) < 0.02
    assert abs(statistics.pstdev(logs) - 0.26) < 0.02


def test_followers_follow() -> None:
    assert draws(Of("sigma"), count=1, sigma=2.5) == [2.5]
    assert all(0 <= v <= 1 for v in draws(EXAMPLES[-1], count=50, sigma=2.0))
    assert all(5 <= v <= 6 for v in draws(EXAMPLES[-1], count=50, sigma=3.0))
    with pytest.raises(ValueError, match=r"follows 'sigma'.*drawn are size"):
        draws(Of("sigma"), count=1, size=3)


def test_terms_of_one_law_are_drawn_apart() -> None:
    both = Sum((Uniform(0.0, 1.0), Product((Uniform(0.0, 1.0), -1.0))))
    assert statistics.pstdev(draws(both)) > 0.3  # equal terms would cancel to 0


@given(
    st.lists(st.floats(0.0, 10.0), min_size=1, max_size=6), st.floats(0.0, 1.0, exclude_max=True)
)
def test_pick_never_takes_what_weighs_nothing(weights: list[float], unit: float) -> None:
    if max(weights) < 1e-9:
        return
    assert weights[pick(unit, tuple(weights))] > 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Uniform(2.0, 1.0), "low <= high, got 2.0 and 1.0"),
        (lambda: LogUniform(0.0, 1.0), "above 0"),
        (lambda: Integer(7, 20, 2), "no whole number of steps"),
        (lambda: Choice(()), "at least one"),
        (lambda: Choice((1, 2), (1.0,)), "2 entries and 1 weights"),
        (lambda: Mixture((1.0,), (0.0,)), "sum above 0"),
        (lambda: LogLinear("a", 1.0, 1.0, 1.0, "2"), "'e' or '10', got '2'"),
    ],
)
def test_wrong_laws_are_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]


def test_a_constant_is_its_own_value() -> None:
    assert value_of(3.5, draw=Draw(("x",), {})) == 3.5
