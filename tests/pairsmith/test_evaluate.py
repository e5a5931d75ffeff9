"""`evaluate` and `sets` from the command line: what is printed, what is refused, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from skimage import data

from pairsmith.main import app, evaluate_model


def run(
    capsys: pytest.CaptureFixture[str], *arguments: object, program: typer.Typer = app
) -> tuple[int, str]:
    """(exit code, everything that was printed)."""
    with pytest.raises(SystemExit) as stop:
        program([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(stop.value.code or 0), said.out + said.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, no sets known, no cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAIRSMITH_SETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def make_pairs(folder: Path) -> Path:
    """Two pictures and their noisy copies in input/ and target/."""
    for name, picture in (("cat", data.chelsea()), ("cup", data.coffee())):
        small = picture[:64, :80]
        noise = np.random.default_rng(1).normal(0, 10, small.shape)
        for side, shown in (("target", small), ("input", np.clip(small + noise, 0, 255))):
            path = folder / side / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), shown.astype(np.uint8)[..., ::-1])
    return folder


def test_demo_needs_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "--model", "bicubic", "--set", "demo", program=evaluate_model)
    assert code == 0
    assert "demo-x4 (demo photographs, x4), bicubic: 4 pictures" in said
    assert "28.90 dB" in said  # bicubic on these four pictures
    folder = here / "runs" / "demo-x4-bicubic"
    assert (folder / "report.html").is_file() and (folder / "rows.csv").is_file()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["set"] == "demo-x4" and summary["metrics"]["psnr"]["n"] == 4
    again = run(capsys, "evaluate", "--model", "bicubic", "--set", "demo")
    assert again[0] == 0 and "28.90 dB" in again[1]


def test_a_folder_of_pairs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_pairs(here / "mine")
    code, said = run(
        capsys, "evaluate", "--model", "identity", "--set", folder, "--metrics", "psnr,mae",
        "--out", "r", "--save",
    )  # fmt: skip
    assert code == 0 and "mine" in said and "2 pictures" in said and "mae" in said
    assert sorted(path.name for path in (here / "r/pictures").iterdir()) == ["cat.png", "cup.png"]
    saved = cv2.imread(str(here / "r/pictures/cat.png"))
    np.testing.assert_array_equal(saved, cv2.imread(str(folder / "input/cat.png")))


def test_a_literal_in_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_pairs(here / "mine")
    literal = {
        "name": "own", "folder": "mine", "targets": "target/{name}",
        "make": {"kind": "bicubic", "options": {"scale": 2}},
        "protocol": {"channel": "y-float", "border": 2},
    }  # fmt: skip
    path = here / "own.json"
    path.write_text(json.dumps(literal))
    code, said = run(capsys, "evaluate", "--model", "bicubic", "--set", path)
    assert code == 0 and "own" in said and "psnr" in said
    for change, message in (
        ({"protocol": {"chanel": "rgb"}}, "protocol has 'chanel'"),
        ({"make": {"kind": "bicubci"}}, "make.kind 'bicubci': one of stored"),
        ({"make": {"kind": "bicubic", "options": {"skale": 2}}}, "make.options has 'skale'"),
        ({"targets": ""}, "targets: a template is wanted"),
        ({"tergets": "x"}, "tergets"),
    ):
        path.write_text(json.dumps({**literal, **change}))
        code, said = run(capsys, "evaluate", "--model", "bicubic", "--set", path)
        assert code == 1 and message in said and "own.json" in said, change


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--model", "bicubic", "--set", "set5-x5"), 2, "did you mean 'set5-x"),
        (("--model", "bicubic", "--set", "set5-x4"), 1, "To download: "),
        (("--model", "bicubic", "--set", "nowhere/"), 1, "no such folder"),
        (("--model", "bycubic", "--set", "demo"), 2, "bicubic"),
        (("--model", "gone.pth", "--set", "demo"), 1, "gone.pth: no such file"),
        (("--model", "bicubic", "--set", "demo", "--metrics", "pnsr"), 2, "psnr"),
        (("--model", "bicubic", "--set", "demo", "--tile", "half"), 2, "--tile half"),
        (("--model", "bicubic", "--set", "set5-x4", "--root", "gone"), 1, "gone: no such folder"),
        (("--model", "bicubic", "--set", "demo", "--set", "demo", "--out", "r"), 2, "--out r"),
    ],
)
@pytest.mark.usefixtures("here")
def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    got, said = run(capsys, "evaluate", *arguments)
    assert got == code and message in said
    assert said.count("error:") == 1 and "Traceback" not in said


@pytest.mark.usefixtures("here")
def test_sets_lists_and_explains(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "sets")
    assert code == 0
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "not found" in lines["gopro"] and "comes with the installation" in lines["demo-x4"]
    code, said = run(capsys, "sets", "sidd")
    assert code == 0 and "as a volume" in said and "download: " in said
    code, said = run(capsys, "sets", "--task", "derain")
    assert code == 0 and "rain100h" in said and "gopro" not in said
    assert run(capsys, "sets", "sid")[0] == 2


def test_a_metric_that_is_missing_fails_only_with_strict(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluation.metrics import table as metrics
    from evaluation.metrics.metric import Unavailable

    def gone(name: str, **_: object) -> None:
        raise Unavailable(name, why="its weights are missing", file="w.pth", where="/cache")

    monkeypatch.setattr(metrics, "open_scorer", gone)
    folder = make_pairs(here / "mine")
    arguments = ("evaluate", "--model", "identity", "--set", folder, "--metrics", "lpips")
    code, said = run(capsys, *arguments)
    assert code == 0 and "unavailable: lpips" in said and "w.pth" in said and "/cache" in said
    code, said = run(capsys, *arguments, "--strict")
    assert code == 1 and "--strict: not of every picture: lpips" in said


def test_strict_minds_pictures_that_were_left_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_pairs(here / "mine")
    for side in ("input", "target"):
        assert cv2.imwrite(str(folder / side / "dot.png"), np.zeros((8, 8, 3), np.uint8) + 90)
    arguments = ("evaluate", "--model", "identity", "--set", folder)
    code, said = run(capsys, *arguments)
    assert code == 0 and "ssim: 1 picture without a score (dot" in said
    code, said = run(capsys, *arguments, "--strict")
    assert code == 1 and "--strict: not of every picture: ssim" in said
    code, said = run(capsys, *arguments, "--limit", "1", "--out", "r")  # cat alone
    assert code == 0
