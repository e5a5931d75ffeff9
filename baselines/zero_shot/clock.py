"""How long a fit to one picture may take, and what it tells while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Report = Callable[[int, int], None]


@dataclass
class Clock:
    """steps: the most that are made. seconds: the most that they take, 0 for no limit. report:
    called with (steps done, steps) now and then.

    With a limit the result depends on the machine's speed; without one it does not.
    """

    steps: int
    seconds: float = 0.0
    report: Report | None = None
    done: int = 0
    _began: float = field(default_factory=time.monotonic)

    def run(self) -> Iterator[int]:
        """0, 1, 2 ... until the steps or the seconds are over; at least one."""
        for step in range(self.steps):
            if step and self.spent() >= 1.0:
                return
            yield step
            self.done = step + 1
            if self.report is not None:
                self.report(self.done, self.steps)

    def spent(self) -> float:
        """The share of the seconds that is over, 0 where there is no limit."""
        return (time.monotonic() - self._began) / self.seconds if self.seconds else 0.0

    def note(self, name: str) -> str:
        """What is told where the limit ended the fit, '' where it did not."""
        if self.seconds and self.done < self.steps and self.spent() >= 1.0:
            return (
                f"{name}: {self.done} of up to {self.steps} steps in {self.seconds:g} s; with a "
                "longer --time-limit it may do better"
            )
        return ""
