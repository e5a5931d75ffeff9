"""The photographs that come with scikit-image's wheel, as a benchmark that needs no download."""

from __future__ import annotations

from collections.abc import Callable

from builders.demo import PHOTOGRAPHS, photograph_path
from evaluation.benchmark import Benchmark
from evaluation.inputs import GaussianNoise, make_shown
from evaluation.pictures import Case, Shown
from evaluation.sets.reading import read_stored


def bundled_cases(benchmark: Benchmark) -> list[Case]:
    """A case for each photograph; its input is made as the benchmark says."""
    gray = isinstance(benchmark.inputs, GaussianNoise) and benchmark.inputs.gray

    def reader(file: str) -> Callable[[], Shown]:
        def show() -> Shown:
            return make_shown(benchmark.inputs, read_stored(photograph_path(file), gray=gray))

        return show

    return [
        Case(name, reader(photograph.file), stored=False, files=(photograph.file,))
        for name, photograph in PHOTOGRAPHS.items()
    ]
