"""Pairing by name: the files of a folder sorted into inputs and targets by a layout.

Nothing is paired by order. Names are all that is looked at; no file is opened.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from builders.layouts.layout import LISTED, Branch, Layout, fill, pattern
from builders.layouts.matching import (
    Form,
    Match,
    match_form,
    nothing_fits,
    possible_forms,
)

Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Partners:
    """A target and its inputs by variant. One of them is missing where a file is alone, or where
    its layout has no such files.

    name: of the scene, before it is made unique. group: what it must stay together with, or ''.
    """

    split: str
    name: str
    group: str
    gt: str | None
    lqs: dict[str, str]


@dataclass(frozen=True)
class Pairing:
    """What a folder holds by a layout: partners, files without one, files of no template.

    spare: targets without an input in a folder that serves several splits, of which some may not
    be here. shift: template of inputs -> how much the targets' numbers differ.
    """

    partners: list[Partners]
    alone: list[Partners]
    strangers: list[str]
    spare: list[str] = field(default_factory=list)
    shift: dict[str, int] = field(default_factory=dict)


def pair_files(
    paths: Sequence[str],
    *,
    layout: Layout,
    above: str = "",
    lists: Mapping[str, str] | None = None,
) -> Pairing:
    """The files of one folder paired by the form of `layout` that fits.

    paths: below the folder, '/'-separated. above: the folder's own name and its parents', for
    layouts that are given from further down. lists: the last three parts of a path, lower case ->
    split, where list files decide. Raises FileNotFoundError where no form gives a pair, ValueError
    where two do or where a name has two files.
    """
    prefix = "" if layout.anchored or not above else f"{above}/"
    stems = [(path, prefix + posixpath.splitext(path)[0]) for path in paths]
    forms = possible_forms(layout, {posixpath.dirname(stem).lower() + "/" for _, stem in stems})
    tried: list[Form] = []
    found: list[Pairing] = []
    for form in forms:
        tried.append(match_form(form, stems, layout=layout))
        pairs = _pair(tried[-1], layout, lists)
        if pairs.partners:
            found.append(pairs)
            if layout.preferred:
                break
    if len(found) > 1:
        shown = " and ".join(pairs.partners[0].gt or "" for pairs in found[:2])
        raise ValueError(
            f"two forms of {layout.name} are there ({shown}): give the folder of one of them"
        )
    if not found:
        raise FileNotFoundError(nothing_fits(paths, layout=layout, tried=tried))
    used = {path for pair in (*found[0].partners, *found[0].alone) for path in _files(pair)}
    matched = {match.path for form in tried for match in (*form.lqs, *form.gts)}
    strangers = [path for path in paths if path not in used and path not in matched]
    return replace(found[0], strangers=strangers)


def _pair(form: Form, layout: Layout, lists: Mapping[str, str] | None) -> Pairing:
    """Every input with the target of the same key; the first input of a target leads."""
    partners: dict[tuple[str, str], Partners] = {}
    alone: list[Partners] = []
    single: list[Partners] = []
    shifts: dict[str, int] = {}
    twice: list[str] = []
    used: set[str] = set()
    held = {id(match.branch) for match in (*form.lqs, *form.gts)}
    for branch in (branch for branch in form.branches if id(branch) in held):
        lqs = [match for match in form.lqs if match.branch is branch]
        gts = [match for match in form.gts if match.branch is branch]
        if not (branch.lq and branch.gt):
            single += _single(branch, layout, matches=lqs or gts, twice=twice)
            used |= {match.path for match in gts}
            continue
        if not lqs:
            continue
        names = _shared(branch)
        shift = _best_shift(lqs, gts, names, layout)
        if shift:
            shifts[branch.lq] = shift
        targets = _by_key(gts, names=names, twice=twice)
        for match in lqs:
            gt = targets.get(_key(match, names, shift=shift))
            split = _split(match, lists)
            if gt is None or split is None:
                alone.append(_partners(match, split or "train", layout, None, [match]))
                continue
            used.add(gt.path)
            have = partners.setdefault(
                (split, gt.path), _partners(match, split, layout, gt.path, [])
            )
            if match.variant in have.lqs:
                twice.append(f"{have.lqs[match.variant]} and {match.path}")
            have.lqs[match.variant] = match.path
    if twice:
        raise ValueError(
            f"{layout.name}: {'; '.join(twice[:3])}{' ...' if len(twice) > 3 else ''}: each two "
            "could be the same half of a pair; keep one"
        )
    leads = {match.path for match in form.lqs}
    left = {m.path: m for m in form.gts if m.path not in used and m.path not in leads}
    spare = [path for path, match in left.items() if _serves_several(match.branch, form)]
    kept = set(spare)
    for match in (match for path, match in left.items() if path not in kept):
        split = "train" if match.branch.split == LISTED else match.branch.split
        alone.append(_partners(match, split, layout, match.path, []))
    return Pairing([*partners.values(), *single], alone, [], spare, shifts)


def _single(
    branch: Branch, layout: Layout, *, matches: Sequence[Match], twice: list[str]
) -> list[Partners]:
    """The files of a branch of which only one side is distributed: each stands for itself."""
    fields = sorted(set(pattern(branch.lq or branch.gt, anchored=False).groupindex) - {"above"})
    _by_key(matches, names=fields, twice=twice)
    return [
        _partners(
            match, branch.split, layout, None if branch.lq else match.path,
            [match] if branch.lq else [],
        )
        for match in matches
    ]  # fmt: skip


def _serves_several(branch: Branch, form: Form) -> bool:
    return len({other.split for other in form.branches if other.gt == branch.gt}) > 1


def _partners(
    match: Match, split: str, layout: Layout, gt: str | None, lqs: Sequence[Match]
) -> Partners:
    name = fill(layout.scene, {k: v or "" for k, v in match.fields.items()})
    group = re.search(layout.group, match.path, re.IGNORECASE) if layout.group else None
    return Partners(
        split,
        name.strip("-").replace("/", "-"),
        "" if group is None else (group[1] if group.re.groups else group[0]).lower(),
        gt,
        {lq.variant: lq.path for lq in lqs},
    )


def _files(pair: Partners) -> Iterator[str]:
    yield from pair.lqs.values()
    if pair.gt is not None:
        yield pair.gt


def _shared(branch: Branch) -> list[str]:
    """The fields that decide who belongs together: those of both templates."""
    first, second = (set(pattern(t, anchored=False).groupindex) for t in (branch.lq, branch.gt))
    return sorted(first & second)


def _key(match: Match, names: Sequence[str], *, shift: int = 0) -> Key:
    """The shared fields; numbers that may be shifted are compared as numbers."""
    values = {name: (match.fields[name] or "").lower() for name in names}
    if shift and "number" in values:
        width = len(values["number"])
        values["number"] = f"{int(values['number']) + shift:0{width}d}"
    return tuple(values.items())


def _by_key(gts: Sequence[Match], *, names: Sequence[str], twice: list[str]) -> dict[Key, Match]:
    found: dict[Key, Match] = {}
    for match in gts:
        other = found.setdefault(_key(match, names), match)
        if other is not match:
            twice.append(f"{other.path} and {match.path}")
    return found


def _best_shift(
    lqs: Sequence[Match], gts: Sequence[Match], names: Sequence[str], layout: Layout
) -> int:
    """The shift under which most inputs have a target; of equals the one named first."""
    if len(layout.shifts) == 1 or not lqs:
        return layout.shifts[0]
    held = {_key(match, names) for match in gts}
    return max(
        layout.shifts,
        key=lambda shift: sum(_key(match, names, shift=shift) in held for match in lqs),
    )


def _split(match: Match, lists: Mapping[str, str] | None) -> str | None:
    """A file's split: its branch's, or by the list files; None where they do not name it."""
    if match.branch.split != LISTED:
        return match.branch.split
    return "train" if lists is None else lists.get(list_key(match.path))


def list_key(path: str) -> str:
    """How list files and paths are compared: the last three parts, lower case."""
    return "/".join(PurePosixPath(path).parts[-3:]).lower()
