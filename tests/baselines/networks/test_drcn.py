"""DRCN: the weighted sum of all recursions' predictions."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch.nn import functional

from baselines.networks.drcn import DRCN


@pytest.fixture
def network() -> DRCN:
    made = DRCN(width=5, recursions=4)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return made


def test_layers_one_by_one(network: DRCN) -> None:
    state = network.state_dict()
    picture = torch.rand(2, 1, 8, 7, generator=torch.Generator().manual_seed(1))

    def conv(name: str, features: torch.Tensor) -> torch.Tensor:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return functional.conv2d(features, weight, bias, padding=1)

    features = conv("embedding.2", conv("embedding.0", picture).clamp(min=0)).clamp(min=0)
    wanted = []
    for _ in range(4):
        features = conv("inference", features).clamp(min=0)
        inner = conv("reconstruction.0", features).clamp(min=0)
        wanted.append(picture + conv("reconstruction.2", inner))
    with torch.no_grad():
        found = network.predictions(picture)
        assert len(found) == 4
        assert not torch.allclose(found[0], found[3], atol=1e-3)
        for ours, one in zip(found, wanted, strict=True):
            assert torch.allclose(ours, one, rtol=1e-5, atol=1e-6)
        total = torch.einsum("d,dbchw->bchw", state["weights"], torch.stack(wanted))
        assert torch.allclose(network(picture), total, rtol=1e-5, atol=1e-6)


def test_one_weight_chooses_one_recursion(network: DRCN) -> None:
    picture = random_picture(1, 1, 6, 6)
    with torch.no_grad():
        network.weights.zero_()
        network.weights[2] = 1.0
        assert torch.equal(network(picture), network.predictions(picture)[2])


def test_begins_with_recursions_that_change_nothing() -> None:
    """Identity of features that a ReLU left: all predictions are equal, and so is their mean."""
    network = DRCN(width=6, recursions=5)
    picture = random_picture(1, 1, 9, 9)
    with torch.no_grad():
        first, *others = network.predictions(picture)
        assert all(torch.equal(first, one) for one in others)
        assert torch.allclose(network(picture), first, atol=1e-6)
        for parameter in network.reconstruction.parameters():
            parameter.zero_()
        assert torch.allclose(network(picture), picture, atol=1e-6)
