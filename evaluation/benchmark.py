"""What a benchmark is: a set of files, how its inputs come to be, how outputs are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builders.layouts.layout import Layout
from evaluation.inputs import Inputs, inputs_choices
from evaluation.protocol import Protocol, digest_of, protocol_choices

Size = tuple[int, int]  # height, width


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes (height, width) that a set's targets have, whatever their names; what is empty or 0
    is not known, and not asked for.

    counts: size -> how many of the set have it. among: each has one of these. long_side: the
    longer side of every one. least: no longer side is below this.
    """

    counts: Mapping[Size, int] = field(default_factory=dict)
    among: tuple[Size, ...] = ()
    long_side: int = 0
    least: int = 0


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark, all of it data.

    name: what `--set` takes. title: for people. task: sr, denoise, deblur ... citation: of the set.
    layout: how it is laid out on disk; split: which part of it is scored. count: pictures, 0 where
    releases differ. sizes: of the targets; channels: that a target's file may have, empty for any.
    inputs, protocol: see there. references: targets of one input where there are several (MSEC's
    experts), as the layout's `targets` names them. joined: variants whose pictures become the
    channels of one input (dual pixel: left, right). only: variants that are taken (none named:
    all). groups: parts of the set with means of their own, by variants, or `file:NAME.npy` with
    numbers of pictures. folders: names that the set's folder goes by. archive: name of a reader in
    `archives` where the pictures are not files of their own (.mat), or 'bundled'. download: what
    to fetch, from whom. hub: 'owner/name:file' of a tar of targets on the Hugging Face hub, ''
    where none is known. submission: writer in `submission` where targets are hidden. differs: what
    cannot be as in the paper. draw: of sets with drawn noise, metric -> how far the mean of
    another draw may lie. contents: of sets of one's own, digest of their files: two of one
    name are two sets.
    """

    name: str
    title: str
    task: str
    citation: str
    layout: Layout | None
    split: str = "test"
    count: int
    sizes: Sizes = field(default_factory=Sizes)
    channels: tuple[int, ...] = ()
    inputs: Inputs
    protocol: Protocol
    references: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folders: tuple[str, ...]
    archive: str = ""
    download: str
    hub: str = ""
    submission: str = ""
    differs: str = ""
    draw: Mapping[str, float] = field(default_factory=dict)
    contents: str = ""

    def choices(self) -> dict[str, Any]:
        """All that a score depends on, besides the model."""
        own = {"contents": self.contents} if self.contents else {}
        return {
            **own,
            "set": self.name,
            "count": self.count,
            "references": list(self.references),
            "inputs": inputs_choices(self.inputs),
            "protocol": protocol_choices(self.protocol),
        }

    @property
    def digest(self) -> str:
        """Of `choices`: 12 hexadecimal digits."""
        return digest_of(self.choices())
