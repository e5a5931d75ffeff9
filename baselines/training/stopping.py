"""When a run ends before its last step: Ctrl-C, a polite kill, the time it was given."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether and why to stop after the step that is being taken. seconds: given, 0 for no end."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.why = ""
        self._end = time.monotonic() + seconds if seconds else float("inf")

    def __call__(self) -> bool:
        if not self.why and time.monotonic() >= self._end:
            self.why = "time limit"
        return bool(self.why)

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Within it the first Ctrl-C or SIGTERM asks to stop, the second one interrupts at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {}

        def ask(number: int, _frame: FrameType | None) -> None:
            if self.why:
                raise KeyboardInterrupt
            self.why = signal.Signals(number).name

        for one in SIGNALS:
            before[one] = signal.signal(one, ask)
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
