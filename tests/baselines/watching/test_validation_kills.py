"""A kill within a validation: what is left is whole, and going on makes it good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from baselines.checkpoints import ours
from baselines.checkpoints.ours import read_ours
from baselines.watching import validating
from baselines.watching.lines import LOG_FILE, read_log
from tests.baselines.watching.watched_run import (
    model_scores,
    shift_by,
    timeless,
    watch,
    watched_config,
)


@pytest.fixture(scope="module")
def whole(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with validations at 2 and at 4, the better one."""
    folder = tmp_path_factory.mktemp("whole")
    watched = watch(folder, watched_config(pairs))
    watched.validator.catch_up(watched.session)
    watched.validate_at(2, shift=0.1)
    watched.validate_at(4, shift=-0.1)
    return folder


class _Killed(BaseException):
    """What no handler of the project catches, as a kill is."""


def _dies_at(call: int, inner: Callable[..., None]) -> Callable[..., None]:
    left = [call]

    def write(*given: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise _Killed
        inner(*given)

    return write


@pytest.mark.parametrize("call", range(7))  # last, best, last again: weights and card each
def test_a_kill_leaves_old_or_new_models_and_is_made_good(
    tmp_path: Path, whole: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    config = watched_config(pairs)
    watched = watch(tmp_path, config)
    watched.validator.catch_up(watched.session)
    watched.validate_at(2, shift=0.1)
    monkeypatch.setattr(ours, "write_whole", _dies_at(call, ours.write_whole))
    with suppress(_Killed):
        watched.validate_at(4, shift=-0.1)
    assert (len(model_scores(tmp_path)) == 2) == (call == 6)
    monkeypatch.undo()
    for name in ("best", "last"):
        _, card = read_ours(tmp_path / name)  # by its sha256: whole
        assert card.steps in (2, 4)
    _go_on(tmp_path, pairs)
    assert timeless(read_log(tmp_path / LOG_FILE)) == timeless(read_log(whole / LOG_FILE))
    for name in ("best", "last"):
        card = (tmp_path / name / "checkpoint.json").read_bytes()
        assert card == (whole / name / "checkpoint.json").read_bytes()
        assert len(list((tmp_path / name).iterdir())) == 2


def _go_on(folder: Path, pairs: Path) -> None:
    """As a run does that goes on from the state of step 4."""
    watched = watch(folder, watched_config(pairs), step=4)
    shift_by(watched.session, -0.1)
    watched.validator.catch_up(watched.session)


def test_pictures_that_were_scored_are_not_scored_again(
    tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = watched_config(pairs)
    watched = watch(tmp_path, config)
    watched.validator.catch_up(watched.session)

    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise _Killed

    monkeypatch.setattr(validating, "_silent", stop)
    with pytest.raises(_Killed):
        watched.validate_at(4, shift=-0.1)
    monkeypatch.undo()
    rows = tmp_path / "validation/step-00000004/.run/rows.jsonl"
    kept = rows.read_bytes()
    assert kept.count(b"\n") == 2 and not model_scores(tmp_path)
    _go_on(tmp_path, pairs)
    assert rows.read_bytes()[: len(kept)] == kept
    assert [line.step for line in model_scores(tmp_path)] == [4]
    # another model at the same step, as of a run on a GPU that went another way: all anew
    again = watch(tmp_path, config, step=2)
    again.validator.catch_up(again.session)
    again.validate_at(4, shift=0.05)
    assert rows.read_bytes()[: len(kept)] != kept
    assert model_scores(tmp_path)[-1].values["psnr"] == pytest.approx(16.2, abs=0.3)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from baselines.checkpoints import ours
from tests.baselines.watching.watched_run import watch, watched_config

run, pairs = map(Path, sys.argv[1:])
watched = watch(run, watched_config(pairs))
watched.validator.catch_up(watched.session)
watched.validate_at(2, shift=0.1)
inner = ours.write_whole

def write(path, data):
    if path.parent.name == "best" and path.name == "checkpoint.json":
        os.kill(os.getpid(), signal.SIGKILL)
    inner(path, data)

ours.write_whole = write
watched.validate_at(4, shift=-0.1)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_kill_9_between_bests_weights_and_card(tmp_path: Path, pairs: Path) -> None:
    root = Path(__file__).parents[3]
    path = os.pathsep.join([str(root), str(root / "tests")])
    child = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(pairs)],
        env={**os.environ, "PYTHONPATH": path}, check=False, timeout=120,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL
    weights = [one for one in (tmp_path / "best").iterdir() if one.suffix == ".safetensors"]
    assert len(weights) == 2
    _, card = read_ours(tmp_path / "best")
    assert card.steps == 2
    _go_on(tmp_path, pairs)
    _, card = read_ours(tmp_path / "best")
    assert card.steps == 4 and len(list((tmp_path / "best").iterdir())) == 2
