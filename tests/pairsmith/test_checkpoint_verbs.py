"""pairsmith inspect, interpolate, export-model as they are typed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from small_networks import small_network

from pairsmith.main import app


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        app([str(one) for one in arguments])
    return int(stop.value.code or 0)


def saved(folder: Path, name: str, *, seed: int = 0) -> Path:
    torch.save({"params": small_network("dncnn", seed=seed).state_dict()}, folder / name)
    return folder / name


def test_inspect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, "a.pth")
    assert run("inspect", path) == 0
    said = capsys.readouterr().out
    assert "network        dncnn" in said and "in params" in said
    assert run("inspect", path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["kwargs"]["depth"] == 4
    assert run("inspect", "--networks") == 0
    assert "restormer-dual-pixel" in capsys.readouterr().out
    assert run("inspect", "--networks", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["preset"] == "dncnn-s"


def test_inspect_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect") == 2
    assert "give a checkpoint, or --networks" in capsys.readouterr().err
    assert run("inspect", saved(tmp_path, "a.pth"), "--network", "dncn-s") == 2
    assert "did you mean 'dncnn-s'" in capsys.readouterr().err
    torch.save(torch.nn.Conv2d(3, 3, 3), tmp_path / "code.pth")
    assert run("inspect", tmp_path / "code.pth") == 1
    assert "Loading it would run that code, so it is refused" in capsys.readouterr().err


def test_interpolate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = saved(tmp_path, "a.pth"), saved(tmp_path, "b.pth", seed=1)
    out = tmp_path / "c.safetensors"
    assert run("interpolate", a, b, "--alpha", "0.8", "--out", out) == 0
    assert "0.2 of a.pth, 0.8 of b.pth; dncnn" in capsys.readouterr().out
    assert run("inspect", out) == 0
    said = capsys.readouterr().out
    assert "interpolated, not trained" in said and re.search(r"interpolation\.alpha +0\.8", said)
    assert run("interpolate", a, b, "--alpha", "0.8", "--out", out) == 2
    assert "is there already" in capsys.readouterr().err
    assert run("interpolate", a, b, "--alpha", "2", "--out", tmp_path / "d") == 2
    assert "--alpha 2: 0 (all of the first) to 1" in capsys.readouterr().err


def test_export_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    out = tmp_path / "m.onnx"
    assert run("export-model", saved(tmp_path, "a.pth"), "--out", out) == 0
    said = capsys.readouterr().out
    assert said.count("checked by onnxruntime") == 2 and "allowed 0.0001" in said
    assert run("inspect", out) == 0
    said = capsys.readouterr().out
    assert "input picture" in said and "ONNX file" in said
    torch.save({"layer": torch.zeros(3)}, tmp_path / "x.pth")
    assert run("export-model", tmp_path / "x.pth", "--out", tmp_path / "x.onnx") == 1
    assert "no bundled network" in capsys.readouterr().err
