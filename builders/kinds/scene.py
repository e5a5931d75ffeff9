"""What a kind of build is given for one source, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from builders.drops import Drop
from builders.plan import Plan
from degrade.images import Picture


@dataclass(frozen=True)
class SceneTask:
    """One source to be made into pairs: small and picklable, all a worker needs.

    `targets`: name -> (path relative to its folder, file). The first is the pairs' gt.
    """

    scene: str
    split: str
    root: int
    path: str
    file: Path
    size: int
    seed: int
    targets: dict[str, tuple[str, Path]]
    arguments: dict[str, Any]


@dataclass(frozen=True)
class RenderedPair:
    """One pair before coding: variant, lq picture, the name of its gt, its own parameters."""

    variant: str
    lq: Picture
    gt_name: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class RenderedScene:
    """All of one source: gts by name, further targets, parameters common to all its pairs, pairs
    made one at a time as they are asked for, and patches or targets that were dropped."""

    gts: dict[str, Picture]
    parameters: dict[str, Any]
    pairs: Iterator[RenderedPair]
    extras: dict[str, Picture] = field(default_factory=dict)
    drops: list[Drop] = field(default_factory=list)


@dataclass(frozen=True)
class Codecs:
    """How a kind's pictures are coded (keys of `degrade.images.CODECS`)."""

    lq: str
    gt: str


@dataclass(frozen=True)
class Kind:
    """A kind of build: its strict argument type, the pairs it plans for a scene of a split, how
    it codes, how it makes one scene (raises Drop for a source it cannot use), and whether targets
    after the first are extras, which no pair is made of."""

    arguments: type[msgspec.Struct]
    planned_rows: Callable[[Any, str], int]
    codecs: Callable[[Any], Codecs]
    build_scene: Callable[[SceneTask], RenderedScene]
    extra_targets: bool = False


def scene_task(plan: Plan, index: int) -> SceneTask:
    """Everything a worker needs to make scene `index` of the plan."""
    scene = plan.scenes[index]
    folders = plan.target_folders
    return SceneTask(
        scene=scene.scene,
        split=scene.split,
        root=scene.root,
        path=scene.path,
        file=Path(plan.roots[scene.root].folder, scene.path),
        size=scene.size,
        seed=plan.seed,
        targets={name: (path, Path(folders[name], path)) for name, path in scene.targets.items()},
        arguments=plan.arguments,
    )
