"""A sheet of what the network really sees: the samples of the first steps, with what made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from baselines.training.schedule import place, total_steps
from baselines.training_data.batches import TrainingBatches
from builders.atomic import write_whole
from degrade.images import encode_picture
from degrade.sheet import Cell, labelled_grid
from evaluation.pictures import to_rgb8

WIDTH = 256  # px of a picture on the sheet
ROWS = 12  # samples on it
_SHOWN = 700  # letters of a record on the sheet; a log has it whole


def save_preview(batches: TrainingBatches, *, path: Path, step: int = 0, rows: int = ROWS) -> int:
    """Writes the samples of `step` and those after it, at most `rows` rows of input and target, as
    PNG. Values outside 0 ... 1 are clipped to be shown. Returns the rows."""
    cells: list[Cell] = []
    columns = 2
    for pictures, facts in _samples(batches, step):
        own = [_cell(side, one, facts) for side, one in pictures.items()]
        columns = len(own)
        cells += own
        if len(cells) >= columns * rows:
            break
    sheet = labelled_grid(cells, columns=columns, width=WIDTH)
    write_whole(path, encode_picture(sheet, codec="png"))
    return len(cells) // columns


def _samples(
    batches: TrainingBatches, step: int
) -> Iterator[tuple[dict[str, Tensor], Mapping[str, Any]]]:
    """Pictures by side, and facts, of every sample from `step` on."""
    stages = batches.config.stages
    for number in range(step, total_steps(stages)):
        where = place(stages, number)
        stage = stages[where.stage]
        facts = iter(batches.describe_samples(where, stage))
        for batch in batches.at(where, stage):
            for index in range(len(batch.keys)):
                yield {side: one[index] for side, one in batch.pictures.items()}, next(facts)


def _cell(side: str, picture: Tensor, facts: Mapping[str, Any]) -> Cell:
    height, width = picture.shape[1:]
    lines = [f"{side} {width}x{height}, {float(picture.min()):.3f} ... {float(picture.max()):.3f}"]
    if side in ("lq", "low"):
        lines += [str(facts["key"]), _short(facts)]
    shown = to_rgb8(_rows(picture))
    return Cell(shown, tuple(lines))


def _rows(picture: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(picture.detach().float().cpu().numpy().transpose(1, 2, 0))


def _short(facts: Mapping[str, Any]) -> str:
    """What made a sample, in some words: numbers to three figures."""
    record = facts.get("record", {})
    steps = record.get("degradation", record).get("steps", {})  # a stored pair's, or a drawn one
    drawn = {
        name: {k: v for k, v in values.items() if k not in ("operator", "seed")}
        for name, values in steps.items()
    }
    kept = {k: v for k, v in facts.items() if k not in ("key", "record", "inner")}
    text = " ".join(_words({**kept, **drawn}))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def _words(facts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{name}({' '.join(_words(value))})"
        elif value is not False:
            shown = f"{value:.3g}" if isinstance(value, float) else str(value).replace(" ", "")
            yield f"{name}={shown}"
