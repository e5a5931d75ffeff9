"""The table of benchmarks, by the names that `--set` takes."""

from __future__ import annotations

from evaluation.benchmark import Benchmark
from evaluation.benchmarks.deblur import DEBLUR
from evaluation.benchmarks.defocus import DEFOCUS
from evaluation.benchmarks.demo import DEMO
from evaluation.benchmarks.denoise import DENOISE
from evaluation.benchmarks.derain import DERAIN
from evaluation.benchmarks.exposure import EXPOSURE
from evaluation.benchmarks.lowlight import LOWLIGHT
from evaluation.benchmarks.real_denoise import REAL_DENOISE
from evaluation.benchmarks.real_sr import REAL_SR
from evaluation.benchmarks.sr import SR

BENCHMARKS: dict[str, Benchmark] = {
    **SR, **REAL_SR, **DENOISE, **REAL_DENOISE, **DEBLUR, **DEFOCUS, **DERAIN, **LOWLIGHT,
    **EXPOSURE, **DEMO,
}  # fmt: skip
