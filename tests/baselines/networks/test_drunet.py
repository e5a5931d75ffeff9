"""DRUNet and FDnCNN, which are told the noise."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional
from vector_file import assert_same

from baselines.networks.drunet import ARCHITECTURE, PRESETS, DRUNet
from baselines.networks.fdncnn import ARCHITECTURE as FDNCNN
from baselines.networks.fdncnn import FDnCNN
from evaluation.models.cost import count_parameters


@pytest.mark.parametrize(("preset", "count"), [("drunet-color", 32_640_960),
                                               ("drunet-gray", 32_638_656)])  # fmt: skip
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(DRUNet(**PRESETS[preset])) == count
        assert count_parameters(FDnCNN(channels=1)) == 666_497
        assert count_parameters(FDnCNN(channels=3)) == 668_803


def test_it_is_what_its_layers_say() -> None:
    """Written out again from the names of the release."""
    network = DRUNet(width=2, blocks=2).eval()
    state = network.state_dict()

    def residual(prefix: str, x: Tensor) -> Tensor:
        change = functional.conv2d(x, state[f"{prefix}.res.0.weight"], padding=1).clamp(min=0)
        return x + functional.conv2d(change, state[f"{prefix}.res.2.weight"], padding=1)

    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(2, 3, 16, 24, generator=generator)
    sigma = torch.tensor([0.1, 0.3])
    level = sigma[:, None, None, None] * torch.ones(2, 1, 16, 24)
    x = functional.conv2d(torch.cat((picture, level), 1), state["m_head.weight"], padding=1)
    way = [x]
    for part in ("m_down1", "m_down2", "m_down3"):
        x = residual(f"{part}.1", residual(f"{part}.0", x))
        x = functional.conv2d(x, state[f"{part}.2.weight"], stride=2)
        way.append(x)
    x = residual("m_body.1", residual("m_body.0", x))
    for part in ("m_up3", "m_up2", "m_up1"):
        x = functional.conv_transpose2d(x + way.pop(), state[f"{part}.0.weight"], stride=2)
        x = residual(f"{part}.2", residual(f"{part}.1", x))
    wanted = functional.conv2d(x + way.pop(), state["m_tail.weight"], padding=1)
    with torch.no_grad():
        assert_same(network(picture, sigma), wanted)


def test_fdncnn_gives_the_picture_not_the_noise() -> None:
    network = FDnCNN(channels=1, width=2, depth=2).eval()
    state = network.state_dict()
    picture = random_picture(1, 1, 5, 6)
    both = torch.cat((picture, torch.full((1, 1, 5, 6), 0.2)), 1)
    x = functional.conv2d(both, state["model.0.weight"], state["model.0.bias"], padding=1)
    wanted = functional.conv2d(
        x.clamp(min=0), state["model.2.weight"], state["model.2.bias"], padding=1
    )
    with torch.no_grad():
        assert_same(network(picture, torch.tensor([0.2])), wanted)


def test_weights_begin_orthogonal_with_gain() -> None:
    weight = DRUNet(width=4, blocks=1).state_dict()["m_body.0.res.0.weight"].flatten(1)
    assert torch.allclose(weight @ weight.T, 0.04 * torch.eye(len(weight)), atol=1e-5)


def test_other_networks_are_not_taken() -> None:
    state = DRUNet(width=2, blocks=1).state_dict()
    assert ARCHITECTURE.kwargs_of({**state, "extra": state["m_tail.weight"]}) is None
    assert FDNCNN.kwargs_of(state) is None
    biased = {**state, "m_head.bias": torch.zeros(2)}
    assert ARCHITECTURE.kwargs_of(biased) is None


@pytest.mark.parametrize("network", [DRUNet(width=2, blocks=1), FDnCNN(width=2, depth=3)])
def test_told_the_noise(network: DRUNet | FDnCNN) -> None:
    assert network.traits.told == "sigma"
    picture = random_picture(1, network.traits.channels, 8, 8)
    low, high = (network(picture, torch.tensor([sigma])) for sigma in (0.01, 0.5))
    assert not torch.allclose(low, high)
