"""Reading a dataset back: a map-style dataset of pairs, safe in workers, fast out of order."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from builders.containers import Samples
from builders.formats.shape import Outline, ShardReader
from builders.manifest import Manifest, ShardEntry, load_manifest
from builders.parts import Row
from builders.shards import open_shard

if TYPE_CHECKING:
    import torch

# Shards that one process holds open. 50,000 sources make 1,563 shards, and Linux gives a process
# 1,024 descriptors unless asked for more (getrlimit(2), RLIMIT_NOFILE).
OPEN_SHARDS = 64


@dataclass(frozen=True)
class Pair:
    """One pair: unique key 'scene/variant', its pictures, and the record of every parameter that
    made it. `identical`: lq equals gt. `gt_name` tells the gts of a scene apart ('gt' where it has
    one).

    A picture is [H,W,C]: RGB, uint8 or uint16, unless its kind of dataset stores raw samples of
    other channels or float32."""

    key: str
    scene: str
    variant: str
    lq: Samples
    gt: Samples
    record: dict[str, Any]
    identical: bool
    gt_name: str


class Pairs(Sequence[Pair]):
    """The pairs of one split, or of all, in stored order. `pairs[i]` decodes one pair.

    Files are opened at the first read in each process, so it may be handed to DataLoader workers,
    forked or spawned; at most `OPEN_SHARDS` are open at once. Made by `open_pairs`.
    """

    def __init__(self, out: Path, *, split: str | None, shards: Sequence[ShardEntry]) -> None:
        self.out, self.split = out, split
        self._shards = list(shards)
        self._ends = list(accumulate(shard.rows for shard in shards))
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._readers: OrderedDict[int, ShardReader] = OrderedDict()  # the latest read stands last
        self._reading = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"out": self.out, "split": self.split, "_shards": self._shards, "_ends": self._ends}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @contextmanager
    def _shard(self, number: int) -> Iterator[ShardReader]:
        """The reader of a shard, for this thread alone: another one's read might close it."""
        if self._process != os.getpid():  # forked since: another process's files are not ours
            self._forget()
        with self._reading:
            if number not in self._readers:
                while len(self._readers) >= OPEN_SHARDS:
                    self._readers.popitem(last=False)[1].close()
                self._readers[number] = self._open(self._shards[number])
            self._readers.move_to_end(number)
            yield self._readers[number]

    def _open(self, shard: ShardEntry) -> ShardReader:
        reader = open_shard(self.out, file=shard.file)
        if len(reader) != shard.rows:
            reader.close()
            raise ValueError(
                f"{self.out / shard.file}: {len(reader)} pairs, dataset.json says {shard.rows}"
            )
        return reader

    def _place(self, index: int) -> tuple[int, int]:
        """The number of the shard that holds pair `index`, and its row there."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)} in {self.out}, split {self.split}")
        index %= len(self)
        number = bisect_right(self._ends, index)
        return number, index - (self._ends[number - 1] if number else 0)

    def row(self, index: int) -> Row:
        """Pair `index` as it is stored: coded bytes, nothing decoded."""
        number, place = self._place(index)
        with self._shard(number) as reader:
            return reader.row(place)

    def decoded(self, index: int) -> tuple[Row, Samples, Samples]:
        """Pair `index` as it is stored, and its lq and gt decoded.

        Raises ValueError naming file and key where the bytes are damaged."""
        row = self.row(index)
        try:
            return row, row.lq.picture(), row.gt.picture()
        except ValueError as error:
            shard = self._shards[self._place(index)[0]]
            raise ValueError(f"{self.out / shard.file}: pair {row.key!r}: {error}") from error

    def __getitem__(self, index: int) -> Pair:  # type: ignore[override]
        row, lq, gt = self.decoded(index)
        record = msgspec.json.decode(row.record, type=dict[str, Any])
        return Pair(
            row.key, row.scene, row.variant, lq, gt, record, row.identical, row.gt_name
        )  # fmt: skip

    def __iter__(self) -> Iterator[Pair]:
        return (self[index] for index in range(len(self)))

    def keys(self) -> list[str]:
        """Every key, in order; reads indexes only, one shard after another."""
        keys: list[str] = []
        for number in range(len(self._shards)):
            with self._shard(number) as reader:
                keys += reader.keys()
        return keys

    def outlines(self) -> Iterator[Outline]:
        """Every pair without its pictures, in order; reads indexes and, of the hf format, the
        pictures' heads."""
        for number in range(len(self._shards)):
            with self._shard(number) as reader:
                found = reader.outlines()
            yield from found

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
        while self._readers:
            self._readers.popitem()[1].close()

    def torch(self) -> TorchPairs:
        """The same pairs as float32 tensors, for a torch DataLoader."""
        return TorchPairs(self)


class TorchPairs:
    """Map-style torch dataset: {'key': str, 'lq', 'gt': float32 [C,H,W] in 0..1}.

    The record stays in `pairs[i].record`: a nested dict of mixed types cannot be collated.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor | str]:
        row, lq, gt = self.pairs.decoded(index)
        return {"key": row.key, "lq": to_tensor(lq), "gt": to_tensor(gt)}


def to_tensor(picture: Samples) -> torch.Tensor:
    """[H,W,C] uint8|uint16 -> float32 tensor [C,H,W], divided by 255 or 65535; float32 samples
    keep their values."""
    import torch

    planes = np.array(picture.transpose(2, 0, 1), np.float32, order="C")
    top = 1 if picture.dtype == np.float32 else np.iinfo(picture.dtype).max
    return torch.from_numpy(planes).div_(float(top))


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
