"""Rebuild: one sample made again from its source, held against the stored bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from builders.drops import Drop
from builders.kinds import KINDS
from builders.kinds.scene import scene_task
from builders.pairs import open_pairs
from builders.parts import Part, Row
from builders.plan import BUILD_FOLDER, Plan, PlannedRoot, load_plan, present_versions
from builders.worker import code_scene
from degrade.option_error import OptionError


@dataclass(frozen=True)
class Rebuilt:
    """How the remade sample compares: 'bytes' (the same bytes and record), 'pixels' (the same
    pictures, coded or recorded otherwise) or 'differs'; the versions and fields of the record that
    changed; both rows."""

    verdict: Literal["bytes", "pixels", "differs"]
    changes: list[str]
    stored: Row
    remade: Row


def rebuild(
    out: Path, *, key: str, sources: Sequence[Path] = (), targets: Path | None = None
) -> Rebuilt:
    """Makes the pair `key` of the dataset in `out` again from its source.

    sources, targets: where the source folders (as many as were given to the build) and the folder
    of the pairs' own targets lie now, if they moved. Raises FileNotFoundError without plan or
    source, ValueError for an unknown key or if the source cannot give it any more.
    """
    stored = _stored(out, key)
    plan = load_plan(out)
    if plan is None and (out / BUILD_FOLDER / "export-of").is_file():
        raise FileNotFoundError(f"{out}: an export; rebuild from the dataset it was made of")
    if plan is None:
        raise FileNotFoundError(
            f"{out}: its .build folder is not there, so its sources are not known; build it again"
        )
    part = _remake(_moved(plan, sources, targets), stored.scene)
    remade = next((row for row in part.pairs() if row.key == key), None)
    if remade is None:
        raise ValueError(f"{key}: its source gives no such pair any more")
    now = present_versions(more=plan.versions)
    changes = [
        f"{name}: {planned} then, {now.get(name)} now"
        for name, planned in plan.versions.items()
        if now.get(name) != planned
    ]
    changes += _record_changes(json.loads(stored.record), json.loads(remade.record))
    return Rebuilt(_verdict(stored, remade), changes, stored, remade)


def _stored(out: Path, key: str) -> Row:
    pairs = open_pairs(out)
    try:
        return pairs.row(pairs.find(key))
    except KeyError as error:
        raise ValueError(error.args[0]) from error
    finally:
        pairs.close()


def _moved(plan: Plan, sources: Sequence[Path], targets: Path | None) -> Plan:
    """The plan with its folders where they are now."""
    if sources and len(sources) != len(plan.roots):
        raise OptionError(
            f"--raw: {len(sources)} folders, the build had {len(plan.roots)}; give them all, in "
            "the same order"
        )
    roots = [PlannedRoot(str(folder.resolve())) for folder in sources] or plan.roots
    # an import's targets lie in its source folder, and move with it
    now = {old.folder: new.folder for old, new in zip(plan.roots, roots, strict=True)}
    folders = {name: now.get(folder, folder) for name, folder in plan.target_folders.items()}
    if targets is not None and folders:
        folders[next(iter(folders))] = str(targets.resolve())
    return msgspec.structs.replace(plan, roots=roots, target_folders=folders)


def _remake(plan: Plan, scene: str) -> Part:
    """The scene's part; targets that are nobody's pair (further experts) are left out."""
    index = next(i for i, planned in enumerate(plan.scenes) if planned.scene == scene)
    task = scene_task(plan, index)
    if KINDS[plan.kind].extra_targets:
        task = dataclasses.replace(task, targets=dict(list(task.targets.items())[:1]))
    try:
        return code_scene(task, kind=plan.kind, scene=KINDS[plan.kind].build_scene(task))
    except Drop as drop:
        if drop.reason in ("gone", "target-unreadable"):
            raise FileNotFoundError(
                f"{drop}; if the folders moved, say where with --raw DIR or --gt DIR, --target DIR"
            ) from drop
        raise ValueError(f"{scene}: cannot be rebuilt: {drop}") from drop


def _record_changes(stored: Mapping[str, Any], remade: Mapping[str, Any]) -> list[str]:
    """A line for each field of the record that is not what it was."""
    lines = []
    for field in sorted({*stored, *remade}):
        then, now = stored.get(field), remade.get(field)
        if isinstance(then, dict) and isinstance(now, dict):
            lines += [f"{field}.{line}" for line in _record_changes(then, now)]
        elif then != now:
            lines.append(f"{field}: {json.dumps(then)} then, {json.dumps(now)} now")
    return lines


def _verdict(stored: Row, remade: Row) -> Literal["bytes", "pixels", "differs"]:
    sides = ((stored.lq, remade.lq), (stored.gt, remade.gt))
    if stored.record == remade.record and all(one.data == other.data for one, other in sides):
        return "bytes"
    if all(np.array_equal(one.picture(), other.picture()) for one, other in sides):
        return "pixels"
    return "differs"
