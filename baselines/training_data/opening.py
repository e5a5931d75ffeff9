"""The roots of the command line as collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from baselines.configs.config import Data
from baselines.networks.architecture import Traits
from baselines.training_data.collection import Collection, unique_names
from baselines.training_data.files import PictureFolder
from baselines.training_data.sample import CLEAN
from baselines.training_data.sources import Sources
from baselines.training_data.stored import StoredPairs
from builders.sources import Root


@dataclass(frozen=True)
class Opened:
    """collections: all roots, in the order of the command line. halves: those that a sample takes
    one picture of each from: all, or the low ones and the high ones."""

    collections: tuple[Collection, ...]
    halves: tuple[range, ...]


def open_collections(sources: Sources, *, network: Traits, data: Data) -> Opened:
    """Opens every root; nothing is decoded."""
    roots = (*sources.pairs, *sources.clean, *sources.low, *sources.high)
    names = iter(unique_names([one.folder.resolve().name for one in roots]))

    def folders(given: Sequence[Root], side: str) -> list[Collection]:
        return [PictureFolder(one, name=next(names), side=side, traits=network) for one in given]

    pairs: list[Collection] = [
        StoredPairs(
            one, name=next(names), split=sources.split, traits=network, identical=data.identical
        )
        for one in sources.pairs
    ]
    found = [
        *pairs, *folders(sources.clean, CLEAN), *folders(sources.low, "low"),
        *folders(sources.high, "high"),
    ]  # fmt: skip
    low = len(sources.low)
    halves = (range(low), range(low, len(found))) if low else (range(len(found)),)
    return Opened(tuple(found), halves)
