"""All that can be known of a run before its data: every value is within what it may be.

Each check raises an OptionError that begins with the dotted key, as --with takes it, and names the
value, what is allowed, and what to do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from baselines.configs.agreement import check_leg
from baselines.configs.bounds import one_of, within
from baselines.configs.config import Config, Data, Optimizer, Schedule, Stage
from baselines.objectives.choices import judges_of
from baselines.objectives.turn import Objective
from baselines.training.legs import legs_of
from baselines.training.optimizers import CLIPS, KINDS
from baselines.training.options import Judges
from baselines.training.processes import PRECISIONS
from baselines.training.schedule import factor_at, total_steps
from baselines.training_data.sources import Sources
from degrade.option_error import OptionError, nearest
from evaluation.metrics.table import FITTED, METRICS

WITHOUT = ("perceptual", "clip")  # judges that --without may name
FITS, PATCH_OF, SCALE_PER = ("crop", "resize"), ("target", "input"), ("sample", "batch")


def check_config(config: Config, *, processes: int = 1) -> None:
    """Raises OptionError for the first value that cannot be, FileNotFoundError for a recipe's file
    that is not there. processes: among which batches are cut."""
    for name, value in (("log_every", config.log_every), ("save_every", config.save_every)):
        within(name, value, least=1)
    within("seed", config.seed, least=0)
    within("ema", config.ema, least=0.0, below=1.0, remedy="0 is none, 0.999 is usual")
    one_of("precision", config.precision, allowed=PRECISIONS)
    _check_stages(config.stages, processes=processes)
    if not config.optimizers:
        raise OptionError("optimizers: is empty; each turn of the objective has one")
    total = total_steps(config.stages)
    for turn, optimizer in config.optimizers.items():
        _check_optimizer(optimizer, at=f"optimizers.{turn}", total=total)
    _check_data(config.data)
    _check_validation(config)
    for leg in legs_of(config.stages):
        check_leg(config, leg)


def check_turns(config: Config, objective: Objective) -> None:
    """Raises OptionError where the optimisers are not those of the objective's turns."""
    turns = [turn.name for turn in objective.turns]
    for name in config.optimizers:
        if name not in turns:
            raise OptionError(
                f"optimizers.{name}: no turn of this objective; it has {', '.join(turns)}"
                f"{nearest(name, turns)} (--with optimizers.{name}=null takes it out)"
            )
    for name in turns:
        if name not in config.optimizers:
            raise OptionError(
                f"optimizers.{name}: is missing, the objective has this turn; "
                f"--with 'optimizers.{name}={{\"rate\": 1e-4}}'"
            )


def check_given(config: Config, *, sources: Sources, judges: Judges) -> None:
    """Raises OptionError for an option that this config makes no use of, and for a judge to go
    without that there is not."""
    asked = judges_of(config.objective)
    for word in sorted(judges.without):
        one_of("--without", word, allowed=WITHOUT)
        if word not in asked:
            raise OptionError(f"--without {word}: {config.name} has no such judge; leave it out")
    for option, judge, path in (
        ("--vgg", "perceptual", judges.vgg),
        ("--clip", "clip", judges.clip),
        ("--teacher", "teacher", judges.teacher),
    ):
        if path is not None and judge not in asked - judges.without:
            why = f"with --without {judge}" if judge in asked else f"with {config.name}"
            raise OptionError(f"{option} {path}: is of no use {why}; leave it out")
    if sources.recipe and not sources.clean:
        raise OptionError(
            f"--recipe {sources.recipe}: clean pictures (--gt) are degraded by it; what is stored "
            "stays as it is"
        )


def _check_stages(stages: Sequence[Stage], *, processes: int) -> None:
    if not stages:
        raise OptionError("stages: the table is empty; a run has one stage or more")
    for number, stage in enumerate(stages):
        at = f"stages.{number}"
        for name in ("steps", "batch", "accumulate"):
            within(f"{at}.{name}", getattr(stage, name), least=1)
        within(f"{at}.patch", stage.patch, least=0, remedy="0 is whole pictures")
        within(f"{at}.scale", stage.scale, least=0)
        cut = stage.accumulate * processes
        if stage.batch % cut:
            among = f" and {processes} processes" if processes > 1 else ""
            raise OptionError(
                f"{at}.batch {stage.batch}: cannot be cut among {stage.accumulate} micro-batches"
                f"{among}; take a multiple of {cut}"
            )
        for weight in stage.weights:
            within(f"{at}.weights", weight, least=0.0)
        if stage.weights and not sum(stage.weights):
            raise OptionError(f"{at}.weights {list(stage.weights)}: one of them is above 0")
        if stage.schedule is not None:
            _check_schedule(stage.schedule, at=f"{at}.schedule", steps=stage.steps)


