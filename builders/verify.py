"""Verify: is every pair of a dataset the one that was built, and is the manifest true?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from builders.atomic import sha256_file
from builders.formats import FORMATS
from builders.manifest import MANIFEST, Manifest, ShardEntry, load_manifest, make_manifest
from builders.merge import DROPS
from builders.parts import Dropped, Row
from builders.plan import RECIPE_DIGITS, load_plan, recipe_digest
from builders.shards import load_state, open_shard

# True of builds and exports alike: both make anew what is missing or has another size.
_REMEDY = "delete it if it is there and run the build (or export) command again: it is made anew"


def verify(out: Path, *, report: Callable[[int, int], None] = lambda _a, _b: None) -> list[str]:
    """Every fault of the dataset in `out`, a line each; [] if it is whole.

    Checks each shard's presence, size and sha256; each row's key, record and pictures (which
    must decode), and that one recipe made them all; the manifest and drops.jsonl against the shards
    and the build's own states; and shards that no manifest names. The card and the contact sheet
    are anyone's to change and are not looked at. `report(done, total)` is called
    after each shard. Raises FileNotFoundError or ValueError where there is no manifest.
    """
    manifest = load_manifest(out)
    faults: list[str] = []
    keys: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    identical = 0
    for index, shard in enumerate(manifest.shards):
        found = list(shard_faults(out, shard))
        if not found:
            for row in _rows(out, shard, found):
                keys[row.key] += 1
                rows[shard.split] += 1
                identical += row.identical
                where = f"{out / shard.file}: {row.key}"
                found += _row_faults(row, where, recipe=manifest.recipe_digest[:RECIPE_DIGITS])
        faults += found
        report(index + 1, len(manifest.shards))
    if not faults:
        faults += _manifest_faults(
            out,
            manifest,
            rows=rows,
            identical=identical,
            scenes=len({key.rpartition("/")[0] for key in keys}),
        )
    faults += [f"{out}: key {key!r} is there {n} times" for key, n in keys.items() if n > 1]
    return faults + _stray_shards(out, manifest) + _plan_faults(out, manifest)


def shard_faults(out: Path, shard: ShardEntry) -> Iterator[str]:
    """What is wrong with a shard's files, a line each: presence, sha256, number of rows. Rows are
    not looked at."""
    path = out / shard.file
    if not path.is_file():
        yield f"{path}: missing; {_REMEDY}"
        return
    if sha256_file(path) != shard.sha256:
        yield f"{path}: its sha256 is not the one in {MANIFEST}; {_REMEDY}"
        return
    try:
        reader = open_shard(out, file=shard.file)
    except ValueError as error:
        yield str(error)
        return
    try:
        yield from (f"{fault}; {_REMEDY}" for fault in reader.faults())
        if len(reader) != shard.rows:
            yield f"{path}: {len(reader)} rows, {MANIFEST} says {shard.rows}"
    finally:
        reader.close()


def _rows(out: Path, shard: ShardEntry, faults: list[str]) -> Iterator[Row]:
    reader = open_shard(out, file=shard.file)
    try:
        for index in range(len(reader)):
            yield reader.row(index)
    except ValueError as error:
        faults.append(str(error))
    finally:
        reader.close()


def _row_faults(row: Row, where: str, *, recipe: str) -> list[str]:
    """recipe: the first digits of the dataset's own, which a record must have if it has any."""
    faults = []
    if row.key != f"{row.scene}/{row.variant}":
        faults.append(f"{where}: the key is not scene/variant ({row.scene}/{row.variant})")
    try:
        found = msgspec.json.decode(row.record, type=dict[str, Any]).get("recipe", recipe)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        faults.append(f"{where}: its record is not a JSON object ({error})")
    else:
        if found != recipe:
            faults.append(f"{where}: made by recipe {found}, {MANIFEST} says {recipe}: mixed")
    for name, coded in (("lq", row.lq), ("gt", row.gt)):
        try:
            coded.picture()
        except ValueError as error:
            faults.append(f"{where}: {name}: {error}")
    return faults


def _manifest_faults(
    out: Path, manifest: Manifest, *, rows: Counter[str], identical: int, scenes: int
) -> list[str]:
    faults = []
    path = out / MANIFEST
    if recipe_digest(manifest.kind, arguments=manifest.arguments) != manifest.recipe_digest:
        faults.append(f"{path}: stale: its recipe digest is not that of its arguments")
    if scenes != manifest.scenes:
        faults.append(f"{path}: stale: {manifest.scenes} scenes, the shards hold {scenes}")
    if dict(rows) != manifest.splits:
        faults.append(f"{path}: stale: splits {manifest.splits}, the shards hold {dict(rows)}")
    if identical != manifest.identical:
        faults.append(f"{path}: stale: {manifest.identical} identical pairs, found {identical}")
    drops: Counter[str] = Counter()
    try:
        for line in (out / DROPS).read_bytes().splitlines():
            drops[msgspec.json.decode(line, type=Dropped).reason] += 1
    except (OSError, msgspec.DecodeError) as error:
        return [*faults, f"{out / DROPS}: {error}"]
    if dict(drops) != manifest.drops:
        faults.append(f"{out / DROPS}: {dict(drops)}, {MANIFEST} counts {manifest.drops}")
    return faults


def _stray_shards(out: Path, manifest: Manifest) -> list[str]:
    named = {shard.file for shard in manifest.shards}
    suffix = FORMATS[manifest.format].suffix if manifest.format in FORMATS else ""
    held = (out / "data").glob(f"*{suffix}") if suffix else ()
    return [
        f"{path}: a shard that {MANIFEST} does not name"
        for path in sorted(held)
        if path.is_file() and path.relative_to(out).as_posix() not in named
    ]


def _plan_faults(out: Path, manifest: Manifest) -> list[str]:
    """The manifest against the plan and the shards' states, where the build's folder is there."""
    plan = load_plan(out)
    if plan is None:
        return []
    states = [load_state(out, shard=shard) for shard in plan.shards]
    finished = [state for state in states if state is not None]
    if len(finished) < len(states):
        missing = len(states) - len(finished)
        return [
            f"{out / MANIFEST}: stale: {missing} of {len(states)} planned shards are not built; "
            "run the build command again"
        ]
    if make_manifest(plan, name=manifest.name, states=finished) != manifest:
        return [f"{out / MANIFEST}: stale: it is not what the plan and the shards' states make"]
    lines = [msgspec.json.encode(drop) for state in finished for drop in state.drops]
    if (out / DROPS).is_file() and (out / DROPS).read_bytes().splitlines() != lines:
        return [f"{out / DROPS}: not the drops that the build wrote: changed since"]
    return []
