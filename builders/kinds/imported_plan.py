"""The plan of an import: which layout, which files are partners, which splits they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from builders.kinds.imported import ImportArguments, scales
from builders.kinds.imported_wishes import (
    ImportWishes,
    choose_inputs,
    choose_layout,
    choose_patches,
    pairing_notes,
)
from builders.layouts.layout import LISTED, Layout
from builders.layouts.lists import read_lists
from builders.layouts.pairing import Pairing, Partners, pair_files
from builders.plan import Plan, with_digests
from builders.planning import KindPlan, PlacedSource, Planned, Store, check_store, make_plan
from builders.sources import Root, Source, SourceNote, list_files, read_notes, unique_scenes
from builders.splits import parse_split, read_split_file, split_by_file, split_groups
from degrade.option_error import OptionError
from degrade.reading.clean import PICTURE_SUFFIXES

OFFICIAL = "official"


def plan_import(root: Path, *, wishes: ImportWishes, store: Store) -> Planned:
    """The plan of an import from `root`.

    store.split: 'official' keeps the set's own splits ('train' where it has none); fractions
    divide its training pictures further, scene groups staying whole. Raises OptionError for a
    wrong option, FileNotFoundError or ValueError that names the files for what does not fit.
    """
    divide = "" if store.split == OFFICIAL else store.split
    layout = choose_layout(wishes)
    store = check_store(replace(store, split=divide or "train=1"), default_format="hdf5")
    files, _ = list_files(root, suffixes=PICTURE_SUFFIXES)
    lists = _lists(root, layout, needed=not divide and store.split_file is None)
    above = "/".join(root.resolve().parts[1:][-2:])
    pairing = pair_files([path for path, _ in files], layout=layout, above=above, lists=lists)
    pairing, variants = choose_inputs(pairing, layout=layout, wishes=wishes)
    notes = pairing_notes(pairing, layout=layout, variants=variants)
    placed, splits = _place(
        pairing, dict(files), layout=layout, root=root, store=store, divide=divide
    )
    arguments = _arguments(wishes, layout, placed=placed, splits=splits)
    sides = {name: root for names in arguments.variants.values() for name in names}
    if layout.citation and not store.attribution:
        store = replace(store, attribution=layout.citation)
    rule = Store(**{**vars(store), "split": _fractions(splits)})
    recipe = KindPlan("import", arguments, "pairs", sides)
    plan = make_plan(placed, recipe=recipe, roots=[Root(root)], store=rule)
    if store.split_file is None:
        plan = _with_rule(plan, f"official, train divided {divide}" if divide else OFFICIAL)
    return Planned(plan, notes)


def append_store(plan: Plan, *, store: Store) -> Store:
    """The store under which new files may be added to an import: their splits are drawn, so the
    set must have none of its own but 'train'. Raises OptionError where it has."""
    splits = {scene.split for scene in plan.scenes}
    if store.split_file is not None:
        return store
    if store.split == OFFICIAL and splits == {"train"}:
        return replace(store, split="train=1")
    if store.split != OFFICIAL and splits <= set(parse_split(store.split)):
        return store
    raise OptionError(
        f"--append: {', '.join(sorted(splits))} are the set's own splits, and where a new file "
        "belongs is not drawn; build into another folder, or --overwrite"
    )


def _lists(root: Path, layout: Layout, *, needed: bool) -> dict[str, str] | None:
    """Path (as `list_key` has it) -> split, from the authors' list files; None without them."""
    if not layout.lists:
        return None
    found, missing = read_lists(root, layout=layout)
    if not missing:
        return found
    listed = any(branch.split == LISTED for form in layout.forms for branch in form)
    if needed and listed and _has_scenes(root, layout):
        raise FileNotFoundError(
            f"{root}: {' and '.join(missing)} not found below it: the authors' lists say which "
            "scenes are for training. Put them there, or divide the scenes yourself with --split "
            "train=0.8,test=0.2 or --split-file"
        )
    return None


def _has_scenes(root: Path, layout: Layout) -> bool:
    """Whether the form that needs lists is there: its folder's name is."""
    folder = layout.forms[0][0].lq.split("/")[0]
    return root.name == folder or (root / folder).is_dir() or any(root.glob(f"*/{folder}"))


