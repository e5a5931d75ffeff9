"""Pairing by name: the files of a folder sorted into inputs and targets by a layout.

Nothing is paired by order. Names are all that is looked at; no file is opened.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from builders.layouts.layout import LISTED, Branch, Layout, fill, fixed_part, pattern

Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Match:
    """A file that fits a branch's template: its path, its fields, its variant (of an input)."""

    path: str
    branch: Branch
    fields: Mapping[str, str]
    variant: str = ""


@dataclass(frozen=True)
class Partners:
    """A target and its inputs by variant. One of them is missing where a file is alone.

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
    forms = _possible(layout, {posixpath.dirname(stem).lower() + "/" for _, stem in stems})
    tried = [_match(form, stems, layout=layout) for form in forms]
    found = [pairs for pairs in (_pair(form, layout, lists) for form in tried) if pairs.partners]
    if len(found) > 1:
        shown = " and ".join(pairs.partners[0].gt or "" for pairs in found[:2])
        raise ValueError(
            f"two forms of {layout.name} are there ({shown}): give the folder of one of them"
        )
    if not found:
        raise FileNotFoundError(_nothing(paths, layout=layout, tried=tried))
    used = {path for pair in (*found[0].partners, *found[0].alone) for path in _files(pair)}
    matched = {match.path for form in tried for match in (*form.lqs, *form.gts)}
    strangers = [path for path in paths if path not in used and path not in matched]
    return replace(found[0], strangers=strangers)


@dataclass(frozen=True)
class _Form:
    """The files that fit one form: inputs, each of one branch; targets, of each they fit."""

    branches: Sequence[Branch]
    lqs: list[Match]
    gts: list[Match]


def _possible(layout: Layout, folders: set[str]) -> list[tuple[Branch, ...]]:
    """The forms of whose branches one has both its folders here, or all forms if none has."""

    def there(template: str) -> bool:
        return any(_begins(folder, template, layout=layout) for folder in folders)

    forms = [f for f in layout.forms if any(there(b.lq) and there(b.gt) for b in f)]
    return [
        tuple(branch for branch in form if there(branch.lq) or there(branch.gt))
        for form in forms or layout.forms
    ]


def _begins(low: str, template: str, *, layout: Layout) -> bool:
    """Whether a path, lower case, may fit a template, by the folders that are always the same."""
    fixed = fixed_part(template)
    return low.startswith(fixed) if layout.anchored else fixed in low


def _match(form: tuple[Branch, ...], stems: Sequence[tuple[str, str]], *, layout: Layout) -> _Form:
    """(path, stem) sorted into the branches of a form; an input is of the first that it fits."""

    def compiled(template: str) -> tuple[str, re.Pattern[str]]:
        return template, pattern(template, anchored=layout.anchored)

    templates = [(branch, compiled(branch.lq), compiled(branch.gt)) for branch in form]
    lqs: list[Match] = []
    gts: list[Match] = []

    def fits(stem: str, low: str, side: tuple[str, re.Pattern[str]]) -> re.Match[str] | None:
        return side[1].fullmatch(stem) if _begins(low, side[0], layout=layout) else None

    for path, stem in stems:
        low, taken = stem.lower(), False
        for branch, lq, gt in templates:
            if not taken and (found := fits(stem, low, lq)):
                variant = fill(branch.variant, found.groupdict())
                variant = layout.renames.get(variant.upper(), variant)
                lqs.append(Match(path, branch, found.groupdict(), variant))
                taken = True
            if found := fits(stem, low, gt):
                gts.append(Match(path, branch, found.groupdict()))
    return _Form(form, lqs, gts)


def _pair(form: _Form, layout: Layout, lists: Mapping[str, str] | None) -> Pairing:
    """Every input with the target of the same key; the first input of a target leads."""
    partners: dict[tuple[str, str], Partners] = {}
    alone: list[Partners] = []
    shifts: dict[str, int] = {}
    twice: list[str] = []
    used: set[str] = set()
    held = {id(match.branch) for match in form.lqs}
    for branch in (branch for branch in form.branches if id(branch) in held):
        lqs = [match for match in form.lqs if match.branch is branch]
        gts = [match for match in form.gts if match.branch is branch]
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
    return Pairing(list(partners.values()), alone, [], spare, shifts)


def _serves_several(branch: Branch, form: _Form) -> bool:
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


def _nothing(paths: Sequence[str], *, layout: Layout, tried: Sequence[_Form]) -> str:
    """Why no form fits: what is wanted, what is there, and what came nearest."""
    near = max(tried, key=lambda form: min(len(form.lqs), 1) + min(len(form.gts), 1))
    folders: dict[str, int] = defaultdict(int)
    for path in paths:
        folders[str(PurePosixPath(path).parent)] += 1
    held = ", ".join(f"{count} in {name}" for name, count in list(folders.items())[:4])
    wanted = layout.forms[0][-1 if layout.anchored else 0]
    text = (
        f"no pair of {layout.name}: wanted {_shown(wanted.lq)} beside {_shown(wanted.gt)} (.png "
        f"and the like); there are {held or 'no pictures'}"
    )
    if near.lqs and not near.gts:
        text += f". {len(near.lqs)} inputs such as {near.lqs[0].path}, but no target"
    elif near.gts and not near.lqs:
        text += f". {len(near.gts)} targets such as {near.gts[0].path}, but no input"
    elif near.lqs:
        text += (
            f". {near.lqs[0].path} and {near.gts[0].path} are there, but no input has a target of "
            "its own name"
        )
    return f"{text}. {layout.hint}" if layout.hint else text


def _shown(template: str) -> str:
    """A template for people: fields without their expressions."""
    return re.sub(r"\{(\w*)(?::[^{}]*)?\}", lambda f: f"<{f[1]}>" if f[1] else "", template)
