"""Metrics that judge all outputs of a set together: FID, KID."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from builders.atomic import write_whole
from degrade.images import encode_picture
from evaluation.metrics.metric import Metric
from evaluation.pictures import Samples, to_rgb8
from evaluation.runs.summary import Score

_SIDES = ("outputs", "targets")


class SetScores:
    """Collects pictures as a run makes them, and scores them once all are there.

    What is collected lies in the run's hidden folder as 8-bit PNG, so a run that is stopped goes
    on with what it had. Where no such metric is asked for, nothing is kept.
    """

    def __init__(self, folder: Path, *, metrics: Mapping[str, Metric], device: str) -> None:
        self._folder, self._device = folder, device
        self._names = [name for name, metric in metrics.items() if metric.mode == "set"]

    def add(self, index: int, *, output: Samples, targets: Mapping[str, Samples]) -> None:
        """Keeps row `index`'s output and its first target."""
        if not self._names:
            return
        for side, picture in zip(_SIDES, (output, next(iter(targets.values()), None)), strict=True):
            if picture is not None:
                path = self._folder / side / f"{index:05d}.png"
                write_whole(path, encode_picture(to_rgb8(picture), codec="png"))

    def scores(self) -> dict[str, Score]:
        """Metric -> its score of what was collected; no interval."""
        from evaluation.metrics.distribution import open_distribution

        if not self._names:
            return {}
        outputs, targets = (sorted((self._folder / side).glob("*.png")) for side in _SIDES)
        found = {}
        for name in self._names:
            value = open_distribution(name, device=self._device)(outputs, targets)
            found[name] = Score(value, None, None, len(outputs), 0)
        return found
