"""Reading a network's arguments from the shapes of its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor


def count_blocks(state: Mapping[str, Tensor], pattern: str) -> int:
    """How many numbers the group of `pattern` takes among the keys: the largest plus one.

    pattern: a regular expression with one group of digits, matched from a key's beginning. 0 where
    no key matches.
    """
    found = [int(match[1]) for key in state if (match := re.match(pattern, key))]
    return max(found) + 1 if found else 0


def width_of(state: Mapping[str, Tensor], key: str, *, axis: int = 0) -> int:
    """A weight's length along an axis, 0 where there is no such key."""
    return state[key].shape[axis] if key in state else 0


def rename_keys(state: Mapping[str, Tensor], pairs: list[tuple[str, str]]) -> dict[str, Tensor]:
    """Each key with the first regular expression of `pairs` that matches all of it replaced."""
    renamed = {}
    for key, value in state.items():
        for pattern, written in pairs:
            if re.fullmatch(pattern, key):
                key = re.sub(pattern, written, key)
                break
        renamed[key] = value
    return renamed
