"""The discriminators of ESRGAN and Real-ESRGAN."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional
from vector_file import assert_same, read_vector

from baselines.networks.discriminators.unet import UNetDiscriminator
from baselines.networks.discriminators.vgg import VGGDiscriminator
from baselines.networks.table import DISCRIMINATORS
from evaluation.models.cost import count_parameters


def test_vgg_vector(testvectors: Path) -> None:
    vector = read_vector(testvectors, "vgg_discriminator_128")
    network = VGGDiscriminator(width=vector["config"]["num_feat"]).eval()
    network.load_state_dict(vector["state_dict"])
    with torch.no_grad():
        assert_same(network(*vector["inputs"]), vector["output"])


def test_parameters() -> None:
    with torch.device("meta"):
        assert count_parameters(VGGDiscriminator()) == 14_499_401
        assert count_parameters(VGGDiscriminator(size=256)) == 21_055_049
        assert count_parameters(UNetDiscriminator()) == 4_376_897


def test_vgg_of_256_has_one_stage_more() -> None:
    network = VGGDiscriminator(width=2, size=256).eval()
    assert {"conv5_0.weight", "bn5_1.running_var"} <= set(network.state_dict())
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 256, 256)).shape == (2, 1)


def test_sizes_are_checked() -> None:
    with pytest.raises(ValueError, match="size 64: one of 128, 256"):
        VGGDiscriminator(size=64)
    with pytest.raises(ValueError, match="of 96x128: this discriminator takes 128x128"):
        VGGDiscriminator(width=2)(torch.zeros(1, 3, 128, 96))
    with pytest.raises(ValueError, match="of 20x16: this discriminator takes multiples of 8"):
        UNetDiscriminator(width=2)(torch.zeros(1, 3, 16, 20))


@pytest.mark.parametrize("skips", [True, False])
def test_unet_is_what_its_layers_say(skips: bool) -> None:
    """Written out again, each normalised weight divided by u' W v."""
    network = UNetDiscriminator(width=2, skips=skips).eval()
    state = network.state_dict()

    def conv(number: int, x: Tensor, *, stride: int = 1) -> Tensor:
        key = f"conv{number}."
        if key + "weight" in state:
            return functional.conv2d(x, state[key + "weight"], state[key + "bias"], padding=1)
        weight = state[key + "weight_orig"]
        norm = state[key + "weight_u"] @ weight.flatten(1) @ state[key + "weight_v"]
        return functional.conv2d(x, weight / norm, stride=stride, padding=1)

    def leaky(x: Tensor) -> Tensor:
        return torch.where(x < 0, 0.2 * x, x)

    picture = random_picture(1, 3, 16, 24)
    way = [leaky(conv(0, picture))]
    for number in (1, 2, 3):
        way.append(leaky(conv(number, way[-1], stride=2)))
    x = way.pop()
    for number in (4, 5, 6):
        x = leaky(conv(number, functional.interpolate(x, scale_factor=2, mode="bilinear")))
        x = x + way.pop() * skips
    wanted = conv(9, leaky(conv(8, leaky(conv(7, x)))))
    with torch.no_grad():
        assert_same(network(picture), wanted)


def test_unet_names_are_the_release_s() -> None:
    keys = set(UNetDiscriminator(width=2).state_dict())
    normed = {f"conv{i}.{end}" for i in range(1, 9) for end in
              ("weight_orig", "weight_u", "weight_v")}  # fmt: skip
    assert keys == normed | {f"conv{i}.{end}" for i in (0, 9) for end in ("weight", "bias")}


def test_both_learn() -> None:
    for network, size in ((UNetDiscriminator(width=2), 8), (VGGDiscriminator(width=2), 128)):
        network(random_picture(2, 3, size, size)).mean().backward()
        assert all(weight.grad is not None for weight in network.parameters())


def test_table_names_them() -> None:
    assert DISCRIMINATORS["vgg"] is VGGDiscriminator
    assert DISCRIMINATORS["unet"] is UNetDiscriminator
