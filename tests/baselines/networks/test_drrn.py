"""DRRN: the recursion, the paper's shortcuts and the port's."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch.nn import functional

from baselines.networks.drrn import DRRN


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("units", [1, 3])
def test_layers_one_by_one(units: int, rectified: bool) -> None:
    network = DRRN(width=5, units=units, rectified=rectified)
    state = network.state_dict()
    generator = torch.Generator().manual_seed(0)
    for value in state.values():
        value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
    picture = torch.randn(2, 1, 8, 7, generator=generator)

    def conv(name: str, features: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(features.clamp(min=0), state[f"{name}.weight"], padding=1)

    first = conv("input", picture)
    added = first.clamp(min=0) if rectified else first
    features = first
    for _ in range(units):
        features = added + conv("conv2", conv("conv1", features))
    wanted = conv("output", features) + (picture.clamp(min=0) if rectified else picture)
    with torch.no_grad():
        assert torch.allclose(network(picture), wanted, rtol=1e-5, atol=1e-6)


def test_the_quirk_changes_numbers() -> None:
    plain, port = DRRN(width=4, units=2), DRRN(width=4, units=2, rectified=True)
    port.load_state_dict(plain.state_dict())
    picture = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not torch.allclose(plain(picture), port(picture))


def test_without_weights_the_input_comes_back() -> None:
    network, port = DRRN(width=4, units=2), DRRN(width=4, units=2, rectified=True)
    picture = random_picture(1, 1, 5, 5) - 0.5
    with torch.no_grad():
        for parameter in (*network.parameters(), *port.parameters()):
            parameter.zero_()
        assert torch.equal(network(picture), picture)
        assert torch.equal(port(picture), picture.clamp(min=0))
