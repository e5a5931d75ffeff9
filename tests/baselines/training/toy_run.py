"""A session on batches that are made, not read: functions of the step, like all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from baselines.configs.config import Config, NetworkChoice, Optimizer, Schedule, Stage
from baselines.networks.table import NETWORKS
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.choices import open_objective
from baselines.objectives.paired import Paired
from baselines.objectives.turn import RESTORER, Batch, Where
from baselines.training.processes import Processes
from baselines.training.session import Session
from degrade.draws import draw_u32
from tests.small_networks import small_kwargs

STAGES = (Stage(steps=4, batch=4, patch=18), Stage(steps=4, batch=2, patch=24))


class MadeBatches:
    """Noise as targets and more noise as inputs: [B,channels,patch,patch]."""

    waited = 0.0

    def __init__(
        self, *, channels: int, scale: int, scales: Sequence[int], processes: Processes
    ) -> None:
        self.channels, self.scale, self.scales = channels, scale, scales
        self.processes = processes

    def _sample(self, name: str, *, side: int) -> torch.Tensor:
        draws = torch.Generator().manual_seed(draw_u32(name))
        return torch.rand((self.channels, side, side), generator=draws)

    def at(self, where: Where, stage: Stage) -> list[Batch]:
        """Micro-batches of this process."""
        own = stage.batch // self.processes.count
        first = self.processes.rank * own
        numbers = list(range(first, first + own))
        micro = own // stage.accumulate
        return [self._batch(where, stage, numbers[i : i + micro]) for i in range(0, own, micro)]

    def close(self) -> None:
        """Nothing to end."""

    def _batch(self, where: Where, stage: Stage, numbers: Sequence[int]) -> Batch:
        keys = tuple(f"{where.step}/{number}" for number in numbers)
        sides = {"gt": stage.patch, "high": stage.patch, "low": stage.patch}
        told = self.scales[where.step % len(self.scales)] if self.scales else None
        sides["lq"] = stage.patch // (told or self.scale)

        def draw(name: str) -> torch.Generator:
            return torch.Generator().manual_seed(draw_u32("draw", where.step, name))

        return Batch(
            where=where,
            keys=keys,
            pictures={
                name: torch.stack([self._sample(f"{key}{name}", side=side) for key in keys])
                for name, side in sides.items()
            },
            told=told,
            first=numbers[0],
            draw=draw,
            mean=self.processes.mean,
        )


def toy_config(
    *,
    network: str = "espcn",
    objective: object = None,
    optimizers: dict[str, Optimizer] | None = None,
    stages: Sequence[Stage] = STAGES,
    ema: float = 0.9,
    set: dict[str, Any] | None = None,  # noqa: A002 - NetworkChoice's name
) -> Config:
    """A config of a small network."""
    usual = {RESTORER: Optimizer(rate=1e-2, schedule=Schedule(law="every", steps=(3,)))}
    return Config(
        name="toy",
        about="a toy",
        cite="none",
        network=NetworkChoice(preset=network, set={**small_kwargs(network), **(set or {})}),
        objective=objective or Paired(),  # type: ignore[arg-type]
        optimizers=optimizers or usual,
        stages=tuple(stages),
        ema=ema,
    )


def toy_session(
    config: Config, *, processes: Processes | None = None, teacher: Path | None = None
) -> Session:
    """A session of it on the CPU."""
    processes = processes or Processes(device="cpu")
    architecture = NETWORKS[config.network.preset]
    restorer = first_weights(
        lambda: architecture.build(**config.network.set), seed=config.seed, name=RESTORER
    )
    ingredients = Ingredients(
        restorer=restorer, seed=config.seed, patch=config.stages[0].patch,
        without=frozenset({"perceptual", "clip"}), teacher=teacher,
    )  # fmt: skip
    return Session(
        config=config,
        objective=open_objective(config.objective, ingredients=ingredients),
        processes=processes,
        batches=MadeBatches(
            channels=restorer.traits.channels,
            scale=restorer.traits.scale,
            scales=restorer.traits.scales,
            processes=processes,
        ),
    )
