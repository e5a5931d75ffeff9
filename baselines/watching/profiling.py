"""Where the time of a step goes: `--profile`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from baselines.objectives.turn import Turn
from baselines.training.loop import Hook, train
from baselines.training.session import Session
from builders.atomic import whole_file, write_whole

TABLE_FILE, TRACE_FILE = "profile.txt", "trace.json"
WARM_UP, MEASURED = 3, 5  # steps: kernels are chosen and memory is taken in the first ones
_ROWS = 30  # operators of the table
DATA, FORWARD, BACKWARD, OPTIMISER, AMONG = (
    "waiting for data", "forward", "backward", "optimiser", "among processes",
)  # fmt: skip
PHASES = (DATA, FORWARD, BACKWARD, OPTIMISER, AMONG)


class _Clock:
    """Seconds by phase. Each call waits for the device before and after, so that a graphics card's
    work counts where it belongs; the whole is a little slower for it."""

    def __init__(self, device: torch.device) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self._wait = torch.cuda.synchronize if device.type == "cuda" else _nothing

    def timed(self, call: Callable[..., Any], *, phase: str) -> Callable[..., Any]:
        """The same call, its time added to the phase."""

        @wraps(call)
        def measured(*given: Any) -> Any:
            self._wait()
            begun = time.perf_counter()
            with record_function(phase):
                result = call(*given)
                self._wait()
            self.seconds[phase] += time.perf_counter() - begun
            return result

        return measured


def profile_steps(
    session: Session,
    *,
    folder: Path,
    until: int,
    hooks: Sequence[Hook] = (),
    say: Callable[[str], None],
) -> None:
    """Takes WARM_UP steps and MEASURED more of the run, which stay part of it (fewer where `until`
    comes first), and writes RUN/profile.txt and RUN/trace.json (for chrome://tracing or Perfetto).

    All processes call it; the main one writes of itself. Raises as `train` does.
    """
    measured = min(MEASURED, until - session.step)
    if measured < 1:
        say(f"--profile: the run is at its last step, {session.step}: nothing to measure")
        return
    warm = min(WARM_UP, until - session.step - measured)
    train(session, until=session.step + warm, hooks=hooks)
    first = session.step
    device = session.processes.device
    clock = _Clock(device)
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with _measured(session, clock), profile(activities=activities) as profiler:
        begun = time.perf_counter()
        train(session, until=first + measured, hooks=hooks)
        took = time.perf_counter() - begun
    if not session.processes.is_main:
        return
    with whole_file(folder / TRACE_FILE) as temporary:
        profiler.export_chrome_trace(str(temporary))
    order = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    table = profiler.key_averages().table(sort_by=order, row_limit=_ROWS)
    lines = share_lines(clock.seconds, took=took, steps=measured)
    head = f"steps {first + 1} to {first + measured} on {device}, after {warm} steps of warm-up"
    write_whole(folder / TABLE_FILE, "\n".join((head, "", *lines, "", table, "")).encode())
    for line in (head, *lines):
        say(line)
    say(f"operators by time: {folder / TABLE_FILE}; trace: {folder / TRACE_FILE}")


def share_lines(seconds: Mapping[str, float], *, took: float, steps: int) -> list[str]:
    """Phase by phase the time of a step and its share; what belongs to none (hooks, clipping's
    bookkeeping) is the rest."""
    rest = max(0.0, took - sum(seconds.values()))
    named = {name: value for name, value in seconds.items() if value or name in PHASES[:4]}
    return [
        f"{name:<18} {1000 * value / steps:9.2f} ms a step  {100 * value / took:5.1f} %"
        for name, value in {**named, "rest": rest, "in all": took}.items()
    ]


@contextmanager
def _measured(session: Session, clock: _Clock) -> Iterator[None]:
    """Within it the session's calls are timed; after it they are what they were."""
    objective = session.objective

    def timed(turn: Turn) -> Turn:
        return replace(turn, loss=clock.timed(turn.loss, phase=FORWARD))

    calls: list[tuple[Any, str, str]] = [
        (session.batches, "at", DATA),
        (session.processes, "backward", BACKWARD),
        (session.processes, "average", AMONG),
        (session.processes, "move", OPTIMISER),
        (session.averaged, "update", OPTIMISER),
        *((one, "clip", OPTIMISER) for one in session.optimizers.values()),
    ]
    if session.processes.count == 1:
        calls = [call for call in calls if call[2] != AMONG]
    session.objective = replace(objective, turns=tuple(map(timed, objective.turns)))
    own = [vars(owner).get(name) for owner, name, _ in calls]  # None: its class's
    for owner, name, phase in calls:
        call = getattr(owner, name)
        timed_call = _timed_clip(clock, call) if name == "clip" else clock.timed(call, phase=phase)
        setattr(owner, name, timed_call)
    try:
        yield
    finally:
        session.objective = objective
        for (owner, name, _), before in zip(calls, own, strict=True):
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def _timed_clip(clock: _Clock, clip: Callable[..., None]) -> Callable[..., None]:
    """An optimiser's `clip`, the one of the calls that takes an argument by its name."""
    by_place = clock.timed(lambda rate, norm: clip(rate, norm=norm), phase=OPTIMISER)

    def clipped(rate: float, *, norm: float) -> None:
        by_place(rate, norm)

    return clipped


def _nothing() -> None:
    """A processor's work is done when its call returns."""
