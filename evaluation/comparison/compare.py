"""Runs side by side: only where they were scored alike, on the same pictures, to the end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from degrade.option_error import OptionError, nearest
from evaluation.runs.rows import FACTS, RUN_FOLDER, TABLE_FILE, read_table
from evaluation.runs.statistics import Paired, paired
from evaluation.runs.summary import SUMMARY_FILE, About, Score, Summary, load_summary

# What a message lists of many pictures.
_NAMED = 3
_NOTHING = object()

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """A run as read. names: of its pictures; scores: metric -> [pictures], NaN where a picture
    cannot have it."""

    path: Path
    summary: Summary
    names: tuple[str, ...]
    scores: Mapping[str, Scores]


@dataclass(frozen=True)
class Cell:
    """A score in a table. rank: 1 best, 2 second best, 0 neither; as printed, so that equal
    figures are marked alike."""

    score: Score
    rank: int = 0

    @property
    def value(self) -> float | None:
        """The mean; infinite where every output equals its target."""
        if self.score.mean is None:
            return math.inf if self.score.n_identical and not self.score.n else None
        return self.score.mean


@dataclass(frozen=True)
class Part:
    """All pictures (title ''), or those of a group, or one of several references: for each run,
    metric -> cell."""

    title: str
    cells: tuple[Mapping[str, Cell], ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs of one protocol. labels: of the runs, each another. about: the metrics compared, in
    their order. paired: metric -> first run against second, where there are two. notes: for the
    reader."""

    runs: tuple[Run, ...]
    labels: tuple[str, ...]
    about: Mapping[str, About]
    parts: tuple[Part, ...]
    paired: Mapping[str, Paired]
    notes: tuple[str, ...]

    def lines(self, part: Part) -> Iterator[tuple[Run, str, Mapping[str, Cell]]]:
        """Run, label and cells of each line of a part."""
        return zip(self.runs, self.labels, part.cells, strict=True)


def load_run(path: Path) -> Run:
    """Reads a run folder, or the one that a summary.json lies in. Raises FileNotFoundError or
    ValueError naming the file that is missing, cannot be read or contradicts the other."""
    folder = path.parent if path.name == SUMMARY_FILE else path
    if (folder / RUN_FOLDER).is_dir() and not (folder / SUMMARY_FILE).is_file():
        raise FileNotFoundError(
            f"{folder}: no {SUMMARY_FILE}: a run that was stopped; the same evaluate command goes "
            "on with it"
        )
    summary = load_summary(folder)
    names, scores = _read_rows(folder)
    if len(names) != summary.images:
        raise ValueError(
            f"{folder}: {TABLE_FILE} has {len(names)} pictures, {SUMMARY_FILE} {summary.images}; "
            "one of them is of another run: evaluate again with --overwrite"
        )
    name, times = Counter(names).most_common(1)[0] if names else ("", 1)
    if times > 1:
        raise ValueError(f"{folder / TABLE_FILE}: {times} rows for {name!r}; one for each picture")
    return Run(folder, summary, names, scores)


def compare_runs(runs: Sequence[Run], *, metrics: Sequence[str] = ()) -> Comparison:
    """Two runs or more in one table. metrics: those wanted, in this order; none: all.

    Raises ValueError where a run is not complete, where protocols differ (naming the choices that
    do) or pictures; OptionError for a metric that no run has.
    """
    if len(runs) < 2:
        raise ValueError(f"compare takes two runs or more, got {len(runs)}")
    for run in runs:
        _check_complete(run)
    first = runs[0]
    for run in runs[1:]:
        _check_same_protocol(first, run)
        _check_same_pictures(first, run)
    about = _wanted(runs, metrics=metrics)
    return Comparison(
        runs=tuple(runs),
        labels=_labels(runs),
        about=about,
        parts=tuple(_parts(runs, about=about)),
        paired=_paired(runs[0], runs[1], about=about) if len(runs) == 2 else {},
        notes=tuple(_notes(runs, about=about)),
    )


def scores_beside(first: Run, second: Run, *, metric: str) -> tuple[Scores, Scores]:
    """Both runs' scores [pictures], in the order of the first run's pictures."""
    place = {name: index for index, name in enumerate(second.names)}
    order = [place[name] for name in first.names]
    return first.scores[metric], second.scores[metric][order]


def _read_rows(run: Path) -> tuple[tuple[str, ...], dict[str, Scores]]:
    columns = read_table(run)
    scores = {
        name: np.array(values, dtype=np.float64)  # null becomes NaN
        for name, values in columns.items()
        if name not in FACTS
    }
    return tuple(map(str, columns["name"])), scores


def _check_complete(run: Run) -> None:
    summary = run.summary
    if missing := summary.expected - summary.images:
        raise ValueError(
            f"{run.path}: {missing} of {summary.expected} pictures are missing; the same evaluate "
            "command goes on with it"
        )


def _check_same_protocol(first: Run, other: Run) -> None:
    digests = (first.summary.protocol_digest, other.summary.protocol_digest)
    if digests[0] == digests[1]:
        return
    found = [
        f"{field} {one} against {two}"
        for field, one, two in _differences(first.summary.choices, other.summary.choices)
    ]
    raise ValueError(
        f"{first.path} and {other.path} were not scored alike (digests {' and '.join(digests)}): "
        f"{'; '.join(found) or 'their choices are equal, so one summary was changed'}. Evaluate "
        "both models on one set"
    )


