"""The order of samples: whole epochs, shares by weight, nothing but seed and position."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.training_data.order import Order
from degrade.option_error import OptionError


def order(*counts: int, weights: tuple[float, ...] = (), seed: int = 0) -> Order:
    return Order(address=(seed, "order"), counts=counts, weights=weights or (1.0,) * len(counts))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_an_epoch_holds_each_picture_once(counts: list[int], seed: int) -> None:
    one = order(*counts, seed=seed)
    assert one.epoch == sum(counts)
    everything = {(root, i) for root, count in enumerate(counts) for i in range(count)}
    for epoch in (0, 3):
        seen = [one.at(epoch * one.epoch + i) for i in range(one.epoch)]
        assert len(seen) == len(everything) and set(seen) == everything


def test_epochs_and_seeds_differ() -> None:
    first = [order(40).at(i) for i in range(40)]
    assert first != [order(40).at(40 + i) for i in range(40)]
    assert first != [order(40, seed=1).at(i) for i in range(40)]
    assert first == [order(40).at(i) for i in reversed(range(40))][::-1]


@pytest.mark.parametrize(("weights", "share"), [((1.0, 2.0), 20 / 30), ((3.0, 0.5), 5 / 35)])
def test_a_root_comes_as_often_as_its_weight_says(
    weights: tuple[float, float], share: float
) -> None:
    one = order(20, 20, weights=weights)
    drawn = Counter(one.at(i) for i in range(20 * one.epoch))
    second = {i: n for (root, i), n in drawn.items() if root == 1}
    assert sum(second.values()) / drawn.total() == pytest.approx(share, abs=0.02)
    assert len(second) == 20 and max(second.values()) - min(second.values()) <= 1


def test_a_root_of_weight_0_is_left_out() -> None:
    one = order(5, 5, weights=(0.0, 1.0))
    assert {one.at(i)[0] for i in range(30)} == {1}


@pytest.mark.parametrize("weights", [(0.0, 0.0), (1.0, -1.0), (1.0,)])
def test_weights_without_sense_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="weights"):
        order(5, 5, weights=weights).at(0)
