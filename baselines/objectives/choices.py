"""OBJECTIVES: what a config may say that it learns from, and how each becomes turns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from baselines.objectives.adversarial import WITHOUT, Adversarial, open_adversarial, sees_vgg
from baselines.objectives.building import Ingredients
from baselines.objectives.coupling import coupled_by
from baselines.objectives.distilled import TEACHER, Distilled, open_distilled
from baselines.objectives.levels import Levels, open_levels
from baselines.objectives.msec import Msec, open_msec
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.nerco.opening import CLIP, open_nerco, sees_clip
from baselines.objectives.paired import Paired, open_paired
from baselines.objectives.turn import Objective

ObjectiveChoice = Paired | Levels | Nerco | Adversarial | Distilled | Msec

OPENED: Mapping[type, Callable[..., Objective]] = {
    Paired: open_paired,
    Levels: open_levels,
    Adversarial: open_adversarial,
    Distilled: open_distilled,
    Nerco: open_nerco,
    Msec: open_msec,
}


def open_objective(choice: Any, *, ingredients: Ingredients) -> Objective:
    """The objective of a config, networks on the CPU. Raises OptionError for a wrong setting,
    FileNotFoundError where a judge's weights cannot be had."""
    objective = OPENED[type(choice)](choice, ingredients=ingredients)
    own = [objective.batch_coupled] if objective.batch_coupled else []
    coupled = "; ".join([*coupled_by(objective.networks), *own])
    return dataclasses.replace(objective, batch_coupled=coupled)


def judges_of(choice: Any) -> frozenset[str]:
    """The judges with weights of their own that a config's objective asks: 'perceptual' (VGG19),
    'clip', 'teacher'."""
    match choice:
        case Adversarial() if sees_vgg(choice):
            return frozenset({WITHOUT})
        case Nerco() if sees_clip(choice):
            return frozenset({CLIP})
        case Distilled():
            return frozenset({TEACHER})
    return frozenset()
