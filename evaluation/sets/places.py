"""Where a benchmark's files lie: below the roots that were given, whatever the case of names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.sources import list_files
from degrade.reading.clean import PICTURE_SUFFIXES
from evaluation.benchmark import Benchmark

# The variable that names the parents of benchmark sets, separated as in PATH.
SETS_VARIABLE = "PAIRSMITH_SETS"
# How deep below a root a set's folder may lie: Datasets/test/Rain100H, HR/Set5/x2.
DEPTH = 4


@dataclass(frozen=True)
class Place:
    """A folder that may hold a set: its files that count, and what its layout sees above them.

    root: what the paths are relative to. above: names of the folders over it, for layouts that
    begin with them."""

    root: Path
    paths: tuple[str, ...]
    above: str


def sets_roots(given: Sequence[Path]) -> list[Path]:
    """The roots to look in: those given, then those of `$PAIRSMITH_SETS`, then the cache of what
    was fetched. Raises FileNotFoundError for a given one that is not there."""
    for root in given:
        if not root.is_dir():
            raise FileNotFoundError(f"--root {root}: no such folder")
    named = [Path(part) for part in os.environ.get(SETS_VARIABLE, "").split(os.pathsep) if part]
    return list(dict.fromkeys([*given, *(path for path in named if path.is_dir()), *_cached()]))


def sets_cache() -> Path:
    """Where fetched sets are kept: $XDG_CACHE_HOME/pairsmith/sets, ~/.cache without it."""
    above = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(above) if above else Path.home() / ".cache") / "pairsmith" / "sets"


def _cached() -> list[Path]:
    return [sets_cache()] if sets_cache().is_dir() else []


def places_of(benchmark: Benchmark, *, root: Path) -> Iterator[Place]:
    """Places below one root, likeliest first: the folders with the set's name, together, since
    some distributions have several (HR/Set5, LR/LRBI/Set5); then the root as the set's own folder,
    by its name or as if it had it."""
    names = {name.lower() for name in benchmark.folders}
    held = [path for path in _folders(root) if path.name.lower() in names]
    found: list[str] = []
    for folder in held:
        inside = folder.relative_to(root).as_posix()
        found += [f"{inside}/{path}" for path in _files(folder)]
    if found:
        yield Place(root, tuple(dict.fromkeys(found)), _above(root))
        return
    own = _files(root)
    if not own:
        return
    yield Place(root, tuple(own), _above(root))
    if root.name.lower() not in names:
        yield Place(root, tuple(own), benchmark.folders[0])


def _above(root: Path) -> str:
    return "/".join(root.resolve().parts[1:][-3:])


def _files(folder: Path) -> list[str]:
    return [path for path, _ in list_files(folder, suffixes=PICTURE_SUFFIXES)[0]]


def _folders(root: Path) -> list[Path]:
    """Folders below `root`, at most DEPTH deep, by depth and name; hidden ones left out."""
    level, found = [root], []
    for _ in range(DEPTH):
        below: list[Path] = []
        for folder in level:
            with os.scandir(folder) as entries:
                below += [
                    Path(entry.path)
                    for entry in entries
                    if not entry.name.startswith(".") and entry.is_dir()
                ]
        level = sorted(below)
        found += level
    return found
