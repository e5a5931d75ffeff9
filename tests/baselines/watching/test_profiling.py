"""The profile of a few steps, which stay steps of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from baselines.objectives.turn import RESTORER
from baselines.training.loop import train
from baselines.training.session import Session
from baselines.watching.profiling import (
    MEASURED,
    PHASES,
    TABLE_FILE,
    TRACE_FILE,
    WARM_UP,
    profile_steps,
    share_lines,
)
from tests.baselines.training.toy_run import toy_config, toy_session


def weights(session: Session) -> dict[str, torch.Tensor]:
    """Of the restorer."""
    return dict(session.objective.networks[RESTORER].state_dict())


def test_a_profile_is_written_and_changes_nothing(tmp_path: Path) -> None:
    session, said, seen = toy_session(toy_config()), [], []
    objective = session.objective
    profile_steps(
        session, folder=tmp_path, until=8, say=said.append,
        hooks=[lambda one, _step: seen.append(one.step)],
    )  # fmt: skip
    assert session.step == WARM_UP + MEASURED and seen == list(range(1, 9))
    assert session.objective is objective
    for owner in (session.batches, session.processes, session.averaged):
        assert not {"at", "backward", "average", "move", "update"} & set(vars(owner))
    alone = toy_session(toy_config())
    train(alone, until=8)
    assert all(torch.equal(value, weights(session)[name]) for name, value in weights(alone).items())
    text = (tmp_path / TABLE_FILE).read_text()
    assert text.startswith("steps 4 to 8 on cpu, after 3 steps of warm-up")
    for part in (*PHASES[:4], "rest", "aten::convolution_backward"):
        assert part in text
    assert "among processes" not in text
    events = json.loads((tmp_path / TRACE_FILE).read_text())["traceEvents"]
    assert sum(one.get("name") == "forward" for one in events) == MEASURED
    assert said[0] == text.splitlines()[0] and str(tmp_path / TABLE_FILE) in said[-1]


def test_fewer_steps_are_profiled_where_the_run_has_no_more(tmp_path: Path) -> None:
    said: list[str] = []
    session = toy_session(toy_config())
    session.step = 5
    profile_steps(session, folder=tmp_path, until=8, say=said.append)
    assert session.step == 8 and said[0].startswith("steps 6 to 8 on cpu, after 0 steps")
    said.clear()
    profile_steps(session, folder=tmp_path / "none", until=8, say=said.append)
    assert said == ["--profile: the run is at its last step, 8: nothing to measure"]
    assert not (tmp_path / "none").exists()


def test_shares_are_of_the_whole() -> None:
    seconds = dict.fromkeys(PHASES, 0.0) | {"forward": 1.0, "backward": 2.0}
    lines = share_lines(seconds, took=4.0, steps=2)
    shares = [float(line.split()[-2]) for line in lines]
    assert shares == [0.0, 25.0, 50.0, 0.0, 25.0, 100.0]
    assert lines[1].split()[1:4] == ["500.00", "ms", "a"]
    assert float(lines[-1].split()[2]) == pytest.approx(2000.0)
