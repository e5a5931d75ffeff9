"""An estimate of disk, time and memory, measured on one of the build's own sources."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired

from builders.kinds.scene import scene_task
from builders.plan import Plan
from builders.run import worker_pool
from builders.worker import measure_part

_TRIES = 3  # sources tried before giving up


@dataclass(frozen=True)
class Estimate:
    """bytes of the dataset, seconds with the given workers, peak bytes of one worker, and the
    source it was measured on."""

    bytes: int
    seconds: float
    memory: int
    source: str


def estimate(plan: Plan, *, workers: int, timeout: float) -> Estimate | None:
    """Builds one source into a temporary folder, in a worker, twice (the first run also loads and
    compiles); None if none of the first sources gives a pair."""
    with tempfile.TemporaryDirectory() as folder, worker_pool(1) as pool:
        for index in range(min(_TRIES, len(plan.scenes))):
            task = scene_task(plan, index)
            arguments = {"kind": plan.kind, "path": Path(folder, "part")}
            try:
                pool.schedule(measure_part, [task], arguments, timeout=timeout).result()
                measured = pool.schedule(measure_part, [task], arguments, timeout=timeout).result()
            except (TimeoutError, ProcessExpired):
                continue
            if measured.rows:
                count = len(plan.scenes)
                seconds = measured.seconds * count / workers
                return Estimate(measured.bytes * count, seconds, measured.memory, task.path)
    return None
