"""The rows of a run as a report's table has them: columns, cells as text, JSON for its script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from evaluation.runs.rows import AT, FACTS, read_table
from evaluation.runs.summary import About, Summary

if TYPE_CHECKING:
    from markupsafe import Markup

PAGE = 100  # rows of the table that are in the document at a time

Values = Sequence[float | None]


@dataclass(frozen=True)
class Rows:
    """A run's rows as columns. scores: of every metric, and of metric@reference."""

    names: Sequence[str]
    groups: Sequence[Sequence[str]]
    sizes: Sequence[tuple[int, int]]  # width, height
    seconds: Values
    scores: Mapping[str, Values]


def read_rows(run: Path) -> Rows:
    """RUN/rows.parquet. Raises FileNotFoundError or ValueError naming it."""
    columns = read_table(run)
    scores = {name: values for name, values in columns.items() if name not in FACTS}
    sizes = list(zip(columns["width"], columns["height"], strict=True))
    listed = [text.split(";") if text else [] for text in columns["groups"]]
    return Rows(columns["name"], listed, sizes, columns["seconds"], scores)


def shown_number(value: float | None, decimals: int = 2) -> str:
    """As a table has it: '28.42', '−1.20', '∞', and '—' for none."""
    if value is None or math.isnan(value):
        return "—"
    shown = "∞" if math.isinf(value) else f"{abs(value):.{decimals}f}"
    return f"\u2212{shown}" if value < 0 else shown


def table_columns(summary: Summary, rows: Rows) -> list[dict[str, Any]]:
    """The table's columns; infinities as text, because JSON has none. look: classes of cells."""
    columns: list[dict[str, Any]] = [{"title": "Name", "kind": "text", "values": rows.names}]
    for key, values in rows.scores.items():
        metric, _, reference = key.partition(AT)
        about = summary.about.get(metric, About(metric, "higher", "", 4, "full"))
        safe = [repr(v) if v is not None and math.isinf(v) else v for v in values]
        columns.append(
            {
                "title": f"{about.title} {reference}" if reference else about.title,
                "kind": "number",
                "decimals": about.decimals,
                "values": safe,
                "look": "number reference" if reference else "number",
            }
        )
    if any(rows.groups):
        joined = [", ".join(names) for names in rows.groups]
        columns.append({"title": "Groups", "kind": "text", "values": joined})
    columns.append({"title": "Size", "kind": "size", "values": rows.sizes})
    columns.append({"title": "Seconds", "kind": "number", "decimals": 3, "values": rows.seconds})
    return [{"look": column["kind"], **column} for column in columns]


def table_cells(columns: Sequence[Mapping[str, Any]], row: int) -> list[str]:
    """One row as text: what a reader without scripts gets, and paper."""

    def cell(column: Mapping[str, Any]) -> str:
        value = column["values"][row]
        if column["kind"] == "number":
            return shown_number(None if value is None else float(value), column["decimals"])
        return f"{value[0]} × {value[1]}" if column["kind"] == "size" else str(value)

    return [cell(column) for column in columns]


def script_json(value: Any) -> Markup:
    """JSON that cannot end the <script> it stands in, nor open a comment there."""
    from markupsafe import Markup

    text = msgspec.json.encode(value).decode()
    return Markup(text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026"))
