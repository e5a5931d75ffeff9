"""Small runs: a set of made pictures, models that are plain functions, run folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from set_folders import scene

from evaluation.benchmark import Benchmark
from evaluation.inputs import GaussianNoise, make_shown
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Case, Samples, Shown
from evaluation.protocol import Protocol
from evaluation.runs.run import RunOptions, run_evaluation
from evaluation.runs.summary import Summary

NOISY = Benchmark(
    name="small", title="small pictures, noise of 25", task="denoise", citation="made here",
    layout=None, count=6, inputs=GaussianNoise(sigma=25), protocol=Protocol(),
    groups={"odd": ("odd",), "even": ("even",)}, folders=("small",), download="nothing",
)  # fmt: skip


def small_cases(count: int = 6) -> list[Case]:
    """Cases of 40x48 pixels, named p0, p1 ...; every second one is odd."""

    def reader(number: int) -> Callable[[], Shown]:
        return lambda: make_shown(NOISY.inputs, scene(number, size=(40, 48)))

    return [
        Case(f"p{number}", reader(number), ("odd" if number % 2 else "even",), stored=False)
        for number in range(count)
    ]


def model(restore: Callable[[Samples, Scale], Samples], *, name: str = "own") -> Restorer:
    """A restorer of any function."""
    return Restorer(restore=restore, name=name, scale=1, channels=(3,), facts={"kind": "function"})


def identity(picture: Samples, scale: Scale) -> Samples:
    """The input."""
    assert scale == 1
    return picture


def evaluate(
    run: Path,
    *,
    restorer: Restorer | None = None,
    benchmark: Benchmark = NOISY,
    cases: Sequence[Case] | None = None,
    options: RunOptions | None = None,
) -> Summary:
    """A run into the folder."""
    return run_evaluation(
        benchmark,
        small_cases() if cases is None else cases,
        restorer=restorer or model(identity),
        run=run,
        options=options or RunOptions(),
        report=lambda _done, _total: None,
    )


def with_targets_as_outputs(indices: Sequence[int]) -> list[Case]:
    """Cases of which those named have no noise, so that identity is perfect there."""
    cases = small_cases()
    for index in indices:
        target = scene(index, size=(40, 48))
        shown = Shown(target.astype(np.float32) / np.float32(255), {"": target})
        cases[index] = replace(cases[index], show=lambda shown=shown: shown)
    return cases
