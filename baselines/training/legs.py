"""Legs of a run: stages during which the networks stay the same, and the way from one to the next.

A stage that names another scale, or weights to start from, begins a leg: networks are made anew,
take over what fits, and optimisers and averages begin again (warm start, survey 1902.06068, 3.4.3).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from baselines.checkpoints.load import load_checkpoint
from baselines.checkpoints.ours import is_ours
from baselines.configs.config import Config, Stage
from baselines.networks.architecture import Architecture, RestorationNetwork
from baselines.networks.presets import find_preset
from baselines.objectives.building import first_weights
from baselines.objectives.turn import RESTORER
from degrade.option_error import OptionError

BEFORE, SCRATCH, NEEDED = "before", "scratch", "needed"


@dataclass(frozen=True)
class Leg:
    """stages: their numbers, first and one past the last. begin, end: steps. scale: of the network,
    0 for the preset's own. init_from: as `Stage.init_from` of the first."""

    stages: tuple[int, int]
    begin: int
    end: int
    scale: int
    init_from: str


def legs_of(stages: Sequence[Stage]) -> list[Leg]:
    """The legs of a table of stages, in order."""
    found: list[Leg] = []
    step = scale = 0
    for number, stage in enumerate(stages):
        changed = bool(stage.scale) and stage.scale != scale
        scale = stage.scale or scale
        end = step + stage.steps
        if found and not changed and stage.init_from == BEFORE:
            last = found[-1]
            found[-1] = Leg((last.stages[0], number + 1), last.begin, end, scale, last.init_from)
        else:
            found.append(Leg((number, number + 1), step, end, scale, stage.init_from))
        step = end
    return found


def network_of_leg(config: Config, leg: Leg) -> tuple[Architecture, dict[str, object]]:
    """(architecture, arguments) of the restorer. Raises OptionError where the network has no scale
    that could be set."""
    architecture, preset = find_preset(config.network.preset)
    kwargs = {**preset, **config.network.set}
    if leg.scale:
        if "scale" not in inspect.signature(architecture.build).parameters:
            raise OptionError(
                f"stages.{leg.stages[0]}.scale {leg.scale}: {architecture.name} has no scale"
            )
        kwargs["scale"] = leg.scale
    return architecture, kwargs


def build_restorer(config: Config, leg: Leg) -> RestorationNetwork:
    """The network with its first weights, a function of the run's seed alone."""
    architecture, kwargs = network_of_leg(config, leg)
    return first_weights(lambda: architecture.build(**kwargs), seed=config.seed, name=RESTORER)


def start_weights(leg: Leg, *, before: Mapping[str, Tensor] | None) -> Mapping[str, Tensor] | None:
    """The weights that a leg starts from, None for first weights.

    before: of the leg before. Raises OptionError where weights are needed and none are named,
    FileNotFoundError and ValueError for a checkpoint that cannot be read.
    """
    where = f"stages.{leg.stages[0]}.init_from"
    if leg.init_from == BEFORE:
        return before
    if leg.init_from == SCRATCH:
        return None
    if leg.init_from.partition(":")[0] == NEEDED:
        hint = leg.init_from.partition(":")[2].strip()
        raise OptionError(
            f"--init: this recipe starts from trained weights ({hint or 'see its page'}); give a "
            f"checkpoint or the folder of that run, or {SCRATCH} ({where})"
        )
    return _weights(Path(leg.init_from), where=where)


def _weights(path: Path, *, where: str) -> Mapping[str, Tensor]:
    if path.is_dir() and not is_ours(path):  # the folder of a run
        path = next((path / one for one in ("best", "last") if is_ours(path / one)), path)
    loaded = load_checkpoint(path)
    if loaded is None:
        raise ValueError(f"{where} {path}: of no bundled network")
    return loaded.module.state_dict()


def take_over(network: nn.Module, weights: Mapping[str, Tensor]) -> str:
    """Puts every weight of an equal name and shape into `network`; one line about it.

    Raises ValueError where none fits.
    """
    own = network.state_dict()
    fitting = {
        name: value
        for name, value in weights.items()
        if name in own and own[name].shape == value.shape
    }
    if not fitting:
        raise ValueError("the weights to start from fit this network in no name and shape")
    network.load_state_dict(fitting, strict=False)
    left = [name for name in own if name not in fitting]
    said = f"starts from {len(fitting)} of {len(own)} weights"
    return f"{said}; new: {', '.join(left[:4])}{' ...' if len(left) > 4 else ''}" if left else said