def _place(
    pairing: Pairing,
    sizes: Mapping[str, int],
    *,
    layout: Layout,
    root: Path,
    store: Store,
    divide: str,
) -> tuple[list[PlacedSource], list[str]]:
    """Every scene with its name and split, and all splits in order; files alone come along, and
    become drops when the build meets them."""
    every = [*pairing.partners, *pairing.alone]
    names = unique_scenes([(0, f"{pair.split}/{pair.name}.x") for pair in every])
    names = [name.removesuffix("-x") for name in names]
    own = read_notes(root)
    notes = []
    for pair in every:
        note = own.get(_source(pair), SourceNote())
        notes.append(msgspec.structs.replace(note, group=note.group or pair.group))
    if store.split_file is not None:
        chosen = read_split_file(store.split_file)
        splits = split_by_file(names, splits=chosen)
        order = list(chosen)
    else:
        units = [note.group or name for note, name in zip(notes, names, strict=True)]
        held = {pair.split for pair in every}
        there = [split for split in layout.splits() if split in held]
        splits, order = _divide(
            [pair.split for pair in every], units, divide, there=there, seed=store.seed
        )
    rows = [
        PlacedSource(
            Source(0, _source(pair), sizes[_source(pair)], note), name, split,
            dict(pair.lqs) if pair.gt is not None else {},
        )
        for pair, note, name, split in zip(every, notes, names, splits, strict=True)
        if split is not None
    ]  # fmt: skip
    return rows[: store.limit], order


def _source(pair: Partners) -> str:
    """The file a scene is planned by: its target, or the input that has none."""
    return pair.gt if pair.gt is not None else next(iter(pair.lqs.values()))


def _divide(
    splits: Sequence[str], units: Sequence[str], rule: str, *, there: Sequence[str], seed: int
) -> tuple[list[str], list[str]]:
    """The splits with 'train' (and 'train_low' ...) divided by the fractions of `rule`, and all
    of them in the order of `there`. Raises OptionError for a split that the set has already."""
    if not rule:
        return list(splits), list(there)
    fractions = parse_split(rule)
    result = list(splits)
    order: list[str] = []
    for split in there:
        base, mark, side = split.partition("_")
        if base != "train":
            order.append(split)
            continue
        mine = [index for index, name in enumerate(splits) if name == split]
        parts = split_groups([units[index] for index in mine], fractions=fractions, seed=seed)
        for index, part in zip(mine, parts, strict=True):
            result[index] = f"{part}{mark}{side}"
        order += [f"{name}{mark}{side}" for name in fractions]
    twice = [name for name, count in Counter(order).items() if count > 1]
    if twice:
        raise OptionError(
            f"--split {rule}: the set has its own {', '.join(twice)}; divide its train into other "
            "names (train=0.9,val=0.1), or name every scene with --split-file"
        )
    return result, order


def _fractions(order: Sequence[str]) -> str:
    """A rule that names the splits in order, all scenes having theirs already."""
    return ",".join(f"{name}={int(index == 0)}" for index, name in enumerate(order))


def _with_rule(plan: Plan, rule: str) -> Plan:
    """The plan with another name of its split rule, and digests that agree."""
    shards = [msgspec.structs.replace(shard, digest="") for shard in plan.shards]
    return with_digests(msgspec.structs.replace(plan, split_rule=rule, shards=shards))


def _arguments(
    wishes: ImportWishes,
    layout: Layout,
    *,
    placed: Sequence[PlacedSource],
    splits: Sequence[str],
) -> ImportArguments:
    """Checked arguments. Published validation and test pictures stay whole under --patch."""
    variants: dict[str, list[str]] = {}
    for split in splits:
        names = [name for p in placed if p.split == split for name in p.targets]
        if names:
            variants[split] = list(dict.fromkeys(names))
    side, stride, leave_out = choose_patches(wishes, layout=layout)
    for names in variants.values():
        for scale in scales(names):
            if side is not None and (side % scale or (stride or side) % scale):
                raise OptionError(
                    f"--patch {side} --stride {stride}: both must be multiples of {scale} for "
                    f"inputs of x{scale}; or choose inputs with --input"
                )
    own = [name for name in layout.splits() if name.partition("_")[0] != "train"]
    return ImportArguments(
        layout=layout.name,
        variants=variants,
        target=wishes.target or next(iter(layout.targets), ""),
        scaled=layout.scaled,
        patch=side,
        stride=stride,
        leave_out=leave_out,
        whole=own if side is not None else [],
    )
