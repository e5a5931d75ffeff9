"""The run of a build: sources to parts in worker processes, parts to shards, shards to a dataset.

The unit of loss is one source in flight: each finished source is a part on disk, each finished
shard a file and its state. Running the same plan again does only what is missing.
"""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from builders.kinds.scene import scene_task
from builders.lock import build_lock
from builders.merge import merge_dataset
from builders.parts import part_path, save_part
from builders.plan import Plan, PlannedShard, load_plan
from builders.pool import WORKER_DIED, failure, first_done, schedule, worker_pool
from builders.shards import (
    ShardState,
    is_finished,
    load_state,
    remove_data_temporaries,
    remove_temporaries,
)
from builders.worker import Outcome, dropped_part, finish_shard, make_part

# Tasks given out per worker: one at work, one waiting, so memory does not grow with the files.
_IN_FLIGHT = 2
# Room kept free beyond the estimate: the manifest, the sheet and other writers of the disk.
_DISK_MARGIN = 64 * 2**20
# Pools that may break one after another without a source getting done between them.
_BROKEN_POOLS = 3
# In place of a scene's index: the task is the shard itself.
_SHARD = -1


@dataclass(frozen=True)
class RunOptions:
    """How to run a plan; none of it changes a byte of the dataset.

    workers: processes. timeout: seconds for one source. slice: (i, n): every n-th shard from i.
    """

    workers: int = 1
    timeout: float = 300.0
    slice: tuple[int, int] = (0, 1)


@dataclass(frozen=True)
class Progress:
    """Sources finished of all that this run is responsible for, and what they gave."""

    done: int
    total: int
    rows: int


Report = Callable[[Progress], None]


def build(
    plan: Plan, *, out: Path, options: RunOptions, report: Report = lambda _: None
) -> list[ShardState]:
    """Runs a saved plan: builds the shards of its slice that are missing, then, if all shards of
    the plan are there, merges them into the dataset. Returns the slice's states.

    Raises RuntimeError if another build holds OUT or the disk is full; what is done stays done.
    """
    index, count = options.slice
    mine = [shard for i, shard in enumerate(plan.shards) if i % count == index]
    with build_lock(out, slice_name=f"{index}-of-{count}"):
        if load_plan(out) != plan:
            raise RuntimeError(f"{out}: another command has replaced its plan; start again")
        remove_temporaries(out, shards=None if count == 1 else mine)
        build_shards(plan, out=out, shards=mine, options=options, report=report)
        remove_data_temporaries(out, shards=plan.shards)
        merge_dataset(plan, out=out)
    states = [load_state(out, shard=shard) for shard in mine]
    return [state for state in states if state is not None]


def build_shards(
    plan: Plan,
    *,
    out: Path,
    shards: Sequence[PlannedShard],
    options: RunOptions,
    report: Report = lambda _: None,
) -> None:
    """Builds those of `shards` that are not finished. The caller holds their lock."""
    todo = [shard for shard in shards if not is_finished(out, shard=shard)]
    if not todo:
        return
    run = _Run(plan, out, options, report, todo, sum(s.last - s.first for s in shards))
    run.first_tries()
    run.second_tries()


