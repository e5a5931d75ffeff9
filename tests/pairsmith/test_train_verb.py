"""train-baseline as it is typed: trains, is killed, goes on, refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from clean_folder import clean_picture, save_picture

from baselines.watching.lines import read_log
from pairsmith.main import app, train_baseline

ROOT = Path(__file__).parents[2]
LIMIT = 240.0  # seconds: far beyond any of these runs
# DnCNN at a size that takes no time, checked on the demo's first picture at its end
TINY = (
    "dncnn-s-25", "--with", "network.set.width=4", "--with", "network.set.depth=3",
    "--with", "stages.0.batch=4", "--with", "stages.0.patch=16", "--with", "log_every=2",
    "--with", "validation.every=0", "--with", "validation.limit=1", "--device", "cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clean pictures."""
    folder = tmp_path_factory.mktemp("clean")
    for seed in range(3):
        save_picture(folder / f"{seed}.png", clean_picture(seed=seed))
    return folder


def command(clean: Path, out: Path, *options: str) -> list[str]:
    program = str(Path(sys.executable).with_name("train-baseline"))
    return [program, *TINY, "--gt", str(clean), "--out", str(out), *options]


def run(clean: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command(clean, out, *options), env=environment, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip


def run_here(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """The same in this process: (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as stop:
        train_baseline([str(one) for one in arguments])
    said = capsys.readouterr()
    return int(stop.value.code or 0), said.out, said.err


def final_state(out: Path) -> dict[str, torch.Tensor]:
    state = torch.load(max((out / ".run").glob("step-*.pt")), weights_only=True)
    return {
        f"{kind}.{name}.{key}": value
        for kind in ("networks", "optimizers")
        for name, one in state[kind].items()
        for key, value in (one if kind == "networks" else one["state"]).items()
        if isinstance(value, torch.Tensor)
    }


def test_a_killed_run_goes_on_to_the_same_weights(clean: Path, tmp_path: Path) -> None:
    steps = ("--with", "steps=60", "--with", "save_every=5")
    whole = run(clean, tmp_path / "whole", *steps)
    assert whole.returncode == 0, whole.stderr
    assert f"done: 60 steps; the model: {tmp_path / 'whole' / 'last'}" in whole.stdout
    out, kills = tmp_path / "killed", 0
    for least in (5, 20):
        child = subprocess.Popen(
            command(clean, out, *steps), env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + LIMIT
        while child.poll() is None and time.monotonic() < end:
            if any(int(one.stem[5:]) >= least for one in (out / ".run").glob("step-*.pt")):
                os.killpg(child.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        child.wait()
    assert kills == 2
    done = run(clean, out, *steps)
    assert done.returncode == 0, done.stderr
    assert "goes on at step " in done.stdout
    first, second = final_state(tmp_path / "whole"), final_state(out)
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    logs = [read_log(one / "log.jsonl") for one in (tmp_path / "whole", out)]
    kept = [[(line.step, getattr(line, "terms", None)) for line in log] for log in logs]
    assert kept[0] == kept[1] and len(kept[0]) >= 30


def test_a_polite_stop_keeps_the_step_and_says_so(clean: Path, tmp_path: Path) -> None:
    child = subprocess.Popen(
        command(clean, tmp_path / "run", "--with", "steps=50000"), text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("step 4/"):
            child.send_signal(signal.SIGINT)
            break
    rest = child.stdout.read()
    assert child.wait(LIMIT) == 1
    assert "(SIGINT); the same command goes on from there" in rest
    assert (tmp_path / "run" / "last" / "checkpoint.json").is_file()
    done = run(clean, tmp_path / "run", "--with", "steps=50000", "--time-limit", "0.1")
    assert done.returncode == 0, done.stderr
    assert "goes on at step" in done.stdout and "(time limit)" in done.stdout


def test_another_run_is_refused(
    clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    two = (*TINY, "--gt", clean, "--out", out, "--with", "steps=2")
    code, _, err = run_here(capsys, *two)
    assert code == 0, err
    code, _, err = run_here(capsys, *two, "--with", "stages.0.batch=2")
    assert code == 1 and "config.stages.0.batch was 4, is 2" in err
    code, _, err = run_here(capsys, *TINY, "--gt", f"{clean}:2", "--out", out, "--with", "steps=2")
    assert code == 1 and "data.0.weight was 1.0, is 2.0" in err
    more = save_picture(clean / "more.png", clean_picture(seed=9))
    code, _, err = run_here(capsys, *two)
    assert code == 1 and "data.0.sha256 was " in err
    more.unlink()
    code, said, _ = run_here(capsys, *two)
    assert code == 0 and "done: 2 steps" in said
    code, _, err = run_here(capsys, *two, "--with", "stages.0.batch=2", "--overwrite")
    assert code == 0, err
    assert json.loads((out / "config.json").read_bytes())["stages"][0]["batch"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--with", "stages.0.bacth=2"), "did you mean 'batch'"),
        (("--with", "optimizers.restorer.kind=adan"), "did you mean"),
        (("--with", "precision=fp8"), "fp32, bf16, fp16"),
        (("--with", "data.recipe=gausian-25"), "did you mean"),
        (("--val", "nosuchset"), "nosuchset"),
    ],
)
def test_wrong_usage_is_told_before_the_first_step(
    options: tuple[str, ...],
    said: str,
    clean: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    code, _, err = run_here(capsys, *TINY, "--gt", clean, "--out", out, *options)
    assert code == 2, err
    assert said in err and "Traceback" not in err
    assert not list(out.glob(".run/step-*.pt"))


def test_nothing_to_train_on_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run_here(capsys, "demo", "--out", tmp_path / "run")
    assert code == 2 and "--data, --gt or --low with --high" in err


def test_looking_first_takes_no_step(
    clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, out = tmp_path / "sheet.png", tmp_path / "run"
    given = (*TINY, "--gt", clean, "--out", out)
    code, _, err = run_here(capsys, *given, "--preview-batch", sheet)
    assert code == 0, err
    assert sheet.stat().st_size > 1000
    code, said, err = run_here(capsys, *given, "--dry-run")
    assert code == 0, err
    assert '"width": 4' in said and "data: clean" in said
    assert not out.exists()


def test_configs_are_listed_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (["configs"], "restormer-derain "),
        (["configs", "demo"], '"name": "demo"'),
    ):
        with pytest.raises(SystemExit) as stop:
            app(arguments)
        assert not stop.value.code and said in capsys.readouterr().out
