"""What a run holds while it trains: networks, optimisers, means, the step, its batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from baselines.configs.config import Config, Stage
from baselines.objectives.turn import RESTORER, Batch, Objective, Where
from baselines.training.ema import Averaged
from baselines.training.optimizers import TurnOptimizer
from baselines.training.processes import Processes


class Batches(Protocol):
    """Where batches come from: a function of the step. waited: seconds that `at` has waited for
    reading so far."""

    @property
    def waited(self) -> float:
        """See the class."""
        ...

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        """This process's micro-batches of a step."""
        ...

    def close(self) -> None:
        """Ends what reads."""
        ...


@dataclass(frozen=True)
class Step:
    """What a finished step tells. where: the step that was taken. terms: by 'turn/term', on their
    device, means over micro-batches; norms: of gradients by 'turn/network'; rates by turn."""

    where: Where
    terms: Mapping[str, Tensor]
    norms: Mapping[str, float]
    rates: Mapping[str, float]


@dataclass
class Session:
    """A leg of a run: the stages during which the networks stay the same. step: taken so far, of
    the whole run."""

    config: Config
    objective: Objective
    processes: Processes
    batches: Batches
    step: int = 0
    optimizers: dict[str, TurnOptimizer] = field(init=False)
    averaged: Averaged = field(init=False)
    called: dict[str, Any] = field(init=False)
    learnable: dict[str, list[nn.Parameter]] = field(init=False)

    def __post_init__(self) -> None:
        """Moves networks to their device and makes what moves them. The config's optimisers are
        those of the turns (`configs.checking.check_turns`)."""
        device = self.processes.device
        for network in (*self.objective.networks.values(), *self.objective.frozen.values()):
            network.to(device)
            if self.config.channels_last:
                network.to(memory_format=torch.channels_last)
        for network in self.objective.networks.values():
            network.train()
        networks = self.objective.networks
        self.learnable = {
            name: [one for one in network.parameters() if one.requires_grad]
            for name, network in networks.items()
        }
        self.called = {
            name: torch.compile(network) if self.config.compile else network
            for name, network in networks.items()
        }
        self.optimizers = {
            turn.name: TurnOptimizer(
                self.config.optimizers[turn.name],
                turn=turn.name,
                networks={name: networks[name] for name in turn.trains},
            )
            for turn in self.objective.turns
        }
        self.averaged = Averaged(networks[RESTORER], decay=self.config.ema)

    def let_learn(self, names: Sequence[str]) -> None:
        """These networks alone have gradients from now on."""
        for name, parameters in self.learnable.items():
            for one in parameters:
                one.requires_grad_(name in names)

    def close(self) -> None:
        """Ends what reads; networks and optimisers stay."""
        self.batches.close()
