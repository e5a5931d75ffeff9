"""What a run is called with, and how a call of it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from baselines.training_data.sources import Sources


def _unreported(_done: int, _total: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True, kw_only=True)
class Judges:
    """Weights that objectives need besides their own networks. vgg, clip: files, None for where
    their loaders look. teacher: a checkpoint. without: those that the user goes without."""

    vgg: Path | None = None
    clip: Path | None = None
    teacher: Path | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run is carried out.

    folder: of the run. roots: where benchmarks of the validation lie. seconds: after which it stops
    and can go on later, 0 for none. keep: states that stay. workers: threads that read. overwrite:
    deletes what a run has left in `folder` first. fit: micro-batches are
    chosen for the memory there is. report: (done, total) pictures whose headers have been read.
    """

    folder: Path
    sources: Sources
    roots: tuple[Path, ...] = ()
    judges: Judges = field(default_factory=Judges)
    device: str = "auto"
    deterministic: bool = False
    fit: bool = False
    seconds: float = 0.0
    keep: int = 2
    workers: int = 2
    profile: bool = False
    overwrite: bool = False
    report: Callable[[int, int], None] = _unreported


@dataclass(frozen=True)
class Ended:
    """How a call ended. step of total; why: '' where the run is done, else what stopped it."""

    step: int
    total: int
    why: str = ""

    @property
    def code(self) -> int:
        """The exit code: 1 where a signal stopped it."""
        return int(self.why.startswith("SIG"))
