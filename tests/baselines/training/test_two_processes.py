"""Two processes at one global batch learn what one learns, to the last places of float32 sums."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from baselines.training.processes import Processes
from tests.baselines.training import one_of_two

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two processes learn, by toy."""
    out = tmp_path_factory.mktemp("two") / "losses.pt"
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"),
        *("--master-port", str(29500 + os.getpid() % 1000), one_of_two.__file__, str(out)),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return torch.load(out, weights_only=True)


@pytest.mark.parametrize("name", one_of_two.SHARED)
def test_two_processes_learn_as_one(name: str, together: dict[str, Any]) -> None:
    alone = one_of_two.trained(name, processes=Processes(device="cpu"))
    assert together[name].keys() == alone.keys()
    for term, values in alone.items():
        assert together[name][term] == pytest.approx(values, rel=1e-4, abs=1e-6), term


def test_a_failure_of_the_main_process_ends_the_others_too(together: dict[str, Any]) -> None:
    assert together["a failure of the main one"] == [
        "OSError: disk full",
        "RuntimeError: the main process failed; its own message says why",
    ]


def test_a_mean_is_of_all_processes_and_so_are_its_gradients(together: dict[str, Any]) -> None:
    # of 1 1 and 2 2; each process's loss has the mean, so each value's gradient is 2 * 1/4
    assert together["means"] == [[1.5, 0.5, 0.5], [1.5, 0.5, 0.5]]
