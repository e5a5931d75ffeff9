"""A restoring run: file after file, the next being read and the last being written meanwhile."""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.restoring.inputs import Job
from baselines.restoring.ledger import LOCK_FOLDER, Finished, Ledger, digest_of
from baselines.restoring.models import Model
from baselines.restoring.options import RestoreOptions
from baselines.restoring.reading import Opened, read_input, reduced
from baselines.restoring.video import VideoOptions, is_video, restore_video
from baselines.restoring.waiting import told_while
from baselines.restoring.writing import encode
from builders.atomic import sha256_file, write_whole
from builders.lock import folder_lock
from degrade.resize import long_side, resize_matlab
from evaluation.models.restorer import Scale
from evaluation.pictures import Samples, to_u8, to_unit

# What one file may raise without ending the run: reading, the model, and want of memory.
_FAILURES = (ValueError, OSError, RuntimeError, MemoryError, ImportError)
# What every further result would meet too.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def _quiet(*_: object) -> None:
    """Tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Reports:
    """progress: (finished or failed, all) files. failed: (name, reason). first: the first picture
    that is restored, [H,W,C] in 0 ... 1, before it is. inner: (name, frames done, frames) of a
    video. waiting: (source, seconds so far) of a picture that takes long, from another thread; None
    where the model tells how far it is."""

    progress: Callable[[int, int], None] = _quiet
    failed: Callable[[str, str], None] = _quiet
    first: Callable[[Samples], None] = _quiet
    inner: Callable[[str, int, int], None] = _quiet
    waiting: Callable[[str, float], None] | None = None


@dataclass
class Outcome:
    """all: jobs. finished: restored now. kept: of an earlier run. reduced: by --max-side."""

    all: int
    finished: int = 0
    kept: int = 0
    reduced: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Read:
    """A source as it was read: its picture (of a video none), and what tells it apart."""

    opened: Opened | None
    was_reduced: bool
    size: int
    changed: int
    sha256: str


def restore_all(
    jobs: Sequence[Job], *, model: Model, out: Path, options: RestoreOptions, reports: Reports
) -> Outcome:
    """Restores the jobs into `out`, going on where an earlier run of the same settings stopped.

    What fails is reported and passed over. Raises ValueError where `out` holds other results, and
    RuntimeError where a result cannot be written (a full disk); what is finished stays.
    """
    settings: dict[str, Any] = {
        "model": dict(model.restorer.facts, name=model.restorer.name),
        "scale": model.scale if model.scale.denominator == 1 else float(model.scale),
        "max_side": options.max_side,
        "format": options.format,
        "suffix": options.suffix,
    }
    outcome = Outcome(all=len(jobs))
    with folder_lock(out / LOCK_FOLDER, what="another restore"):
        ledger = Ledger(out)
        ledger.begin(settings, jobs=jobs, overwrite=options.overwrite)
        todo = [job for job in jobs if not ledger.has(job)]
        outcome.kept = len(jobs) - len(todo)
        reports.progress(outcome.kept, outcome.all)
        _Run(
            ledger, model=model, options=options, reports=reports,
            identity=digest_of(settings), outcome=outcome,
        ).over(todo)  # fmt: skip
        _clear(out / LOCK_FOLDER)
    return outcome


def _clear(folder: Path) -> None:
    """Takes the lock's folder away, while the lock in it is still held."""
    (folder / "lock").unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


