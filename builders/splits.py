"""Which split each scene belongs to: by scene (or group of scenes), never by picture.

Groups are sorted by hash(seed, group) and cut by largest remainder, so the split is a function of
seed, fractions and scene names alone. It is decided before any file is read: a drop moves nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from degrade.option_error import OptionError

_NAME = re.compile(r"[A-Za-z0-9_]+")


def parse_split(text: str) -> dict[str, float]:
    """'train=0.9,val=0.05,test=0.05' -> fractions that sum to 1; raises ValueError otherwise."""
    fractions: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            fraction = float(value)
        except ValueError:
            fraction = -1.0
        if not equals or not _NAME.fullmatch(name) or not 0 <= fraction <= 1 or name in fractions:
            raise OptionError(
                f"--split {text}: {part!r} is not NAME=FRACTION with a fraction in 0..1 and a new "
                "name of letters, digits, '_'; write train=0.9,val=0.05,test=0.05"
            )
        fractions[name] = fraction
    if abs(sum(fractions.values()) - 1) > 1e-6:
        raise OptionError(
            f"--split {text}: the fractions sum to {sum(fractions.values()):g}, not 1"
        )
    return fractions


def largest_remainder(fractions: Mapping[str, float], total: int) -> dict[str, int]:
    """Counts that sum to `total`, each within 1 of its share; every split above 0 gets at least
    one when total >= the number of such splits (taken from the largest)."""
    shares = {name: fraction * total for name, fraction in fractions.items()}
    counts = {name: int(share + 1e-9) for name, share in shares.items()}
    order = sorted(shares, key=lambda name: (counts[name] - shares[name], -shares[name]))
    for name in order[: total - sum(counts.values())]:
        counts[name] += 1
    wanted = [name for name, fraction in fractions.items() if fraction > 0]
    if total >= len(wanted):
        for name in wanted:
            if counts[name] == 0:
                counts[max(counts, key=lambda other: counts[other])] -= 1
                counts[name] = 1
    return counts


def split_groups(groups: Sequence[str], *, fractions: Mapping[str, float], seed: int) -> list[str]:
    """The split of each scene, from the group that it must stay together with (its own name if
    it stands alone)."""

    def place(group: str) -> bytes:
        return hashlib.sha256(f"{seed}\0{group}".encode()).digest()

    ordered = sorted(set(groups), key=place)
    counts = largest_remainder(fractions, len(ordered))
    names = [name for name, count in counts.items() for _ in range(count)]
    split_of = dict(zip(ordered, names, strict=True))
    return [split_of[group] for group in groups]


def read_split_file(path: Path) -> dict[str, list[str]]:
    """{split: [scene, ...]} from JSON; FileNotFoundError without the file, ValueError for another
    form or a scene named twice."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file (--split-file)")
    try:
        splits = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}; it must be {{split: [scene, ...]}}") from error
    for name in splits:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{path}: split {name!r}: letters, digits and '_' only")
    named: dict[str, str] = {}
    for split, scenes in splits.items():
        for scene in scenes:
            if scene in named:
                raise ValueError(f"{path}: scene {scene!r} is in {named[scene]!r} and {split!r}")
            named[scene] = split
    return splits


def split_by_file(
    scenes: Sequence[str], *, splits: Mapping[str, Sequence[str]]
) -> list[str | None]:
    """The split of each scene by a split file; None for a scene it does not name.

    Raises ValueError if it names a scene that is not among the sources.
    """
    split_of = {scene: split for split, names in splits.items() for scene in names}
    unknown = sorted(set(split_of) - set(scenes))
    if unknown:
        raise ValueError(
            f"the split file names {len(unknown)} scenes that are not among the {len(scenes)} "
            f"sources: {', '.join(unknown[:5])}{' ...' if len(unknown) > 5 else ''}"
        )
    return [split_of.get(scene) for scene in scenes]
