"""NAFNet: counts, its quirks, local means and the faster path."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional
from vector_file import assert_same

from baselines.networks.nafnet import ARCHITECTURE, PRESETS, NAFNet, _Mean
from evaluation.models.cost import count_parameters


def small(*, local: int = 0) -> NAFNet:
    """Beta, gamma and norms away from where they begin, so that every part counts."""
    network = NAFNet(width=4, encoder=(1, 2), middle=1, decoder=(1, 1), local=local).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.3)
    return network


@pytest.mark.parametrize(
    ("preset", "count"),
    [
        ("nafnet-sidd-w32", 29_159_715),
        ("nafnet-sidd-w64", 115_982_915),
        ("nafnet-gopro-w32", 17_111_907),
        ("nafnet-gopro-w64", 67_888_835),
    ],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(NAFNet(**PRESETS[preset])) == count


def test_block_is_what_its_layers_say() -> None:
    """Written out again from the names of the release, after NAFNet_arch.py's order."""
    network = small()
    state = {
        key.removeprefix("encoders.0.0."): value
        for key, value in network.state_dict().items()
        if key.startswith("encoders.0.0.")
    }

    def conv(layer: str, x: Tensor, **how: int) -> Tensor:
        return functional.conv2d(x, state[f"{layer}.weight"], state[f"{layer}.bias"], **how)

    def norm(layer: str, x: Tensor) -> Tensor:
        centred = x - x.mean(1, keepdim=True)
        scaled = centred / (centred.square().mean(1, keepdim=True) + 1e-6).sqrt()
        return scaled * state[f"{layer}.weight"].view(1, -1, 1, 1) + state[f"{layer}.bias"].view(
            1, -1, 1, 1
        )

    features = torch.randn(2, 4, 6, 7, generator=torch.Generator().manual_seed(0))
    x = conv("conv2", conv("conv1", norm("norm1", features)), padding=1, groups=8)
    x = x[:, :4] * x[:, 4:]
    x = x * conv("sca.1", x.mean((2, 3), keepdim=True))
    middle = features + conv("conv3", x) * state["beta"]
    x = conv("conv4", norm("norm2", middle))
    wanted = middle + conv("conv5", x[:, :4] * x[:, 4:]) * state["gamma"]
    block = network.get_submodule("encoders.0.0")
    assert_same(block(features).detach(), wanted)
    with torch.no_grad():
        assert_same(block(features), wanted)


@pytest.mark.parametrize("local", [0, 6, 20])
@pytest.mark.parametrize("count", [1, 2])
def test_faster_path_is_the_plain_one(local: int, count: int) -> None:
    network = small(local=local)
    picture = random_picture(count, 3, 18, 25)
    with torch.inference_mode():
        ours = network(picture)
    assert_same(ours, network(picture).detach())


def test_padding_is_of_zeros_and_inside() -> None:
    network = small()
    picture = random_picture(1, 3, 9, 14)
    black = functional.pad(picture, (0, 2, 0, 3))
    assert_same(network(picture).detach(), network(black).detach()[:, :, :9, :14])


def test_local_means_are_of_windows() -> None:
    features = random_picture(1, 2, 9, 12)
    window = 4
    inside = functional.avg_pool2d(features, window, stride=1)
    wanted = functional.pad(inside, (1, 2, 1, 2), mode="replicate")
    assert_same(_Mean(window)(features), wanted)
    # as high as a picture and narrower: means of all rows
    wide = functional.avg_pool2d(features, (9, 10), stride=1)
    assert_same(_Mean(10)(features), functional.pad(wide, (4, 5, 4, 4), mode="replicate"))
    assert _Mean(12)(features).shape == (1, 2, 1, 1)


def test_local_is_told_by_the_authors_blocks() -> None:
    for preset, local in (("nafnet-gopro-w32", 384), ("nafnet-sidd-w32", 0)):
        with torch.device("meta"):
            state = NAFNet(**PRESETS[preset]).state_dict()
        found = ARCHITECTURE.kwargs_of(state)
        assert found is not None
        assert found["local"] == local


def test_windows_halve_with_the_features() -> None:
    with torch.device("meta"):
        network = NAFNet(**PRESETS["nafnet-gopro-w32"])
    parts = ("encoders.0.0", "encoders.3.0", "middle_blks.0", "decoders.0.0", "decoders.3.0")
    windows = [network.get_submodule(f"{part}.sca.0").window for part in parts]
    assert windows == [384, 48, 24, 48, 384]


def test_names_are_the_release_s() -> None:
    keys = set(small().state_dict())
    wanted = {"intro.weight", "encoders.1.1.sca.1.weight", "downs.1.bias", "middle_blks.0.beta",
              "ups.0.0.weight", "decoders.1.0.norm2.bias", "ending.bias"}  # fmt: skip
    assert wanted <= keys
    assert "ups.0.0.bias" not in keys


def test_sizes_of_both_ways_must_agree() -> None:
    with pytest.raises(ValueError, match="1 sizes in encoder, 2 in decoder"):
        NAFNet(encoder=(1,), decoder=(1, 1))
