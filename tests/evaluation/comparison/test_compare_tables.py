"""A comparison's formats and files: escaped, whole, with every digit."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from compared_runs import Make, compared, moved
from rich.console import Console
from run_folder import fake_rows, fake_run

from evaluation.comparison import files as compare_files
from evaluation.comparison.compare import Comparison
from evaluation.comparison.files import table_csv, write_comparison
from evaluation.comparison.tables import latex, markdown, metric_head, rich_tables
from evaluation.runs.rows import Row
from evaluation.runs.summary import About

COSTS_AND_PICTURES = ("parameters", "macs", "seconds", "pictures")
HOSTILE = "a_b|<script>&*50%*[x]"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A run folder: name, rows, and what its summary says else."""

    def made(name: str, *, rows: Sequence[Row] = (), **changed: Any) -> Path:
        changed.setdefault("model", {"name": name})
        return fake_run(tmp_path / name, rows=rows or fake_rows(12), changed=changed)

    return made


@pytest.fixture
def hostile(make: Make) -> Comparison:
    rows = fake_rows(5, names=["<img src=x>", "b\\c", "50%", "d\te", "ü"])
    costs = {"parameters": 1_500_000, "macs": 9e9}
    one = make("one", rows=moved(rows, by=1.0), model={"name": HOSTILE, **costs})
    return compared(one, make("two", rows=rows, model={"name": "plain", **costs}))


def test_markdown_is_escaped_and_whole(hostile: Comparison) -> None:
    lines = markdown(hostile).splitlines()
    row = next(line for line in lines if "script" in line and line.startswith("| "))
    assert row.startswith(r"| a\_b\|&lt;script&gt;&amp;\*50%\*\[x\] | **")
    bars = [line.replace(r"\|", "").count("|") for line in lines if line.startswith("|")]
    assert set(bars[:4]) == {8}, "every row of the first table has seven columns"
    assert "<u>" in next(line for line in lines if line.startswith("| plain"))


def test_latex_is_escaped_and_balanced(hostile: Comparison) -> None:
    text = latex(hostile)
    assert "\\usepackage{booktabs}" in text
    assert r"a\_b|\textless{}script\textgreater{}\&*50\%*{[}x]" in text
    assert text.count("\\begin{") == text.count("\\end{")
    bare = text.replace("\\{", "").replace("\\}", "")
    assert bare.count("{") == bare.count("}")
    body = [line for line in text.splitlines() if line.endswith("\\\\")]
    columns = {line.replace("\\&", "").count("&") for line in body[:3]}
    assert columns == {6}
    assert "\\textbf{" in text
    assert "\\underline{" in text


def test_csv_keeps_every_digit(hostile: Comparison) -> None:
    rows = list(csv.DictReader(table_csv(hostile).splitlines()))
    assert [(row["model"], row["metric"], row["rank"]) for row in rows] == [
        (HOSTILE, "psnr", "best"),
        (HOSTILE, "ssim", "best"),
        ("plain", "psnr", "second"),
        ("plain", "ssim", "best"),
    ]
    score = hostile.runs[0].summary.metrics["psnr"]
    assert (float(rows[0]["mean"]), float(rows[0]["low"])) == (score.mean, score.low)
    assert (rows[0]["n"], rows[0]["parameters"], rows[0]["better"]) == ("5", "1500000", "higher")


def terminal(comparison: Comparison, *, styled: bool) -> str:
    console = Console(width=200, force_terminal=styled, color_system="standard" if styled else None)
    with console.capture() as capture:
        for table in rich_tables(comparison, styled=styled):
            console.print(table)
    return capture.get()


@pytest.mark.parametrize(
    ("name", "better", "unit", "head"),
    [
        ("psnr", "higher", "dB", "PSNR (dB) ↑"),
        ("lpips-vgg", "lower", "", "LPIPS-VGG ↓"),
        ("my_scores:edgeLoss", "lower", "px", "my_scores:edgeLoss (px) ↓"),
    ],
)
def test_heads_are_short(name: str, better: str, unit: str, head: str) -> None:
    assert metric_head(name, About("A long title of it", better, unit, 2, "full")) == head


def test_terminal_tables(hostile: Comparison) -> None:
    mean = hostile.parts[0].cells[0]["psnr"].value
    assert f"\x1b[1m{mean:.2f}" in terminal(hostile, styled=True)
    plain = terminal(hostile, styled=False)
    assert "\x1b" not in plain
    assert HOSTILE in plain
    assert f"{mean:.2f}*" in plain
    assert "5 / 0 / 0" in plain


def test_a_metric_with_fewer_pictures_says_so(make: Make) -> None:
    rows = fake_rows(6)
    rows[2].scores["ssim"] = None
    comparison = compared(make("one", rows=rows), make("other", rows=rows))
    line = next(x for x in markdown(comparison).splitlines() if x.startswith("| one"))
    cells = line.split(" | ")
    assert "n=" not in cells[1]
    assert cells[2].endswith("n=5")
    assert cells[3] == "6"


def test_files_of_two_runs(hostile: Comparison, tmp_path: Path) -> None:
    written = write_comparison(hostile, out=tmp_path / "out")
    names = {path.name for path in written}
    assert names == {path.name for path in (tmp_path / "out").iterdir()}
    plots = {f"{m}-{x}.svg" for m in ("psnr", "ssim") for x in COSTS_AND_PICTURES}
    assert names == {"compare.md", "compare.tex", "compare.csv", "paired.csv", *plots}
    for plot in plots:
        root = ElementTree.parse(tmp_path / "out" / plot).getroot()
        assert root.tag.endswith("svg")
    (row, _) = csv.DictReader((tmp_path / "out" / "paired.csv").read_text().splitlines())
    assert (row["metric"], row["wins"]) == ("psnr", "5")
    assert float(row["difference"]) == pytest.approx(1.0)


def test_a_plot_of_pictures_has_the_first_run_upward(
    hostile: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, list[tuple[str, float, float]]] = {}

    def record(
        points: list[tuple[str, float, float]], *, x_title: str, y_title: str, **_: bool
    ) -> str:
        drawn[f"{y_title} / {x_title}"] = points
        return "<svg/>"

    monkeypatch.setattr(compare_files, "scatter_svg", record)
    assert dict(compare_files.plots(hostile))["psnr-pictures.svg"] == "<svg/>"
    points = drawn[f"PSNR (dB) ↑ of {HOSTILE} / PSNR (dB) ↑ of plain"]
    assert [label for label, _, _ in points] == list(hostile.runs[0].names)
    assert all(y - x == pytest.approx(1.0) for _, x, y in points)
    assert drawn["PSNR (dB) ↑ / parameters"][0] == (
        HOSTILE,
        1.5e6,
        hostile.runs[0].summary.metrics["psnr"].mean,
    )


def test_costs_that_are_not_known_are_not_plotted(make: Make, tmp_path: Path) -> None:
    known = make("known", model={"name": "known", "parameters": 5, "macs": None})
    written = write_comparison(compared(known, make("other")), out=tmp_path / "out")
    plots = {path.name for path in written if path.suffix == ".svg"}
    assert plots == {f"{m}-{x}.svg" for m in ("psnr", "ssim") for x in ("seconds", "pictures")}