class _Run:
    def __init__(
        self,
        ledger: Ledger,
        *,
        model: Model,
        options: RestoreOptions,
        reports: Reports,
        identity: str,
        outcome: Outcome,
    ) -> None:
        self.ledger, self.model, self.options, self.reports = ledger, model, options, reports
        self.identity, self.outcome = identity, outcome
        self._seen_first = False
        self._writing: tuple[Job, Finished, Future[None]] | None = None

    def over(self, jobs: Sequence[Job]) -> None:
        """All of them. At most one picture is read ahead and one is being written."""
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
            ahead = [reader.submit(self._read, job) for job in jobs[:1]]
            try:
                for place, job in enumerate(jobs):
                    with self._told(job):
                        read: _Read | None = None
                        try:
                            read = ahead.pop().result()
                        except _FAILURES as error:
                            self._fail(job, error)
                        ahead += [reader.submit(self._read, one) for one in jobs[place + 1 :][:1]]
                        if read is not None:
                            self._one(job, read, writer=writer)
            finally:
                self._settle()

    def _told(self, job: Job) -> AbstractContextManager[None]:
        """While the job is at hand, how long it has taken is told; a video tells its frames."""
        waiting = self.reports.waiting
        if waiting is None or is_video(job.source):
            return nullcontext()
        return told_while(lambda seconds: waiting(str(job.source), seconds))

    def _read(self, job: Job) -> _Read:
        status = job.source.stat()
        if is_video(job.source):
            digest = sha256_file(job.source)
            return _Read(None, False, status.st_size, status.st_mtime_ns, digest)
        data = job.source.read_bytes()
        whole = read_input(job.source, data=data)
        opened = reduced(whole, max_side=self.options.max_side)
        digest = hashlib.sha256(data).hexdigest()
        return _Read(opened, opened is not whole, len(data), status.st_mtime_ns, digest)

    def _one(self, job: Job, read: _Read, *, writer: ThreadPoolExecutor) -> None:
        began = time.monotonic()
        try:
            made = self._video(job) if read.opened is None else self._picture(read.opened)
        except _FAILURES as error:
            _stop_if_full(error, job=job, done=self.outcome.finished)
            self._fail(job, error)
            return
        self.outcome.reduced += read.was_reduced
        row = Finished(
            name=job.name, size=read.size, changed=read.changed, sha256=read.sha256,
            seconds=round(time.monotonic() - began, 3),
        )  # fmt: skip
        self._settle()
        self._writing = (job, row, writer.submit(self._write, job, made))

    def _picture(self, opened: Opened) -> Opened:
        picture = to_unit(opened.pixels)
        if not self._seen_first:
            self.reports.first(picture)
            self._seen_first = True
        pixels = _quantised(self.model.restore(picture), like=opened.pixels)
        alpha = opened.alpha
        if alpha is not None:
            alpha = _enlarged_alpha(alpha, scale=self.model.scale, size=pixels.shape[:2])
        return Opened(pixels, alpha, opened.profile)

    def _video(self, job: Job) -> None:
        def restore(picture: NDArray[np.float32]) -> Samples:
            height, width = picture.shape[:2]
            size = long_side(height, width, self.options.max_side or max(height, width))
            if size != (height, width):
                picture = resize_matlab(picture, size=size, reading="matlab-bicubic-double")
            return self.model.restore(picture)

        restore_video(
            job.source,
            out=job.target,
            restore=restore,
            options=VideoOptions(identity=self.identity),
            report=lambda done, total: self.reports.inner(job.name, done, total),
        )

    def _write(self, job: Job, made: Opened | None) -> None:
        if made is not None:  # a video is written as it is restored
            write_whole(job.target, encode(made, kind=self.options.format))

    def _settle(self) -> None:
        """Waits for the result that is being written, and notes it."""
        if self._writing is None:
            return
        job, row, writing = self._writing
        self._writing = None
        try:
            writing.result()
        except OSError as error:
            raise _cannot_write(error, job=job, done=self.outcome.finished) from error
        except (ValueError, MemoryError) as error:
            self._fail(job, error)
            return
        self.ledger.add(row)
        self.outcome.finished += 1
        self._report()

    def _fail(self, job: Job, error: BaseException) -> None:
        said = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            said = error.strerror
        self.outcome.failed.append(job.name)
        self.reports.failed(str(job.source), said.removeprefix(f"{job.source}: "))
        self._report()

    def _report(self) -> None:
        outcome = self.outcome
        done = outcome.kept + outcome.finished + len(outcome.failed)
        self.reports.progress(done, outcome.all)


def _stop_if_full(error: BaseException, *, job: Job, done: int) -> None:
    if isinstance(error, OSError) and error.errno in _FULL:
        raise _cannot_write(error, job=job, done=done) from error


def _cannot_write(error: OSError, *, job: Job, done: int) -> RuntimeError:
    return RuntimeError(
        f"{job.target}: cannot be written ({error.strerror or error}); the {done} that were "
        "finished are kept, and the same command goes on from there"
    )


def _quantised(picture: Samples, *, like: NDArray[Any]) -> NDArray[Any]:
    """8 or 16 bits of the clipped picture, rounded half to even."""
    if picture.shape[2] not in (1, 3):
        raise ValueError(f"the model gave {picture.shape[2]} channels; a picture has 1 or 3")
    if like.dtype == np.uint8:
        return to_u8(picture)
    return np.rint(np.clip(picture, 0.0, 1.0) * 65535.0).astype(np.uint16)


def _enlarged_alpha(alpha: NDArray[Any], *, scale: Scale, size: tuple[int, ...]) -> NDArray[Any]:
    """MATLAB's bicubic, as colours have it without a network; opaque stays opaque."""
    top = np.iinfo(alpha.dtype).max
    if (alpha == top).all():
        return np.full(size, top, alpha.dtype)
    if scale == 1:
        return alpha
    return resize_matlab(alpha, scale=float(scale))[: size[0], : size[1]]
