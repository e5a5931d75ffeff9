"""From what the user asked to the plan: sources listed, targets found, scenes split, shards cut.

Nothing is decoded and no file is read but small JSON sidecars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from builders.formats import FORMATS
from builders.kinds.exposure_arguments import Wishes, resolve
from builders.layouts.fivek import beside, find_experts
from builders.layouts.partners import match_partners
from builders.plan import (
    PLAN_VERSION,
    Plan,
    PlannedRoot,
    PlannedScene,
    cut_shards,
    present_versions,
)
from builders.sources import RAW_SUFFIXES, Root, Source, list_sources, unique_scenes
from builders.splits import parse_split, read_split_file, split_by_file, split_groups

DEFAULT_SPLIT = "train=0.9,val=0.05,test=0.05"
# Scenes in a shard: few enough that a lost shard is minutes of work and that 100 of them feed a
# job array, many enough that a dataset of 5,000 has 160 files, not 5,000.
SCENES_PER_SHARD = 32


@dataclass(frozen=True)
class Store:
    """How the pairs are kept and split: common to every kind of build."""

    format: str = "hdf5"
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


def plan_exposure(
    roots: Sequence[Root], *, target: Path | None, wishes: Wishes, store: Store
) -> Planned:
    """The plan of an exposure build. Raises ValueError, FileNotFoundError or PermissionError."""
    store = _check_store(store, preset=wishes.preset)
    sources = list_sources(roots, suffixes=RAW_SUFFIXES, what="camera RAW file")[: store.limit]
    folders, notes = _target_folders(roots, target)
    arguments = resolve(wishes, retouched=bool(folders))
    if arguments.gt_kind == "render":
        notes.append(
            f"no --target: the render at EV {arguments.gt_ev:+g} is the target and is not an "
            "input. Many captures are backlit or wrongly exposed themselves: a retouched target "
            "is better"
        )
    matches = _match(sources, folders)
    all_experts = wishes.preset == "msec"  # its test set is scored against five experts
    scenes = [
        PlannedScene(
            scene, source.root, source.path, source.size, split,
            _targets_of(source, matches, every=all_experts and split == "test"), source.note,
        )
        for source, scene, split in _split(sources, store=store, notes=notes)
    ]  # fmt: skip
    ordered, shards = cut_shards(scenes, per_shard=store.scenes_per_shard)
    rule = f"file {store.split_file.name}" if store.split_file else store.split
    plan = Plan(
        version=PLAN_VERSION,
        kind="exposure",
        arguments=msgspec.to_builtins(arguments),
        format=store.format,
        naming="msec" if wishes.preset == "msec" else "pairs",
        seed=store.seed,
        split_rule=rule,
        roots=[PlannedRoot(str(root.folder.absolute()), root.weight) for root in roots],
        target_folders={name: str(folder.absolute()) for name, folder in folders.items()},
        licence=store.licence,
        attribution=store.attribution,
        versions=present_versions(),
        scenes=ordered,
        shards=shards,
    )
    return Planned(plan, notes)


def planned_counts(plan: Plan) -> dict[str, int]:
    """Pairs by split if nothing is dropped."""
    from builders.kinds import KINDS

    kind = KINDS[plan.kind]
    arguments = msgspec.convert(plan.arguments, kind.arguments)
    counts: dict[str, int] = {}
    for scene in plan.scenes:
        counts[scene.split] = counts.get(scene.split, 0) + kind.planned_rows(arguments, scene.split)
    return counts


def _check_store(store: Store, *, preset: str) -> Store:
    if preset == "msec":
        store = replace(store, format="folder")
    if store.format not in FORMATS:
        raise ValueError(f"--format {store.format}: one of {', '.join(FORMATS)}")
    if store.limit is not None and store.limit < 1:
        raise ValueError(f"--limit {store.limit}: at least 1 source")
    if store.scenes_per_shard < 1:
        raise ValueError(f"--scenes-per-shard {store.scenes_per_shard}: at least 1")
    parse_split(store.split)
    return store


def _target_folders(
    roots: Sequence[Root], target: Path | None
) -> tuple[dict[str, Path], list[str]]:
    """Target folders by name, the pairs' own first; and what was found without being asked."""
    if target is not None:
        if not target.is_dir():
            raise FileNotFoundError(f"--target {target}: no such folder")
        return beside(target) or find_experts(target, depth=1) or {"target": target}, []
    for root in roots:
        experts = find_experts(root.folder) if root.folder.is_dir() else {}
        if "expert_c" in experts:
            found = f"{experts['expert_c']}"
            return experts, [f"FiveK's tree: Expert C's retouches in {found} are the targets"]
    return {}, []


def _match(sources: Sequence[Source], folders: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Target's name -> source's path -> target's path, for the sources that have that target."""
    paths = [source.path for source in sources]
    matches: dict[str, dict[str, str]] = {}
    for name, folder in folders.items():
        found = zip(paths, match_partners(paths, folder=folder), strict=True)
        matches[name] = {path: partner for path, partner in found if partner is not None}
    if folders and not matches[main := next(iter(folders))]:
        raise FileNotFoundError(
            f"{folders[main]}: none of its pictures has the stem of one of the "
            f"{len(sources)} sources ({Path(paths[0]).stem} ...)"
        )
    return matches


def _split(
    sources: Sequence[Source], *, store: Store, notes: list[str]
) -> list[tuple[Source, str, str]]:
    """(source, scene, split) of each source that has a split, in the order of the splits."""
    names = unique_scenes([(source.root, source.path) for source in sources])
    if store.split_file is not None:
        by_name = read_split_file(store.split_file)
        splits = split_by_file(names, splits=by_name)
        order = list(by_name)
        if left := splits.count(None):
            notes.append(f"{left} sources are not in {store.split_file} and are left out")
    else:
        order = list(parse_split(store.split))
        splits = place_scenes(names, sources=sources, rule=store.split, seed=store.seed)
    rows = [
        (source, name, split)
        for source, name, split in zip(sources, names, splits, strict=True)
        if split is not None
    ]
    return sorted(rows, key=lambda row: order.index(row[2]))


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


def _targets_of(
    source: Source, matches: Mapping[str, dict[str, str]], *, every: bool
) -> dict[str, str]:
    """The source's targets by name, its own first; {} if that one is missing."""
    found = {name: paths[source.path] for name, paths in matches.items() if source.path in paths}
    main = next(iter(matches), None)
    if main is None or main not in found:
        return {}
    return found if every else {main: found[main]}
