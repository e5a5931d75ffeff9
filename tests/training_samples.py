"""Configs, groups and batches for tests of training data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.configs.config import Config, Data, NetworkChoice, Stage
from baselines.networks.architecture import Traits
from baselines.objectives.paired import Paired
from baselines.objectives.turn import Batch
from baselines.training.schedule import place
from baselines.training_data.batches import TrainingBatches, open_batches
from baselines.training_data.sources import Sources
from builders.sources import Root


class Process:
    """One of several, without the others."""

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank, self.count, self.device = rank, count, torch.device("cpu")

    def mean(self, values: Tensor) -> Tensor:
        return values.mean()


def config(*stages: Stage, **data: Any) -> Config:
    """Of these stages, or of 6 steps of 4 patches of 16 px."""
    return Config(
        name="mine",
        about="a test",
        cite="nobody",
        network=NetworkChoice(preset="none"),
        objective=Paired(),
        optimizers={},
        stages=stages or (Stage(steps=6, batch=4, patch=16),),
        data=Data(**data),
        seed=7,
    )


def opened(
    one: Config,
    sources: Sources | Path,
    *,
    network: Traits | None = None,
    process: Process | None = None,
    workers: int = 0,
    cache_mib: float = 64,
) -> TrainingBatches:
    """Batches of built data in a folder, or of other sources."""
    given = Sources(pairs=(Root(sources),)) if isinstance(sources, Path) else sources
    return open_batches(
        one, sources=given, network=network or Traits(), processes=process or Process(),
        workers=workers, cache_mib=cache_mib,
    )  # fmt: skip


def step(batches: TrainingBatches, number: int) -> Sequence[Batch]:
    """The micro-batches of a step."""
    where = place(batches.config.stages, number)
    return batches.at(where, batches.config.stages[where.stage])


def facts(batches: TrainingBatches, number: int) -> list[dict[str, Any]]:
    """What makes the samples of a step."""
    where = place(batches.config.stages, number)
    return batches.describe_samples(where, batches.config.stages[where.stage])


def joined(micro: Sequence[Batch], side: str) -> Tensor:
    """One side of all micro-batches."""
    return torch.cat([one[side] for one in micro])


def keys(micro: Sequence[Batch]) -> tuple[str, ...]:
    """Of all micro-batches."""
    return tuple(key for one in micro for key in one.keys)
