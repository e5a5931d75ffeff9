"""VDSR: the residual, the layers one by one, the weights it begins with."""

from __future__ import annotations

import math

import pytest
import torch
from random_pictures import random_picture
from torch.nn import functional

from baselines.networks.vdsr import VDSR


def test_without_weights_the_input_comes_back() -> None:
    network = VDSR(width=4, depth=5, bias=True)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        picture = random_picture(1, 1, 6, 9) - 0.3
        assert torch.equal(network(picture), picture)
        network.output.bias += 0.25  # type: ignore[operator]
        assert torch.equal(network(picture), picture + 0.25)


@pytest.mark.parametrize("bias", [False, True])
def test_is_twenty_convolutions_and_the_input(bias: bool) -> None:
    network = VDSR(width=5, bias=bias)
    state = network.state_dict()
    generator = torch.Generator().manual_seed(0)
    for value in state.values():
        value.copy_(torch.randn(value.shape, generator=generator) * 0.2)
    picture = torch.randn(2, 1, 12, 10, generator=generator)
    layers = ["input", *(f"residual_layer.{i}.conv" for i in range(18)), "output"]
    features = picture
    for layer in layers:
        features = functional.conv2d(
            features, state[f"{layer}.weight"], state.get(f"{layer}.bias"), padding=1
        )
        if layer != "output":
            features = features.clamp(min=0)
    with torch.no_grad():
        found = network(picture)
    assert torch.allclose(found, features + picture, rtol=1e-5, atol=1e-6)
    assert (found - picture).abs().max() > 1e-3


def test_begins_as_he_et_al() -> None:
    network = VDSR()
    assert network.input.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.1)
    assert network.output.weight.std().item() == pytest.approx(math.sqrt(2 / 9), rel=0.1)
