"""Small adversarial objectives and their batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.losses import vgg as vgg19
from baselines.losses.vgg import VGG19Features
from baselines.objectives.adversarial import PLAIN, Adversarial, Judge, Perceptual
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.turn import JUDGE, RESTORER, Batch, Objective, Terms, Where
from tests.small_networks import small_network

SIDE = 16
PATCH = Judge(network="patch", set={"width": 4, "layers": 1})
UNET = Judge(network="unet", set={"width": 2})
LAYERS = {"conv1_2": 0.1, "conv2_2": 2.0}
BARE = Perceptual(weight=0)
PLAIN_GAN = Adversarial(relativistic=False, judge=PATCH, perceptual=BARE)


def vgg_file(folder: Path) -> Path:
    """A file of VGG19's first weights down to conv2_2, drawn from a seed."""
    drawn = VGG19Features(layers=["relu2_2"], generator=torch.Generator().manual_seed(0))
    path = folder / vgg19.FILE
    torch.save(drawn.state_dict(), path)
    return path


def opened(choice: Adversarial, **more: Any) -> Objective:
    """The objective on a small RRDB."""
    given: dict[str, Any] = {"seed": 3, "patch": SIDE, **more}
    if "restorer" not in given:
        given["restorer"] = small_network("rrdb")
    return open_objective(choice, ingredients=Ingredients(**given))


def batch_of(
    count: int = 2,
    *,
    start: int = 0,
    plain: bool = False,
    mean: Callable[[Tensor], Tensor] = torch.mean,
) -> Batch:
    """Some of four samples."""
    whole = {
        "lq": random_picture(4, 3, SIDE // 4, SIDE // 4),
        "gt": random_picture(4, 3, SIDE, SIDE),
    }
    pictures = {name: one[start : start + count] for name, one in whole.items()}
    if plain:
        pictures[PLAIN] = 1 - pictures["gt"]
    where = Where(step=0, stage=0, within=0)
    return Batch(
        where=where, pictures=pictures, keys=("a", "b"),
        draw=lambda _name: torch.Generator(), mean=mean,
    )  # fmt: skip


def turn_of(objective: Objective, name: str) -> Callable[..., Terms]:
    """The loss of a turn."""
    return next(one for one in objective.turns if one.name == name).loss


def both_turns(objective: Objective, batch: Batch) -> tuple[Terms, Terms]:
    """Terms of the restorer's and of the judge's turn."""
    shared: dict[str, Any] = {}
    first = turn_of(objective, RESTORER)(objective.networks, batch, shared)
    return first, turn_of(objective, JUDGE)(objective.networks, batch, shared)


def ones(logits: Tensor) -> Tensor:
    """BCE towards 1."""
    return functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def zeros(logits: Tensor) -> Tensor:
    """BCE towards 0."""
    return functional.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))
