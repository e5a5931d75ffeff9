"""From sources to a plan: scenes named, split and cut into shards. The same for every kind.

Nothing is decoded and no file is read but small JSON sidecars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from builders.formats import FORMATS
from builders.plan import (
    PLAN_VERSION,
    Plan,
    PlannedRoot,
    PlannedScene,
    cut_shards,
    present_versions,
    with_digests,
)
from builders.sources import Root, Source, unique_scenes
from builders.splits import parse_split, read_split_file, split_by_file, split_groups
from degrade.option_error import OptionError

DEFAULT_SPLIT = "train=0.9,val=0.05,test=0.05"
# Scenes in a shard: few enough that a lost shard is minutes of work and that 100 of them feed a
# job array, many enough that a dataset of 5,000 has 160 files, not 5,000.
SCENES_PER_SHARD = 32


@dataclass(frozen=True)
class Store:
    """What is common to every kind of build: how the pairs are kept and split, and the seed of
    every draw (split, patches). `format` '' leaves the choice to the kind."""

    format: str = ""
    split: str = DEFAULT_SPLIT
    split_file: Path | None = None
    seed: int = 0
    limit: int | None = None
    licence: str = ""
    attribution: str = ""
    scenes_per_shard: int = SCENES_PER_SHARD


@dataclass(frozen=True)
class Planned:
    """A plan, and what a user should be told about how it came to be."""

    plan: Plan
    notes: list[str]


@dataclass(frozen=True)
class PlacedSource:
    """A source with the scene name and the split it has been given, and its targets by name."""

    source: Source
    scene: str
    split: str
    targets: Mapping[str, str]


@dataclass(frozen=True)
class KindPlan:
    """What a kind adds to a plan: its name, its checked arguments, the naming of the folder
    format, where its targets lie, and the packages it uses besides those of every kind."""

    kind: str
    arguments: msgspec.Struct
    naming: str
    target_folders: Mapping[str, Path]
    packages: Sequence[str] = ()


def check_store(store: Store, *, default_format: str) -> Store:
    """The store with its format decided. Raises OptionError for a value it cannot have."""
    chosen = store.format or default_format
    if chosen not in FORMATS:
        raise OptionError(f"--format {chosen}: one of {', '.join(FORMATS)}")
    if store.limit is not None and store.limit < 1:
        raise OptionError(f"--limit {store.limit}: at least 1 source")
    if store.scenes_per_shard < 1:
        raise OptionError(f"--scenes-per-shard {store.scenes_per_shard}: at least 1")
    parse_split(store.split)
    return Store(**{**vars(store), "format": chosen})


def check_roots(roots: Sequence[Root], *, option: str = "--raw") -> None:
    """Raises OptionError where one root holds another: its files would be there twice, perhaps
    in two splits."""
    folders = [root.folder.resolve() for root in roots]
    for index, folder in enumerate(folders):
        for other in folders[:index]:
            if folder == other or folder in other.parents or other in folder.parents:
                raise OptionError(
                    f"{option} {roots[index].folder}: it and {other} overlap; give one"
                )


def place_sources(
    sources: Sequence[Source], *, store: Store, notes: list[str]
) -> list[tuple[Source, str, str]]:
    """(source, scene, split) of every source that has a split, at most `limit` of them.

    Names and splits are decided over all sources, so a limit changes neither.
    """
    names = unique_scenes([(source.root, source.path) for source in sources])
    if store.split_file is not None:
        splits = split_by_file(names, splits=read_split_file(store.split_file))
        if left := splits.count(None):
            notes.append(f"{left} sources are not in {store.split_file} and are left out")
    else:
        splits = place_scenes(names, sources=sources, rule=store.split, seed=store.seed)
    rows = [
        (source, name, split)
        for source, name, split in zip(sources, names, splits, strict=True)
        if split is not None
    ]
    return rows[: store.limit]


def place_scenes(
    names: Sequence[str],
    *,
    sources: Sequence[Source],
    rule: str,
    seed: int,
    settled: Mapping[str, str] | None = None,
) -> list[str]:
    """The split of each scene by fractions; a group in `settled` keeps the split it has."""
    known = settled or {}
    units = [source.note.group or name for source, name in zip(sources, names, strict=True)]
    free = [unit for unit in units if unit not in known]
    splits = split_groups(free, fractions=parse_split(rule), seed=seed)
    placed = dict(zip(free, splits, strict=True))
    return [known.get(unit) or placed[unit] for unit in units]


def make_plan(
    placed: Sequence[PlacedSource], *, recipe: KindPlan, roots: Sequence[Root], store: Store
) -> Plan:
    """The whole plan of a build; splits in the order in which the user named them."""
    if store.split_file is not None:
        rule, order = f"file {store.split_file.name}", list(read_split_file(store.split_file))
    else:
        rule, order = store.split, list(parse_split(store.split))
    scenes = [
        PlannedScene(
            p.scene, p.source.root, p.source.path, p.source.size, p.split, dict(p.targets),
            p.source.note,
        )
        for p in sorted(placed, key=lambda p: order.index(p.split))
    ]  # fmt: skip
    ordered, shards = cut_shards(scenes, per_shard=store.scenes_per_shard)
    folders = {name: str(folder.resolve()) for name, folder in recipe.target_folders.items()}
    return with_digests(
        Plan(
            version=PLAN_VERSION,
            kind=recipe.kind,
            arguments=msgspec.to_builtins(recipe.arguments),
            format=store.format,
            naming=recipe.naming,
            seed=store.seed,
            split_rule=rule,
            roots=[PlannedRoot(str(root.folder.resolve()), root.weight) for root in roots],
            target_folders=folders,
            licence=store.licence,
            attribution=store.attribution,
            versions=present_versions(more=recipe.packages),
            scenes=ordered,
            shards=shards,
        )
    )


def planned_counts(plan: Plan) -> dict[str, int]:
    """Pairs by split if nothing is dropped."""
    from builders.kinds import KINDS

    kind = KINDS[plan.kind]
    arguments = msgspec.convert(plan.arguments, kind.arguments)
    counts: dict[str, int] = {}
    for scene in plan.scenes:
        counts[scene.split] = counts.get(scene.split, 0) + kind.planned_rows(arguments, scene.split)
    return counts
