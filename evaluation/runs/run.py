"""A run: a model over a set, row by row, so that a kill loses nothing that was scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.atomic import write_whole
from builders.lock import folder_lock
from degrade.images import encode_picture
from evaluation.benchmark import Benchmark
from evaluation.inputs import GaussianNoise
from evaluation.metrics.metric import Metric
from evaluation.metrics.table import open_scorers
from evaluation.models.restorer import Restorer
from evaluation.pictures import Case, Samples, contents_digest, to_rgb8
from evaluation.protocol import digest_of
from evaluation.reports.exhibits import Pictures, offer_exhibit
from evaluation.reports.report import EXHIBITS, write_report
from evaluation.runs.plan import RunPlan, begin_run, versions
from evaluation.runs.published import check_method
from evaluation.runs.rows import RUN_FOLDER, Row, append_row, kept_rows, write_tables
from evaluation.runs.scoring import Restored, Scoring, check_suits
from evaluation.runs.set_scores import SetScores
from evaluation.runs.submission import SUBMISSIONS
from evaluation.runs.summarise import Ran, row_notes, summarise
from evaluation.runs.summary import Summary, save_summary

PICTURES = "pictures"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """metrics: asked for; empty for those of the protocol. device: of the metrics. limit: the
    first so many pictures only. keep: the restored pictures are kept as PNG. published: method
    whose figures are meant. overwrite: starts again where a run is. renew: starts again where
    another run is, and goes on where it is this one."""

    metrics: tuple[str, ...] = ()
    device: str = "cpu"
    limit: int | None = None
    keep: bool = False
    published: str = ""
    overwrite: bool = False
    renew: bool = False


def run_evaluation(
    benchmark: Benchmark,
    cases: Sequence[Case],
    *,
    restorer: Restorer,
    run: Path,
    options: RunOptions,
    report: Callable[[int, int], None],
) -> Summary:
    """Scores `restorer` on `cases` into the folder `run`, going on where an earlier run stopped.

    report: (done, total) pictures; called first with those that are kept. Raises ValueError where
    the folder holds another run, where the model does not suit the set, or where a picture fails,
    naming it; what is scored stays.
    """
    notes = check_suits(benchmark, restorer)
    if restorer.at_noise is not None and isinstance(benchmark.inputs, GaussianNoise):
        restorer = restorer.at_noise(benchmark.inputs.sigma)
    if options.published:
        check_method(options.published, set_name=benchmark.name)
    names = options.metrics or benchmark.protocol.metrics
    targets = any(case.has_target for case in cases)
    scorers, unavailable = open_scorers(names, device=options.device, targets=targets)
    metrics = {name: metric for name, (metric, _) in scorers.items()}
    wanted = cases[: options.limit]
    plan = RunPlan(
        choices=benchmark.choices(),
        model=dict(restorer.facts),
        metrics=[f"{name} {m.code}".strip() for name, m in metrics.items()],
        names=[case.name for case in wanted],
        contents=contents_digest(wanted),
        keep=options.keep,
        versions=versions(),
    )
    said = list(restorer.notes)
    scoring = Scoring(benchmark, restorer, scorers)
    with folder_lock(run / RUN_FOLDER, what="another evaluation"):
        begin_run(run, plan, overwrite=options.overwrite, renew=options.renew)
        set_scores = SetScores(run / RUN_FOLDER, metrics=metrics, device=options.device)
        writer = SUBMISSIONS[benchmark.submission](run) if benchmark.submission else None
        rows = {row.index: row for row in kept_rows(run) if row.index < len(wanted)}
        report(len(rows), len(wanted))
        for index, case in enumerate(wanted):
            if index in rows:
                continue
            restored = scoring.restore(case)
            rows[index] = scoring.score(index, case, restored=restored)
            if options.keep:
                _keep(run / PICTURES, case, output=restored.output)
            if writer is not None:
                writer.add(index, restored.output)
            set_scores.add(index, output=restored.output, targets=restored.shown.targets)
            _exhibit(run, rows, index=index, restored=restored, metrics=metrics)
            append_row(run, rows[index])  # last: what a row stands for is there
            report(len(rows), len(wanted))
        done = [rows[index] for index in sorted(rows)]
        write_tables(run, rows=done, columns=list(dict.fromkeys(n for r in done for n in r.scores)))
        notes += [*said, *row_notes(done), *_how_made(wanted)]
        if writer is not None and len(done) == len(cases):
            pace = sum(row.seconds for row in done) / sum(
                row.height * row.width / 1e6 for row in done
            )
            written = writer.finish(
                run / "submission", method=restorer.name, seconds_per_megapixel=pace
            )
            notes.append(f"to submit: {written}")
        summary = summarise(
            Ran(
                benchmark=benchmark,
                restorer=restorer,
                metrics=metrics,
                unavailable=unavailable,
                set_scores=set_scores.scores(),
                published=options.published,
                device=options.device,
                limit=options.limit if len(wanted) < len(cases) else None,
                contents=digest_of({"cases": plan.contents}),
            ),
            rows=done,
            expected=len(wanted),
            notes=notes,
        )
        save_summary(summary, run=run)
        write_report(run)
    return summary


def _keep(folder: Path, case: Case, *, output: Samples) -> None:
    """The restored picture as an 8-bit PNG, under the case's name."""
    name = "".join("_" if char in '/\\:*?"<>|' else char for char in case.name)
    write_whole(folder / f"{name}.png", encode_picture(to_rgb8(output), codec="png"))


def _exhibit(
    run: Path,
    rows: Mapping[int, Row],
    *,
    index: int,
    restored: Restored,
    metrics: Mapping[str, Metric],
) -> None:
    """Keeps the row's pictures for the report where it is among the best or the worst, by the
    first metric that scores pictures one by one."""
    first = next((m for m in metrics.values() if m.mode != "set"), None)
    scores = {row: (rows[row].scores.get(first.name) if first else None) for row in rows}
    shown = restored.shown
    offer_exhibit(
        run / RUN_FOLDER / EXHIBITS,
        index=index,
        scores=scores,
        better=first.better if first else "higher",
        pictures=Pictures(shown.lq, restored.output, next(iter(shown.targets.values()), None)),
    )


def _how_made(cases: Sequence[Case]) -> list[str]:
    """Whether inputs were read or made, where a set leaves both open."""
    made = sum(not case.stored for case in cases)
    if made in (0, len(cases)):
        return [f"inputs were {'made from the targets' if made else 'read as distributed'}"]
    return [f"{made} of {len(cases)} inputs were made from the targets, the others read"]