class _Run:
    """The state of one run: which parts are missing, what is in flight, what failed once."""

    def __init__(
        self,
        plan: Plan,
        out: Path,
        options: RunOptions,
        report: Report,
        todo: Sequence[PlannedShard],
        total: int,
    ) -> None:
        self.plan, self.out, self.options, self.report = plan, out, options, report
        self.todo = todo
        self.missing: Counter[str] = Counter()
        self.scenes = self._scenes_to_do()
        self.failed: list[tuple[PlannedShard, int]] = []
        self.apart: list[PlannedShard] = []
        self.ready: deque[PlannedShard] = deque()
        self.total = total
        self.done = total - sum(shard.last - shard.first for shard in todo)
        self.rows = self.made = self.bytes = 0

    def _scenes_to_do(self) -> Iterator[tuple[PlannedShard, int]]:
        """Every (shard, scene) without a part; shards that miss none become ready at once."""
        for shard in self.todo:
            indices = [
                index
                for index in range(shard.first, shard.last)
                if not part_path(self.out, shard=shard, index=index).is_file()
            ]
            self.done += shard.last - shard.first - len(indices)
            self.missing[shard.name] = len(indices)
            if not indices:
                self.ready.append(shard)
            for index in indices:
                yield shard, index

    def first_tries(self) -> None:
        """Every missing source once, and every shard whose sources are all done."""
        broken = 0
        while broken < _BROKEN_POOLS:
            before = self.made
            with worker_pool(self.options.workers) as pool:
                if self._first_tries(pool):
                    return
            broken = 1 if self.made > before else broken + 1
        raise RuntimeError(self._no_workers())

    def _first_tries(self, pool: ProcessPool) -> bool:
        """False if the pool broke; what it had in hand then waits for the second tries."""
        flying: dict[Future, tuple[PlannedShard, int]] = {}
        while pool.active:
            while len(flying) < _IN_FLIGHT * self.options.workers:
                task = next(self.scenes, None)  # before the shards: it may find one ready
                if self.ready:
                    shard = self.ready.popleft()
                    flying[self._schedule(pool, (shard, _SHARD))] = (shard, _SHARD)
                if task is not None:
                    flying[self._schedule(pool, task)] = task
                elif not self.ready:
                    break
            if not flying:
                return True
            for future in first_done(flying, pool=pool):
                self._first_try_ended(future, *flying.pop(future))
        for future, task in flying.items():
            future.cancel()
            self._first_try_ended(future, *task)
        return False

    def _first_try_ended(self, future: Future, shard: PlannedShard, index: int) -> None:
        if index != _SHARD:
            if not self._scene_made(future, shard):
                self.failed.append((shard, index))
            return
        try:
            self._shard_landed(future.result())
        except (*WORKER_DIED, MemoryError):
            self.apart.append(shard)

    def second_tries(self) -> None:
        """What failed is tried once more, alone: a source is then dropped, a shard is an error."""
        for shard, index in self.failed:
            self._settle(self._tried_alone((shard, index)), shard, index)
        for shard in (*self.apart, *self.ready):
            future = self._tried_alone((shard, _SHARD))
            if isinstance(error := future.exception(), ProcessExpired):
                raise RuntimeError(
                    f"{self.out}: shard {shard.name} could not be put together: its process died "
                    f"(exit code {error.exitcode}). Its parts are kept: run the same command again"
                )
            self._shard_landed(future.result())

    def _tried_alone(self, task: tuple[PlannedShard, int]) -> Future:
        """The ended second try; a pool that broke before it began does not count."""
        for _ in range(_BROKEN_POOLS):
            with worker_pool(1) as pool:
                future = self._schedule(pool, task, last_try=True)
                first_done([future], pool=pool)
            if not future.cancelled() and not isinstance(future.exception(), BrokenProcessPool):
                return future
        raise RuntimeError(self._no_workers())

    def _schedule(
        self, pool: ProcessPool, task: tuple[PlannedShard, int], *, last_try: bool = False
    ) -> Future:
        shard, index = task
        if index == _SHARD:
            rule = {"shard": shard, "storage": self.plan.format, "naming": self.plan.naming}
            return schedule(pool, function=finish_shard, args=(self.out,), options=rule)
        arguments = {
            "kind": self.plan.kind,
            "path": part_path(self.out, shard=shard, index=index),
            "last_try": last_try,
        }
        args, limit = (scene_task(self.plan, index),), self.options.timeout
        return schedule(pool, function=make_part, args=args, options=arguments, timeout=limit)

    def _scene_made(self, future: Future, shard: PlannedShard) -> bool:
        """Counts a finished source; False if it must be tried again alone."""
        error = failure(future)
        if isinstance(error, OSError) and not isinstance(error, (TimeoutError, ProcessExpired)):
            raise error  # OUT cannot be written to: no source's fault
        if error is not None:
            return False
        outcome: Outcome = future.result()
        if outcome.state == "disk-full":
            raise RuntimeError(self._disk_full(outcome.message))
        if outcome.state == "done":
            self._count(shard, rows=outcome.rows, size=outcome.bytes)
        return outcome.state == "done"

    def _settle(self, future: Future, shard: PlannedShard, index: int) -> None:
        """The second try: done, or a counted drop that is final."""
        if self._scene_made(future, shard):
            return
        task = scene_task(self.plan, index)
        match failure(future):
            case TimeoutError():
                reason, what = "timeout", f"took longer than {self.options.timeout:g} s, twice"
            case ProcessExpired() as error:
                reason, what = "crashed", f"its process died, twice (exit code {error.exitcode})"
            case MemoryError():
                reason, what = "crashed", "out of memory, twice"
            case error:
                reason, what = "failed", f"{type(error).__name__}: {error}, twice; please report it"
        part = dropped_part(task, reason=reason, message=f"{task.file}: {what}")
        save_part(part, path=part_path(self.out, shard=shard, index=index))
        self._count(shard, rows=0, size=0)

    def _count(self, shard: PlannedShard, *, rows: int, size: int) -> None:
        self.done += 1
        self.made += 1
        self.rows += rows
        self.bytes += size
        self.missing[shard.name] -= 1
        if not self.missing[shard.name]:
            self.ready.append(shard)
        self.report(Progress(self.done, self.total, self.rows))
        self._check_disk()

    def _check_disk(self) -> None:
        """Stops while there is still room, as soon as the rest cannot fit."""
        if not self.bytes:
            return
        left = self.total - self.done
        need = int(self.bytes / self.made * left) + _DISK_MARGIN
        free = shutil.disk_usage(self.out).free
        if need > free:
            sizes = f"about {need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free"
            raise RuntimeError(self._disk_full(f"the other {left} sources need {sizes}"))

    def _shard_landed(self, state: ShardState | Outcome) -> None:
        if isinstance(state, Outcome):
            raise RuntimeError(self._disk_full(state.message))

    def _disk_full(self, detail: str) -> str:
        return (
            f"{self.out}: not enough room on the disk ({detail}). {self.done} of {self.total} "
            "sources are done and kept; make room and run the same command again"
        )

    def _no_workers(self) -> str:
        return (
            f"{self.out}: worker processes died {_BROKEN_POOLS} times before they had a source: "
            "is there memory for them? What is done is kept; try again with fewer --workers"
        )
