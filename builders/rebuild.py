"""Rebuild: one sample made again from its source, held against the stored bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from builders.drops import Drop
from builders.kinds import KINDS
from builders.kinds.scene import scene_task
from builders.pairs import open_pairs
from builders.parts import Part, Row
from builders.plan import Plan, load_plan, present_versions
from builders.worker import code_scene


@dataclass(frozen=True)
class Rebuilt:
    """How the remade sample compares: 'bytes' (the same file), 'pixels' (the same picture, coded
    otherwise) or 'differs'; the record's fields and versions that changed; both rows."""

    verdict: Literal["bytes", "pixels", "differs"]
    changes: list[str]
    stored: Row
    remade: Row


def rebuild(out: Path, *, key: str, sources: Path | None = None) -> Rebuilt:
    """Makes the pair `key` of the dataset in `out` again from its source.

    sources: where the source folder lies now, if it moved. Raises KeyError for an unknown key,
    FileNotFoundError without plan or source, ValueError if the source cannot give it any more.
    """
    stored = _stored(out, key)
    plan = load_plan(out)
    if plan is None:
        raise FileNotFoundError(
            f"{out}: its .build folder is not there, so its sources are not known; build it again"
        )
    remade = next((r for r in _remake(plan, stored.scene, sources).pairs() if r.key == key), None)
    if remade is None:
        raise ValueError(f"{key}: its source gives no such pair any more")
    changes = [
        f"{name}: {planned} then, {present_versions().get(name)} now"
        for name, planned in plan.versions.items()
        if present_versions().get(name) != planned
    ]
    same_record = remade.record == stored.record
    if not same_record:
        changes.append("the record is not the same: source or rendering changed")
    return Rebuilt(_verdict(stored, remade) if same_record else "differs", changes, stored, remade)


def _stored(out: Path, key: str) -> Row:
    pairs = open_pairs(out)
    try:
        return pairs.row(pairs.find(key))
    finally:
        pairs.close()


def _remake(plan: Plan, scene: str, sources: Path | None) -> Part:
    index = next(i for i, planned in enumerate(plan.scenes) if planned.scene == scene)
    task = scene_task(plan, index, sources=sources)
    try:
        return code_scene(task, kind=plan.kind, scene=KINDS[plan.kind].build_scene(task))
    except Drop as drop:
        if drop.reason == "gone":
            raise FileNotFoundError(
                f"{drop}; if the sources moved, say where with --raw DIR"
            ) from drop
        raise ValueError(f"{scene}: cannot be rebuilt: {drop}") from drop


def _verdict(stored: Row, remade: Row) -> Literal["bytes", "pixels", "differs"]:
    sides = ((stored.lq, remade.lq), (stored.gt, remade.gt))
    if all(one.data == other.data for one, other in sides):
        return "bytes"
    if all(np.array_equal(one.picture(), other.picture()) for one, other in sides):
        return "pixels"
    return "differs"
