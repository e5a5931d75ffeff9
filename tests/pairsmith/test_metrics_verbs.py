"""The verbs for metrics, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer

from degrade.images import encode_picture
from evaluation.metrics.table import METRICS, open_scorer
from pairsmith.metrics import fit_niqe, metrics

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a verb in this process: exit code, standard output, standard error."""
    app = typer.Typer()
    app.command("metrics")(metrics)
    app.command("fit-niqe")(fit_niqe)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            app([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


def test_table(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "pyiqa"
    folder.mkdir(parents=True)
    (folder / "niqe_modelparameters.mat").touch()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    code, said, errors = run("metrics")
    assert (code, errors) == (0, "")
    rows = {line.split()[0]: line for line in said.splitlines()[1:-1]}
    assert list(rows) == list(METRICS)
    assert rows["psnr"].split() == [
        "psnr",
        "full",
        "higher",
        "0",
        "or",
        "more",
        "none",
        "Apache-2.0",
    ]
    assert " present " in rows["niqe"]
    assert " missing: niqe" not in rows["pi"]
    assert " missing: NRQM_model.mat " in rows["pi"]
    assert rows["niqe"].endswith("PolyForm Noncommercial 1.0.0")


def test_table_without_pyiqa(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    lines = run("metrics")[1].splitlines()
    (lpips,) = [line for line in lines if line.startswith("lpips ")]
    assert "pip install 'pairsmith[iqa]'" in lpips


@pytest.mark.parametrize("name", METRICS)
def test_one(run: Run, name: str) -> None:
    code, said, _ = run("metrics", name)
    metric = METRICS[name]
    assert code == 0
    for words in (metric.title, metric.source, metric.checked, metric.licence, *metric.weights):
        assert words in said


def test_unknown(run: Run) -> None:
    code, said, errors = run("metrics", "nique")
    assert (code, said) == (2, "")
    assert errors.startswith("error: nique: no such metric; did you mean 'niqe'?")


def test_fit_niqe(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for index in range(4):
        picture = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
        (folder / "more" / f"{index}.png").write_bytes(encode_picture(picture, codec="png"))
    small = np.zeros((95, 400, 3), np.uint8)
    (folder / "small.png").write_bytes(encode_picture(small, codec="png"))
    (folder / "broken.jpg").write_bytes(b"nothing")
    made = tmp_path / "made.json"
    code, said, errors = run("fit-niqe", folder, "--out", made)
    assert code == 0
    digest = json.loads(made.read_text())["digest"]
    assert said == (
        f"{made}: niqe-fit-{digest} of 4 pictures, 48 sharp patches; 2 left out\n"
        f"use it: --metrics niqe-fit:{made}\n"
    )
    broken, small_one = errors.splitlines()
    assert broken.startswith(f"left out: {folder / 'broken.jpg'}: ")
    assert small_one == f"left out: {folder / 'small.png'}: 400x95, below one patch of 96x96"
    assert open_scorer(f"niqe-fit:{made}", device="cpu")[0].name == f"niqe-fit-{digest}"


def test_fit_niqe_of_too_little(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    made = tmp_path / "made.json"
    code, said, errors = run("fit-niqe", tmp_path, "--out", made)
    assert (code, said) == (1, "")
    assert "a NIQE model of 0 pictures has 0 sharp patches of 96x96; it takes 37 or more" in errors
    assert "1 were left out" in errors
    assert not made.exists()
    code, _, errors = run("fit-niqe", tmp_path, "--out", tmp_path / "made.txt")
    assert code == 2
    assert "must end in .json" in errors
    code, _, errors = run("fit-niqe", tmp_path / "nowhere", "--out", made)
    assert (code, errors) == (1, f"error: {tmp_path / 'nowhere'}: no such folder\n")
