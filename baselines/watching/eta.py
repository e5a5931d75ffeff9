"""How long a run still takes.

The rule: a stage costs, per step, what its last lines of the log took on the mean; a stage that has
none yet costs what the nearest measured one does, times the ratio of batch * patch^2 (of batch
alone where one of them takes whole pictures). What lies beside the steps (validation, saving) is
added by its share per step so far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from baselines.configs.config import Stage
from baselines.training.schedule import total_steps

RECENT = 10  # lines whose mean is a stage's pace: the last thousand steps at the usual interval


class Pace:
    """Seconds per step by stage, as measured in this process."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._measured: dict[int, deque[tuple[float, int]]] = {}
        self._aside = 0.0
        self._steps = 0

    def add(self, stage: int, *, seconds: float, steps: int) -> None:
        """`steps` steps of a stage took `seconds`."""
        self._measured.setdefault(stage, deque(maxlen=RECENT)).append((seconds, steps))
        self._steps += steps

    def add_aside(self, seconds: float) -> None:
        """Time beside the steps; what lies before the first is not to come again."""
        if self._measured:
            self._aside += seconds

    def left(self, step: int) -> float:
        """Seconds from `step` (taken so far) to the end; 0 where nothing is measured yet."""
        if not self._measured:
            return 0.0
        seconds, begin = 0.0, 0
        for number, stage in enumerate(self._stages):
            end = begin + stage.steps
            seconds += max(0, end - max(step, begin)) * self._per_step(number)
            begin = end
        return seconds + self._aside / self._steps * max(0, total_steps(self._stages) - step)

    def _per_step(self, number: int) -> float:
        nearest = min(self._measured, key=lambda one: abs(one - number))
        spans = self._measured[nearest]
        pace = sum(seconds for seconds, _ in spans) / sum(steps for _, steps in spans)
        return pace * cost_ratio(self._stages[number], of=self._stages[nearest])


def cost_ratio(stage: Stage, *, of: Stage) -> float:
    """By how much a step of `stage` costs more than one of `of`, by samples and their pixels."""
    ratio = stage.batch / of.batch
    return ratio * (stage.patch / of.patch) ** 2 if stage.patch and of.patch else ratio


def shown_time(seconds: float) -> str:
    """'3 d 4 h', '13 h 20 min', '5 min 10 s', '12 s'."""
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (name, size), (below, part) in pairwise(units):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // part} {below}"
    return f"{whole} s"
