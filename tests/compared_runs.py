"""What the tests of comparisons share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from evaluation.comparison.compare import Comparison, compare_runs, load_run
from evaluation.runs.rows import Row

Make = Callable[..., Path]


def moved(rows: Sequence[Row], *, by: float, metric: str = "psnr") -> list[Row]:
    """The rows with a score changed."""
    return [
        Row(
            **{
                **{field: getattr(row, field) for field in Row.__struct_fields__},
                "scores": {**row.scores, metric: (row.scores[metric] or 0.0) + by},
            }
        )
        for row in rows
    ]


def compared(*folders: Path, metrics: Sequence[str] = ()) -> Comparison:
    return compare_runs([load_run(folder) for folder in folders], metrics=metrics)
