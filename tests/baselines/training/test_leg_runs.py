"""A run over a change of scale: what the next network takes over, and going on from either side."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from clean_folder import make_clean_folder

from baselines.configs.config import (
    Config,
    Data,
    NetworkChoice,
    Optimizer,
    Schedule,
    Stage,
    Validation,
)
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER
from baselines.training.options import RunOptions
from baselines.training.run import train_run
from baselines.training_data.sources import Sources
from builders.sources import Root
from tests.small_networks import small_kwargs

STILL = Schedule(law="milestones", steps=(0,), factor=1e-12)  # weights stay where they are
CONFIG = Config(
    name="rising",
    about="a toy",
    cite="none",
    network=NetworkChoice(preset="edsr-x2", set=small_kwargs("edsr") | {"scale": 2}),
    objective=Paired(),
    optimizers={RESTORER: Optimizer(rate=1e-2)},
    stages=(
        Stage(steps=2, batch=2, patch=16, scale=2),
        Stage(steps=2, batch=2, patch=16, scale=4, schedule=STILL),
    ),
    data=Data(recipe="bicubic-x{scale}"),
    validation=Validation(set="demo", limit=1, every=0),
    save_every=1,
    log_every=1,
    ema=0.5,
)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clean_folder(tmp_path_factory.mktemp("clean"), count=2, side=40)


def options(clean: Path, folder: Path) -> RunOptions:
    sources = Sources(clean=(Root(clean),))
    return RunOptions(folder=folder, sources=sources, device="cpu", keep=9, workers=0)


def weights(folder: Path, step: int, *, averaged: bool = False) -> dict[str, torch.Tensor]:
    state = torch.load(folder / ".run" / f"step-{step:08d}.pt", weights_only=True)
    return state["averaged"] if averaged else state["networks"][RESTORER]


def test_the_next_scale_starts_from_the_last_weights_and_can_be_resumed(
    clean: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    ended = train_run(CONFIG, options=options(clean, tmp_path / "whole"), say=said.append)
    assert (ended.step, ended.why) == (4, "")
    assert any(line.startswith("step 2: starts from ") for line in said)
    first = weights(tmp_path / "whole", 1)["conv_first.weight"]
    taken = weights(tmp_path / "whole", 2, averaged=True)["conv_first.weight"]
    after = weights(tmp_path / "whole", 4)["conv_first.weight"]
    assert not torch.allclose(first, taken, atol=1e-5)
    torch.testing.assert_close(after, taken, atol=1e-6, rtol=0)
    for stopped in (1, 2, 3):
        folder = tmp_path / str(stopped)
        train_run(CONFIG, options=options(clean, folder), say=said.append)
        for state in (folder / ".run").glob("step-*.pt"):
            if int(state.stem[5:]) > stopped:
                state.unlink()  # as if it had been killed here
        ended = train_run(CONFIG, options=options(clean, folder), say=said.append)
        assert ended.step == 4
        again = weights(folder, 4)
        assert all(torch.equal(one, again[name]) for name, one in weights(
            tmp_path / "whole", 4).items())  # fmt: skip


def test_a_state_of_another_run_is_refused(clean: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        given = options(clean, tmp_path / name)
        train_run(CONFIG, options=given, say=lambda _line: None)
        clean = make_clean_folder(tmp_path / "others", count=3, side=40)
    (tmp_path / "a" / ".run" / "step-00000004.pt").replace(
        tmp_path / "b" / ".run" / "step-00000004.pt"
    )
    with pytest.raises(ValueError, match="step 4 of another run"):
        train_run(CONFIG, options=given, say=lambda _line: None)
