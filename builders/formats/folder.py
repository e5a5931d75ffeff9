"""Folder shards: plain picture files, and one JSON-lines index per shard that names them.

The index `data/<shard>.jsonl` is the shard: it is written last, whole, with each file's sha256. A
picture without a line in an index does not belong to the dataset.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from builders.atomic import sha256_file, write_whole
from builders.containers import Container, SampleType, Shape
from builders.formats.naming import NAMINGS, extra_name
from builders.formats.shape import Outline, ShardPlace, Written
from builders.parts import Coded, Part, Row


class Stored(msgspec.Struct, frozen=True):
    """One picture file: path below the dataset folder, container, [H,W,C], type, sha256."""

    file: str
    codec: Container
    shape: Shape
    dtype: SampleType
    sha256: str


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One pair in the index; `extras` are further targets of its scene."""

    key: str
    scene: str
    variant: str
    record: str
    identical: bool
    gt_name: str
    lq: Stored
    gt: Stored
    extras: list[Stored] = []

    def pictures(self) -> tuple[Stored, ...]:
        """Every file that the line names; several lines may name the same gt and extras."""
        return (self.lq, self.gt, *self.extras)


def write(file: Path, parts: Iterable[Part], place: ShardPlace) -> Written:
    """Writes the pictures of one shard into place and its index to `file`. The bytes are those of
    the pictures, each file once."""
    lines: list[Line] = []
    sizes: dict[str, int] = {}

    def keep(name: str, coded: Coded) -> Stored:
        write_whole(place.out / name, coded.data)
        sizes[name] = len(coded.data)
        return Stored(name, coded.codec, coded.shape, coded.dtype, coded.sha256())

    for part in (part for part in parts if part.rows):
        extras = [
            keep(extra_name(place.naming, place.split, part.scene, name, coded.suffix()), coded)
            for name, coded in part.extras.items()
        ]
        targets: dict[str, Stored] = {}
        for row in part.pairs():
            lq_name, gt_name = NAMINGS[place.naming](place.split, row)
            if row.gt_name not in targets:
                targets[row.gt_name] = keep(gt_name, row.gt)
            line = Line(
                row.key, row.scene, row.variant, row.record, row.identical, row.gt_name,
                keep(lq_name, row.lq), targets[row.gt_name], extras,
            )  # fmt: skip
            lines.append(line)
    file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return Written(len(lines), sum(sizes.values()))


def size(file: Path, out: Path) -> int:
    """Bytes of the pictures that the index names, each file once, as they lie there now."""
    named = {stored.file for line in FolderShard(file, out).lines for stored in line.pictures()}
    return sum((out / name).stat().st_size for name in named)


class FolderShard:
    """A finished folder shard: its index, and the picture files it names."""

    def __init__(self, file: Path, out: Path) -> None:
        self.file, self._out = file, out
        try:
            lines = file.read_bytes().splitlines()
            self.lines = [msgspec.json.decode(line, type=Line) for line in lines]
        except (msgspec.DecodeError, OSError) as error:
            raise ValueError(f"{file}: not a whole index of pairs ({error})") from error
        if not self.lines:
            raise ValueError(f"{file}: not a whole index of pairs (it is empty)")

    def __len__(self) -> int:
        return len(self.lines)

    def keys(self) -> list[str]:
        return [line.key for line in self.lines]

    def outlines(self) -> list[Outline]:
        return [
            Outline(
                line.key, line.scene, line.variant, line.identical, line.gt_name,
                line.lq.shape, line.lq.dtype, line.gt.shape, line.gt.dtype,
            )
            for line in self.lines
        ]  # fmt: skip

    def _coded(self, stored: Stored) -> Coded:
        path = self._out / stored.file
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise ValueError(f"{path}: missing, though {self.file.name} names it") from error
        return Coded(stored.codec, stored.shape, stored.dtype, data)

    def faults(self) -> list[str]:
        """Every picture file, extras too, against its sha256."""
        found = {}
        for stored in (stored for line in self.lines for stored in line.pictures()):
            if stored.file in found:
                continue
            path = self._out / stored.file
            if not path.is_file():
                found[stored.file] = f"{path}: missing, though {self.file.name} names it"
            elif sha256_file(path) != stored.sha256:
                found[stored.file] = f"{path}: its sha256 is not the one in {self.file.name}"
            else:
                found[stored.file] = ""
        return [fault for fault in found.values() if fault]

    def row(self, index: int) -> Row:
        line = self.lines[index]
        return Row(
            line.key, line.scene, line.variant, line.record, line.identical, line.gt_name,
            self._coded(line.lq), self._coded(line.gt),
        )  # fmt: skip

    def close(self) -> None:
        """Nothing is held open."""
