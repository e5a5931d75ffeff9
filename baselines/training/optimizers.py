"""One optimiser a turn: its groups of parameters, its rate at a step, its clipping."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer

from baselines.configs.config import Optimizer, Stage
from baselines.objectives.turn import Where
from baselines.training.schedule import factor_at
from degrade.option_error import OptionError, nearest

_FACTOR = "factor"  # of the rate, in an optimiser's group


def _adam(groups: list[dict[str, Any]], settings: Optimizer) -> TorchOptimizer:
    return torch.optim.Adam(
        groups, lr=settings.rate, betas=settings.betas, eps=settings.eps,
        weight_decay=settings.weight_decay,
    )  # fmt: skip


def _adamw(groups: list[dict[str, Any]], settings: Optimizer) -> TorchOptimizer:
    return torch.optim.AdamW(
        groups, lr=settings.rate, betas=settings.betas, eps=settings.eps,
        weight_decay=settings.weight_decay,
    )  # fmt: skip


def _sgd(groups: list[dict[str, Any]], settings: Optimizer) -> TorchOptimizer:
    return torch.optim.SGD(
        groups, lr=settings.rate, momentum=settings.momentum, weight_decay=settings.weight_decay
    )


KINDS: Mapping[str, Callable[[list[dict[str, Any]], Optimizer], TorchOptimizer]] = {
    "adam": _adam,
    "adamw": _adamw,
    "sgd": _sgd,
}
CLIPS = ("none", "norm", "value", "adjustable", "adjustable-norm")


class TurnOptimizer:
    """An optimiser of some networks' parameters. Raises OptionError for a wrong setting."""

    def __init__(
        self, settings: Optimizer, *, turn: str, networks: Mapping[str, nn.Module]
    ) -> None:
        if settings.kind not in KINDS:
            raise OptionError(
                f"optimizers.{turn}.kind {settings.kind!r}: one of {', '.join(KINDS)}"
                f"{nearest(settings.kind, KINDS)}"
            )
        if settings.clip not in CLIPS:
            raise OptionError(
                f"optimizers.{turn}.clip {settings.clip!r}: one of {', '.join(CLIPS)}"
            )
        self.settings = settings
        self.networks = networks
        named = [
            (f"{network}.{name}", parameter)
            for network, module in networks.items()
            for name, parameter in module.named_parameters()
            if parameter.requires_grad
        ]
        self.inner = KINDS[settings.kind](_groups(named, settings, turn=turn), settings)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that it moves."""
        return [one for group in self.inner.param_groups for one in group["params"]]

    def set_rate(self, where: Where, stage: Stage) -> float:
        """Sets and gives the rate of a step."""
        schedule, step = self.settings.schedule, where.step
        if stage.schedule is not None:
            schedule, step = stage.schedule, where.within
        rate = self.settings.rate * factor_at(schedule, step)
        for group in self.inner.param_groups:
            group["lr"] = rate * group[_FACTOR]
        return rate

    def norms(self) -> dict[str, Tensor]:
        """Of each network's gradients, on their device."""
        return {
            name: nn.utils.get_total_norm([p.grad for p in net.parameters() if p.grad is not None])
            for name, net in self.networks.items()
        }

    def clip(self, rate: float, *, norm: float) -> None:
        """Clips the gradients, whose norm all together is `norm`; at a rate of 0 nothing moves."""
        settings = self.settings
        adjusted = settings.clip_at / rate if rate else math.inf
        moved = [one for one in self.parameters if one.grad is not None]
        match settings.clip:
            case "norm" | "adjustable-norm" as how:
                most = settings.clip_at if how == "norm" else adjusted
                whole = torch.tensor(norm, device=moved[0].device)
                nn.utils.clip_grads_with_norm_(moved, most, whole)
            case "value":
                nn.utils.clip_grad_value_(moved, settings.clip_at)
            case "adjustable":
                nn.utils.clip_grad_value_(moved, adjusted)

    def state_dict(self) -> dict[str, Any]:
        """The optimiser's own."""
        return self.inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what `state_dict` gave."""
        self.inner.load_state_dict(state)


def _groups(
    named: Sequence[tuple[str, nn.Parameter]], settings: Optimizer, *, turn: str
) -> list[dict[str, Any]]:
    """Parameters by the factor of their rate, in a fixed order."""
    by_factor: dict[float, list[nn.Parameter]] = {}
    used = set[str]()
    for name, parameter in named:
        pattern = next((one for one in settings.groups if re.search(one, name)), None)
        used |= {pattern} if pattern is not None else set()
        factor = 1.0 if pattern is None else settings.groups[pattern]
        by_factor.setdefault(factor, []).append(parameter)
    if unused := [one for one in settings.groups if one not in used]:
        raise OptionError(
            f"optimizers.{turn}.groups {unused[0]!r}: no parameter of that name; the first are "
            f"{', '.join(name for name, _ in named[:3])}"
        )
    return [{"params": held, _FACTOR: factor} for factor, held in by_factor.items()]
