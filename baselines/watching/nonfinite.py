"""What is left of a run whose loss or gradient is not finite: enough to rebuild its samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from baselines.configs.config import Config, Stage
from baselines.objectives.turn import Where
from baselines.training.loop import Diverged
from baselines.training.schedule import place
from baselines.training.session import Session
from builders.atomic import write_whole

REPORT = "diverged.json"
_SHOWN = 4  # keys that the message names


@runtime_checkable
class Describing(Protocol):
    """Batches that can say how their samples were made."""

    def describe_samples(self, where: Where, stage: Stage) -> Sequence[Mapping[str, Any]]:
        """This process's samples of a step, in order: keys, crops, flips, parameters; plain
        values."""
        ...


def report_divergence(
    error: Diverged, *, folder: Path, session: Session, state: Path | None
) -> str:
    """Writes RUN/diverged.json; gives one line for people: what, where, what to try.

    All processes call it, for each knows its own samples; the main one writes. state: the newest
    file that the run can go on from, None where there is none yet.
    """
    config, where = session.config, place(session.config.stages, error.step)
    gathered = session.processes.gathered((error.keys, _described(session, where)))
    keys = [key for own, _ in gathered for key in own]
    path = folder / REPORT
    if session.processes.is_main:
        report = {
            "step": error.step,
            "stage": where.stage,
            "what": str(error),
            "values": {name: _plain(value) for name, value in error.values.items()},
            "keys": keys,
            "samples": [one for _, own in gathered for one in own],
            "last_good_state": None if state is None else str(state),
            "precision": config.precision,
            "seed": config.seed,
        }
        data = msgspec.json.format(msgspec.json.encode(report, enc_hook=str), indent=2)
        write_whole(path, data + b"\n")
    shown = ", ".join(keys[:_SHOWN])
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    last = f"the last good state is {state}" if state is not None else "no state was kept yet"
    return (
        f"{error}; samples {shown}{more} ({path} has all); {last}. "
        f"To try: {'; '.join(_remedies(config))}"
    )


def _described(session: Session, where: Where) -> list[Any]:
    """This process's samples; where one cannot be read a second time, why."""
    if not isinstance(session.batches, Describing):
        return []
    stage = session.config.stages[where.stage]
    try:
        return [dict(one) for one in session.batches.describe_samples(where, stage)]
    except (ValueError, OSError) as error:
        return [{"not described": str(error)}]


def _remedies(config: Config) -> list[str]:
    """What helps, the most likely first."""
    found = []
    if config.precision != "fp32":
        found.append(f"precision=fp32 in place of {config.precision}")
    for name, optimizer in config.optimizers.items():
        found.append(f"optimizers.{name}.rate below {optimizer.rate:g}")
        if optimizer.clip == "none":
            found.append(f"optimizers.{name}.clip=norm with optimizers.{name}.clip_at=1.0")
    return [*found, "look at the samples: --preview-batch sheet.png"]


def _plain(value: float) -> float | str:
    """JSON has neither infinity nor NaN: they are text."""
    return value if math.isfinite(value) else str(value)
