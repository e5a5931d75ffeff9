"""From what `--set` says to a benchmark and its checked cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.manifest import MANIFEST
from degrade.option_error import OptionError, nearest
from evaluation.benchmark import Benchmark
from evaluation.benchmarks.demo import demo_for
from evaluation.benchmarks.table import BENCHMARKS
from evaluation.models.restorer import Restorer
from evaluation.sets.check import check_set
from evaluation.sets.find import Found, find_set
from evaluation.sets.hub import fetch_set
from evaluation.sets.places import sets_roots
from evaluation.sets.user_sets import own_dataset, own_folder, own_literal

DEMO = "demo"


@dataclass(frozen=True)
class Chosen:
    """A benchmark and where its pictures are; every file of it has been checked. notes: what was
    not looked at, what could not be told."""

    benchmark: Benchmark
    found: Found
    notes: list[str]


def choose_set(
    text: str,
    *,
    roots: Sequence[Path],
    restorer: Restorer,
    report: Callable[[int, int], None],
) -> Chosen:
    """The set that `--set` names: a benchmark of the table, 'demo', a folder, a dataset with or
    without ':split', or a .json file.

    restorer: decides which demo is meant. report: (done, total) files checked. Raises OptionError
    for an unknown name, FileNotFoundError with what to download, ValueError for what is not right
    about the files.
    """
    if text == DEMO:
        benchmark = demo_for(scale=restorer.scale, channels=restorer.channels)
        return Chosen(benchmark, find_set(benchmark, roots=()), [])
    if text in BENCHMARKS:
        benchmark, found = BENCHMARKS[text], _find(BENCHMARKS[text], roots=roots)
    else:
        benchmark, found = _own(text)
    notes = check_set(benchmark, found, report=report)
    return Chosen(benchmark, found, [*found.notes, *notes])


def _own(text: str) -> tuple[Benchmark, Found]:
    path = Path(text)
    folder, colon, split = text.rpartition(":")
    if not path.exists() and colon and (Path(folder) / MANIFEST).is_file():
        return own_dataset(Path(folder), split=split)
    if (path / MANIFEST).is_file():
        return own_dataset(path, split="")
    if path.is_dir():
        return own_folder(path)
    if path.is_file() and path.suffix.lower() == ".json":
        return own_literal(path)
    if any(mark in text for mark in ("/", "\\", ".")):
        raise FileNotFoundError(f"--set {text}: no such folder or .json file")
    names = (*BENCHMARKS, DEMO)
    raise OptionError(
        f"--set {text}: no benchmark and no folder of this name{nearest(text, names)}; "
        "pairsmith sets lists them"
    )


def _find(benchmark: Benchmark, *, roots: Sequence[Path]) -> Found:
    """The set on disk, or fetched from the hub where a copy is named."""
    places = sets_roots(roots)
    try:
        return find_set(benchmark, roots=places)
    except FileNotFoundError as error:
        if not benchmark.hub:
            raise
        try:
            return find_set(benchmark, roots=[fetch_set(benchmark)])
        except ConnectionError as unreachable:
            raise FileNotFoundError(f"{error}\n{unreachable}") from error