def _check_optimizer(optimizer: Optimizer, *, at: str, total: int) -> None:
    one_of(f"{at}.kind", optimizer.kind, allowed=KINDS)
    one_of(f"{at}.clip", optimizer.clip, allowed=CLIPS)
    within(f"{at}.rate", optimizer.rate, above=0.0)
    within(f"{at}.eps", optimizer.eps, least=0.0)
    within(f"{at}.weight_decay", optimizer.weight_decay, least=0.0)
    within(f"{at}.momentum", optimizer.momentum, least=0.0, below=1.0)
    for number, beta in enumerate(optimizer.betas):
        within(f"{at}.betas.{number}", beta, least=0.0, below=1.0)
    if optimizer.clip != "none":
        within(
            f"{at}.clip_at",
            optimizer.clip_at,
            above=0.0,
            remedy=f"clip is {optimizer.clip!r}; {at}.clip=none leaves gradients as they are",
        )
    for pattern, factor in optimizer.groups.items():
        within(f"{at}.groups.{pattern}", factor, least=0.0)
        try:
            re.compile(pattern)
        except re.error as error:
            raise OptionError(
                f"{at}.groups {pattern!r}: not a regular expression: {error}"
            ) from error
    _check_schedule(optimizer.schedule, at=f"{at}.schedule", steps=total)


def _check_schedule(schedule: Schedule, *, at: str, steps: int) -> None:
    """steps: over which it holds."""
    within(f"{at}.warm_up", schedule.warm_up, least=0)
    within(f"{at}.least", schedule.least, least=0.0, most=1.0, remedy="a factor of the rate")
    within(f"{at}.factor", schedule.factor, above=0.0)
    for number, step in enumerate(schedule.steps):
        within(f"{at}.steps.{number}", step, least=0)
    looked_at = {0, steps - 1, *(one for one in schedule.steps if one < steps)}
    try:
        factors = [factor_at(schedule, step) for step in sorted(looked_at)]
    except OptionError as error:
        raise OptionError(f"{at.removesuffix('schedule')}{error}") from error
    if not all(math.isfinite(one) and one >= 0 for one in factors) or not any(factors):
        raise OptionError(f"{at}: the rate's factor is {factors}; it is finite and 0 or more")


def _check_data(data: Data) -> None:
    one_of("data.fit", data.fit, allowed=FITS)
    one_of("data.patch_of", data.patch_of, allowed=PATCH_OF)
    one_of("data.scale_per", data.scale_per, allowed=SCALE_PER)
    within("data.context", data.context, least=0)
    within("data.mixup", data.mixup, least=0.0, remedy="0 is none, Restormer's denoisers have 1.2")
    within("data.least_gradient", data.least_gradient, least=0.0)
    for name in ("brightness", "contrast", "saturation"):
        within(f"data.jitter.{name}", getattr(data.jitter, name), least=0.0, below=1.0)
    for scale in data.scales:
        within("data.scales", scale, least=1.0)
    for factor in data.rescale:
        within("data.rescale", factor, above=0.0, most=1.0)
    low, high = data.brightness
    if not 0.0 <= low < high <= 1.0:
        raise OptionError(f"data.brightness {low:g}, {high:g}: rising, within 0 ... 1")
    if data.unpaired and data.recipe:
        raise OptionError(
            f"data.recipe {data.recipe!r}: has no use with data.unpaired, whose pictures are as "
            "they are; set one of them"
        )
    if data.unpaired and data.mixup:
        raise OptionError(f"data.mixup {data.mixup:g}: pairs are mixed, and data.unpaired has none")


def _check_validation(config: Config) -> None:
    validation = config.validation
    within("validation.every", validation.every, least=0, remedy="0 is at the end alone")
    within("validation.limit", validation.limit, least=0, remedy="0 is all pictures")
    names = [("validation.best", validation.best)]
    names += [("validation.metrics", name) for name in validation.metrics]
    for at, name in names:
        if name not in METRICS and ":" not in name and not name.startswith(FITTED):
            raise OptionError(
                f"{at} {name!r}: no such metric{nearest(name, METRICS)}; `pairsmith metrics` lists "
                "them"
            )
    if validation.metrics and validation.best not in validation.metrics:
        raise OptionError(
            f"validation.best {validation.best!r}: not among validation.metrics "
            f"{', '.join(validation.metrics)}; add it there, or take one of them"
        )
