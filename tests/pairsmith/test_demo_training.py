"""What `make demo` shows: its tiny baseline corrects exposures of scenes that it has not seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.runs.summary import load_summary
from pairsmith.main import build_dataset, evaluate_model, train_baseline

MARGIN = 5.0  # dB that it gains over its inputs; three seeds gained 5.6 to 7.4


def run(program: object, *arguments: str | Path) -> None:
    assert callable(program)
    with pytest.raises(SystemExit) as stop:
        program([str(one) for one in arguments])
    assert not stop.value.code


@pytest.mark.slow
def test_the_demo_baseline_beats_its_inputs_on_held_out_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data, trained = tmp_path / "demo", tmp_path / "trained"
    run(build_dataset, "exposure", "--raw", "demo", "--out", data, "--workers", "2")
    run(train_baseline, "demo", "--data", data, "--out", trained, "--device", "cpu")
    gained = {}
    for model in ("identity", str(trained / "last")):
        out = tmp_path / Path(model).name
        run(evaluate_model, "--model", model, "--set", f"{data}:test", "--out", out)
        score = load_summary(out).metrics["psnr"]
        assert score.n == 8 and not score.n_identical
        gained[model] = score.mean
    before, after = gained.values()
    assert after >= before + MARGIN
