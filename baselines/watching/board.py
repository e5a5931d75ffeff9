"""The log's values for TensorBoard."""

from __future__ import annotations

import math
from pathlib import Path

from baselines.watching.lines import Line, Scores

BOARD_FOLDER = "tensorboard"


class Board:
    """Event files below RUN/tensorboard. step: taken so far; what an earlier call of the same run
    wrote behind it is dropped by TensorBoard, as `cut_log` drops it from the log."""

    def __init__(self, folder: Path, *, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # seconds to import: only where it writes

        self._writer = SummaryWriter(str(folder / BOARD_FOLDER), purge_step=step + 1)

    def add(self, line: Line) -> None:
        """The values of a line, on the disk when it returns."""
        for name, value in board_values(line).items():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, line.step)
        self._writer.flush()

    def close(self) -> None:
        """Ends the writer's thread."""
        self._writer.close()


def board_values(line: Line) -> dict[str, float]:
    """A line's numbers by TensorBoard's tags: loss/turn/term, gradient/turn/network, rate/turn,
    pace/..., scores-SET/metric (of a classical method: scores-SET-METHOD/metric)."""
    if isinstance(line, Scores):
        group = f"scores-{line.set}{'' if line.of == 'model' else f'-{line.of}'}"
        return {f"{group}/{name}": value for name, value in line.values.items()}
    return {
        **{f"loss/{name}": value for name, value in line.terms.items()},
        **{f"gradient/{name}": value for name, value in line.norms.items()},
        **{f"rate/{name}": value for name, value in line.rates.items()},
        "pace/seconds-per-step": line.seconds,
        "pace/waiting-for-data": line.waiting,
        "stage": float(line.stage),
    }
