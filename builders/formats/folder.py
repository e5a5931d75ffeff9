"""Folder shards: plain picture files, and one JSON-lines index per shard that names them.

The index `data/<shard>.jsonl` is the shard: it is written last, whole, with each file's sha256. A
picture without a line in an index does not belong to the dataset.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from builders.atomic import sha256_file, write_whole
from builders.formats.naming import NAMINGS, extra_name
from builders.formats.shape import ShardPlace
from builders.parts import Coded, Part, Row


class Stored(msgspec.Struct, frozen=True):
    """One picture file: path below the dataset folder, codec, shape, type, sha256."""

    file: str
    codec: str
    shape: tuple[int, ...]
    dtype: str
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


def write(file: Path, parts: Iterable[Part], place: ShardPlace) -> int:
    """Writes the pictures of one shard into place and its index to `file`; returns its rows."""
    lines: list[bytes] = []
    for part in parts:
        extras = [
            _store(place.out, extra_name(place.naming, place.split, part.scene, name,
                                         coded.suffix()), coded)
            for name, coded in part.extras.items()
        ]  # fmt: skip
        targets: dict[str, Stored] = {}
        for row in part.pairs():
            lq_name, gt_name = NAMINGS[place.naming](place.split, row)
            if row.gt_name not in targets:
                targets[row.gt_name] = _store(place.out, gt_name, row.gt)
            line = Line(
                row.key, row.scene, row.variant, row.record, row.identical, row.gt_name,
                _store(place.out, lq_name, row.lq), targets[row.gt_name], extras,
            )  # fmt: skip
            lines.append(msgspec.json.encode(line))
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return len(lines)


def _store(out: Path, name: str, coded: Coded) -> Stored:
    write_whole(out / name, coded.data)
    return Stored(name, coded.codec, coded.shape, coded.dtype, coded.sha256())


class FolderShard:
    """A finished folder shard: its index, and the picture files it names."""

    def __init__(self, file: Path, out: Path) -> None:
        self.file, self._out = file, out
        try:
            lines = file.read_bytes().splitlines()
            self.lines = [msgspec.json.decode(line, type=Line) for line in lines]
        except (msgspec.DecodeError, OSError) as error:
            raise ValueError(f"{file}: not a whole index of pairs ({error})") from error

    def __len__(self) -> int:
        return len(self.lines)

    def keys(self) -> list[str]:
        return [line.key for line in self.lines]

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
        for stored in (s for line in self.lines for s in (line.lq, line.gt, *line.extras)):
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
