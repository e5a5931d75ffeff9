"""Shards: put together from parts, landed whole, and the state that says so.

A shard counts as finished when OUT/.build/<shard>.json exists. That file is written last, after
the shard itself was synced and renamed into OUT/data/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from builders.atomic import TEMPORARY, sha256_file, whole_file, write_whole
from builders.formats import FORMATS
from builders.formats.shape import ShardPlace, ShardReader
from builders.parts import Dropped, Part, load_part, part_path, remove_parts
from builders.plan import BUILD_FOLDER, PlannedShard


class ShardState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a finished shard holds. `file` is '' where every scene of it was dropped.

    `bytes` counts the pictures too where they are files of their own (folder format).
    """

    name: str
    split: str
    file: str
    rows: int
    identical: int
    scenes: int
    bytes: int
    sha256: str
    drops: list[Dropped]


class PartFiles:
    """The parts of one shard, in the plan's order, read one at a time and as often as asked."""

    def __init__(self, out: Path, *, shard: PlannedShard) -> None:
        self._paths = [part_path(out, shard=shard, index=i) for i in range(shard.first, shard.last)]

    def __iter__(self) -> Iterator[Part]:
        return (load_part(path) for path in self._paths)


def state_path(out: Path, *, shard: PlannedShard) -> Path:
    """Where the state lies whose presence means that the shard is finished."""
    return out / BUILD_FOLDER / f"{shard.name}.json"


def load_state(out: Path, *, shard: PlannedShard) -> ShardState | None:
    """The shard's state, None while it is not finished."""
    path = state_path(out, shard=shard)
    try:
        return msgspec.json.decode(path.read_bytes(), type=ShardState)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; delete this file and run the build again") from error


def is_finished(out: Path, *, shard: PlannedShard) -> bool:
    """Whether the shard's state and its file are there (a shard without rows has no file).

    A state whose file somebody deleted is removed, so that the shard is made again.
    """
    state = load_state(out, shard=shard)
    if state is None:
        return False
    if state.file and not (out / state.file).is_file():
        state_path(out, shard=shard).unlink()
        return False
    return True


def assemble_shard(out: Path, *, shard: PlannedShard, storage: str, naming: str) -> ShardState:
    """Makes the shard's file from its parts, lands it, writes its state, removes the parts.

    Idempotent: a kill anywhere in it leaves either the parts or the state. Raises OSError (disk
    full) with the parts kept.
    """
    form = FORMATS[storage]
    drops: list[Dropped] = []
    identical = scenes = size = rows = 0
    for part in PartFiles(out, shard=shard):
        drops += part.drops
        scenes += bool(part.rows)
        rows += len(part.rows)
        identical += sum(row.identical for row in part.rows)
        size += part.size()
    name, digest = "", ""
    if rows:
        name = f"data/{shard.name}{form.suffix}"
        with whole_file(out / name) as temporary:
            place = ShardPlace(out, shard.split, naming)
            form.write(temporary, PartFiles(out, shard=shard), place)
            digest = sha256_file(temporary)
            size = size if storage == "folder" else temporary.stat().st_size
    state = ShardState(
        shard.name, shard.split, name, rows, identical, scenes, size, digest, drops
    )  # fmt: skip
    write_whole(state_path(out, shard=shard), msgspec.json.encode(state))
    remove_parts(out, shard=shard)
    return state


def open_shard(out: Path, *, file: str) -> ShardReader:
    """A reader of OUT/<file>, by its suffix. Raises ValueError if it is damaged or unknown."""
    path = out / file
    for form in FORMATS.values():
        if path.suffix == form.suffix:
            if not path.is_file():
                raise ValueError(f"{path}: missing, though dataset.json names it")
            return form.read(path, out)
    raise ValueError(f"{path}: not a shard; shards end in .h5, .parquet or .jsonl")


def remove_temporaries(out: Path, *, shards: Sequence[PlannedShard]) -> None:
    """Removes what a killed run left half written of these shards. Only under their lock."""
    for shard in shards:
        for folder in (out / "data", out / BUILD_FOLDER):
            for path in folder.glob(f"{TEMPORARY}*-{shard.name}.*"):
                path.unlink(missing_ok=True)
        for path in (out / BUILD_FOLDER / "parts" / shard.name).glob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)


def remove_all_temporaries(out: Path) -> None:
    """The same for the whole dataset, picture files of the folder format among them."""
    for path in out.rglob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)
