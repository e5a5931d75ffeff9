"""What a user may choose of an import: the layout, which inputs and targets, how it is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from builders.layouts.layout import Layout, with_target
from builders.layouts.pairing import Pairing
from builders.layouts.plain import folders, unpaired
from builders.layouts.published import LAYOUTS
from degrade.option_error import OptionError, nearest


@dataclass(frozen=True)
class ImportWishes:
    """The user's words. inputs: variants, or the one input folder of `folders`. target: which
    target. patch: '' (whole pictures), 'authors', or a side in pixels. stride: None = the side."""

    layout: str
    inputs: Sequence[str] = ()
    target: str = ""
    patch: str = ""
    stride: int | None = None


def choose_layout(wishes: ImportWishes) -> Layout:
    """The layout, as --input and --target choose it. Raises OptionError for what it has not."""
    name = wishes.layout
    if name not in LAYOUTS:
        raise OptionError(f"--layout {name}: one of {', '.join(LAYOUTS)}{nearest(name, LAYOUTS)}")
    if name in ("folders", "unpaired"):
        if not wishes.inputs and not wishes.target:
            return LAYOUTS[name]
        if len(wishes.inputs) != 1 or not wishes.target:
            raise OptionError(
                f"--layout {name}: name both folders, one --input SUB and --target SUB, or none"
            )
        make = folders if name == "folders" else unpaired
        return make(wishes.inputs[0].strip("/"), wishes.target.strip("/"))
    layout = LAYOUTS[name]
    target = wishes.target or next(iter(layout.targets), "")
    if target and target not in layout.targets:
        allowed = f"one of {', '.join(layout.targets)}" if layout.targets else "it has one target"
        raise OptionError(f"--target {target}: {name}: {allowed}")
    return with_target(layout, target)


def choose_inputs(
    pairing: Pairing, *, layout: Layout, wishes: ImportWishes
) -> tuple[Pairing, dict[str, int]]:
    """The pairing with the inputs that were asked for, and how many of each variant there are."""
    there = Counter(name for pair in pairing.partners for name in pair.lqs)
    by_folder = layout.name in ("folders", "unpaired")
    asked = (() if by_folder else tuple(wishes.inputs)) or layout.usual
    if wishes.inputs and (absent := [name for name in asked if name not in there]):
        raise OptionError(
            f"--input {absent[0]}: {layout.name} holds {', '.join(there) or 'none'} here"
        )
    named = list(layout.renames.values())
    order = sorted(there, key=lambda name: named.index(name) if name in named else len(named))
    wanted = [name for name in asked if name in there] or order
    partners = [
        replace(pair, lqs={name: pair.lqs[name] for name in wanted if name in pair.lqs})
        for pair in pairing.partners
    ]
    spare = [*pairing.spare, *(pair.gt for pair in partners if pair.gt and not pair.lqs)]
    partners = [pair for pair in partners if pair.lqs]
    return replace(pairing, partners=partners, spare=spare), {name: there[name] for name in wanted}


def choose_patches(wishes: ImportWishes, *, layout: Layout) -> tuple[int | None, int | None, float]:
    """(side, stride, share left out) of --patch and --stride; OptionError for what cannot be."""
    if wishes.stride is not None and (wishes.patch == "" or wishes.patch == "authors"):
        raise OptionError(f"--stride {wishes.stride}: goes with --patch SIDE")
    if wishes.patch == "":
        return None, None, 0.0
    if wishes.patch == "authors":
        if layout.patches is None:
            raise OptionError(
                f"--patch authors: no published cutting of {layout.name} is known; give a side, "
                "as --patch 256 --stride 128"
            )
        return layout.patches.side, layout.patches.stride, layout.patches.leave_out
    side = int(wishes.patch) if wishes.patch.isdecimal() else 0
    stride = side if wishes.stride is None else wishes.stride
    if side < 8 or stride < 1:
        raise OptionError(
            f"--patch {wishes.patch} --stride {stride}: 'authors', or a side of at least 8 pixels "
            "and a stride of at least 1"
        )
    return side, stride, 0.0


def pairing_notes(pairing: Pairing, *, layout: Layout, variants: Mapping[str, int]) -> list[str]:
    """What a user should know before anything is decoded."""
    notes = []
    targets = Counter(pair.split for pair in pairing.partners)
    official = {split: layout.counts[split] for split in targets if split in layout.counts}
    if official and any(targets[split] != count for split, count in official.items()):
        here = ", ".join(f"{split} {targets[split]}" for split in official)
        published = ", ".join(f"{split} {count}" for split, count in official.items())
        notes.append(f"{layout.name}: targets with inputs here: {here}; published: {published}")
    for side, files in (
        ("inputs without a target", [next(iter(p.lqs.values())) for p in pairing.alone if p.lqs]),
        ("targets without an input", [p.gt for p in pairing.alone if p.gt is not None]),
    ):
        if files:
            notes.append(f"{len(files)} {side}, each a drop: {_first(files)}")
    for name, count in variants.items():
        splits = {pair.split for pair in pairing.partners if name in pair.lqs}
        wanting = [pair for pair in pairing.partners if pair.split in splits]
        lack = [pair.gt or "" for pair in wanting if name not in pair.lqs]
        if lack:
            notes.append(f"{len(lack)} targets have no {name} ({count} have): {_first(lack)}")
    if pairing.spare:
        notes.append(
            f"{len(pairing.spare)} targets have no such input here and are left out: "
            + _first(pairing.spare)
        )
    if pairing.strangers:
        notes.append(
            f"{len(pairing.strangers)} pictures are no part of {layout.name} and are left out: "
            + _first(pairing.strangers)
        )
    if shift := next(iter(pairing.shift.values()), 0):
        notes.append(f"a target's number is its input's {shift:+d}: consecutive shots are partners")
    return notes


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
