"""The rows of a run: one per picture, kept the moment it is scored, tables once all are there."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from builders.atomic import whole_file, write_whole

RUN_FOLDER = ".run"
ROWS_FILE = "rows.jsonl"
TABLE_FILE = "rows.parquet"
# Columns that are no scores.
FACTS = ("name", "groups", "height", "width", "seconds")
# Between a metric and the reference that it was taken against: psnr@expert_a.
AT = "@"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture's scores. height, width: of the output. seconds: of the model alone. scores:
    metric, or metric@reference -> value; None where the picture cannot have it. unscored: metric ->
    why it has none. notes: what the model said of this picture (tiles made smaller ...)."""

    index: int
    name: str
    groups: list[str]
    height: int
    width: int
    seconds: float
    scores: dict[str, float | None]
    unscored: dict[str, str] = {}
    notes: list[str] = []


class _Line(Row, frozen=True, forbid_unknown_fields=True):
    """A row as JSON has it: an infinite score is the text 'inf' or '-inf'."""

    scores: dict[str, float | str | None]  # type: ignore[assignment]


def append_row(run: Path, row: Row) -> None:
    """Adds one row to RUN/.run/rows.jsonl and waits until the disk has it."""
    scores = {name: _to_json(value) for name, value in row.scores.items()}
    line = _Line(**{**msgspec.structs.asdict(row), "scores": scores})
    with (run / RUN_FOLDER / ROWS_FILE).open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def kept_rows(run: Path) -> list[Row]:
    """The rows that are there, by index. A last line that a kill cut short is removed; another
    line that cannot be read is a ValueError that names it."""
    path = run / RUN_FOLDER / ROWS_FILE
    if not path.is_file():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        write_whole(path, whole)
    rows: dict[int, Row] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            read = msgspec.json.decode(line, type=_Line)
            scores = {
                name: float(value) if isinstance(value, str) else value
                for name, value in read.scores.items()
            }
        except (msgspec.DecodeError, ValueError) as error:
            raise ValueError(
                f"{path}: line {number} is damaged ({error}); delete that line to score its "
                "picture again, or --overwrite"
            ) from error
        rows[read.index] = Row(**{**msgspec.structs.asdict(read), "scores": scores})
    return [rows[index] for index in sorted(rows)]


def write_tables(run: Path, *, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """RUN/rows.parquet and RUN/rows.csv, each whole. columns: of scores, in their order."""
    table = pa.table(
        {
            "name": pa.array([row.name for row in rows], pa.string()),
            "groups": pa.array([";".join(row.groups) for row in rows], pa.string()),
            "height": pa.array([row.height for row in rows], pa.int32()),
            "width": pa.array([row.width for row in rows], pa.int32()),
            "seconds": pa.array([row.seconds for row in rows], pa.float64()),
            **{
                name: pa.array([row.scores.get(name) for row in rows], pa.float64())
                for name in columns
            },
        }
    )
    with whole_file(run / TABLE_FILE) as temporary:
        pq.write_table(table, temporary)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FACTS, *columns])
    for row in rows:
        scores = [_cell(row.scores.get(name)) for name in columns]
        writer.writerow(
            [row.name, ";".join(row.groups), row.height, row.width, f"{row.seconds:.6f}", *scores]
        )
    write_whole(run / "rows.csv", text.getvalue().encode())


def read_table(run: Path) -> dict[str, list[Any]]:
    """RUN/rows.parquet as columns. Raises FileNotFoundError or ValueError naming it."""
    path = run / TABLE_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the folder of a finished evaluation")
    try:
        columns = pq.read_table(path).to_pydict()
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: no Parquet file ({error})") from error
    if missing := [name for name in FACTS if name not in columns]:
        raise ValueError(f"{path}: no column {missing[0]!r}; it has {', '.join(columns)}")
    return columns


def _to_json(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else repr(float(value))


def _cell(value: float | None) -> str:
    return "" if value is None else repr(float(value))
