"""Export: the pairs of a finished dataset in another storage format, coded bytes untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from builders.atomic import sha256_file, whole_file, write_whole
from builders.formats import FORMATS
from builders.formats.shape import ShardPlace, ShardReader
from builders.lock import build_lock
from builders.manifest import Manifest, ShardEntry, load_manifest
from builders.merge import DROPS, write_dataset_files
from builders.parts import Part, PartRow
from builders.plan import BUILD_FOLDER
from builders.shards import open_shard


def export(
    out: Path,
    *,
    storage: str,
    target: Path,
    report: Callable[[int, int], None] = lambda _a, _b: None,
) -> Manifest:
    """Writes the dataset `out` to the folder `target` in the format `storage`, shard by shard.

    Records and coded pictures stay as they are; further experts of an MSEC test set (which no pair
    points to) are left behind. A killed export goes on where it was; `report(done, total)` follows
    each shard. The export keeps no plan: rebuild and append belong to the original. Raises
    ValueError for an unknown format or a `target` that holds another dataset.
    """
    manifest = load_manifest(out)
    if storage not in FORMATS:
        raise ValueError(f"--format {storage}: one of {', '.join(FORMATS)}")
    if target.resolve() == out.resolve():
        raise ValueError(f"--out {target}: that is the dataset itself")
    digest = sha256_file(out / "dataset.json")
    with build_lock(target, slice_name="0-of-1"):
        _claim(target, digest)
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


def _claim(target: Path, digest: str) -> None:
    """Says whose export `target` is; a folder with anything else in it is refused."""
    mark = target / BUILD_FOLDER / "export-of"
    if mark.is_file() and mark.read_text() == digest:
        return
    held = [path.name for path in target.iterdir() if path.name != BUILD_FOLDER]
    if mark.is_file() or held:
        raise ValueError(f"--out {target}: holds something else already; name an empty folder")
    write_whole(mark, digest.encode())


def _export_shard(out: Path, shard: ShardEntry, *, storage: str, target: Path) -> ShardEntry:
    state = target / BUILD_FOLDER / f"{Path(shard.file).stem}.json"
    if state.is_file():
        return msgspec.json.decode(state.read_bytes(), type=ShardEntry)
    name = f"data/{Path(shard.file).stem}{FORMATS[storage].suffix}"
    reader = open_shard(out, file=shard.file)
    try:
        with whole_file(target / name) as temporary:
            place = ShardPlace(target, shard.split, "pairs")
            rows = FORMATS[storage].write(temporary, _Scenes(reader), place)
            digest, size = sha256_file(temporary), temporary.stat().st_size
    finally:
        reader.close()
    entry = ShardEntry(name, shard.split, rows, size, digest)
    write_whole(state, msgspec.json.encode(entry))
    return entry


class _Scenes:
    """The rows of a shard as parts, one scene at a time, as often as a writer walks them."""

    def __init__(self, reader: ShardReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[Part]:
        rows = (self._reader.row(index) for index in range(len(self._reader)))
        for scene, mine in groupby(rows, key=lambda row: row.scene):
            gts, parts = {}, []
            for row in mine:
                gts.setdefault(row.gt_name, row.gt.described())
                parts.append(
                    PartRow(row.variant, row.record, row.identical, row.gt_name, row.lq.described())
                )
            yield Part(scene, gts, parts, [])
