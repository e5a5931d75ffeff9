"""The run of a build: sources to parts in worker processes, parts to shards, shards to a dataset.

The unit of loss is one source in flight: each finished source is a part on disk, each finished
shard a file and its state. Running the same plan again does only what is missing.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from builders.kinds.scene import scene_task
from builders.lock import build_lock
from builders.merge import merge_dataset
from builders.parts import part_path, save_part
from builders.plan import Plan, PlannedShard
from builders.shards import (
    ShardState,
    is_finished,
    load_state,
    remove_all_temporaries,
    remove_temporaries,
)
from builders.worker import Outcome, dropped_part, finish_shard, make_part, start

# Tasks given out per worker: one at work, one waiting, so memory does not grow with the files.
_IN_FLIGHT = 2
# Room kept free beyond the estimate: the manifest, the sheet and other writers of the disk.
_DISK_MARGIN = 64 * 2**20
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
    note: str = ""


Report = Callable[[Progress], None]


def parse_slice(text: str) -> tuple[int, int]:
    """'i/n' -> (i, n), 0 <= i < n; raises ValueError otherwise."""
    first, slash, second = text.partition("/")
    if slash and first.isdecimal() and second.isdecimal() and int(first) < int(second):
        return int(first), int(second)
    raise ValueError(f"--shard {text}: write i/n with i from 0 to n - 1, as 0/4 ... 3/4")


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
        if count == 1:
            remove_all_temporaries(out)
        else:
            remove_temporaries(out, shards=mine)
        build_shards(plan, out=out, shards=mine, options=options, report=report)
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
    with worker_pool(options.workers) as pool:
        run.first_tries(pool)
    run.second_tries()


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPool]:
    """Initialised, spawned workers (LibRaw's OpenMP may deadlock in a forked child), joined at the
    end; stopped at once where the block ends by an exception, Ctrl-C too."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPool(
        max_workers=workers, initializer=start, initargs=(os.getpid(),), context=context
    )
    whole = False
    try:
        yield pool
        whole = True
    finally:
        if not whole:
            pool.stop()
        pool.close()
        pool.join()


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
        self.failed: list[tuple[PlannedShard, int]] = []
        self.ready: deque[PlannedShard] = deque()
        self.total = total
        self.done = total - sum(shard.last - shard.first for shard in todo)
        self.rows = self.made = self.bytes = 0

    def scenes_to_do(self) -> Iterator[tuple[PlannedShard, int]]:
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

    def first_tries(self, pool: ProcessPool) -> None:
        """Every missing source once, and every shard whose sources are all done."""
        scenes = self.scenes_to_do()
        flying: dict[Future, tuple[PlannedShard, int]] = {}
        while True:
            while len(flying) < _IN_FLIGHT * self.options.workers:
                task = next(scenes, None)  # before the shards: it may find one ready
                if self.ready:
                    shard = self.ready.popleft()
                    flying[self._schedule_shard(pool, shard)] = (shard, _SHARD)
                if task is not None:
                    flying[self._schedule_scene(pool, task, last_try=False)] = task
                elif not self.ready:
                    break
            if not flying:
                return
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                shard, index = flying.pop(future)
                if index == _SHARD:
                    self._shard_landed(future.result())
                elif not self._scene_made(future, shard):
                    self.failed.append((shard, index))

    def second_tries(self) -> None:
        """What failed is tried once more with the machine to itself, then dropped for good."""
        for shard, index in self.failed:
            with worker_pool(1) as pool:
                future = self._schedule_scene(pool, (shard, index), last_try=True)
                wait([future])
                self._settle(future, shard, index)
        while self.ready:
            shard = self.ready.popleft()
            rule = {"storage": self.plan.format, "naming": self.plan.naming}
            self._shard_landed(finish_shard(self.out, shard=shard, **rule))

    def _schedule_scene(
        self, pool: ProcessPool, task: tuple[PlannedShard, int], *, last_try: bool
    ) -> Future:
        shard, index = task
        arguments = {
            "kind": self.plan.kind,
            "path": part_path(self.out, shard=shard, index=index),
            "last_try": last_try,
        }
        return pool.schedule(
            make_part, [scene_task(self.plan, index)], arguments, timeout=self.options.timeout
        )

    def _schedule_shard(self, pool: ProcessPool, shard: PlannedShard) -> Future:
        rule = {"shard": shard, "storage": self.plan.format, "naming": self.plan.naming}
        return pool.schedule(finish_shard, [self.out], rule)

    def _scene_made(self, future: Future, shard: PlannedShard) -> bool:
        """Counts a finished source; False if it must be tried again alone."""
        try:
            outcome: Outcome = future.result()
        except (TimeoutError, ProcessExpired, MemoryError):
            return False
        if outcome.state == "disk-full":
            raise RuntimeError(self._disk_full(outcome.message))
        if outcome.state == "retry":
            return False
        self._count(shard, rows=outcome.rows, size=outcome.bytes)
        return True

    def _settle(self, future: Future, shard: PlannedShard, index: int) -> None:
        """The second try: done, or a counted drop that is final."""
        if self._scene_made(future, shard):
            return
        task = scene_task(self.plan, index)
        match future.exception():
            case TimeoutError():
                limit = f"{self.options.timeout:g} s"
                reason, message = "timeout", f"{task.file}: took longer than {limit}, twice"
            case ProcessExpired() as error:
                reason = "crashed"
                message = f"{task.file}: its process died, twice (exit code {error.exitcode})"
            case _:
                reason, message = "crashed", f"{task.file}: out of memory, twice"
        part = dropped_part(task, reason=reason, message=message)
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
        need = int(self.bytes / self.made * (self.total - self.done)) + _DISK_MARGIN
        free = shutil.disk_usage(self.out).free
        if need > free:
            raise RuntimeError(
                self._disk_full(
                    f"the other {self.total - self.done} sources need about "
                    f"{need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free"
                )
            )

    def _shard_landed(self, state: ShardState | Outcome) -> None:
        if isinstance(state, Outcome):
            raise RuntimeError(self._disk_full(state.message))

    def _disk_full(self, detail: str) -> str:
        return (
            f"{self.out}: not enough room on the disk ({detail}). {self.done} of {self.total} "
            "sources are done and kept; make room and run the same command again"
        )
