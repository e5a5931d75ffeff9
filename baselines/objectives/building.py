"""What an objective is made with: the network to train, and where weights of its judges lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from baselines.networks.architecture import RestorationNetwork
from degrade.draws import draw_u32

Made = TypeVar("Made", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """restorer: with its first weights. seed: of the run. patch: of the leg's first stage, px of
    what `Data.patch_of` says, 0 where pictures are whole. vgg, clip, teacher: files of weights,
    None for where their loaders look by themselves. without: judges that the user goes without
    ('perceptual', 'clip')."""

    restorer: RestorationNetwork
    seed: int
    patch: int
    vgg: Path | None = None
    clip: Path | None = None
    teacher: Path | None = None
    without: frozenset[str] = frozenset()


def first_weights(build: Callable[[], Made], *, seed: int, name: str) -> Made:
    """A network whose first weights are a function of the run's seed and its name in the run.

    Its class draws from PyTorch's shared generator: that is set for the building alone, and put
    back."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(draw_u32(seed, "weights", name))
        return build()
