"""What a layout is: where a published set keeps its inputs and targets, and how names pair.

A template is a path without its suffix, '/'-separated, that any folders may precede. `{name}` is a
field: text without '/', or what the regular expression after a colon allows (`{shot:[0-9]+}`);
without a name (`{:(_L)?}`) it is skipped. An input and a target are partners when all fields that
both templates have are equal, and so are the folders before them. Case is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_FIELD = re.compile(r"\{(\w*)(?::([^{}]*))?\}")
# The part of a template that `--target` decides.
CHOSEN = "<target>"
# What `Branch.split` says where the authors' list files decide.
LISTED = "listed"


@dataclass(frozen=True)
class Branch:
    """One folder of inputs and the folder of their targets.

    split: the official split, or `LISTED`. lq, gt: templates. variant: what the input is called
    in a pair's key, fields allowed. One of the templates may be empty: targets whose inputs are
    made, or inputs without targets.
    """

    split: str
    lq: str
    gt: str
    variant: str


@dataclass(frozen=True)
class Patches:
    """How the authors cut training patches: side and stride in pixels of the target, and the
    share of each picture's patches that is left out as least sharp."""

    side: int
    stride: int
    leave_out: float = 0.0


@dataclass(frozen=True)
class Layout:
    """A published set on disk.

    forms: ways in which the set is laid out, each a tuple of branches; one of them must fit.
    citation: authors, title, venue. counts: targets by split as published. scene: template of a
    scene's name. group: regular expression; targets whose paths give it the same text (its first
    group, if it has one) are views of one thing. size: [height, width] where all pictures share
    it. bits: of the release's files, 0 where they vary. patches: the authors' own. renames: of
    variants. usual: variants taken unless others are asked for (none named: all). scaled: inputs
    may be smaller than targets by a whole factor. anchored: no folder may precede a template.
    targets: what `--target` may name, the usual one first. lists: list files that decide the
    split. shifts: how much a target's `number` may differ from its input's; one value holds for
    a whole branch. hint: what else may be tried where nothing fits. preferred: forms are tried in
    their order and the first that gives something is taken; else two that do are an error.
    """

    name: str
    citation: str
    forms: tuple[tuple[Branch, ...], ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    scene: str = "{name}"
    group: str = ""
    size: tuple[int, int] | None = None
    bits: int = 8
    patches: Patches | None = None
    renames: Mapping[str, str] = field(default_factory=dict)
    usual: tuple[str, ...] = ()
    scaled: bool = False
    anchored: bool = False
    targets: tuple[str, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)
    shifts: tuple[int, ...] = (0,)
    hint: str = ""
    preferred: bool = False

    def splits(self) -> list[str]:
        """The splits that its branches name, in their order."""
        named = [branch.split for form in self.forms for branch in form]
        return list(dict.fromkeys([*(s for s in named if s != LISTED), *self.lists]))


def both(splits: Mapping[str, str], *, lq: str, gt: str, variant: str) -> tuple[Branch, ...]:
    """A branch for each split: `<split>` in the templates becomes its folder."""
    return tuple(
        Branch(split, lq.replace("<split>", folder), gt.replace("<split>", folder), variant)
        for split, folder in splits.items()
    )


def with_target(layout: Layout, target: str) -> Layout:
    """The layout whose targets are those called `target`, one of `layout.targets`."""
    forms = tuple(
        tuple(replace(branch, gt=branch.gt.replace(CHOSEN, target)) for branch in form)
        for form in layout.forms
    )
    return replace(layout, forms=forms)


def pattern(template: str, *, anchored: bool) -> re.Pattern[str]:
    """The regular expression of a template over a path without suffix; what precedes it is the
    group `above`. A field that comes again must be the same text again."""
    parts, at, seen = [], 0, set[str]()
    for found in _FIELD.finditer(template):
        parts.append(re.escape(template[at : found.start()]))
        name, allowed = found[1], found[2] or "[^/]+"
        if not name:
            parts.append(f"(?:{allowed})")
        elif name in seen:
            parts.append(f"(?P={name})")
        else:
            parts.append(f"(?P<{name}>{allowed})")
            seen.add(name)
        at = found.end()
    parts.append(re.escape(template[at:]))
    above = "(?P<above>)" if anchored else "(?P<above>(?:.*/)?)"
    return re.compile(above + "".join(parts), re.IGNORECASE)


def fixed_part(template: str) -> str:
    """The folders that a template begins with, up to its first field, lower case."""
    start = template.split("{")[0]
    return start[: start.rfind("/") + 1].lower()


def fill(template: str, fields: Mapping[str, str]) -> str:
    """The template with its fields' texts; unnamed fields are left out."""
    return _FIELD.sub(lambda found: fields.get(found[1], ""), template)
