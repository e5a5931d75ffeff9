"""SRResNet of the paper and of twtygqyy's release."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.networks.srresnet import ARCHITECTURE, PRESETS, SRResNet
from evaluation.models.cost import count_parameters


@pytest.mark.parametrize(
    ("preset", "count"),
    # 1,542,528 of convolutions, 4,224 of normalisations, 19 of PReLU in the paper's form
    [("srresnet-x4", 1_546_771), ("srresnet-instance-x4", 1_546_752)],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        network = SRResNet(**PRESETS[preset])
    assert count_parameters(network) == count
    assert sum(one.numel() for one in network.parameters() if one.dim() == 4) == 1_542_528


def test_key_names() -> None:
    with torch.device("meta"):
        paper = set(SRResNet().state_dict())
        release = set(SRResNet(instance_norm=True).state_dict())
    assert {
        "relu.weight", "residual.15.bn2.running_var", "residual.0.relu.weight", "bn_mid.bias",
        "upscale4x.2.weight", "upscale4x.3.weight", "conv_output.weight",
    } < paper  # fmt: skip
    assert len(release) == 1 + 16 * 6 + 3 + 2 + 1
    assert {"residual.15.in2.weight", "bn_mid.weight", "upscale4x.3.weight"} < release


def plain(state: dict[str, Tensor], picture: Tensor, *, blocks: int, instance: bool) -> Tensor:
    """The network by functions, from its state."""

    def conv(name: str, features: Tensor) -> Tensor:
        weight = state[f"{name}.weight"]
        return functional.conv2d(features, weight, padding=weight.shape[-1] // 2)

    def act(name: str, features: Tensor) -> Tensor:
        slope = 0.2 if instance else state[f"{name}.weight"]
        return torch.where(features > 0, features, features * slope)

    def norm(name: str, features: Tensor) -> Tensor:
        if instance:
            mean = features.mean((2, 3), keepdim=True)
            variance = features.var((2, 3), unbiased=False, keepdim=True)
        else:
            mean = state[f"{name}.running_mean"].view(1, -1, 1, 1)
            variance = state[f"{name}.running_var"].view(1, -1, 1, 1)
        gain, bias = (state[f"{name}.{part}"].view(1, -1, 1, 1) for part in ("weight", "bias"))
        return (features - mean) / (variance + 1e-5).sqrt() * gain + bias

    letters = "in" if instance else "bn"
    first = deep = act("relu", conv("conv_input", picture))
    for i in range(blocks):
        at = f"residual.{i}"
        inner = act(f"{at}.relu", norm(f"{at}.{letters}1", conv(f"{at}.conv1", deep)))
        deep = deep + norm(f"{at}.{letters}2", conv(f"{at}.conv2", inner))
    deep = first + norm("bn_mid", conv("conv_mid", deep))
    for place in (0, 3):
        shuffled = functional.pixel_shuffle(conv(f"upscale4x.{place}", deep), 2)
        deep = act(f"upscale4x.{place + 2}", shuffled)
    return conv("conv_output", deep)


@pytest.mark.parametrize("instance", [False, True])
def test_it_is_the_layers_of_the_figure(instance: bool) -> None:
    network = SRResNet(width=8, blocks=2, instance_norm=instance).eval()
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if value.dim() == 1:
                value.uniform_(0.2, 1.2)
            assert value.dim() != 0 or key.endswith("num_batches_tracked")
        picture = random_picture(2, 3, 7, 9)
        wanted = plain(network.state_dict(), picture, blocks=2, instance=instance)
        torch.testing.assert_close(network(picture), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("instance", [False, True])
def test_shapes_tell_all(scale: int, instance: bool) -> None:
    kwargs = {"scale": scale, "width": 8, "blocks": 3, "instance_norm": instance}
    assert ARCHITECTURE.kwargs_of(SRResNet(**kwargs).state_dict()) == kwargs


def test_initial_weights() -> None:
    weight = SRResNet(width=32, blocks=1).conv_mid.weight
    assert weight.std().item() == pytest.approx((2 / (9 * 32)) ** 0.5, rel=0.05)


def test_instance_normalisation_is_of_the_whole_picture() -> None:
    assert SRResNet(width=8, blocks=1, instance_norm=True).traits.tiling == "discouraged"
    assert SRResNet(width=8, blocks=1).traits.tiling == "supported"
