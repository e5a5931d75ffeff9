"""From an evaluation's summary to a line of scores, with what is printed for the same."""

from __future__ import annotations

import math

from baselines.watching.lines import MODEL, Printed, Scores
from evaluation.runs.published import Beside
from evaluation.runs.summary import Score, Summary


def score_line(summary: Summary, *, step: int, of: str = MODEL, method: str = "") -> Scores:
    """The line of a validation at `step`. of, method: see `Scores` and `printed_figures`."""
    scores = mean_scores(summary)
    return Scores(
        step=step,
        of=of,
        set=summary.set,
        digest=summary.protocol_digest,
        pictures=summary.expected,
        scores={name: one if math.isfinite(one) else str(one) for name, one in scores.items()},
        printed=printed_figures(summary, method=method),
    )


def mean_scores(summary: Summary) -> dict[str, float]:
    """Metric -> mean over the set; infinite where every picture equals its target; metrics that no
    picture has a score of are left out."""
    found: dict[str, float] = {}
    for name, score in summary.metrics.items():
        if score.mean is not None:
            found[name] = score.mean
        elif score.n_identical:
            found[name] = math.inf
    return found


def printed_figures(summary: Summary, *, method: str) -> dict[str, Printed]:
    """Metric -> what is printed for `method` on this set by this protocol.

    method: as published tables call it, '' for none; of several settings (blind, TLC ...) the one
    without is meant, or the only one there is. Nothing is given for sets of one's own, whatever
    they are called, nor for metrics that not every picture of the whole set has a score of, nor for
    figures that are known to differ.
    """
    if not method or summary.limit is not None or summary.choices.get("contents"):
        return {}
    wanted = method.casefold()
    found: dict[str, Printed] = {}
    for metric, score in summary.metrics.items():
        rows = [
            row
            for row in summary.published
            if (row.metric, row.group, row.reference) == (metric, "", "")
            and row.comparable
            and row.method.casefold() == wanted
        ]
        if (row := _meant(rows)) is not None and _whole(summary, score):
            found[metric] = Printed(figure=row.printed, method=_label(row), source=row.source)
    return found


def _meant(rows: list[Beside]) -> Beside | None:
    """The first of the setting that is meant: tables that repeat a figure come behind it."""
    settings = list(dict.fromkeys(row.setting for row in rows))
    meant = settings[0] if len(settings) == 1 else ""
    return next((row for row in rows if row.setting == meant), None)


def _label(row: Beside) -> str:
    return f"{row.method} ({row.setting})" if row.setting else row.method


def _whole(summary: Summary, score: Score) -> bool:
    return score.n + score.n_identical == summary.images == summary.expected
