"""The verb `compare`, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from evaluation.runs.rows import Row, write_tables
from evaluation.runs.statistics import mean_interval
from evaluation.runs.summary import About, Score, Seconds, Summary, save_summary
from pairsmith.compare import compare

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(compare)


def run_folder(folder: Path, *, psnr: list[float], digest: str = "0123456789ab") -> Path:
    """A finished run with these scores."""
    folder.mkdir()
    rows = [Row(i, f"img{i}", [], 8, 8, 0.5, {"psnr": value}) for i, value in enumerate(psnr)]
    write_tables(folder, rows=rows, columns=["psnr"])
    made = mean_interval(psnr)
    summary = Summary(
        set="set5-x4", title="Set5, times 4", task="sr", protocol_digest=digest,
        choices={"border": int(digest[0])}, digest_words={}, contents="0" * 12,
        images=len(rows), expected=len(rows),
        limit=None, model={"name": folder.name}, versions={}, device="cpu",
        seconds=Seconds(0.5, 0.5 * len(rows)),
        metrics={"psnr": Score(made.mean, made.low, made.high, made.n, made.n_infinite)},
        groups={}, references={}, about={"psnr": About("PSNR", "higher", "dB", 2, "full")},
        unavailable=[], published=[], notes=[],
    )  # fmt: skip
    save_summary(summary, run=folder)
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    return (
        run_folder(tmp_path / "a[b]:smile:", psnr=[30.0, 31.0, 32.0]),
        run_folder(tmp_path / "other", psnr=[29.0, 30.5, 32.5]),
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        app([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(stop.value.code or 0), said.out, said.err


def test_a_table(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, said, complaint = run(capsys, *runs)
    assert (code, complaint) == (0, "")
    assert said.startswith("Set5, times 4 (set5-x4, protocol 0123456789ab), 3 pictures.")
    lines = [line.split() for line in said.splitlines()]
    assert ["a[b]:smile:", "31.00*", "3", "–", "–", "0.5"] in lines
    assert ["other", "30.67+", "3", "–", "–", "0.5"] in lines
    assert "a[b]:smile: minus other, picture by picture" in said
    assert "2 / 1 / 0" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("form", "begins", "holds"),
    [
        ("markdown", "Set5, times 4", "| **31.00** \\[30."),
        ("latex", "% needs \\usepackage{booktabs}\n", "\\textbf{31.00}"),
        ("csv", "part,model,metric,", ",psnr,higher,31.0,"),
    ],
)
def test_formats(
    runs: tuple[Path, Path],
    form: str,
    begins: str,
    holds: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said, _ = run(capsys, *runs, "--format", form)
    assert code == 0
    assert said.startswith(begins)
    assert holds in said


def test_files(runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code, said, _ = run(capsys, *runs, "--out", out)
    assert code == 0
    assert f"{out}: compare.md, compare.tex, compare.csv, paired.csv, psnr-seconds.svg" in said
    _, text, _ = run(capsys, *runs, "--format", "csv", "--out", out)
    assert text == (out / "compare.csv").read_text()


def test_wrong_usage(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    one, other = runs
    for arguments, complaint in (
        ([one], "name two runs or more"),
        ([one, one], "a run is named twice"),
        ([one, other, "--format", "latx"], "--format latx: table, markdown, latex, csv; did you"),
        ([one, other, "--metric", "psnrr"], "--metric psnrr: these runs have psnr; did you mean"),
        ([one, other, "--out", one / "summary.json"], "a file; name a folder"),
    ):
        code, said, found = run(capsys, *arguments)
        assert (code, said) == (2, "")
        assert complaint in found


def test_runs_that_cannot_be_compared(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = run_folder(tmp_path / "shaved", psnr=[1.0, 2.0, 3.0], digest="9123456789ab")
    for path, complaint in (
        (other, "border 0 against 9"),
        (tmp_path / "nothing", "no such file"),
    ):
        code, said, found = run(capsys, runs[0], path)
        assert (code, said) == (1, "")
        assert found.startswith("error: ")
        assert found.count("\n") == 1
        assert complaint in found
