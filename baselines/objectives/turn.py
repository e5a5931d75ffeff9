"""What the trainer's loop knows of an objective: turns, what they see, what they give.

An objective is a list of turns. A turn says which networks learn and gives the terms whose sum they
minimise; the loop knows nothing of losses, judges or cycles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from baselines.networks.architecture import RestorationNetwork

Nets = Mapping[str, Any]  # networks by name; compiled ones among them
Terms = dict[str, Tensor]  # weighted scalars; their sum is what is minimised
Shared = dict[str, Any]  # what an earlier turn of the same step leaves for a later one

RESTORER = "restorer"  # the network that is validated, averaged and written as the model
JUDGE = "judge"  # the turn of what tells made pictures from real ones, and a lone such network


def _own_mean(values: Tensor) -> Tensor:
    return values.mean()


@dataclass(frozen=True, kw_only=True)
class Where:
    """A place in a run. step: from the run's start; stage: its number, from 0; within: steps since
    that stage began."""

    step: int
    stage: int
    within: int


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One micro-batch on its device.

    pictures: float32 [B,C,H,W], 1 is white, as the network takes them: 'lq' and 'gt', or 'low' and
    'high' without partners; 'gt_plain' where a recipe changed gt first. keys: of the samples, in
    order. told: what a network that is told something takes besides the picture ([B] sigma on the
    scale of 0 ... 1, or a scale), else None.
    first: number of its first sample in the step, of all processes' samples.
    draw: (name) -> a generator on the CPU, a function of the run's seed, the step and the name.
    What is drawn for a sample or a micro-batch has its number in the name.
    mean: the mean of a tensor over this batch of all processes; gradients pass through it.
    """

    where: Where
    pictures: Mapping[str, Tensor]
    keys: tuple[str, ...]
    told: Tensor | float | None = None
    first: int = 0
    draw: Callable[[str], torch.Generator]
    mean: Callable[[Tensor], Tensor] = _own_mean

    def __getitem__(self, name: str) -> Tensor:
        return self.pictures[name]


def _always(_where: Where) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One optimiser's move within a step.

    name: its key in a config's `optimizers` and in the log. trains: names of the networks that
    learn; all others are frozen meanwhile. loss: (networks, batch, what earlier turns of this step
    left) -> terms. due: whether it takes place at a step.
    """

    name: str
    trains: tuple[str, ...]
    loss: Callable[[Nets, Batch, Shared], Terms]
    due: Callable[[Where], bool] = _always


class Part(Protocol):
    """Anything a run keeps besides networks and optimisers (a pool of pictures)."""

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs: plain values and tensors."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what `state_dict` gave."""
        ...


@dataclass(frozen=True, kw_only=True)
class Objective:
    """networks: all that learn, by name, `RESTORER` among them, on the CPU. frozen: judges with
    weights of their own (VGG, CLIP, a teacher): moved to the device, never saved. parts: further
    state of this process. batch_coupled: why results depend on how a batch is cut among processes
    and micro-batches ('' where they do not); `open_objective` adds what its networks' layers do.
    notes: what a user should be told before the first step, a line each (a judge that is gone
    without)."""

    turns: tuple[Turn, ...]
    networks: Mapping[str, nn.Module]
    frozen: Mapping[str, nn.Module] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    batch_coupled: str = ""
    notes: tuple[str, ...] = ()


def restored(networks: Nets, batch: Batch, *, of: str = "lq", by: str = RESTORER) -> Tensor:
    """What network `by` makes of the batch's pictures `of`, told what it has to be told."""
    if batch.told is None:
        return networks[by](batch[of])
    return networks[by](batch[of], batch.told)


def traits_of(network: nn.Module) -> Any:
    """The traits of a restoration network, compiled or not. Raises TypeError for another module."""
    plain = getattr(network, "_orig_mod", network)
    if not isinstance(plain, RestorationNetwork):
        raise TypeError(f"{type(plain).__name__} is no restoration network: it has no traits")
    return plain.traits