def _differences(one: Any, two: Any, *, at: str = "") -> Iterator[tuple[str, str, str]]:
    """(dotted field, value, value) of all that differs, as JSON."""
    if isinstance(one, dict) and isinstance(two, dict):
        for name in dict.fromkeys((*one, *two)):
            inner = f"{at}.{name}" if at else str(name)
            yield from _differences(one.get(name, _NOTHING), two.get(name, _NOTHING), at=inner)
    elif one is _NOTHING or two is _NOTHING or one != two:
        yield at, _as_text(one), _as_text(two)


def _as_text(value: Any) -> str:
    return "nothing" if value is _NOTHING else msgspec.json.encode(value).decode()


def _check_same_pictures(first: Run, other: Run) -> None:
    one, two = set(first.names), set(other.names)
    if one == two and first.summary.contents == other.summary.contents:
        return
    if one == two:
        raise ValueError(
            f"{first.path} and {other.path} have pictures of the same names from other files (two "
            "copies of the set, or one that was changed): evaluate both models on one copy"
        )
    sides = [
        f"{len(only)} only in {run.path} ({_some(only)})"
        for run, only in ((first, one - two), (other, two - one))
        if only
    ]
    raise ValueError(
        f"not the same pictures: {'; '.join(sides)}. Evaluate both models with one --root and one "
        "--limit"
    )


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _wanted(runs: Sequence[Run], *, metrics: Sequence[str]) -> dict[str, About]:
    known: dict[str, About] = {}
    for run in runs:
        found = run.summary.about
        known.update({n: found[n] for n in run.summary.metrics if n in found and n not in known})
    for name in metrics:
        if name not in known:
            raise OptionError(
                f"--metric {name}: these runs have {', '.join(known)}{nearest(name, known)}"
            )
    return {name: known[name] for name in metrics or known}


def _labels(runs: Sequence[Run]) -> tuple[str, ...]:
    """Each run's model; with its folder where two models are alike, or with the whole path."""
    models = [str(run.summary.model.get("name") or "model") for run in runs]
    labels = models
    for places in ([run.path.name for run in runs], [str(run.path) for run in runs]):
        if len(set(labels)) < len(labels):
            labels = [f"{model} ({place})" for model, place in zip(models, places, strict=True)]
    return tuple(labels)


def _parts(runs: Sequence[Run], *, about: Mapping[str, About]) -> Iterator[Part]:
    yield _part("", [run.summary.metrics for run in runs], about=about)
    for tables in (
        [run.summary.groups for run in runs],
        [run.summary.references for run in runs],
    ):
        for title in dict.fromkeys(name for table in tables for name in table):
            yield _part(title, [table.get(title, {}) for table in tables], about=about)


def _part(title: str, tables: Sequence[Mapping[str, Score]], *, about: Mapping[str, About]) -> Part:
    cells: list[dict[str, Cell]] = [{} for _ in tables]
    for name, fact in about.items():
        column = [Cell(table[name]) if name in table else None for table in tables]
        for row, cell, rank in zip(cells, column, _ranks(column, about=fact), strict=True):
            if cell is not None:
                row[name] = Cell(cell.score, rank)
    return Part(title, tuple(cells))


def _ranks(column: Sequence[Cell | None], *, about: About) -> list[int]:
    """1 for the best, 2 for the second best, by figures as printed; 0 for others, and for all
    where fewer than two runs have a figure."""
    values = [None if cell is None else cell.value for cell in column]
    # round() leaves infinities as they are
    printed = [None if value is None else round(value, about.decimals) for value in values]
    known = [value for value in printed if value is not None]
    if len(known) < 2:
        return [0] * len(column)
    best = sorted(set(known), reverse=about.better == "higher")[:2]
    return [0 if value not in best else best.index(value) + 1 for value in printed]


def _paired(first: Run, second: Run, *, about: Mapping[str, About]) -> dict[str, Paired]:
    return {
        name: paired(*scores_beside(first, second, metric=name), better=fact.better)
        for name, fact in about.items()
        if name in first.scores and name in second.scores
    }


def _notes(runs: Sequence[Run], *, about: Mapping[str, About]) -> Iterator[str]:
    summary = runs[0].summary
    if summary.limit is not None:
        yield f"Of the set's first {summary.images} pictures only (--limit {summary.limit})."
    for name, fact in about.items():
        scores = [run.summary.metrics[name] for run in runs if name in run.summary.metrics]
        if any(score.n_identical for score in scores):
            counts = ", ".join(str(score.n_identical) for score in scores)
            yield (
                f"{fact.title}: {counts} outputs are identical to their targets and left out of "
                "the means, which need not be of the same pictures then."
            )
    devices = dict.fromkeys(run.summary.device for run in runs)
    if len(devices) > 1:
        yield f"Seconds are of different devices: {', '.join(devices)}."
    for name in dict.fromkeys(name for run in runs for name in run.summary.versions):
        found = dict.fromkeys(run.summary.versions.get(name, "absent") for run in runs)
        if len(found) > 1:
            yield f"Versions of {name} differ: {', '.join(found)}."
