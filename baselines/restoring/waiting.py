"""Telling, now and then, how long something takes that says nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

FIRST_SECONDS = 5.0  # before the first is told
EVERY_SECONDS = 10.0  # then at each multiple of it


@contextmanager
def told_while(
    report: Callable[[float], None], *, first: float = FIRST_SECONDS, every: float = EVERY_SECONDS
) -> Iterator[None]:
    """Calls `report` with the seconds so far while the block runs: after `first`, then at each
    multiple of `every`. It is called from a thread of its own, and never once the block is left."""
    ended = Event()

    def tell() -> None:
        began, due = time.monotonic(), first
        while not ended.wait(max(0.0, began + due - time.monotonic())):
            past = max(due, time.monotonic() - began)
            report(past)
            due = (past // every + 1) * every

    thread = Thread(target=tell, name="told_while", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
