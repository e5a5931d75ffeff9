"""The report of a run: one HTML file that needs nothing beside it, made from the run's folder.

Equal runs give equal reports but for what the summary itself holds (seconds, versions).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from builders.atomic import write_whole
from evaluation.reports.charts import distribution_svg, scatter_svg
from evaluation.reports.exhibits import Cases, choose_cases, kept_exhibits
from evaluation.reports.row_table import (
    PAGE,
    Rows,
    Values,
    read_rows,
    script_json,
    shown_number,
    table_cells,
    table_columns,
)
from evaluation.runs.published import Beside
from evaluation.runs.rows import RUN_FOLDER
from evaluation.runs.summary import Score, Summary, load_summary

REPORT_FILE = "report.html"
EXHIBITS = "exhibits"  # folder below RUN/.run

CONFIDENCES = {"seen": "Read in the source", "recalled": "Recalled, not checked in the source"}
_HEADINGS = {"worst": "Worst", "best": "Best", "unranked": "First"}
_LABELLED = 12  # up to so many pictures have their names in the scatter
_FACTS = {"macs": "multiply-adds", "sha256": "SHA-256"}
_WIDEST = 480  # pixels: small pictures are enlarged by whole numbers up to this


def write_report(run: Path) -> Path:
    """Writes RUN/report.html from its summary, rows and exhibits, and returns its path.

    What a run has not (exhibits, targets, groups, published figures) is left out. Raises
    FileNotFoundError or ValueError naming the file that is missing or damaged.
    """
    import jinja2

    summary, rows = load_summary(run), read_rows(run)
    loader = jinja2.PackageLoader("evaluation.reports")
    # autoescape for every name: the default goes by the ending, and .jinja is not .html
    pages = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["number"] = shown_number
    text = pages.get_template("report.html.jinja").render(_content(run, summary, rows))
    write_whole(run / REPORT_FILE, text.encode())
    return run / REPORT_FILE


def _content(run: Path, summary: Summary, rows: Rows) -> dict[str, Any]:
    """All that the template names."""
    cases = _cases(run / RUN_FOLDER / EXHIBITS, summary, rows)
    columns = table_columns(summary, rows)
    count = len(rows.names)

    def decimals(metric: str) -> int:
        return summary.about[metric].decimals if metric in summary.about else 4

    def difference(row: Beside) -> str:
        if row.ours is None:
            return "—"
        places = max(decimals(row.metric), len(row.printed.partition(".")[2]))
        shown = shown_number(row.ours - row.value, places)
        return shown if row.ours < row.value else f"+{shown}"

    return {
        "summary": summary,
        "about": summary.about,
        "titles": {name: about.title for name, about in summary.about.items()},
        "decimals": decimals,
        "difference": difference,
        "mean": _mean,
        "counts": _counts,
        "unit": lambda key: f" ({summary.about[key].unit})" if summary.about[key].unit else "",
        "confidences": CONFIDENCES,
        "identity": _identity(summary),
        "warnings": _warnings(summary),
        "groups": _parts(summary.groups),
        "references": _parts(summary.references),
        "cases": cases,
        "charts": _charts(summary, rows),
        "columns": columns,
        "first_rows": [table_cells(columns, row) for row in range(min(PAGE, count))],
        "row_count": count,
        "group_names": sorted({name for names in rows.groups for name in names}),
        "rows_json": script_json(
            {
                "columns": columns,
                "groups": rows.groups,
                "cases": [case["index"] for shown in cases.values() for case in shown],
                "page": PAGE,
            }
        ),
        "protocol": list(summary.digest_words.items()),
        "model": _model(summary),
        "model_name": summary.model.get("name") or "model",
        "made": [*sorted(summary.versions.items()), ("device", summary.device)],
    }


def _mean(score: Score) -> float | None:
    """A score's mean; infinite where all its pictures are identical to their targets."""
    return math.inf if score.mean is None and score.n_identical else score.mean


def _counts(scores: Iterable[Score]) -> str:
    """'12', '11 + 1 identical'; of metrics that count different pictures, each once."""
    shown = [
        f"{score.n:,}" + (f" + {score.n_identical:,} identical" if score.n_identical else "")
        for score in scores
    ]
    return " / ".join(dict.fromkeys(shown))


def _parts(parts: Mapping[str, Mapping[str, Score]]) -> dict[str, Any]:
    """Rows of a table of scores, and the metrics that any of them has."""
    return {
        "rows": parts,
        "metrics": list(dict.fromkeys(key for held in parts.values() for key in held)),
    }


def _warnings(summary: Summary) -> list[str]:
    found = []
    if summary.images < summary.expected:
        found.append(
            f"Incomplete: {summary.images:,} of {summary.expected:,} pictures are scored, and all "
            "figures are of these alone. Run the same command again to finish."
        )
    if summary.limit is not None:
        found.append(
            f"A part of the set: limited to {summary.limit:,} pictures. These figures are not "
            "those of the whole set."
        )
    return found


