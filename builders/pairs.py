"""Reading a dataset back: a map-style dataset of pairs, safe in workers, fast out of order."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from builders.formats.shape import ShardReader
from builders.manifest import Manifest, ShardEntry, load_manifest
from builders.parts import Row
from builders.shards import open_shard
from degrade.images import Picture

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Pair:
    """One pair: unique key 'scene/variant', pictures as RGB [H,W,3] uint8 or uint16, and the
    record of every parameter that made it. `identical`: lq equals gt. `gt_name` tells the gts of a
    scene apart ('gt' where it has one)."""

    key: str
    scene: str
    variant: str
    lq: Picture
    gt: Picture
    record: dict[str, Any]
    identical: bool
    gt_name: str


class Pairs(Sequence[Pair]):
    """The pairs of one split, or of all, in stored order. `pairs[i]` decodes one pair.

    Files are opened at the first read in each process, so it may be handed to DataLoader workers,
    forked or spawned. Made by `open_pairs`.
    """

    def __init__(self, out: Path, *, split: str | None, shards: Sequence[ShardEntry]) -> None:
        self.out, self.split = out, split
        self._shards = list(shards)
        self._ends = list(accumulate(shard.rows for shard in shards))
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._readers: dict[int, ShardReader] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"out": self.out, "split": self.split, "_shards": self._shards, "_ends": self._ends}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _place(self, index: int) -> tuple[ShardReader, int]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)} in {self.out}, split {self.split}")
        index %= len(self)
        shard = bisect_right(self._ends, index)
        if self._process != os.getpid():  # forked since: another process's files are not ours
            self._forget()
        if shard not in self._readers:
            self._readers[shard] = open_shard(self.out, file=self._shards[shard].file)
        return self._readers[shard], index - (self._ends[shard - 1] if shard else 0)

    def row(self, index: int) -> Row:
        """Pair `index` as it is stored: coded bytes, nothing decoded."""
        reader, place = self._place(index)
        return reader.row(place)

    def __getitem__(self, index: int) -> Pair:  # type: ignore[override]
        row = self.row(index)
        record = msgspec.json.decode(row.record, type=dict[str, Any])
        return Pair(
            row.key, row.scene, row.variant, row.lq.picture(), row.gt.picture(), record,
            row.identical, row.gt_name,
        )  # fmt: skip

    def __iter__(self) -> Iterator[Pair]:
        return (self[index] for index in range(len(self)))

    def keys(self) -> list[str]:
        """Every key, in order; reads indexes only."""
        starts = [end - shard.rows for end, shard in zip(self._ends, self._shards, strict=True)]
        return [key for start in starts for key in self._place(start)[0].keys()]  # noqa: SIM118

    def files(self) -> list[str]:
        """The shard files of these pairs, relative to the dataset."""
        return [shard.file for shard in self._shards]

    def find(self, key: str) -> int:
        """The index of the pair with this key. Raises KeyError with the nearest keys."""
        keys = self.keys()
        if key in keys:
            return keys.index(key)
        from difflib import get_close_matches

        near = ", ".join(get_close_matches(key, keys, n=3, cutoff=0.3)) or ", ".join(keys[:3])
        raise KeyError(f"{self.out}: no pair {key!r} among {len(keys)}; nearest: {near}")

    def close(self) -> None:
        """Closes this process's files; the next read opens them again."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def torch(self) -> TorchPairs:
        """The same pairs as float32 tensors, for a torch DataLoader."""
        return TorchPairs(self)


class TorchPairs:
    """Map-style torch dataset: {'key': str, 'lq', 'gt': float32 [3,H,W] in 0..1}.

    The record stays in `pairs[i].record`: a nested dict of mixed types cannot be collated.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor | str]:
        row = self.pairs.row(index)
        return {
            "key": row.key,
            "lq": to_tensor(row.lq.picture()),
            "gt": to_tensor(row.gt.picture()),
        }


def to_tensor(picture: Picture) -> torch.Tensor:
    """[H,W,3] uint8|uint16 -> float32 tensor [3,H,W], divided by 255 or 65535."""
    import torch

    planes = np.ascontiguousarray(picture.transpose(2, 0, 1), dtype=np.float32)
    return torch.from_numpy(planes).div_(float(np.iinfo(picture.dtype).max))


def open_pairs(out: str | Path, *, split: str | None = None) -> Pairs:
    """The pairs of the dataset in `out`; `split` None means all splits one after another.

    Raises FileNotFoundError if there is no finished dataset, ValueError for an unknown split.
    """
    folder = Path(out)
    manifest = load_manifest(folder)
    _check_split(manifest, split, folder)
    wanted = [shard for shard in manifest.shards if split in (None, shard.split)]
    return Pairs(folder, split=split, shards=wanted)


def _check_split(manifest: Manifest, split: str | None, folder: Path) -> None:
    if split is not None and split not in manifest.splits:
        held = ", ".join(f"{name} ({rows})" for name, rows in manifest.splits.items()) or "none"
        raise ValueError(f"{folder}: no split {split!r}; it has {held}")
