"""FSRCNN: where its transposed convolution puts pixels, its slopes, its parts in order."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from baselines.networks.fsrcnn import FSRCNN


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_pixel_becomes_the_kernel_at_its_place(scale: int) -> None:
    """Pixel (i, j) goes to (i s, j s), the kernel's centre on it; beyond the border it is cut."""
    network = FSRCNN(scale=scale, width=2, shrunk=1, mappings=0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for place in ("first_part.0", "mid_part.0", "mid_part.2"):
            weight = network.get_parameter(f"{place}.weight")
            weight[0, 0, weight.shape[2] // 2, weight.shape[3] // 2] = 1.0
        kernel = torch.rand(9, 9, generator=torch.Generator().manual_seed(0))
        network.last_part.weight[0, 0] = kernel
        picture = torch.zeros(1, 1, 7, 6)
        picture[0, 0, 3, 0] = 2.0
        found = network(picture)[0, 0]
    wanted = torch.zeros(7 * scale + 8, 6 * scale + 8)
    wanted[3 * scale : 3 * scale + 9, :9] = 2.0 * kernel
    assert torch.equal(found, wanted[4:-4, 4:-4])


def test_parts_one_by_one() -> None:
    network = FSRCNN(scale=2, width=6, shrunk=3, mappings=2)
    state = network.state_dict()
    generator = torch.Generator().manual_seed(0)
    for value in state.values():
        value.copy_(torch.randn(value.shape, generator=generator) * 0.5)
    picture = torch.rand(1, 1, 6, 5, generator=generator)
    features = picture
    for conv, slope in [
        ("first_part.0", "first_part.1"),
        *((f"mid_part.{i}", f"mid_part.{i + 1}") for i in range(0, 8, 2)),
    ]:
        weight = state[f"{conv}.weight"]
        features = functional.conv2d(
            features, weight, state[f"{conv}.bias"], padding=weight.shape[2] // 2
        )
        slopes = state[f"{slope}.weight"][:, None, None]
        features = torch.where(features > 0, features, slopes * features)
    # a transposed convolution is a convolution, turned, of the picture with zeros between pixels
    spread = torch.zeros(1, 6, 12, 10)
    spread[..., ::2, ::2] = features
    turned = state["last_part.weight"].flip(2, 3).transpose(0, 1)
    wanted = functional.conv2d(spread, turned, state["last_part.bias"], padding=4)
    with torch.no_grad():
        assert torch.allclose(network(picture), wanted, rtol=1e-5, atol=1e-5)


def test_begins_as_the_port() -> None:
    network = FSRCNN()
    assert network.last_part.weight.std().item() == pytest.approx(0.001, rel=0.1)
    first = network.get_parameter("first_part.0.weight")
    assert first.std().item() == pytest.approx((2 / (56 * 25)) ** 0.5, rel=0.1)
