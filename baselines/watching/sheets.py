"""The same validation pictures at every interval: input | output | target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from builders.atomic import write_whole
from degrade.images import encode_picture
from degrade.sheet import Cell, labelled_grid
from evaluation.benchmark import Benchmark
from evaluation.inputs import GaussianNoise
from evaluation.metrics.luma import luma_rounded
from evaluation.models.restorer import Restorer
from evaluation.pictures import Case, Samples, to_rgb8
from evaluation.runs.rows import kept_rows
from evaluation.runs.scoring import Scoring

SHEETS = "sheets"
MOST = 4  # cases of a sheet
SIDE = 320  # pixels of the target that a cell shows at 1:1, and its width


def write_sheet(
    path: Path,
    *,
    title: str,
    cases: Sequence[Case],
    benchmark: Benchmark,
    restorer: Restorer,
    scores: Mapping[str, Mapping[str, str]],
) -> None:
    """A PNG of up to 4 cases, evenly through the set, the middle of each where it is large.

    title: of the outputs. scores: 'input' and 'output' -> case -> what stands below (see
    `first_scores`); either may be missing. A network of luma is shown beside luma. Raises
    ValueError naming a case that cannot be restored.
    """
    if restorer.at_noise is not None and isinstance(benchmark.inputs, GaussianNoise):
        restorer = restorer.at_noise(benchmark.inputs.sigma)
    scoring = Scoring(benchmark, restorer, {})
    cells: list[Cell] = []
    for case in spread(cases, most=MOST):
        restored = scoring.restore(case)
        target = next(iter(restored.shown.targets.values()), None)
        shown = {"input": restored.shown.lq, "output": restored.output}
        if target is not None:
            shown["target"] = target
        if restorer.luma:
            shown = {kind: _luma(picture) for kind, picture in shown.items()}
        size = restored.output.shape[:2]
        for kind, picture in shown.items():
            name = {"input": case.name, "output": title, "target": "target"}[kind]
            score = scores.get(kind, {}).get(case.name, "")
            lines = tuple(line for line in (name, score) if line)
            cells.append(Cell(_middle(picture, size=size), lines))
    columns = 3 if any(case.has_target for case in cases) else 2
    sheet = labelled_grid(cells, columns=columns, width=SIDE)
    write_whole(path, encode_picture(sheet, codec="png"))


def spread(cases: Sequence[Case], *, most: int) -> list[Case]:
    """Up to `most` of them, evenly from the first on."""
    count = min(most, len(cases))
    return [cases[number * len(cases) // count] for number in range(count)]


def first_scores(run: Path, *, of: str = "") -> dict[str, str]:
    """Case -> its score by a run's first metric: 'psnr 30.14', or 'bicubic: psnr 30.14'."""
    before = f"{of}: " if of else ""
    found = {}
    for row in kept_rows(run):
        first = next(((n, v) for n, v in row.scores.items() if v is not None), None)
        if first is not None:
            found[row.name] = f"{before}{first[0]} {first[1]:.4g}"
    return found


def _luma(picture: Samples) -> Samples:
    return picture if picture.shape[2] == 1 else luma_rounded(to_rgb8(picture))[..., None]


def _middle(picture: Samples, *, size: tuple[int, ...]) -> np.ndarray:
    """The middle window of a picture [H,W,3] uint8 as it would be at `size`; a smaller picture is
    enlarged by repeating its pixels."""
    eight = to_rgb8(picture)
    sides = [range(max(0, (side - SIDE) // 2), max(0, (side - SIDE) // 2) + min(side, SIDE))
             for side in size]  # fmt: skip
    rows, columns = (
        np.asarray(side) * own // whole
        for side, own, whole in zip(sides, eight.shape[:2], size, strict=True)
    )
    return eight[np.ix_(rows, columns)]
