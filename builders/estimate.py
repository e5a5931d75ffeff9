"""An estimate of disk, time and memory, measured on one of the build's own sources."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired

from builders.kinds.scene import SceneTask, scene_task
from builders.plan import Plan
from builders.run import worker_pool
from builders.worker import make_part

_TRIES = 3  # sources tried before giving up


@dataclass(frozen=True)
class Estimate:
    """bytes of the dataset, seconds with the given workers, peak bytes of one worker, and the
    source it was measured on."""

    bytes: int
    seconds: float
    memory: int
    source: str


@dataclass(frozen=True)
class Measured:
    """One source made for an estimate: pairs, bytes, seconds, peak resident bytes."""

    rows: int
    bytes: int
    seconds: float
    memory: int


def measure_part(task: SceneTask, *, kind: str, path: Path) -> Measured:
    """Makes a part and says what it took; a drop gives 0 pairs."""
    began = time.perf_counter()
    outcome = make_part(task, kind=kind, path=path, last_try=True)
    seconds = time.perf_counter() - began
    # getrusage counts kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return Measured(outcome.rows, outcome.bytes, seconds, memory)


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
