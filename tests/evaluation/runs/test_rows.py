"""Rows are on disk the moment they are scored, and survive what cuts them short."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from evaluation.runs.rows import RUN_FOLDER, Row, append_row, kept_rows, write_tables


def row(index: int, **scores: float | None) -> Row:
    """A row with these scores."""
    return Row(index, f"p{index}", ["under", "dark"], 10, 20, 0.25, dict(scores))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """An empty run's folder."""
    (tmp_path / RUN_FOLDER).mkdir()
    return tmp_path


def test_rows_come_back_as_they_were_by_index(run: Path) -> None:
    rows = [row(2, psnr=30.123456789012345), row(0, psnr=math.inf), row(1, psnr=None)]
    for one in rows:
        append_row(run, one)
    assert kept_rows(run) == sorted(rows, key=lambda one: one.index)


def test_a_line_that_was_cut_short_is_removed_and_written_again(run: Path) -> None:
    append_row(run, row(0, psnr=1.0))
    append_row(run, row(1, psnr=2.0))
    path = run / RUN_FOLDER / "rows.jsonl"
    data = path.read_bytes()
    for cut in range(data.index(b"\n") + 1, len(data)):
        path.write_bytes(data[:cut])
        assert [one.index for one in kept_rows(run)] == [0]
        append_row(run, row(1, psnr=2.0))
        assert path.read_bytes() == data


def test_a_damaged_line_in_the_middle_is_named(run: Path) -> None:
    append_row(run, row(0, psnr=1.0))
    path = run / RUN_FOLDER / "rows.jsonl"
    path.write_bytes(b'{"index": 5}\n' + path.read_bytes())
    with pytest.raises(ValueError, match=r"rows\.jsonl: line 1 is damaged"):
        kept_rows(run)


def test_no_rows_yet(tmp_path: Path) -> None:
    assert kept_rows(tmp_path) == []


def test_tables_hold_numbers_and_say_inf(run: Path) -> None:
    rows = [row(0, psnr=math.inf, ssim=1.0), row(1, psnr=30.5, ssim=None)]
    write_tables(run, rows=rows, columns=["psnr", "ssim"])
    table = pq.read_table(run / "rows.parquet").to_pydict()
    assert table["name"] == ["p0", "p1"] and table["groups"] == ["under;dark"] * 2
    assert table["psnr"] == [math.inf, 30.5] and table["ssim"] == [1.0, None]
    assert (table["height"][0], table["width"][0]) == (10, 20)
    with (run / "rows.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [one["psnr"] for one in read] == ["inf", "30.5"] and read[1]["ssim"] == ""
