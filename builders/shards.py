"""Shards: put together from parts, landed whole, and the state that says so.

A shard counts as finished when OUT/.build/<shard>.json exists. That file is written last, after
the shard itself was synced and renamed into OUT/data/.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from builders.atomic import TEMPORARY, sha256_file, whole_file, write_whole
from builders.formats import FORMATS
from builders.formats.shape import Format, ShardPlace, ShardReader
from builders.parts import Dropped, Part, load_part, part_path, parts_folder, remove_parts
from builders.plan import BUILD_FOLDER, PlannedShard

# What a shard holds beyond its pictures: records and index, about 2 kB a pair of its 160.
_ROOM = 2**20


class ShardState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a finished shard holds. `file` is '' where every scene of it was dropped.

    `bytes` counts the pictures too where they are files of their own (folder format).
    """

    name: str
    digest: str
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
    """The shard's state, None while it is not finished or if another plan's shard stands there."""
    path = state_path(out, shard=shard)
    try:
        state = msgspec.json.decode(path.read_bytes(), type=ShardState)
        return state if state.digest == shard.digest else None
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; delete this file and run the build again") from error


def is_finished(out: Path, *, shard: PlannedShard) -> bool:
    """Whether the shard's state and all its bytes are there (a shard without rows has no file).

    A state whose file was deleted, or has another size, is removed: the shard is made again. Parts
    that a kill left beside a finished shard are removed.
    """
    state = load_state(out, shard=shard)
    if state is None:
        return False
    if state.file and not is_there(out, file=state.file, size=state.bytes):
        state_path(out, shard=shard).unlink()
        return False
    remove_parts(out, shard=shard)
    return True


def is_there(out: Path, *, file: str, size: int) -> bool:
    """Whether the shard OUT/<file> is there with as many bytes as when it landed.

    Quick: nothing is hashed. A changed byte in a file of the same size is for `verify` to find.
    """
    try:
        return form_of(out / file).size(out / file, out) == size
    except (ValueError, FileNotFoundError):
        return False


class Landed(msgspec.Struct, frozen=True):
    """A shard in its place: path below the dataset, rows, bytes (of the pictures where they are
    files of their own), sha256 of the file."""

    file: str
    rows: int
    bytes: int
    sha256: str


def land_shard(
    out: Path, *, name: str, split: str, parts: Iterable[Part], storage: str, naming: str
) -> Landed:
    """Writes the pairs of `parts` as the shard OUT/data/<name>, whole or not at all.

    `parts` is walked more than once. Raises OSError (disk full) with nothing in place.
    """
    form = FORMATS[storage]
    file = f"data/{name}{form.suffix}"
    with whole_file(out / file) as temporary:
        written = form.write(temporary, parts, ShardPlace(out, split, naming))
        return Landed(file, written.rows, written.bytes, sha256_file(temporary))


def assemble_shard(out: Path, *, shard: PlannedShard, storage: str, naming: str) -> ShardState:
    """Makes the shard's file from its parts, lands it, writes its state, removes the parts.

    Idempotent: a kill anywhere in it leaves the parts, or the state and perhaps some parts, and a
    finished shard is not made again. Raises OSError (disk full) with the parts kept.
    """
    there = load_state(out, shard=shard)
    if there is not None and is_finished(out, shard=shard):
        return there
    parts = PartFiles(out, shard=shard)
    drops: list[Dropped] = []
    identical = scenes = size = 0
    for part in parts:
        drops += part.drops
        scenes += bool(part.rows)
        identical += sum(row.identical for row in part.rows)
        size += part.size()
    landed = Landed("", 0, 0, "")
    if scenes:
        check_room(out, need=size)
        landed = land_shard(
            out, name=shard.name, split=shard.split, parts=parts, storage=storage, naming=naming
        )
    state = ShardState(
        shard.name, shard.digest, shard.split, landed.file, landed.rows, identical, scenes,
        landed.bytes, landed.sha256, drops,
    )  # fmt: skip
    write_whole(state_path(out, shard=shard), msgspec.json.encode(state))
    remove_parts(out, shard=shard)
    return state


def check_room(out: Path, *, need: int) -> None:
    """Raises OSError (ENOSPC) where a shard of `need` bytes cannot fit: HDF5 that meets a full disk
    while it closes a file takes its whole process down."""
    free = shutil.disk_usage(out).free
    if need + _ROOM > free:
        held = f"a shard needs {need / 2**20:.1f} MiB, {free / 2**20:.1f} MiB are free"
        raise OSError(errno.ENOSPC, held)


def form_of(path: Path) -> Format:
    """The format of a shard, by its suffix; raises ValueError for another file."""
    for form in FORMATS.values():
        if path.suffix == form.suffix:
            return form
    suffixes = ", ".join(form.suffix for form in FORMATS.values())
    raise ValueError(f"{path}: not a shard; shards end in {suffixes}")


def open_shard(out: Path, *, file: str) -> ShardReader:
    """A reader of OUT/<file>, by its suffix. Raises ValueError if it is damaged or unknown."""
    path = out / file
    form = form_of(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: missing, though dataset.json names it; "
            "run the build (or export) command again"
        )
    return form.read(path, out)


def remove_temporaries(out: Path, *, shards: Sequence[PlannedShard] | None) -> None:
    """Removes what a killed run left half written of these shards, or, with None, of the whole
    dataset, picture files of the folder format among it. Only under their lock."""
    if shards is None:
        for path in out.rglob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)
        return
    for shard in shards:
        for folder in (out / "data", out / BUILD_FOLDER):
            for path in folder.glob(f"{TEMPORARY}*-{shard.name}.*"):
                path.unlink(missing_ok=True)
        for path in parts_folder(out, shard=shard).glob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)


def remove_data_temporaries(out: Path, *, shards: Sequence[PlannedShard]) -> None:
    """What killed workers left half written among the data, once all shards of a plan are finished.

    The dataset's own files and OUT/.build are left alone: another slice may be writing there.
    """
    if any(load_state(out, shard=shard) is None for shard in shards):
        return
    for folder in out.iterdir():
        if folder.is_dir() and folder.name != BUILD_FOLDER:
            for path in folder.rglob(f"{TEMPORARY}*"):
                path.unlink(missing_ok=True)
