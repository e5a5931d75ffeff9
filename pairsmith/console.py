"""How the command line speaks: progress, one-line errors, exit codes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

PLAIN_SECONDS = 10.0  # between two lines of progress where there is no terminal

# Texts hold paths and keys: their brackets and colons are not rich's markup and emoji.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


class State:
    """Whether `--debug` was given: tracebacks are shown."""

    debug = False


@contextmanager
def user_errors() -> Iterator[None]:
    """One line on stderr instead of a traceback, and the exit code: 2 where an option's value is
    wrong (OptionError), 1 where the work failed."""
    try:
        yield
    except typer.Exit:  # a RuntimeError in click, but a verb's own verdict
        raise
    except KeyboardInterrupt:
        err.print("stopped. What is finished is kept; the same command goes on from there.")
        raise typer.Exit(1) from None
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        if State.debug:
            raise
        err.print(f"error: {_told(error)}")
        from degrade.option_error import OptionError

        raise typer.Exit(2 if isinstance(error, OptionError) else 1) from error


def _told(error: Exception) -> str:
    """What went wrong in one line: of the system's own errors the file and the reason."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


class Meter:
    """A progress bar on a terminal; elsewhere a plain line every ten seconds."""

    def __init__(self, what: str, unit: str) -> None:
        self._what, self._unit = what, unit
        self._began = self._said = time.monotonic()
        self._bar: Progress | None = None
        self._line = ""

    def __enter__(self) -> Meter:
        if out.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Progress(
                *columns, TextColumn(self._unit), TimeRemainingColumn(), console=out, transient=True
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """`done` of `total` are finished."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._said > PLAIN_SECONDS:
            self._said = time.monotonic()
            rate = done / (self._said - self._began)
            out.print(f"{self._what}: {done} of {total} {self._unit}, {rate:.2f} a second")
            sys.stdout.flush()