def _identity(summary: Summary) -> list[tuple[str, str]]:
    done = f"{summary.images:,}"
    if summary.images != summary.expected:
        done += f" of {summary.expected:,}"
    pairs = [("Protocol", summary.protocol_digest), ("Pictures", done)]
    if digest := summary.model.get("sha256"):
        pairs.append(("Checkpoint", f"SHA-256 {digest}"))
    return pairs


def _model(summary: Summary) -> list[tuple[str, str]]:
    """Facts of the model, and how long it took."""
    pairs = []
    for name, value in summary.model.items():
        held = value.items() if isinstance(value, dict) else ((name, value),)
        pairs += [
            (_FACTS.get(key, key), _fact(fact))
            for key, fact in held
            if fact not in (None, "") and (key != "scale" or fact)
        ]
    seconds = summary.seconds
    return [
        *pairs,
        ("seconds", f"{seconds.mean:.3g} per picture, {seconds.total:.3g} in all"),
    ]


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_fact(part) for part in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _charts(summary: Summary, rows: Rows) -> list[dict[str, Any]]:
    """A distribution for each metric, and the first metric against the size where sizes differ."""
    from markupsafe import Markup

    charts = []
    for key in summary.metrics:
        about, values = summary.about[key], rows.scores.get(key, ())
        finite = [v for v in values if v is not None and math.isfinite(v)]
        if len(finite) < 2:
            continue
        svg = distribution_svg(finite, title=about.title, decimals=about.decimals)
        infinite = sum(v is not None and math.isinf(v) for v in values)
        note = f"{infinite:,} infinite, not drawn" if infinite else ""
        title = f"{about.title} ({about.unit})" if about.unit else about.title
        charts.append({"title": title, "svg": Markup(svg), "note": note})
    key = _ranking(summary, rows)
    if key and len({wide * tall for wide, tall in rows.sizes}) > 1:
        few = len(rows.names) <= _LABELLED
        points = [
            (name if few else "", wide * tall / 1e6, score)
            for name, (wide, tall), score in zip(
                rows.names, rows.sizes, rows.scores[key], strict=True
            )
            if score is not None
        ]
        title = summary.about[key].title
        svg = scatter_svg(points, x_title="Megapixels of the output", y_title=title)
        charts.append({"title": f"{title} against size", "svg": Markup(svg), "note": ""})
    return charts


def _ranking(summary: Summary, rows: Rows) -> str:
    """The first metric that any row has; '' where none."""
    return next(
        (k for k in summary.about if any(v is not None for v in rows.scores.get(k, ()))), ""
    )


def _cases(folder: Path, summary: Summary, rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Heading -> what is shown of each kept row whose input and output are there."""
    kept = {row: files for row, files in kept_exhibits(folder).items() if row < len(rows.names)}
    whole = {row: files for row, files in kept.items() if {"input", "output"} <= files.keys()}
    key = _ranking(summary, rows)
    scores: Values = rows.scores[key] if key else [None] * len(rows.names)
    better = summary.about[key].better if key else "higher"
    chosen: Cases = choose_cases(dict(enumerate(scores)), better=better)
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, heading in _HEADINGS.items():
        shown = [
            _case(row, whole[row], summary, rows) for row in getattr(chosen, kind) if row in whole
        ]
        if shown:
            by = f" by {summary.about[key].title}" if key else ""
            found[heading + by] = shown
    return found


def _case(row: int, files: Mapping[str, Path], summary: Summary, rows: Rows) -> dict[str, Any]:
    """Pictures of one row: the one at the right first, then those that lie over it."""
    data = {kind: path.read_bytes() for kind, path in files.items()}
    # a PNG begins with its signature, then IHDR: width and height, big endian (W3C PNG 11.2.1)
    width, height = (int.from_bytes(data["output"][at : at + 4], "big") for at in (16, 20))
    whole_width, whole_height = rows.sizes[row]
    right = "target" if "target" in data else "input"
    scores = [
        f"{about.title} {shown_number(rows.scores[key][row], about.decimals)} {about.unit}".strip()
        for key, about in summary.about.items()
        if key in rows.scores
    ]
    cropped = (width, height) != (whole_width, whole_height)
    order = [right, *(kind for kind in ("input", "output") if kind != right)]
    return {
        "index": row,
        "name": rows.names[row],
        "scores": " · ".join(scores),
        "crop": f"crop of {width} × {height} from {whole_width} × {whole_height}"
        if cropped
        else "",
        "width": width,
        "height": height,
        "zoom": max(1, _WIDEST // max(width, height, 1)),
        "right": right,
        "lefts": [kind for kind in ("input", "output", "target") if kind in data],
        "pictures": {
            kind: f"data:image/png;base64,{base64.b64encode(data[kind]).decode()}" for kind in order
        },
    }
