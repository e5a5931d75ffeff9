"""What every storage format provides: a writer of one shard and a reader of one shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from builders.containers import SampleType, Shape
from builders.parts import Part, Row


class ShardPlace(msgspec.Struct, frozen=True):
    """Where a shard's files go: dataset folder, split, naming scheme (folder format only)."""

    out: Path
    split: str
    naming: str


class Written(NamedTuple):
    """What a writer wrote: rows, and bytes as the format's `size` counts them."""

    rows: int
    bytes: int


class Outline(NamedTuple):
    """What is known of a pair without its pictures: names, [H,W,C] and sample types."""

    key: str
    scene: str
    variant: str
    identical: bool
    gt_name: str
    lq_shape: Shape
    lq_dtype: SampleType
    gt_shape: Shape
    gt_dtype: SampleType


class ShardReader(Protocol):
    """One open shard: random access to its rows. Opened in the process that reads it."""

    def __len__(self) -> int: ...

    def keys(self) -> list[str]:
        """Every row's key, in stored order."""
        ...

    def outlines(self) -> list[Outline]:
        """Every row without its pictures, in stored order; raises ValueError where a picture's
        head is damaged."""
        ...

    def row(self, index: int) -> Row:
        """Row `index`; raises ValueError naming the file if its bytes are damaged."""
        ...

    def faults(self) -> list[str]:
        """A line for each file that the shard names and that is missing or changed."""
        ...

    def close(self) -> None:
        """Lets go of the file; the reader is of no use afterwards."""
        ...


@dataclass(frozen=True)
class Format:
    """A storage format. `write(file, parts, place)` writes a whole shard to the temporary path
    `file`, walking `parts` as often as it needs to; `read(file, out)` opens a finished one;
    `size(file, out)` counts the bytes of a finished one again, without reading its pictures, and
    raises ValueError or FileNotFoundError where something of it is gone."""

    suffix: str
    write: Callable[[Path, Iterable[Part], ShardPlace], Written]
    read: Callable[[Path, Path], ShardReader]
    size: Callable[[Path, Path], int]


def file_size(file: Path, out: Path) -> int:
    """The `size` of a shard that is one file."""
    del out
    return file.stat().st_size
