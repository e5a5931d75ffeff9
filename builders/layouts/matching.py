"""Which files of a folder fit which form of a layout, by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from builders.layouts.layout import Branch, Layout, fill, fixed_part, pattern


@dataclass(frozen=True)
class Match:
    """A file that fits a branch's template: its path, its fields, its variant (of an input)."""

    path: str
    branch: Branch
    fields: Mapping[str, str]
    variant: str = ""


@dataclass(frozen=True)
class Form:
    """The files that fit one form: inputs, each of one branch; targets, of each they fit."""

    branches: Sequence[Branch]
    lqs: list[Match]
    gts: list[Match]


def possible_forms(layout: Layout, folders: set[str]) -> list[tuple[Branch, ...]]:
    """The forms of whose branches one has both its folders here, or all forms if none has."""

    def there(template: str) -> bool:
        return any(_begins(folder, template, layout=layout) for folder in folders)

    def sides(branch: Branch) -> list[str]:
        return [template for template in (branch.lq, branch.gt) if template]

    forms = [f for f in layout.forms if any(all(map(there, sides(b))) for b in f)]
    return [
        tuple(branch for branch in form if any(map(there, sides(branch))))
        for form in forms or layout.forms
    ]


def _begins(low: str, template: str, *, layout: Layout) -> bool:
    """Whether a path, lower case, may fit a template, by the folders that are always the same."""
    fixed = fixed_part(template)
    return low.startswith(fixed) if layout.anchored else fixed in low


def match_form(
    form: tuple[Branch, ...], stems: Sequence[tuple[str, str]], *, layout: Layout
) -> Form:
    """(path, stem) sorted into the branches of a form; an input is of the first that it fits."""

    def compiled(template: str) -> tuple[str, re.Pattern[str]]:
        return template, pattern(template, anchored=layout.anchored)

    templates = [(branch, compiled(branch.lq), compiled(branch.gt)) for branch in form]
    lqs: list[Match] = []
    gts: list[Match] = []

    def fits(stem: str, low: str, side: tuple[str, re.Pattern[str]]) -> re.Match[str] | None:
        if not side[0] or not _begins(low, side[0], layout=layout):
            return None
        return side[1].fullmatch(stem)

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
    return Form(form, lqs, gts)


def nothing_fits(paths: Sequence[str], *, layout: Layout, tried: Sequence[Form]) -> str:
    """Why no form fits: what is wanted, what is there, and what came nearest."""
    near = max(tried, key=lambda form: min(len(form.lqs), 1) + min(len(form.gts), 1))
    folders: dict[str, int] = defaultdict(int)
    for path in paths:
        folders[str(PurePosixPath(path).parent)] += 1
    held = ", ".join(f"{count} in {name}" for name, count in list(folders.items())[:4])
    wanted = layout.forms[0][-1 if layout.anchored else 0]
    text = (
        f"no {'pair' if wanted.lq and wanted.gt else 'picture'} of {layout.name}: wanted "
        + " beside ".join(_shown(side) for side in (wanted.lq, wanted.gt) if side)
        + f" (.png and the like); there are {held or 'no pictures'}"
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
