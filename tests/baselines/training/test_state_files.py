"""States are whole or absent, and the last good one is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from baselines.training.loop import train
from baselines.training.state_files import newest_state, restore_state, save_state
from tests.baselines.training.toy_run import toy_config, toy_session

ROOT = Path(__file__).parents[3]

WRITER = """
import sys
from pathlib import Path
from baselines.training.state_files import save_state
from tests.baselines.training.toy_run import toy_config, toy_session
session = toy_session(toy_config())
print("ready", flush=True)
while True:
    session.step += 1
    save_state(Path(sys.argv[1]), session, leg=0, keep=2)
"""


def test_a_damaged_state_is_passed_over(tmp_path: Path) -> None:
    session = toy_session(toy_config())
    for until in (1, 2, 3):
        train(session, until=until)
        save_state(tmp_path, session, leg=0, keep=2)
    files = sorted(tmp_path.iterdir())
    assert [one.name for one in files] == ["step-00000002.pt", "step-00000003.pt"]
    data = bytearray(files[1].read_bytes())
    data[len(data) // 2] ^= 1
    for spoilt in (bytes(data[: len(data) // 3]), bytes(data), b"", b"no state at all"):
        files[1].write_bytes(spoilt)
        said: list[str] = []
        state = newest_state(tmp_path, say=said.append)
        assert state is not None and state["step"] == 2
        assert str(files[1]) in said[0] and "damaged" in said[0]
    resumed = toy_session(toy_config())
    restore_state(resumed, state)
    save_state(tmp_path, resumed, leg=0, keep=1)  # of step 2 again: the damaged later one goes
    assert [one.name for one in tmp_path.iterdir()] == ["step-00000002.pt"]
    files[1].write_bytes(b"")
    files[0].write_bytes(b"")
    with pytest.raises(ValueError, match="none of its 2 states can be read; --overwrite"):
        newest_state(tmp_path, say=said.append)
    assert newest_state(tmp_path / "empty", say=pytest.fail) is None


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    session = toy_session(toy_config())
    save_state(tmp_path, session, leg=0, keep=2)
    state = newest_state(tmp_path, say=pytest.fail)
    assert state is not None
    other = toy_session(toy_config(network="srresnet"))
    with pytest.raises((ValueError, RuntimeError)):
        restore_state(other, state)
    with pytest.raises(ValueError, match="holds networks"):
        restore_state(session, {**state, "networks": {"judge": {}}})


def test_a_kill_while_writing_leaves_a_good_state(tmp_path: Path) -> None:
    """kill -9 at several moments of a process that does nothing but write states."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    seen = set[int]()
    for moment in range(5):
        time.sleep(0.05 + 0.031 * moment)
        child.send_signal(signal.SIGSTOP)  # as it lies at this moment: what a kill would leave
        state = newest_state(tmp_path, say=pytest.fail)
        if state is not None:
            seen.add(state["step"])
        child.send_signal(signal.SIGCONT)
    child.kill()
    child.wait()
    state = newest_state(tmp_path, say=pytest.fail)
    assert state is not None and len(seen) > 1 and state["step"] >= max(seen)
