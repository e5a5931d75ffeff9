"""The log of a run: RUN/log.jsonl, RUN/tensorboard, and a line for people."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from baselines.configs.config import Config
from baselines.training.session import Session, Step
from baselines.watching.board import Board
from baselines.watching.eta import Pace, shown_time
from baselines.watching.lines import (
    LOG_FILE,
    MODEL,
    Line,
    Scores,
    Steps,
    append_line,
    cut_log,
)


class _Sums:
    """Sums of named values, each with the number of its summands.

    Tensors are summed on their device, in 64 bits, as floats are: fetching every value would make
    every step wait for the device. MPS has no 64 bits.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[float | Tensor, int]] = {}

    def add(self, name: str, value: float | Tensor) -> None:
        total, count = self._held.get(name, (0.0, 0))
        own: float | Tensor
        if isinstance(value, Tensor) and value.device.type != "mps":
            own = value.detach().double()
        else:
            own = float(value)
        self._held[name] = (total + own, count + 1)

    def means(self) -> dict[str, float]:
        return {name: total / count for name, (total, count) in self.plain().items()}

    def plain(self) -> dict[str, tuple[float, int]]:
        """Sum and number by name."""
        return {name: (float(total), count) for name, (total, count) in self._held.items()}

    def take_over(self, plain: Mapping[str, Sequence[Any]]) -> None:
        """What `plain` gave."""
        self._held = {name: (total, count) for name, (total, count) in plain.items()}


class Log:
    """A line of means every `config.log_every` steps and after the last, and lines of scores.

    folder: RUN. total: steps of the whole run. say: takes the same for people. `lines` holds what
    the file does. The main process alone writes; others may call everything too. Where a line
    falls, and what it holds but for times, follows from the steps alone: a run that was stopped
    and goes on writes the lines of an unbroken one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: Config,
        total: int,
        say: Callable[[str], None],
        tensorboard: bool = True,
    ) -> None:
        self.path = folder / LOG_FILE
        self.lines: list[Line] = []
        self._config, self._total, self._say = config, total, say
        self._with_board = tensorboard
        self._board: Board | None = None
        self._writes = False
        self._pace = Pace(config.stages)
        self._forget()
        self._start_clock(0.0)

    def begin(self, session: Session) -> None:
        """Once for each session, before its first step: cuts off what was logged behind its step
        (see `cut_log`) and starts the clock. Raises ValueError for a damaged line."""
        if not session.processes.is_main:
            return
        if not self._writes:
            self._writes = True
            self.lines = cut_log(self.path, after=session.step)
            if self._with_board:
                self._board = Board(self.path.parent, step=session.step)
        self._start_clock(session.batches.waited)

    def hook(self, session: Session, step: Step) -> None:
        """Takes in a step that was taken, and writes where a line is due."""
        if not self._writes:
            return
        self._take_in(step)
        if session.step % self._config.log_every == 0 or session.step == self._total:
            line = self._line(session, step)
            self._write(line)
            self._say(shown_steps(line, total=self._total, stages=len(self._config.stages)))
            self._forget()
            self._start_clock(session.batches.waited)

    def add_scores(self, line: Scores) -> None:
        """Writes a line of scores."""
        if self._writes:
            self._write(line)

    def scores(self, of: str = MODEL) -> list[Scores]:
        """Lines of scores so far, of the model or of a classical method."""
        return [one for one in self.lines if isinstance(one, Scores) and one.of == of]

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens within it counts to no step (validation, saving)."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - begun
            self._aside += took
            self._pace.add_aside(took)

    def close(self) -> None:
        """After the last call; may be called twice."""
        if self._board is not None:
            self._board.close()
            self._board = None
        self._writes = False

    def state_dict(self) -> dict[str, Any]:
        """The sums since the last line: they belong to the state of the run."""
        return {
            "terms": {name: list(one) for name, one in self._terms.plain().items()},
            "norms": {name: list(one) for name, one in self._norms.plain().items()},
            "overflows": self._overflows,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over sums that `state_dict` gave."""
        self._terms.take_over(state["terms"])
        self._norms.take_over(state["norms"])
        self._overflows = state["overflows"]

    def _take_in(self, step: Step) -> None:
        self._steps += 1
        for name, value in step.terms.items():
            self._terms.add(name, value)
        finite = {name: norm for name, norm in step.norms.items() if math.isfinite(norm)}
        for name, norm in finite.items():
            self._norms.add(name, norm)
        self._overflows += len(finite) < len(step.norms)

    def _line(self, session: Session, step: Step) -> Steps:
        took = max(time.perf_counter() - self._clock - self._aside, 1e-9)
        waited = max(0.0, session.batches.waited - self._waited)
        self._pace.add(step.where.stage, seconds=took, steps=self._steps)
        return Steps(
            step=session.step,
            stage=step.where.stage,
            terms=self._terms.means(),
            norms=self._norms.means(),
            overflows=self._overflows,
            rates=dict(step.rates),
            seconds=took / self._steps,
            waiting=min(1.0, waited / took),
            left=self._pace.left(session.step),
        )

    def _write(self, line: Line) -> None:
        append_line(self.path, line)
        self.lines.append(line)
        if self._board is not None:
            self._board.add(line)

    def _forget(self) -> None:
        self._terms, self._norms, self._overflows = _Sums(), _Sums(), 0

    def _start_clock(self, waited: float) -> None:
        self._clock, self._aside, self._steps, self._waited = time.perf_counter(), 0.0, 0, waited


def shown_steps(line: Steps, *, total: int, stages: int) -> str:
    """A line of means for people; where there is one turn, its name is left out."""
    alone = len({name.partition("/")[0] for name in line.terms}) <= 1

    def short(name: str) -> str:
        return name.rpartition("/")[2] if alone else name

    parts = [f"step {line.step:,}/{total:,}"]
    if stages > 1:
        parts.append(f"stage {line.stage + 1}/{stages}")
    parts += [f"{short(name)} {value:.4g}" for name, value in line.terms.items()]
    several = len(line.norms) > 1
    parts += [
        f"gradient{' ' + name.rpartition('/')[2] if several else ''} {norm:.3g}"
        for name, norm in line.norms.items()
    ]
    parts += [f"rate{'' if alone else ' ' + turn} {rate:.3g}" for turn, rate in line.rates.items()]
    if line.overflows:
        parts.append(f"{line.overflows} overflowed")
    parts += [f"{line.seconds:.3g} s/step", f"data {100 * line.waiting:.0f} %"]
    if line.step < total:
        parts.append(f"{shown_time(line.left)} left")
    return "  ".join(parts)
