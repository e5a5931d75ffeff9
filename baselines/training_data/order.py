"""Which picture a sample is: a function of the run's seed and the sample's position.

An epoch holds each picture once, in an order of its own. A weight is a picture's, not its root's:
of a:3 and b:1 each picture of a comes three times as often as each of b, so 100 pictures in a and
9,000 in b still come 300 to 9,000, 1 to 30. Roots in equal shares: weights of 1 / their pictures.
An epoch holds the pictures of the root of the greatest weight once, and of the others a part, in
proportion to their weights; the next epoch goes on where that part ended, so that every root is
walked whole.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from degrade.draws import draw_u32
from degrade.option_error import OptionError


@dataclass(frozen=True, kw_only=True)
class Order:
    """The endless order of several roots' pictures.

    address: what tells it from other orders, the run's seed first. counts: pictures of each root.
    weights: how often one picture of a root comes, against one picture of another; 0 leaves it out.
    """

    address: tuple[str | int, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.weights):
            raise OptionError(
                f"weights {list(self.weights)}: {len(self.counts)} roots are given, each has one"
            )
        if min(self.weights, default=0.0) < 0 or not any(self._quotas()):
            raise OptionError(
                f"weights {list(self.weights)} of roots of {list(self.counts)} pictures: 0 or "
                "more, one above 0 where there are pictures"
            )

    def _quotas(self) -> tuple[int, ...]:
        """Pictures of each root in an epoch."""
        heaviest = max(
            (w for w, n in zip(self.weights, self.counts, strict=True) if n), default=0.0
        )
        return tuple(
            max(1, round(count * weight / heaviest)) if count and weight else 0
            for count, weight in zip(self.counts, self.weights, strict=True)
        )

    @functools.cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(self._quotas()))

    @property
    def epoch(self) -> int:
        """Samples of an epoch."""
        return self._ends[-1]

    def at(self, position: int) -> tuple[int, int]:
        """(root, index of its picture) of the sample at `position`, from 0 on."""
        epoch, place = divmod(position, self.epoch)
        slot = int(_permutation((*self.address, "epoch", epoch), self.epoch)[place])
        root = bisect_right(self._ends, slot)
        first = self._ends[root - 1] if root else 0
        quota = self._ends[root] - first
        turn, own = divmod(epoch * quota + slot - first, self.counts[root])
        order = _permutation((*self.address, "root", root, turn), self.counts[root])
        return root, int(order[own])


@functools.lru_cache(maxsize=64)
def _permutation(address: tuple[str | int, ...], length: int) -> NDArray[np.int64]:
    """0 ... length - 1 in an order that is a function of the address: by words of Philox 4x64-10,
    whose raw stream NumPy keeps for all versions (NEP 19)."""
    words = np.random.Philox(key=draw_u32(*address)).random_raw(length)
    order = np.argsort(words, kind="stable")
    order.flags.writeable = False
    return order
