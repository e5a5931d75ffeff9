"""Adding new files to a dataset: new scenes in new shards, nothing old rewritten."""

from __future__ import annotations

import re

import msgspec

from builders.plan import Plan, cut_shards, differences, with_digests
from builders.planning import Store, place_scenes
from builders.sources import Source, unique_scenes
from degrade.option_error import OptionError

_GENERATION = re.compile(r"-add(\d+)$")


def changes(old: Plan, *, new: Plan) -> list[str]:
    """What differs between the plan in a dataset and the one the same command makes today, a line
    each. Where files were appended since, a plan made anew is split and cut otherwise, so the
    sources are compared as a set and the rest as it is."""
    if not any(_GENERATION.search(shard.name) for shard in old.shards):
        return differences(old, new)
    lines = differences(old, msgspec.structs.replace(new, scenes=old.scenes, shards=old.shards))
    before = {(scene.root, scene.path, scene.size) for scene in old.scenes}
    after = {(scene.root, scene.path, scene.size) for scene in new.scenes}
    if before != after:
        names = ", ".join(path for _, path, _ in sorted(before ^ after)[:3])
        lines.append(f"{len(before ^ after)} sources are new, gone or changed: {names}")
    return lines


def append_to(old: Plan, *, new: Plan, store: Store) -> Plan:
    """`old` with the sources that only `new` has; `old` itself if there are none.

    `new` is the plan the same command would make today; new scenes are split by the same rule
    among themselves, but a group that already has a split keeps it. Raises ValueError if anything
    but the list of sources differs.
    """
    same_sources = msgspec.structs.replace(new, scenes=old.scenes, shards=old.shards)
    if changed := differences(old, same_sources):
        raise OptionError("--append adds files and changes nothing else: " + "; ".join(changed))
    known = {(scene.root, scene.path) for scene in old.scenes}
    added = [scene for scene in new.scenes if (scene.root, scene.path) not in known]
    if not added:
        return old
    names = unique_scenes(
        [(scene.root, scene.path) for scene in added], taken=[scene.scene for scene in old.scenes]
    )
    if store.split_file is not None:
        splits = [scene.split for scene in added]
    else:
        settled = {scene.note.group: scene.split for scene in old.scenes if scene.note.group}
        sources = [Source(s.root, s.path, s.size, s.note) for s in added]
        splits = place_scenes(
            names, sources=sources, rule=store.split, seed=store.seed, settled=settled
        )
    scenes = [
        msgspec.structs.replace(scene, scene=name, split=split)
        for scene, name, split in zip(added, names, splits, strict=True)
    ]
    found = (_GENERATION.search(shard.name) for shard in old.shards)
    generation = 1 + max((int(match[1]) for match in found if match), default=0)
    ordered, shards = cut_shards(
        scenes,
        per_shard=store.scenes_per_shard,
        offset=len(old.scenes),
        suffix=f"-add{generation:02d}",
    )
    return with_digests(
        msgspec.structs.replace(old, scenes=[*old.scenes, *ordered], shards=[*old.shards, *shards])
    )
