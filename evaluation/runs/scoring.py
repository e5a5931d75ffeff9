"""One row: a picture through the model, its output through the metrics."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.benchmark import Benchmark
from evaluation.inputs import channels_of, scale_of
from evaluation.metrics.metric import Judged, Metric, Scorer
from evaluation.models.restorer import Restorer
from evaluation.pictures import Case, Samples, Shown
from evaluation.runs.judge import judge, model_input, takes_luma
from evaluation.runs.rows import AT, Row


@dataclass(frozen=True)
class Restored:
    """A case's pictures and the model's output for them. seconds: of the model alone. notes: what
    the model said meanwhile."""

    shown: Shown
    output: Samples
    seconds: float
    notes: list[str]


@dataclass(frozen=True)
class Scoring:
    """How every row of a run is scored."""

    benchmark: Benchmark
    restorer: Restorer
    scorers: Mapping[str, tuple[Metric, Scorer]]

    def restore(self, case: Case) -> Restored:
        """Reads or makes a case's pictures and runs the model. Errors are ValueErrors naming it."""
        try:
            shown = case.show()
            given = model_input(
                shown.lq, channels=self.restorer.channels, protocol=self.benchmark.protocol
            )
            said = len(self.restorer.notes)
            began = time.perf_counter()
            output = self.restorer.restore(given, scale_of(self.benchmark.inputs))
            seconds = time.perf_counter() - began
            return Restored(shown, output, seconds, self.restorer.notes[said:])
        except ValueError as error:
            raise ValueError(f"{case.name}: {error}") from error

    def score(self, index: int, case: Case, *, restored: Restored) -> Row:
        """The row of a restored case."""
        shown, output = restored.shown, restored.output
        targets = shown.targets or {"": None}
        try:
            judged = {
                name: judge(output, target, lq=shown.lq, protocol=self.benchmark.protocol)
                for name, target in targets.items()
            }
        except ValueError as error:
            raise ValueError(f"{case.name}: {error}") from error
        scores: dict[str, float | None] = {}
        unscored: dict[str, str] = {}
        for name, (metric, scorer) in self.scorers.items():
            if metric.mode == "set":
                continue
            sides = judged if metric.mode == "full" else dict(list(judged.items())[:1])
            taken: dict[str, float | None] = {}
            for side, one in sides.items():
                try:
                    taken[side] = _score(scorer, one)
                except ValueError as error:
                    taken[side], unscored[name] = None, str(error)
            if len(taken) > 1:
                scores.update({f"{name}{AT}{side}": value for side, value in taken.items()})
            scores[name] = _mean(list(taken.values()))
        return Row(
            index=index,
            name=case.name,
            groups=list(case.groups),
            height=output.shape[0],
            width=output.shape[1],
            seconds=restored.seconds,
            scores=scores,
            unscored=unscored,
            notes=restored.notes,
        )


def _score(scorer: Scorer, judged: Judged) -> float:
    value = float(scorer(judged))
    if math.isnan(value):
        raise ValueError("the score is not a number")
    return value


def check_suits(benchmark: Benchmark, restorer: Restorer) -> list[str]:
    """Notes on how the model is run on the set. Raises ValueError where it cannot be: another
    scale, other channels."""
    scale = scale_of(benchmark.inputs)
    if restorer.scale not in (0, scale):
        remedy = "choose a set of its scale"
        if restorer.scale == 1:
            remedy = "a network for enlarged pictures (SRCNN, VDSR) takes --pre-upsample"
        raise ValueError(
            f"{restorer.name} enlarges by {restorer.scale}, {benchmark.name} asks for {scale}: "
            f"{remedy}"
        )
    channels = channels_of(benchmark.inputs) * max(len(benchmark.joined), 1)
    if not restorer.channels or channels in restorer.channels:
        return []
    if takes_luma(restorer.channels, given=channels, protocol=benchmark.protocol):
        return ["the model takes one channel: it was given the luma of the RGB inputs"]
    takes = " or ".join(map(str, restorer.channels))
    raise ValueError(
        f"{restorer.name} takes pictures of {takes} channel(s), {benchmark.name} has {channels}; "
        "pairsmith sets NAME says what a set has"
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
