"""Addressed draws: golden values, no collisions, uniform, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from degrade.draws import draw_below, draw_u32, encode_address

PARTS = st.one_of(st.text(max_size=4), st.integers(-(2**70), 2**70))
ADDRESSES = st.lists(PARTS, min_size=1, max_size=5).map(tuple)


def test_encoding_is_what_the_docstring_says() -> None:
    expected = b"s" + (2).to_bytes(8, "little") + b"ab" + b"i" + (2).to_bytes(8, "little") + b"-7"
    assert encode_address(("ab", -7)) == expected


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ((0,), 1169910400),
        ((0, "a0001", "patch", 0, 0, "top"), 1179146794),
        (("é", -1, 2**64), 1846769903),
    ],
)
def test_golden_values(address: tuple[str | int, ...], value: int) -> None:
    assert draw_u32(*address) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("1",), (1,)),
        (("a", ""), ("a",)),
        ((1, 23), (12, 3)),
        (("i", 1), ("i\x01", 1)),
        (("\ud800",), ("\ufffd",)),
    ],
)
def test_near_addresses_differ(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert encode_address(one) != encode_address(other)
    assert draw_u32(*one) != draw_u32(*other)


@given(ADDRESSES, ADDRESSES)
def test_encoding_is_injective(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert (encode_address(one) == encode_address(other)) == (one == other)


@given(ADDRESSES, st.integers(1, 2**32))
def test_ranges(address: tuple[str | int, ...], bound: int) -> None:
    assert 0 <= draw_below(*address, bound=bound) < bound


class _Text(str):
    pass


@pytest.mark.parametrize(
    "part", [True, 1.0, None, b"a", np.int64(1), np.str_("a"), _Text("a"), ("a",)]
)
def test_only_exact_str_and_int(part: Any) -> None:
    with pytest.raises(TypeError, match="part 1 of the address"):
        draw_u32("a", part)


def test_empty_address_and_bad_bound_are_refused() -> None:
    with pytest.raises(TypeError, match="at least one"):
        draw_u32()
    for bound in (0, 2**32 + 1):
        with pytest.raises(ValueError, match="bound is"):
            draw_below(1, bound=bound)


def test_uniform() -> None:
    counts = np.bincount([draw_below("u", i, bound=10) for i in range(20_000)], minlength=10)
    # Chi-square with 9 degrees of freedom; 27.9 is its 99.9 % point. Fixed addresses: no flake.
    assert ((counts - 2000.0) ** 2 / 2000.0).sum() < 27.9
