"""Stages and learning rates as functions of the step: nothing of them is kept or restored."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from baselines.configs.config import Schedule, Stage
from baselines.objectives.turn import Where
from degrade.option_error import OptionError, nearest


def place(stages: Sequence[Stage], step: int) -> Where:
    """Where `step` lies in the table; the last step of all counts to the last stage."""
    begin = 0
    for number, stage in enumerate(stages):
        if step < begin + stage.steps or number == len(stages) - 1:
            return Where(step=step, stage=number, within=step - begin)
        begin += stage.steps
    raise ValueError("a run has at least one stage")


def total_steps(stages: Sequence[Stage]) -> int:
    """Of all stages."""
    return sum(stage.steps for stage in stages)


def factor_at(schedule: Schedule, step: int) -> float:
    """The learning rate's factor at a step, counted from where the schedule begins.

    Raises OptionError for an unknown law or steps that it cannot use.
    """
    if schedule.law not in LAWS:
        raise OptionError(
            f"schedule.law {schedule.law!r}: one of {', '.join(LAWS)}{nearest(schedule.law, LAWS)}"
        )
    warm = min(1.0, (step + 1) / (schedule.warm_up + 1))
    return warm * LAWS[schedule.law](schedule, step)


def _constant(_schedule: Schedule, _step: int) -> float:
    return 1.0


def _milestones(schedule: Schedule, step: int) -> float:
    return schedule.factor ** sum(step >= one for one in schedule.steps)


def _every(schedule: Schedule, step: int) -> float:
    (interval,) = _exactly(schedule, 1)
    return max(schedule.factor ** (step // interval), schedule.least)


def _linear(schedule: Schedule, step: int) -> float:
    held, end = _exactly(schedule, 2)
    left = 1.0 - max(0, step - held) / (end - held)
    return max(left, schedule.least)


def _cosine(schedule: Schedule, step: int) -> float:
    steps = schedule.steps
    pairs = list(zip(steps[::2], steps[1::2], strict=False))
    rising = list(steps) == sorted(steps) and all(held < end for held, end in pairs)
    if not pairs or len(steps) % 2 or not rising:
        raise OptionError(f"schedule.steps {list(steps)}: cosine takes pairs of rising steps")
    for held, end in pairs:
        if step < end:
            turned = math.pi * max(0, step - held) / (end - held)
            return schedule.least + (1.0 - schedule.least) * (1.0 + math.cos(turned)) / 2.0
    return schedule.least


def _exactly(schedule: Schedule, count: int) -> tuple[int, ...]:
    steps = schedule.steps
    if len(steps) != count or list(steps) != sorted(set(steps)) or steps[-1] < 1:
        raise OptionError(f"schedule.steps {list(steps)}: {schedule.law} takes {count}, rising")
    return steps


LAWS: Mapping[str, Callable[[Schedule, int], float]] = {
    "constant": _constant,
    "milestones": _milestones,
    "every": _every,
    "linear": _linear,
    "cosine": _cosine,
}
