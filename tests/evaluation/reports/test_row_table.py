"""evaluation.reports.row_table: rows as a table shows them, and files that cannot be read."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from html_page import page_of
from run_folder import fake_rows, fake_run

from evaluation.reports.report import write_report
from evaluation.reports.row_table import shown_number


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (28.424, 2, "28.42"),
        (-1.2, 2, "\u22121.20"),
        (math.inf, 4, "∞"),
        (-math.inf, 4, "\u2212∞"),
        (None, 2, "—"),
        (math.nan, 2, "—"),
        (0.0, 3, "0.000"),
    ],
)
def test_numbers_as_shown(value: float | None, decimals: int, text: str) -> None:
    assert shown_number(value, decimals) == text


def test_thousands_of_rows_are_paged(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", rows=fake_rows(5905))
    page = page_of(run)
    assert sum(tag == "tr" for tag, _ in page.seen) == 101
    assert len(page.data()["columns"][0]["values"]) == 5905
    assert "This is one page of 5,905 pictures." in page.text
    assert (run / "report.html").stat().st_size < 1_500_000


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", rows=fake_rows(2))
    rows = run / "rows.parquet"
    rows.write_bytes(b"not a table")
    with pytest.raises(ValueError, match=re.escape(f"{rows}: no Parquet file")):
        write_report(run)
    rows.unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(f"{rows}: no such file")):
        write_report(run)
    assert not (run / "report.html").exists()
    with pytest.raises(FileNotFoundError, match="summary"):
        write_report(tmp_path)
