"""One builder at a time: a lock file in OUT/.build that names host and process.

The lock is the kernel's (flock), so it is gone the moment its holder dies, kill -9 included; the
text in the file only says who holds it. Slices of one build (`--shard i/n`) hold a lock each.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.plan import BUILD_FOLDER


@contextmanager
def build_lock(out: Path, *, slice_name: str) -> Iterator[None]:
    """Holds OUT for this process. Raises RuntimeError naming the holder if another builds it.

    slice_name: '0-of-1' for a whole build. A whole build excludes every other; slices of one n
    exclude only themselves, and slices of another n.
    """
    folder = out / BUILD_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    shared = slice_name != "0-of-1"
    gate = _take(folder / "lock", shared=shared, who=slice_name)
    try:
        own = _take(folder / f"lock-{slice_name}", shared=False, who=slice_name)
        try:
            count = slice_name.rpartition("-")[2]
            for other in folder.glob("lock-*-of-*"):
                if other.name.rpartition("-")[2] != count:
                    _release(_take(other, shared=True, who=""))
            yield
        finally:
            _release(own)
    finally:
        _release(gate)


@contextmanager
def plan_lock(out: Path) -> Iterator[None]:
    """Waits for, then holds, the right to read and write OUT's plan: moments, never a build."""
    folder = out / BUILD_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    own = _take(folder / "lock-plan", shared=False, who="plan", wait=True)
    try:
        yield
    finally:
        _release(own)


@contextmanager
def shard_lock(out: Path, *, name: str) -> Iterator[None]:
    """Holds one shard, within a build whose driver holds OUT (a task on a cluster)."""
    own = _take(out / BUILD_FOLDER / f"lock-{name}", shared=False, who=name)
    try:
        yield
    finally:
        _release(own)


@contextmanager
def folder_lock(folder: Path, *, what: str) -> Iterator[None]:
    """Holds a hidden folder of one's own (RUN/.run) for this process; made where it is missing.

    what: who else may hold it, for the RuntimeError that names the holder: 'another evaluation'.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = _take(folder / "lock", shared=False, who="whole", what=what)
    try:
        yield
    finally:
        _release(own)


def _take(
    path: Path, *, shared: bool, who: str, wait: bool = False, what: str = "another build"
) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, mode if wait else mode | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise RuntimeError(
            f"{path.parent.parent}: {what} is at work on it ({holder or 'holder unknown'}); "
            "wait for it to end, or stop it"
        ) from error
    except OSError as error:
        os.close(descriptor)
        raise RuntimeError(
            f"{path}: this file system does not lock files ({error.strerror}); build on another, "
            "or mount it with locks (Lustre: -o flock)"
        ) from error
    if who:
        os.ftruncate(descriptor, 0)
        text = f"host {socket.gethostname()} pid {os.getpid()} slice {who}\n"
        os.pwrite(descriptor, text.encode(), 0)
    return descriptor


def _release(descriptor: int) -> None:
    os.close(descriptor)
