"""Where the time of one source goes: the real build of a part, its stages timed on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from builders.kinds.scene import SceneTask
from builders.worker import make_part

# Stage -> the name by which the build calls it. A stage inside another counts as itself alone.
_STAGES = {
    "read and hash": ("builders.kinds.exposure", "read_source"),
    "unpack": ("builders.kinds.exposure", "read_raw"),
    "demosaic (LibRaw)": ("builders.kinds.exposure", "demosaic"),
    "normalise": ("builders.demosaic", "normalise"),
    "wrap as DNG": ("builders.demosaic", "write_dng"),
    "clip mask": ("builders.frame", "clip_mask"),
    "crop and turn": ("builders.demosaic", "_cut"),
    "highlights and resize": ("builders.kinds.capture", "develop"),
    "render": ("builders.kinds.capture", "render"),
    "resize after render": ("builders.kinds.capture", "shrink"),
    "screens": ("builders.kinds.patches", "screen"),
    "encode": ("builders.parts", "code_picture"),
    "write part": ("builders.parts", "save_part"),
}


class _Clock:
    """Seconds by stage, each without the stages inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside: list[float] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        self._inside.append(0.0)
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            own = spent - self._inside.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + own
            if self._inside:
                self._inside[-1] += spent

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            with self.stage(name):
                return function(*given, **named)

        return run


def part_stages(task: SceneTask, *, kind: str, path: Path) -> dict[str, float]:
    """Makes one part; returns seconds by stage, 'the rest' (records, imports) included."""
    clock = _Clock()

    with ExitStack() as stack:
        for name, (module, attribute) in _STAGES.items():
            function = getattr(import_module(module), attribute)
            stack.enter_context(patch(f"{module}.{attribute}", clock.timed(name, function)))
        with clock.stage("the rest"):
            make_part(task, kind=kind, path=path, last_try=True)
    return {name: clock.seconds[name] for name in [*_STAGES, "the rest"] if name in clock.seconds}
