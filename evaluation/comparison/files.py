"""A comparison as files: the tables, CSV with full precision, plots."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from builders.atomic import write_whole
from evaluation.comparison.compare import Comparison, scores_beside
from evaluation.comparison.tables import COSTS, latex, markdown, metric_head
from evaluation.reports.charts import scatter_svg
from evaluation.runs.statistics import Paired

_RANKED = ("", "best", "second")


def table_csv(comparison: Comparison) -> str:
    """One line per model, part and metric, with full precision."""
    heads = ["part", "model", "metric", "better", "mean", "low", "high", "n", "n_identical"]
    rows = [[*heads, "rank", *COSTS, "run"]]
    for part in comparison.parts:
        for run, label, cells in comparison.lines(part):
            costs = [_plain(value(run)) for _, value in COSTS.values()]
            for name, cell in cells.items():
                score = cell.score
                figures = [_plain(end) for end in (cell.value, score.low, score.high)]
                counts = [str(score.n), str(score.n_identical), _RANKED[cell.rank]]
                better = comparison.about[name].better
                rows.append(
                    [part.title, label, name, better, *figures, *counts, *costs, str(run.path)]
                )
    return _csv_text(rows)


def paired_csv(comparison: Comparison) -> str:
    """The first run against the second, one line per metric, with full precision."""
    rows = [
        [name, *map(_plain, msgspec.structs.astuple(test))]
        for name, test in comparison.paired.items()
    ]
    return _csv_text([["metric", *Paired.__struct_fields__], *rows])


def plots(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """(file name, SVG): each metric against each cost that two runs or more know; for two runs,
    each picture's score of one against the other's."""
    for name, fact in comparison.about.items():
        title = metric_head(name, fact)
        for cost, (across, value) in COSTS.items():
            points = [
                (label, float(x), y)
                for run, label, cells in comparison.lines(comparison.parts[0])
                if (x := value(run)) and name in cells
                if (y := cells[name].value) is not None and math.isfinite(y)
            ]
            if len(points) > 1:
                svg = scatter_svg(points, x_title=across, y_title=title, log_x=True)
                yield f"{_file_name(name)}-{cost}.svg", svg
        if name in comparison.paired:
            first, second = comparison.runs
            one, two = scores_beside(first, second, metric=name)
            pairs = zip(first.names, two.tolist(), one.tolist(), strict=True)
            x_title, y_title = (
                f"{title} of {label}" for label in (comparison.labels[1], comparison.labels[0])
            )
            svg = scatter_svg(list(pairs), x_title=x_title, y_title=y_title, diagonal=True)
            yield f"{_file_name(name)}-pictures.svg", svg


def write_comparison(comparison: Comparison, *, out: Path) -> list[Path]:
    """Writes compare.md, compare.tex, compare.csv, paired.csv for two runs, and the plots."""
    texts = {
        "compare.md": markdown(comparison),
        "compare.tex": latex(comparison),
        "compare.csv": table_csv(comparison),
    }
    if comparison.paired:
        texts["paired.csv"] = paired_csv(comparison)
    texts.update(plots(comparison))
    for name, text in texts.items():
        write_whole(out / name, text.encode())
    return [out / name for name in texts]


def _file_name(metric: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", metric)


def _plain(value: float | int | str | None) -> str:
    return "" if value is None else str(value)


def _csv_text(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
