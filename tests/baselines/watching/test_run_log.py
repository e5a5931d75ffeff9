"""The log: means over steps, whole lines, cut and taken up again, the same for TensorBoard."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from baselines.configs.config import Stage
from baselines.objectives.turn import Batch, Where
from baselines.training.loop import train
from baselines.training.session import Batches, Session, Step
from baselines.training.state_files import newest_state, restore_state, save_state
from baselines.watching.board import BOARD_FOLDER, board_values
from baselines.watching.lines import LOG_FILE, Scores, Steps, append_line, read_log
from baselines.watching.log import Log
from tests.baselines.watching.watched_run import session_of, timeless, watched_config

CONFIG = watched_config("demo")
TOTAL = 6


def logged(folder: Path, session: Session, *, until: int, state: dict | None = None) -> Log:
    """Trains with a log alone."""
    log = Log(folder, config=CONFIG, total=TOTAL, say=lambda _line: None, tensorboard=False)
    if state is not None:
        log.load_state_dict(state)
    log.begin(session)
    train(session, until=until, hooks=[log.hook])
    return log


class SlowBatches:
    """Batches with a wait that a test sets."""

    def __init__(self, inner: Batches) -> None:
        self.inner, self.waited = inner, 0.0

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        return self.inner.at(where, stage)

    def close(self) -> None:
        self.inner.close()


def test_a_line_holds_the_means_since_the_last(tmp_path: Path) -> None:
    taken: list[Step] = []
    session = session_of(CONFIG)
    said: list[str] = []
    log = Log(tmp_path, config=CONFIG, total=TOTAL, say=said.append, tensorboard=False)
    log.begin(session)
    train(session, until=TOTAL, hooks=[log.hook, lambda _session, step: taken.append(step)])
    lines = [line for line in read_log(tmp_path / LOG_FILE) if isinstance(line, Steps)]
    assert [line.step for line in lines] == [2, 4, 6]
    assert [line.stage for line in lines] == [0, 1, 1]
    for line, first in zip(lines, (0, 2, 4), strict=True):
        pair = taken[first : first + 2]
        term = sum(float(step.terms["restorer/pixel"]) for step in pair) / 2
        norm = sum(step.norms["restorer/restorer"] for step in pair) / 2
        assert line.terms == {"restorer/pixel": term}
        assert line.norms == {"restorer/restorer": norm}
        assert line.rates == dict(pair[1].rates)
        assert line.seconds > 0 and 0 <= line.waiting <= 1
    assert lines[0].left > 0 and lines[-1].left == 0
    assert log.lines == read_log(tmp_path / LOG_FILE)
    assert len(said) == 3 and said[0].startswith("step 2/6  stage 1/2  pixel ")


@pytest.mark.parametrize("stop", [2, 3])
def test_a_run_that_went_on_has_the_log_of_an_unbroken_one(tmp_path: Path, stop: int) -> None:
    whole = logged(tmp_path / "whole", session_of(CONFIG), until=TOTAL)
    first = session_of(CONFIG)
    log = logged(tmp_path / "broken", first, until=stop)
    save_state(tmp_path / "state", first, leg=0, keep=1)
    held = log.state_dict()
    torch.save(held, tmp_path / "log.pt")
    train(first, until=5, hooks=[log.hook])  # taken back: the state is of `stop`
    second = session_of(CONFIG)
    state = newest_state(tmp_path / "state", say=lambda _line: None)
    assert state is not None
    restore_state(second, state)
    kept = torch.load(tmp_path / "log.pt", weights_only=True)
    logged(tmp_path / "broken", second, until=TOTAL, state=kept)
    broken = read_log(tmp_path / "broken" / LOG_FILE)
    assert timeless(broken) == timeless(whole.lines)


def test_a_half_line_is_cut_off_and_a_damaged_one_named(tmp_path: Path) -> None:
    path = tmp_path / LOG_FILE
    logged(tmp_path, session_of(CONFIG), until=4)
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    assert [line.step for line in read_log(path)] == [2]
    session = session_of(CONFIG)
    session.step = 2
    log = Log(tmp_path, config=CONFIG, total=TOTAL, say=lambda _line: None, tensorboard=False)
    log.begin(session)
    assert path.read_bytes() == data.splitlines(keepends=True)[0]
    path.write_bytes(b'{"kind":"steps"}\n' + data)
    with pytest.raises(ValueError, match=r"log\.jsonl: line 1 is damaged"):
        read_log(path)
    with pytest.raises(FileNotFoundError, match=r"log\.jsonl of a run"):
        read_log(tmp_path / "other.jsonl")


def test_infinite_values_come_back(tmp_path: Path) -> None:
    line = Scores(step=3, set="s", digest="d", pictures=1, scores={"psnr": "inf", "ssim": 1.0})
    append_line(tmp_path / LOG_FILE, line)
    (read,) = read_log(tmp_path / LOG_FILE)
    assert isinstance(read, Scores) and read == line
    assert read.values == {"psnr": math.inf, "ssim": 1.0}


def test_overflowing_norms_are_counted_and_left_out_of_the_mean(tmp_path: Path) -> None:
    session = session_of(CONFIG)
    log = Log(tmp_path, config=CONFIG, total=TOTAL, say=lambda _line: None, tensorboard=False)
    log.begin(session)
    steps: list[Step] = []
    train(session, until=2, hooks=[lambda _session, step: steps.append(step)])
    for step, norm in zip(steps, (math.inf, 3.0), strict=True):
        session.step = step.where.step + 1
        log.hook(session, Step(step.where, step.terms, {"restorer/restorer": norm}, step.rates))
    (line,) = log.lines
    assert isinstance(line, Steps)
    assert line.norms == {"restorer/restorer": 3.0} and line.overflows == 1


def test_what_lies_aside_counts_to_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    session = session_of(CONFIG)
    batches = session.batches = SlowBatches(session.batches)
    log = Log(tmp_path, config=CONFIG, total=TOTAL, say=lambda _line: None, tensorboard=False)
    log.begin(session)

    def tick(_session: Session, step: Step) -> None:
        now[0] += 3.0
        batches.waited += 0.75
        if step.where.step == 0:
            with log.aside():
                now[0] += 100.0

    train(session, until=2, hooks=[tick, log.hook])
    (line,) = log.lines
    assert isinstance(line, Steps)
    assert line.seconds == pytest.approx(3.0) and line.waiting == pytest.approx(0.25)


def test_tensorboard_has_the_same_values_and_drops_what_was_taken_back(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def begun(step: int) -> tuple[Log, Session]:
        session = session_of(CONFIG)
        session.step = step
        log = Log(tmp_path, config=CONFIG, total=TOTAL, say=lambda _line: None)
        log.begin(session)
        return log, session

    log, session = begun(0)
    train(session, until=4, hooks=[log.hook])
    log.add_scores(Scores(step=4, set="s", digest="d", pictures=1, scores={"psnr": "inf"}))
    log.close()
    time.sleep(1.1)  # TensorBoard sorts its files by the second in which they began
    log, session = begun(2)
    train(session, until=TOTAL, hooks=[log.hook])
    log.add_scores(Scores(step=6, set="s", digest="d", pictures=1, scores={"psnr": 20.5}))
    log.close()
    board = EventAccumulator(str(tmp_path / BOARD_FOLDER))
    board.Reload()
    wanted: dict[str, list[tuple[int, Any]]] = {}
    for line in log.lines:
        for name, value in board_values(line).items():
            wanted.setdefault(name, []).append((line.step, pytest.approx(value, rel=1e-6)))
    assert set(board.Tags()["scalars"]) == set(wanted)
    assert "scores-s/psnr" in wanted
    for name, values in wanted.items():
        assert [(one.step, one.value) for one in board.Scalars(name)] == values


def test_tensorboard_drops_what_a_kill_before_the_first_state_left(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for rest in (0.0, 1.0):
        session = session_of(CONFIG)
        log = Log(tmp_path, config=CONFIG, total=TOTAL, say=lambda _line: None)
        log.begin(session)
        if not rest:  # what the log keeps of step 0 is not written a second time
            log.add_scores(Scores(step=0, set="s", digest="d", pictures=1, scores={"psnr": 9.0}))
        train(session, until=4 if not rest else 2, hooks=[log.hook])
        log.close()
        time.sleep(1.1)  # as above
    board = EventAccumulator(str(tmp_path / BOARD_FOLDER))
    board.Reload()
    assert [one.step for one in board.Scalars("loss/restorer/pixel")] == [2]
    assert [one.step for one in board.Scalars("scores-s/psnr")] == [0]
    assert [line.step for line in read_log(tmp_path / LOG_FILE)] == [0, 2]


def test_sums_are_those_of_floats_to_the_last_bit(tmp_path: Path) -> None:
    session = session_of(CONFIG)
    taken: list[Step] = []
    train(session, until=1, hooks=[lambda _session, step: taken.append(step)])
    config = msgspec.structs.replace(CONFIG, log_every=100)

    def new() -> Log:
        log = Log(tmp_path, config=config, total=1000, say=lambda _line: None, tensorboard=False)
        log.begin(session)
        return log

    log, total = new(), 0.0
    values = torch.rand(50, generator=torch.Generator().manual_seed(7)) * 1e-3
    for number, value in enumerate(values):
        if number == 20:
            state = msgspec.json.decode(msgspec.json.encode(log.state_dict()))
            log = new()
            log.load_state_dict(state)
        term = value.clone().requires_grad_()
        log.hook(session, Step(taken[0].where, {"restorer/pixel": term}, {}, {}))
        total += float(value)
    assert log.state_dict()["terms"] == {"restorer/pixel": [total, 50]}


def test_other_processes_write_nothing(tmp_path: Path) -> None:
    session = session_of(CONFIG)
    session.processes.is_main = False
    logged(tmp_path, session, until=2)
    assert not list(tmp_path.iterdir())
