"""Pools of worker processes: started whole, joined at the end, and never waited for in vain.

A pool breaks when a worker dies that has no task (killed at start-up, or while idle, or by the
kernel for want of memory). pebble then gives up the pool, and tasks it had not handed out yet
would stay pending for ever: `schedule` and `first_done` turn all of them into ended futures.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from pebble import ProcessExpired, ProcessPool

from builders.worker import start

# How a task ends that never came to its own end, but for a time-out.
WORKER_DIED = (ProcessExpired, BrokenProcessPool, CancelledError)
_CHECK_SECONDS = 1.0  # between two looks at whether the pool still works


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
        with _one_thread_each():
            with _interrupts_held():
                if not pool.active:  # asking is what starts it
                    raise RuntimeError(f"no {workers} worker processes could be started")
            yield pool
        whole = True
    finally:
        if not whole:
            pool.stop()
        pool.close()
        pool.join()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """The environment workers are born with, whenever the pool needs a new one: OpenMP and BLAS
    read it as they are loaded, before any code of ours could set it there."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the block is over, and the processes and threads begun in it never get
    it: one that is half started would answer it with a traceback.

    The mask is what they inherit. It does not keep the signal from this process, where a
    library's thread without that mask takes it: the handler does.
    """
    resource_tracker.ensure_running()  # it unblocks the signal when it starts: so it starts first
    came: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.getsignal(signal.SIGINT)
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def schedule(
    pool: ProcessPool,
    *,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: Mapping[str, Any],
    timeout: float | None = None,
) -> Future:
    """A task given to the pool; an ended future (BrokenProcessPool) if the pool is broken."""
    try:
        return pool.schedule(function, args, options, timeout)
    except RuntimeError as error:
        lost: Future = Future()
        lost.set_exception(BrokenProcessPool(str(error)))
        return lost


def first_done(futures: Collection[Future], *, pool: ProcessPool) -> list[Future]:
    """Waits for the first of the futures to end; cancels and returns all if the pool breaks."""
    while True:
        done = wait(futures, timeout=_CHECK_SECONDS, return_when=FIRST_COMPLETED).done
        if done:
            return list(done)
        if not pool.active:
            for future in futures:
                future.cancel()
            return list(futures)


def failure(future: Future) -> BaseException | None:
    """How an ended task failed, None if it did not; being cancelled is a failure too."""
    return CancelledError() if future.cancelled() else future.exception()
