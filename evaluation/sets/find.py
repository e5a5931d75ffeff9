"""Finds a benchmark's files, pairs them by name, and makes its cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from builders.layouts.layout import LISTED, Layout, with_target
from builders.layouts.lists import read_lists
from builders.layouts.pairing import Pairing, Partners, pair_files
from evaluation.benchmark import Benchmark
from evaluation.inputs import GaussianNoise, Stored, make_shown
from evaluation.pictures import Case, Samples, Shown, to_unit
from evaluation.sets.archives import ARCHIVES, find_archive
from evaluation.sets.bundled import bundled_cases
from evaluation.sets.places import SETS_VARIABLE, Place, places_of
from evaluation.sets.reading import read_stored

FROM_FILE = "file:"  # a group of this form is listed by number in a .npy beside the pictures


@dataclass(frozen=True)
class Entry:
    """One case before anything is opened. scene: whose pictures it has, with other cases where a
    scene has several inputs. lqs: its stored inputs, joined into one; targets: reference -> file.
    """

    name: str
    scene: str
    variant: str
    lqs: tuple[Path, ...]
    targets: dict[str, Path]


@dataclass(frozen=True)
class Found:
    """A set on disk. cases: its rows. entries: their files, none for an archive, whose pictures are
    no files of their own. alone: files that should have a partner and have none."""

    folder: Path
    cases: list[Case]
    entries: list[Entry] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_set(benchmark: Benchmark, *, roots: Sequence[Path]) -> Found:
    """The set below the first root that has it. Raises FileNotFoundError with what to download,
    and what the roots hold instead; ValueError where names are not clear."""
    if benchmark.archive == "bundled":
        return Found(Path(), bundled_cases(benchmark))
    tried: list[str] = []
    for root in roots:
        for place in places_of(benchmark, root=root):
            try:
                return find_in(benchmark, place)
            except FileNotFoundError as error:
                tried.append(str(error))
        if benchmark.archive and (folder := _archive(benchmark, root)) is not None:
            return Found(folder, ARCHIVES[benchmark.archive](folder, benchmark))
    looked = ", ".join(str(root) for root in roots) or "nowhere: no --root"
    seen = f"\nLooked at: {tried[0]}" if tried else ""
    raise FileNotFoundError(
        f"{benchmark.name}: not found in {looked} (and ${SETS_VARIABLE}). To download: "
        f"{benchmark.download}. Then --root FOLDER{seen}"
    )


def _archive(benchmark: Benchmark, root: Path) -> Path | None:
    names = {name.lower() for name in benchmark.folders}
    below = [path for path in sorted(root.iterdir()) if path.is_dir()]
    for folder in [*(path for path in below if path.name.lower() in names), root]:
        if (found := find_archive(benchmark.archive, folder)) is not None:
            return found
    return None


def find_in(benchmark: Benchmark, place: Place) -> Found:
    """The set in one place. Raises FileNotFoundError where nothing of it is there, ValueError
    where names are not clear."""
    if benchmark.layout is None:
        raise FileNotFoundError(f"{place.root}: pictures, but {benchmark.name} is an archive")
    references = benchmark.references or ("",)
    pairings = [_pairing(benchmark.layout, place, reference=reference) for reference in references]
    entries: dict[str, Entry] = {}
    for reference, pairing in zip(references, pairings, strict=True):
        for pair in (pair for pair in pairing.partners if pair.split == benchmark.split):
            for entry in _entries(pair, benchmark, root=place.root, reference=reference):
                had = entries.get(entry.name)
                if had is not None and had.lqs != entry.lqs:
                    raise ValueError(f"{place.root}: {had.lqs[0]} and {entry.lqs[0]}: one name")
                targets = {**(had.targets if had else {}), **entry.targets}
                entries[entry.name] = replace(entry, targets=targets)
    if not entries:
        splits = ", ".join(sorted({pair.split for pair in pairings[0].partners}))
        raise FileNotFoundError(
            f"{place.root}: pictures of {benchmark.layout.name}'s {splits}, none of its "
            f"{benchmark.split}"
        )
    alone = [
        path
        for pairing in pairings
        for pair in pairing.alone
        if pair.split == benchmark.split
        for path in (*pair.lqs.values(), *([pair.gt] if pair.gt else []))
    ]
    short = [
        f"{entry.name} has no target of {reference}"
        for entry in entries.values()
        for reference in benchmark.references
        if reference not in entry.targets
    ]
    ordered = sorted(entries.values(), key=lambda entry: natural(entry.name))
    files = [place.root / path for path in place.paths]
    listed, notes = _listed_groups(benchmark, files, count=len(ordered))
    cases = [
        Case(
            name=entry.name,
            show=_reader(benchmark, entry),
            groups=_groups(benchmark, entry, listed.get(index, ())),
            stored=bool(entry.lqs),
            has_target=bool(entry.targets),
            files=tuple(str(path) for path in (*entry.lqs, *entry.targets.values())),
        )
        for index, entry in enumerate(ordered, start=1)
    ]
    return Found(place.root, cases, ordered, list(dict.fromkeys(alone)) + short, notes)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts 2 before 10, as the papers' scripts list files (natsort)."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts if p]


def _pairing(layout: Layout, place: Place, *, reference: str) -> Pairing:
    chosen = reference or next(iter(layout.targets), "")
    lists = None
    missing: list[str] = []
    listed = any(branch.split == LISTED for form in layout.forms for branch in form)
    if listed:
        lists, missing = read_lists(place.root, layout=layout)
    layout = with_target(layout, chosen)
    pairing = pair_files(place.paths, layout=layout, above=place.above, lists=lists or None)
    if missing and not any(pair.split == "test" for pair in pairing.partners):
        raise FileNotFoundError(
            f"{place.root}: {' and '.join(missing)} not found below it: the authors' lists say "
            "which scenes are for testing; put them there"
        )
    return pairing


def _entries(pair: Partners, benchmark: Benchmark, *, root: Path, reference: str) -> list[Entry]:
    """The cases of one target: one for each of its inputs that count, or one of all joined."""
    targets = {} if pair.gt is None else {reference: root / pair.gt}
    lqs = {name: root / path for name, path in pair.lqs.items()}
    if benchmark.joined:
        there = tuple(lqs[name] for name in benchmark.joined if name in lqs)
        if len(there) < len(benchmark.joined):
            gone = [name for name in benchmark.joined if name not in lqs]
            raise ValueError(f"{root}: {pair.name}: no {' and no '.join(gone)} view of it")
        return [Entry(pair.name, pair.name, "", there, targets)]
    kept = {name: path for name, path in lqs.items() if name in (benchmark.only or lqs)}
    if not lqs:
        return [Entry(pair.name, pair.name, "", (), targets)]
    several = len(set(kept)) > 1 or len(benchmark.groups) > 0
    return [
        Entry(f"{pair.name}-{name}" if several else pair.name, pair.name, name, (path,), targets)
        for name, path in kept.items()
    ]


def _groups(benchmark: Benchmark, entry: Entry, listed: Sequence[str]) -> tuple[str, ...]:
    own = [group for group, variants in benchmark.groups.items() if entry.variant in variants]
    return (*own, *listed)


def _listed_groups(
    benchmark: Benchmark, paths: Sequence[Path], *, count: int
) -> tuple[dict[int, tuple[str, ...]], list[str]]:
    """Number of a picture (from 1, naturally sorted) -> groups whose list file names it."""
    groups: dict[int, tuple[str, ...]] = {}
    notes: list[str] = []
    for group, sources in benchmark.groups.items():
        for name in (s.removeprefix(FROM_FILE) for s in sources if s.startswith(FROM_FILE)):
            folders = {above for path in paths for above in path.parents[:3]}
            held = sorted(folder / name for folder in folders if (folder / name).is_file())
            if not held:
                notes.append(f"{name} is not beside the pictures: no scores of '{group}' alone")
                continue
            for number in _numbers(held[0], count=count):
                groups[number] = (*groups.get(number, ()), group)
    return groups, notes


def _numbers(path: Path, *, count: int) -> list[int]:
    """Pictures' numbers in a .npy, from 1 to `count`. Raises ValueError naming the file."""
    try:
        numbers = np.load(path, allow_pickle=False).ravel().astype(int).tolist()
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path}: no list of numbers ({error})") from error
    if wrong := [number for number in numbers if not 1 <= number <= count]:
        raise ValueError(f"{path}: {wrong[0]} is none of the {count} pictures, counted from 1")
    return numbers


def _reader(benchmark: Benchmark, entry: Entry) -> Callable[[], Shown]:
    inputs = benchmark.inputs
    bits = inputs.bits if isinstance(inputs, Stored) else 8
    gray = inputs.gray if isinstance(inputs, Stored | GaussianNoise) else False

    def read(path: Path) -> Samples:
        return read_stored(path, bits=bits, gray=gray)

    def show() -> Shown:
        lq = np.concatenate([read(path) for path in entry.lqs], axis=2) if entry.lqs else None
        if isinstance(inputs, Stored):
            if lq is None:
                raise ValueError(f"{entry.name}: the input of {benchmark.name} is missing")
            return Shown(to_unit(lq), {name: read(path) for name, path in entry.targets.items()})
        (target,) = entry.targets.values()
        return make_shown(inputs, read(target), lq=lq, name=entry.name)

    return show
