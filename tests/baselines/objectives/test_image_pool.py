"""Pools of made pictures: what comes back, how often, and that going on changes nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from baselines.objectives.nerco.pool import PicturePool


def picture(number: int, *, side: int = 2) -> Tensor:
    """[1,3,side,side], told apart by its number."""
    return torch.full((1, 3, side, side), float(number))


def draws(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def passed(pool: PicturePool, numbers: range) -> list[int]:
    """What comes back for pictures of these numbers, one a step."""
    return [int(pool.exchange(picture(n), draw=draws(n))[0, 0, 0, 0]) for n in numbers]


def test_gives_back_what_comes_until_it_is_full() -> None:
    pool = PicturePool(5)
    assert passed(pool, range(5)) == list(range(5))
    assert len(pool) == 5
    assert passed(pool, range(5, 50)) != list(range(5, 50))
    assert len(pool) == 5


def test_half_are_swapped_and_every_place_is_as_likely() -> None:
    size, count = 4, 4000
    pool = PicturePool(size)
    passed(pool, range(size))
    held = dict(enumerate(range(size)))  # place -> number, as the law has it
    swaps = dict.fromkeys(range(size), 0)
    for number in range(size, size + count):
        (found,) = passed(pool, range(number, number + 1))
        if found != number:
            place = next(place for place, one in held.items() if one == found)
            held[place] = number
            swaps[place] += 1
    # 5 standard deviations of the binomials
    assert abs(sum(swaps.values()) - count / 2) < 5 * (count / 4) ** 0.5
    assert all(abs(n - count / 8) < 5 * (count * 7 / 64) ** 0.5 for n in swaps.values())
    assert {str(place): float(one) for place, one in held.items()} == {
        place: float(one[0, 0, 0]) for place, one in pool.state_dict().items()
    }


def test_goes_on_as_if_it_had_not_stopped() -> None:
    whole, first, second = PicturePool(3), PicturePool(3), PicturePool(3)
    unbroken = passed(whole, range(60))
    broken = passed(first, range(20))
    state = {name: one.clone() for name, one in first.state_dict().items()}
    passed(first, range(20, 40))
    second.load_state_dict(state)
    assert broken + passed(second, range(20, 60)) == unbroken


def test_a_state_that_is_kept_does_not_move_with_the_pool() -> None:
    pool = PicturePool(2)
    passed(pool, range(2))
    state = pool.state_dict()
    passed(pool, range(2, 30))
    assert [float(one[0, 0, 0]) for one in state.values()] == [0.0, 1.0]


def test_pictures_are_its_own_and_without_gradient() -> None:
    pool, given = PicturePool(1), picture(1).requires_grad_()
    first = pool.exchange(given * 2.0, draw=draws(0))
    assert not first.requires_grad
    first.zero_()
    found = {float(pool.exchange(picture(9), draw=draws(n))[0, 0, 0, 0]) for n in range(8)}
    assert found == {2.0, 9.0}


def test_without_places_it_is_not_there() -> None:
    given = picture(1).requires_grad_()
    pool = PicturePool(0)
    assert pool.exchange(given, draw=draws(0)) is given
    assert pool.state_dict() == {}


def test_each_picture_of_a_batch_is_drawn_for() -> None:
    pool = PicturePool(2)
    batch = torch.cat([picture(n) for n in range(40)])
    found = pool.exchange(batch, draw=draws(0))
    assert found.shape == batch.shape
    moved = (found != batch).flatten(1).any(1).tolist()
    assert not any(moved[:2]) and 8 < sum(moved) < 32


def test_a_stage_of_another_size_begins_with_an_empty_pool() -> None:
    pool = PicturePool(2)
    passed(pool, range(2))
    large = pool.exchange(picture(7, side=4), draw=draws(0))
    assert large.shape[-1] == 4 and len(pool) == 1


def test_a_state_of_a_larger_pool_is_refused() -> None:
    large = PicturePool(5)
    passed(large, range(5))
    with pytest.raises(ValueError, match=r"5 pictures for 3 places.*objective\.pool"):
        PicturePool(3).load_state_dict(large.state_dict())


def test_places_keep_their_order_beyond_ten() -> None:
    whole, going = PicturePool(12), PicturePool(12)
    passed(whole, range(12))
    going.load_state_dict(whole.state_dict())
    assert passed(going, range(12, 90)) == passed(whole, range(12, 90))
