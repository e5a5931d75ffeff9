"""The tensor fields: the compiled loops and their twins for other devices, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from degrade.fields import (
    normal_field,
    normal_twin,
    poisson_field,
    poisson_twin,
    tukey_lambda_field,
    tukey_lambda_twin,
    uniform_field,
    uniform_twin,
    words_twin,
)
from degrade.philox import Shape, normal_array, uniform_array, words_array

SEED = torch.tensor([5, 0, 2**32 - 1])
seeds = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=3)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 21))


@settings(max_examples=30, deadline=None)
@given(seeds, shapes, st.integers(0, 2**32 - 1))
def test_twin_words_are_those_of_the_loops(numbers: list[int], shape: Shape, stream: int) -> None:
    twin = words_twin(torch.tensor(numbers), shape, stream=stream).numpy()
    assert np.array_equal(twin, [words_array(seed, shape, stream=stream) for seed in numbers])


def test_twin_fields_are_the_same_bits() -> None:
    shape = (3, 61, 203)
    assert torch.equal(uniform_field(SEED, shape, stream=2), uniform_twin(SEED, shape, stream=2))
    assert torch.equal(normal_field(SEED, shape, stream=2), normal_twin(SEED, shape, stream=2))


@pytest.mark.parametrize("top", [2.0, 20.0, 300.0, 1e5])
def test_twin_counts_are_the_same(top: float) -> None:
    rate = torch.linspace(-1.0, top, 3 * 40 * 101).reshape(1, 3, 40, 101).expand(3, -1, -1, -1)
    assert torch.equal(poisson_field(SEED, rate), poisson_twin(SEED, rate))


def test_twin_counts_are_the_same_next_to_the_steps() -> None:
    # Rates at which the sample's own uniform number meets a step: found by halving on the count.
    shape = (1, 20, 50)
    low, high = torch.full((3, *shape), 10.0), torch.full((3, *shape), 60.0)
    middle = poisson_field(SEED, (low + high) / 2)
    for _ in range(18):  # on to 2e-4 of the rate: torch's incomplete gamma is 3e-10 off
        rate = (low + high) / 2
        over = poisson_field(SEED, rate) >= middle
        low, high = torch.where(over, low, rate), torch.where(over, rate, high)
    for rate in (low, high):
        assert torch.equal(poisson_field(SEED, rate), poisson_twin(SEED, rate))


def test_twin_tukey_lambda_is_within_its_ulps() -> None:
    shape, form = (2, 50, 99), torch.tensor([-0.2, 0.0, 0.14])
    loop = tukey_lambda_field(SEED, shape, form=form)
    twin = tukey_lambda_twin(SEED, shape, form=form)
    # Both take logarithm and expm1 in float64 from different libraries and round once to float32:
    # one ulp, and 1e-12 where the law crosses 0.
    torch.testing.assert_close(loop, twin, rtol=2.0**-23, atol=1e-12)


def test_a_field_does_not_know_its_batch() -> None:
    shape = (3, 12, 30)
    rate = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0)) * 50
    for make in (normal_field, uniform_field, normal_twin, uniform_twin):
        whole = make(SEED, shape)
        assert torch.equal(whole[1:2], make(SEED[1:2], shape))
        assert torch.equal(whole[:, :2, :7, :11], make(SEED, (2, 7, 11)))
    for make in (poisson_field, poisson_twin):
        assert torch.equal(make(SEED, rate)[1:2], make(SEED[1:2], rate[1:2]))


def test_fields_are_those_of_the_numpy_callers() -> None:
    shape = (2, 5, 6)
    assert np.array_equal(normal_field(SEED[:1], shape)[0].numpy(), normal_array(5, shape))
    assert np.array_equal(uniform_field(SEED[:1], shape)[0].numpy(), uniform_array(5, shape))
    assert normal_field(SEED, shape).dtype == torch.float32


def test_counts_are_constants_to_autograd() -> None:
    rate = torch.full((3, 1, 4, 4), 7.0, requires_grad=True)
    assert not poisson_field(SEED, rate).requires_grad
