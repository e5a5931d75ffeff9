"""ESPCN: the order of its pixels, its layers in order."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch.nn import functional

from baselines.networks.espcn import ESPCN


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_channels_become_pixels_row_by_row(scale: int) -> None:
    """Channel a r + b of the last layer is row a, column b of each r x r block."""
    network = ESPCN(scale=scale, width=2, narrow=2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.get_parameter("last_part.0.bias").copy_(torch.arange(scale**2))
        found = network(random_picture(1, 1, 3, 5))[0, 0]
    for row in range(3 * scale):
        for column in range(5 * scale):
            assert found[row, column] == (row % scale) * scale + column % scale


@pytest.mark.parametrize("channels", [1, 3])
def test_layers_one_by_one(channels: int) -> None:
    network = ESPCN(scale=2, channels=channels, width=6, narrow=4)
    state = network.state_dict()
    generator = torch.Generator().manual_seed(0)
    for value in state.values():
        value.copy_(torch.randn(value.shape, generator=generator) * 0.4)
    picture = torch.rand(2, channels, 5, 6, generator=generator)
    features = picture
    for layer, pad in (("first_part.0", 2), ("first_part.2", 1), ("last_part.0", 1)):
        features = functional.conv2d(
            features, state[f"{layer}.weight"], state[f"{layer}.bias"], padding=pad
        )
        if layer != "last_part.0":
            features = features.tanh()
    wanted = torch.empty(2, channels, 10, 12)
    for channel in range(channels):
        for row in range(2):
            for column in range(2):
                wanted[:, channel, row::2, column::2] = features[:, channel * 4 + row * 2 + column]
    with torch.no_grad():
        assert torch.allclose(network(picture), wanted, rtol=1e-5, atol=1e-6)


def test_colour_is_not_luma() -> None:
    assert ESPCN().traits.luma
    assert not ESPCN(channels=3).traits.luma


def test_begins_as_the_port() -> None:
    network = ESPCN()
    last = network.get_parameter("last_part.0.weight")
    assert last.std().item() == pytest.approx(0.001, rel=0.1)
    first = network.get_parameter("first_part.0.weight")
    assert first.std().item() == pytest.approx((2 / (64 * 25)) ** 0.5, rel=0.1)
