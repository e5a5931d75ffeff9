"""Export: the pairs of a finished dataset in another storage format, coded bytes untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from builders.atomic import sha256_file, write_whole
from builders.formats import FORMATS
from builders.formats.shape import ShardReader
from builders.lock import build_lock
from builders.manifest import Manifest, ShardEntry, load_manifest
from builders.merge import DROPS, write_dataset_files
from builders.parts import Coded, Part, PartRow
from builders.plan import BUILD_FOLDER
from builders.shards import check_room, is_there, land_shard, open_shard
from builders.verify import shard_faults
from degrade.option_error import OptionError


def export(
    out: Path,
    *,
    storage: str,
    target: Path,
    report: Callable[[int, int], None] = lambda _a, _b: None,
) -> Manifest:
    """Writes the dataset `out` to the folder `target` in the format `storage`, shard by shard.

    Records and coded pictures stay as they are; further experts of an MSEC test set (which no pair
    points to) are left behind. The same call again goes on where a killed one was, and makes anew
    what was deleted since; `report(done, total)` follows each shard. The export keeps no plan:
    rebuild and append belong to the original. Raises ValueError for an unknown format, a `target`
    that holds another dataset, and a shard of `out` that is not the one in its dataset.json.
    """
    manifest = load_manifest(out)
    if storage not in FORMATS:
        raise OptionError(f"--format {storage}: one of {', '.join(FORMATS)}")
    if target.resolve() == out.resolve():
        raise OptionError(f"--out {target}: that is the dataset itself")
    digest = sha256_file(out / "dataset.json")
    _check_place(target, digest)
    with build_lock(target, slice_name="0-of-1"):
        _check_place(target, digest)
        write_whole(_mark(target), digest.encode())
        entries = []
        for index, shard in enumerate(manifest.shards):
            entries.append(_export_shard(out, shard, storage=storage, target=target))
            report(index + 1, len(manifest.shards))
        exported = msgspec.structs.replace(
            manifest, name=target.resolve().name, format=storage, shards=entries
        )
        write_whole(target / DROPS, (out / DROPS).read_bytes())
        write_dataset_files(exported, out=target)
    return exported


def _mark(target: Path) -> Path:
    """The file that says whose export `target` is."""
    return target / BUILD_FOLDER / "export-of"


def _check_place(target: Path, digest: str) -> None:
    """Refuses, before anything is written there, a folder that holds anything but this export."""
    if target.exists() and not target.is_dir():
        raise OptionError(f"--out {target}: a file, not a folder")
    mark = _mark(target)
    if mark.is_file() and mark.read_text() == digest:
        return
    held = [path.name for path in target.iterdir()] if target.is_dir() else []
    if mark.is_file():
        raise ValueError(
            f"--out {target}: holds something else already: the export of another dataset, or of "
            "this one before it changed; name an empty folder"
        )
    if [name for name in held if name != BUILD_FOLDER]:
        raise OptionError(f"--out {target}: holds something else already; name an empty folder")


def _export_shard(out: Path, shard: ShardEntry, *, storage: str, target: Path) -> ShardEntry:
    """One shard of `out` in `target`; left as it is where it already lies there whole."""
    name = Path(shard.file).stem
    state = target / BUILD_FOLDER / f"{name}.json"
    done = _load_state(state)
    if done is not None and is_there(target, file=done.file, size=done.bytes):
        return done
    if faults := list(shard_faults(out, shard)):
        raise ValueError(f"damage is not exported: {faults[0]}")
    check_room(target, need=shard.bytes)
    reader = open_shard(out, file=shard.file)
    try:
        landed = land_shard(
            target, name=name, split=shard.split, parts=_Scenes(reader), storage=storage,
            naming="pairs",
        )  # fmt: skip
    finally:
        reader.close()
    entry = ShardEntry(landed.file, shard.split, landed.rows, landed.bytes, landed.sha256)
    write_whole(state, msgspec.json.encode(entry))
    return entry


def _load_state(path: Path) -> ShardEntry | None:
    """The entry of a shard that has landed before, None if it has not."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ShardEntry)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; delete it and run the export again") from error


class _Scenes:
    """The rows of a shard as parts, one scene at a time, as often as a writer walks them."""

    def __init__(self, reader: ShardReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[Part]:
        rows = (self._reader.row(index) for index in range(len(self._reader)))
        for scene, mine in groupby(rows, key=lambda row: row.scene):
            gts: dict[str, Coded] = {}
            pairs: list[PartRow] = []
            for row in mine:
                gts.setdefault(row.gt_name, row.gt)
                pairs.append(PartRow(row.variant, row.record, row.identical, row.gt_name, row.lq))
            yield Part(scene, gts, pairs, [])
