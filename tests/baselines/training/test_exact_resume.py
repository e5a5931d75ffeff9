"""A run that was stopped and went on equals one that was not, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import write_ours
from baselines.objectives.choices import OPENED
from baselines.training.loop import train
from baselines.training.session import Session
from baselines.training.state_files import newest_state, restore_state, save_state
from tests.baselines.training.toy_objectives import TEACHER, TOYS
from tests.baselines.training.toy_run import toy_session
from tests.small_networks import small_kwargs, small_network

LAST = 8  # of two stages of four steps


def everything(session: Session) -> dict[str, Any]:
    """All tensors that a run holds, by name."""
    found: dict[str, Any] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, one in value.items():
                walk(f"{name}.{key}", one)
        elif isinstance(value, list | tuple):
            for key, one in enumerate(value):
                walk(f"{name}.{key}", one)
        else:
            found[name] = value

    for name, network in session.objective.networks.items():
        walk(name, network.state_dict())
    for name, optimizer in session.optimizers.items():
        walk(name, optimizer.state_dict())
    for name, part in session.objective.parts.items():
        walk(name, part.state_dict())
    walk("averaged", session.averaged.state_dict())
    return found


def assert_equal(a: Session, b: Session) -> None:
    """Bit for bit."""
    first, second = everything(a), everything(b)
    assert first.keys() == second.keys()
    for name, value in first.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, second[name]), name
        else:
            assert value == second[name], name


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the network that one toy learns from."""
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    network = small_network(TEACHER, seed=3)
    card = Card(network=TEACHER, kwargs=small_kwargs(TEACHER))
    write_ours(path, state=network.state_dict(), card=card)
    return path


@pytest.mark.parametrize("name", TOYS)
def test_a_resumed_run_equals_an_unbroken_one(name: str, tmp_path: Path, teacher: Path) -> None:
    """Stopped in the first stage, between both and in the second."""
    config = TOYS[name]
    unbroken = toy_session(config, teacher=teacher)
    first = {key: value.clone() for key, value in everything(unbroken).items()
             if isinstance(value, torch.Tensor)}  # fmt: skip
    begun = toy_session(config, teacher=teacher)
    train(unbroken, until=LAST)
    moved = [
        key for key, value in first.items() if not torch.equal(value, everything(unbroken)[key])
    ]
    assert {key.partition(".")[0] for key in moved} >= set(unbroken.objective.networks)
    for stopped in (3, 4, 7):
        train(begun, until=stopped)
        save_state(tmp_path, begun, leg=0, keep=1)
        state = newest_state(tmp_path, say=pytest.fail)
        assert state is not None and state["step"] == stopped
        begun = toy_session(config, teacher=teacher)
        restore_state(begun, state)
    train(begun, until=LAST)
    assert_equal(unbroken, begun)


def test_every_objective_is_among_the_toys() -> None:
    assert {type(toy.objective) for toy in TOYS.values()} == set(OPENED)
