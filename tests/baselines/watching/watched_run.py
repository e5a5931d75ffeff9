"""A run of a few steps that is watched: a network whose scores are known, on pairs of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from set_folders import save, scene

from baselines.configs.config import Config, NetworkChoice, Stage, Validation
from baselines.objectives.turn import RESTORER
from baselines.training.schedule import place, total_steps
from baselines.training.session import Session, Step
from baselines.training_data.sources import Sources
from baselines.watching.lines import LOG_FILE, MODEL, Line, Scores, Steps, read_log
from baselines.watching.log import Log
from baselines.watching.validating import Validator
from tests.baselines.training.toy_run import toy_config, toy_session

NETWORK = NetworkChoice(
    preset="dncnn", set={"channels": 3, "width": 4, "depth": 3, "norm": False}
)  # fmt: skip
STAGES = (Stage(steps=3, batch=2, patch=8), Stage(steps=3, batch=2, patch=12))


def pairs_folder(folder: Path, *, count: int = 3, equal: bool = False) -> Path:
    """Pairs of 24x32: inputs a tenth brighter than their targets, or equal to them."""
    for number in range(count):
        target = scene(number, size=(24, 32)) // 2
        save(folder / "target" / f"{number}.png", target)
        save(folder / "input" / f"{number}.png", target if equal else target + 26)
    return folder


def watched_config(pairs: Path | str, *, every: int = 2, metrics: Sequence[str] = ()) -> Config:
    """Six steps in two stages, a line each two steps, validated on `pairs`."""
    validation = Validation(set=str(pairs), every=every, metrics=tuple(metrics))
    return msgspec.structs.replace(
        toy_config(stages=STAGES, ema=0.0), network=NETWORK, log_every=2, validation=validation
    )


def session_of(config: Config) -> Session:
    """A session at step 0."""
    return toy_session(config)


@dataclass
class Watched:
    """A session and what watches it."""

    session: Session
    log: Log
    validator: Validator
    said: list[str]

    def validate_at(self, step: int, *, shift: float) -> None:
        """The hooks of a step after which the network adds `shift` to every picture."""
        shift_by(self.session, shift)
        self.session.step = step
        self.validator.hook(self.session, _empty_step(self.session, step))


def watch(
    folder: Path,
    config: Config,
    *,
    session: Session | None = None,
    sources: Sources | None = None,
    step: int = 0,
) -> Watched:
    """Begun, where `step` steps are taken."""
    said: list[str] = []
    session = session or session_of(config)
    session.step = step
    log = Log(
        folder, config=config, total=total_steps(config.stages), say=said.append,
        tensorboard=False,
    )  # fmt: skip
    log.begin(session)
    validator = Validator(
        folder, config=config, log=log, sources=sources or Sources(), say=said.append
    )
    return Watched(session, log, validator, said)


def shift_by(session: Session, shift: float) -> None:
    """Makes the network add `shift`: its score is known then."""
    with torch.no_grad():
        for value in session.objective.networks[RESTORER].parameters():
            value.zero_()
        list(session.objective.networks[RESTORER].parameters())[-1].fill_(-shift)


def model_scores(run: Path) -> list[Scores]:
    """The log's lines of the model's scores."""
    lines = read_log(run / LOG_FILE)
    return [line for line in lines if isinstance(line, Scores) and line.of == MODEL]


def timeless(lines: Sequence[Line]) -> list[Line]:
    """The lines without what differs from one machine to another."""
    return [
        msgspec.structs.replace(line, seconds=0.0, waiting=0.0, left=0.0)
        if isinstance(line, Steps)
        else line
        for line in lines
    ]


def _empty_step(session: Session, step: int) -> Step:
    return Step(place(session.config.stages, step - 1), {}, {}, {})
