"""From rows to a summary: means, intervals, groups, published figures beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.benchmark import Benchmark
from evaluation.metrics.metric import Metric, Unavailable
from evaluation.models.restorer import Restorer
from evaluation.runs.plan import versions
from evaluation.runs.published import Beside, beside
from evaluation.runs.rows import AT, Row
from evaluation.runs.statistics import mean_interval, mean_of
from evaluation.runs.summary import About, Missing, Score, Seconds, Summary
from evaluation.words import choice_words

Scores = dict[str, Score]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a summary is made with, besides rows. set_scores: of metrics that judge the outputs of
    a set together. published: method whose figures are meant, '' for the model's own. limit: None
    where the whole set was run. contents: digest of the pictures' files."""

    benchmark: Benchmark
    restorer: Restorer
    metrics: Mapping[str, Metric]
    unavailable: Sequence[Unavailable]
    set_scores: Scores
    published: str
    device: str
    limit: int | None
    contents: str


def summarise(ran: Ran, *, rows: Sequence[Row], expected: int, notes: Sequence[str]) -> Summary:
    """The summary of `rows`; expected: how many the run is to have."""
    benchmark, restorer, metrics = ran.benchmark, ran.restorer, ran.metrics
    scored = {**scores_of(rows, metrics=metrics), **ran.set_scores}
    groups = {
        name: scores
        for name in benchmark.groups
        if (scores := scores_of([r for r in rows if name in r.groups], metrics=metrics))
    }
    references = {
        name: scores
        for name in benchmark.references
        if (scores := scores_of(rows, metrics=metrics, reference=name))
    }
    seconds = sum(row.seconds for row in rows)
    return Summary(
        set=benchmark.name,
        title=benchmark.title,
        task=benchmark.task,
        protocol_digest=benchmark.digest,
        choices=benchmark.choices(),
        digest_words=choice_words(benchmark),
        contents=ran.contents,
        images=len(rows),
        expected=expected,
        limit=ran.limit,
        model={"name": restorer.name, "method": restorer.method, **restorer.facts},
        versions=versions(),
        device=ran.device,
        seconds=Seconds(seconds / max(len(rows), 1), seconds),
        metrics=scored,
        groups=groups,
        references=references,
        about={name: _about(metric) for name, metric in metrics.items()},
        unavailable=[Missing(e.metric, e.why, e.file, e.where) for e in ran.unavailable],
        published=_published(ran, rows, scored=scored),
        notes=list(notes),
    )


def scores_of(rows: Sequence[Row], *, metrics: Mapping[str, Metric], reference: str = "") -> Scores:
    """Metric -> score over these rows, those that no row has left out."""
    found: Scores = {}
    for name, metric in metrics.items():
        if values := _values(rows, name, reference=reference):
            made = mean_interval(values, kind=metric.mean)
            found[name] = Score(made.mean, made.low, made.high, made.n, made.n_infinite)
    return found


def row_notes(rows: Sequence[Row]) -> list[str]:
    """What the model said of pictures, each thing once, and which metrics left some without a
    score, with the first reason."""
    notes = list(dict.fromkeys(note for row in rows for note in row.notes))
    for name in dict.fromkeys(name for row in rows for name in row.unscored):
        whys = [f"{row.name}: {row.unscored[name]}" for row in rows if name in row.unscored]
        pictures = "picture" if len(whys) == 1 else "pictures"
        notes.append(f"{name}: {len(whys)} {pictures} without a score ({whys[0]})")
    return notes


def _values(rows: Sequence[Row], name: str, *, reference: str) -> list[float]:
    column = f"{name}{AT}{reference}" if reference else name
    return [value for row in rows if (value := row.scores.get(column)) is not None]


def _published(ran: Ran, rows: Sequence[Row], *, scored: Scores) -> list[Beside]:
    """The printed figures of what was scored: of the set, its groups, its references."""
    benchmark = ran.benchmark
    means: dict[tuple[str, str, str], float | None] = {}
    for group in ("", *benchmark.groups):
        part = [row for row in rows if not group or group in row.groups]
        for reference in ("", *benchmark.references):
            for name, metric in ran.metrics.items():
                if values := _values(part, name, reference=reference):
                    means[group, reference, name] = mean_of(values, kind=metric.mean)
    means.update({("", "", name): score.mean for name, score in ran.set_scores.items()})
    partial = [
        name
        for name, score in scored.items()
        if ran.limit is not None or score.n + score.n_identical < len(rows)
    ]
    return beside(
        means,
        set_name=benchmark.name,
        method=ran.published,
        own=ran.restorer.method,
        partial=partial,
        draw=benchmark.draw,
    )


def _about(metric: Metric) -> About:
    label = metric.title.partition(",")[0]
    return About(label, metric.better, metric.unit, metric.decimals, metric.mode)
