"""NeRCo's objective on tiny networks, with a CLIP that weighs brightness and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from baselines.networks.nerco.network import NeRCo
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.nerco import opening
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.turn import RESTORER, Batch, Objective, Where
from degrade.draws import draw_u32

SIDE = 24  # the least


class BrightClip(nn.Module):
    """Its pictures lie between two directions by their mean; prompts are the directions."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = SimpleNamespace(image_size=16)
        self.logit_scale = nn.Parameter(torch.tensor(1.0))

    def encode_image(self, picture: Tensor) -> Tensor:
        """[B,3,H,W] in [-1,1] -> [B,2]."""
        mean = picture.mean((1, 2, 3))
        return torch.stack([1.0 - mean, 1.0 + mean], 1)

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Two sentences -> [2,2]."""
        return torch.eye(len(tokens))


def no_clip(_path: object) -> nn.Module:
    """As where CLIP's weights cannot be had."""
    raise FileNotFoundError("CLIP RN50: its weights are not here")


def tiny_restorer() -> NeRCo:
    """The least width that the mask extractor's bottleneck has a plane at."""
    return first_weights(
        lambda: NeRCo(width=16, blocks=1, hidden=8, frequencies=1), seed=0, name=RESTORER
    )


def tiny_objective(
    monkeypatch: pytest.MonkeyPatch, choice: Nerco, *, without: frozenset[str] = frozenset()
) -> Objective:
    """Of narrow networks and the CLIP above; weights differ enough that terms do."""
    monkeypatch.setattr(opening, "load_clip", lambda _path: BrightClip())
    ingredients = Ingredients(restorer=tiny_restorer(), seed=3, patch=SIDE, without=without)
    objective = opening.open_nerco(choice, ingredients=ingredients)
    draws = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for network in objective.networks.values():
            for value in network.parameters():
                value += 0.05 * torch.randn(value.shape, generator=draws)
    return objective


def tiny_batch(step: int = 0, *, samples: int = 2) -> Batch:
    """Dark and bright noise of a step, in [0,1]."""

    def noise(name: str) -> Tensor:
        draws = torch.Generator().manual_seed(draw_u32("picture", step, name))
        return torch.rand((samples, 3, SIDE, SIDE), generator=draws)

    return Batch(
        where=Where(step=step, stage=0, within=step),
        pictures={"low": 0.3 * noise("low"), "high": noise("high")},
        keys=tuple(f"{step}/{number}" for number in range(samples)),
        draw=lambda name: torch.Generator().manual_seed(draw_u32("draw", step, name)),
    )
