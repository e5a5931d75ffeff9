"""Reading ahead: threads make the samples of the next steps while the trainer learns."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from baselines.training_data.sample import Ready, Wanted


class Ahead:
    """Samples of steps, by their number in the step.

    plan: what this process reads of a step; nothing after the last. make: reads one; it may be
    called from any thread (decoding lets the others run). workers: threads; 0 reads in the caller.
    steps: how many are read ahead. waited: seconds that `at` has waited.
    """

    def __init__(
        self,
        plan: Callable[[int], Mapping[int, Wanted]],
        make: Callable[[Wanted], Ready],
        *,
        workers: int,
        steps: int = 3,
    ) -> None:
        self._plan, self._make = plan, make
        self._workers, self._steps = workers, steps
        self.waited = 0.0
        self._process = os.getpid()
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: dict[int, dict[int, Future[Ready]]] = {}

    def at(self, step: int) -> dict[int, Ready]:
        """The samples of a step. Raises what reading one of them raised."""
        began = time.perf_counter()
        try:
            if not self._workers:
                return {number: self._make(one) for number, one in self._plan(step).items()}
            self._begin(range(step, step + 1 + self._steps))
            return {number: one.result() for number, one in self._under_way.pop(step).items()}
        finally:
            self.waited += time.perf_counter() - began

    def _begin(self, steps: Sequence[int]) -> None:
        """Sees to it that these steps are being read, and no others."""
        if self._process != os.getpid():  # forked since: the threads stayed behind
            self._process, self._pool, self._under_way = os.getpid(), None, {}
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="reading")
        for stale in self._under_way.keys() - set(steps):
            for one in self._under_way.pop(stale).values():
                one.cancel()
        for step in steps:
            if step not in self._under_way:
                self._under_way[step] = {
                    number: self._pool.submit(self._make, one)
                    for number, one in self._plan(step).items()
                }

    def close(self) -> None:
        """Ends the threads; what is still being read is finished first."""
        if self._pool is not None and self._process == os.getpid():
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool, self._under_way = None, {}
