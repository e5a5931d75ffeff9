"""Which pictures a run is validated on, and by which metrics: all that can be wrong is found before
the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from baselines.configs.config import Validation
from baselines.training_data.sources import Sources
from builders.manifest import load_manifest
from degrade.option_error import OptionError, nearest
from evaluation.benchmark import Benchmark
from evaluation.metrics.metric import Metric
from evaluation.metrics.table import open_scorers
from evaluation.models.restorer import Restorer
from evaluation.pictures import Case
from evaluation.runs.scoring import check_suits
from evaluation.sets.choose import DEMO, choose_set

_SCALE = "{scale}"


@dataclass(frozen=True)
class ValidationSet:
    """cases: of the benchmark, in order; limit: of them that are scored, 0 for all. metrics: that
    can be had, by name. best: the one that chooses. notes: what could not be told, metrics that
    cannot be had."""

    benchmark: Benchmark
    cases: Sequence[Case]
    limit: int
    metrics: Mapping[str, Metric]
    best: Metric
    notes: tuple[str, ...]

    @property
    def scored(self) -> Sequence[Case]:
        """The cases that are scored."""
        return self.cases[: self.limit or None]

    @property
    def pictures(self) -> int:
        """How many are scored."""
        return len(self.scored)

    def better(self, value: float, *, than: float) -> bool:
        """By the metric that chooses."""
        return value > than if self.best.better == "higher" else value < than


def open_validation_set(
    validation: Validation,
    *,
    restorer: Restorer,
    sources: Sources,
    roots: Sequence[Path],
    device: str,
) -> ValidationSet:
    """The set of a config for the model as it is now.

    Raises OptionError for a name or metric that is wrong, FileNotFoundError where the set is not
    found, ValueError where its files are not right or the model does not suit it.
    """
    scale = restorer.scale or restorer.default_scale
    name = _set_name(validation, sources=sources, scale=scale)
    meant = replace(restorer, scale=scale)  # which demo is meant, where the network has no scale
    try:
        chosen = choose_set(name, roots=roots, restorer=meant, report=_silent)
    except OptionError as error:
        raise OptionError(_renamed(error)) from error
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{_renamed(error)}; or set validation.set=demo") from error
    benchmark, cases = chosen.benchmark, chosen.found.cases
    check_suits(benchmark, restorer)
    metrics, notes = _metrics(validation, benchmark, cases, device=device)
    if name == DEMO and not validation.set:
        notes.append(f"validated on {benchmark.name}, for want of a val split; --val names a set")
    return ValidationSet(
        benchmark=benchmark,
        cases=cases,
        limit=validation.limit,
        metrics=metrics,
        best=metrics[validation.best],
        notes=(*chosen.notes, *notes),
    )


def _set_name(validation: Validation, *, sources: Sources, scale: int) -> str:
    """What --set of evaluate would be given."""
    if validation.set:
        if _SCALE in validation.set and not scale:
            raise OptionError(
                f"validation.set {validation.set}: this network has several scales or none; name "
                "the set of one of them"
            )
        return validation.set.replace(_SCALE, str(scale))
    for root in sources.pairs:
        manifest = load_manifest(root.folder)
        if manifest.splits.get("val"):
            variant = f"/x{scale}" if manifest.kind == "pyramid" and scale else ""
            return f"{root.folder}:val{variant}"
    return DEMO


def _metrics(
    validation: Validation, benchmark: Benchmark, cases: Sequence[Case], *, device: str
) -> tuple[dict[str, Metric], list[str]]:
    """Those that can be had, and a note on each that cannot."""
    best = validation.best
    names = validation.metrics or benchmark.protocol.metrics
    targets = any(case.has_target for case in cases)
    try:
        scorers, unavailable = open_scorers(names, device=device, targets=targets)
    except OptionError as error:
        raise OptionError(_renamed(error)) from error
    metrics = {name: metric for name, (metric, _) in scorers.items()}
    if best not in metrics:
        why = next((str(one) for one in unavailable if one.metric == best), "")
        raise OptionError(
            f"validation.best {best}: {why}"
            if why
            else f"validation.best {best}: not among the metrics of {benchmark.name}, "
            f"{', '.join(metrics) or 'of which none can be had'}{nearest(best, metrics)}; name it "
            "in validation.metrics, or choose by one of them"
        )
    return metrics, [f"{one}; validations go without it" for one in unavailable]


def _renamed(error: Exception) -> str:
    """The message with the config's names of the options."""
    return str(error).replace("--set", "validation.set").replace("--metrics", "validation.metrics")


def _silent(_done: int, _total: int) -> None:
    """Files are checked without a word."""
