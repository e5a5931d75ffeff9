"""The early super-resolution networks: published sizes and costs, key names, what shapes tell."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_networks import small_kwargs

from baselines.checkpoints.load import load_checkpoint
from baselines.networks.architecture import RestorationNetwork
from baselines.networks.presets import find_preset
from baselines.networks.table import NETWORKS
from evaluation.models.cost import count_macs, count_parameters

SIZES = [
    #  preset, parameters
    ("srcnn-955", 57_281),
    ("srcnn-935", 24_513),
    ("srcnn-915", 8_129),
    ("vdsr", 664_704),
    ("vdsr-bias", 665_921),
    ("drcn", 1_775_121),  # 1,774,080 weights: the 1,774K of CARN's table
    ("drrn-b1u25", 297_216),
    ("drrn-b1u9", 297_216),
    ("fsrcnn-x2", 12_809),  # 12,464 weights in the paper, and 173 biases and 172 slopes
    ("fsrcnn-x3", 12_809),
    ("fsrcnn-x4", 12_809),
    ("fsrcnn-s-x2", 4_086),  # 3,937 weights in the paper
    ("fsrcnn-s-x4", 4_086),
    ("espcn-x2", 21_284),
    ("espcn-x3", 22_729),
    ("espcn-x4", 24_752),
    ("lapsrn-x2", 407_441),  # the authors' released models, counted in their files
    ("lapsrn-x4", 814_242),
    ("lapsrn-x8", 667_123),
]

# Multiply-adds in thousand millions at an output of 1280x720, as CARN's table 2 prints them.
COSTS = [("srcnn-955", 52.7), ("vdsr", 612.6), ("drcn", 17_974.3), ("drrn-b1u25", 6_796.9)]

KEYS = {
    "srcnn-955": {"conv1.weight", "conv2.bias", "conv3.weight"},
    "vdsr": {"input.weight", "residual_layer.0.conv.weight", "residual_layer.17.conv.weight"},
    "drrn-b1u25": {"input.weight", "conv1.weight", "conv2.weight", "output.weight"},
    "fsrcnn-x3": {"first_part.0.weight", "first_part.1.weight", "mid_part.11.weight"},
    "espcn-x3": {"first_part.0.weight", "first_part.2.bias", "last_part.0.weight"},
    "lapsrn-x4": {
        "conv_input.weight",
        "convt_I2.weight",
        "convt_R1.weight",
        "convt_F1.0.cov_block.18.weight",
        "convt_F2.0.cov_block.20.weight",
    },
}

PRE_UPSAMPLED = ("srcnn", "vdsr", "drcn", "drrn")
OTHERS = ("fsrcnn", "espcn", "lapsrn")
LUMA = (*PRE_UPSAMPLED, *OTHERS)


def empty(preset: str) -> RestorationNetwork:
    architecture, kwargs = find_preset(preset)
    with torch.device("meta"):
        return architecture.build(**kwargs)


@pytest.mark.parametrize(("preset", "count"), SIZES)
def test_parameters_are_as_published(preset: str, count: int) -> None:
    assert count_parameters(empty(preset)) == count


@pytest.mark.parametrize(("preset", "published"), COSTS)
def test_costs_are_as_published(preset: str, published: float) -> None:
    """They tell what parameters do not: how often a recursion runs, and on which size."""
    network = empty(preset)
    at_256 = count_macs(
        network,
        call=lambda module, picture: module(picture),
        channels=1,
        sizes=network.traits.sizes,
    )
    assert at_256 is not None
    assert at_256 * 1280 * 720 / 256**2 / 1e9 == pytest.approx(published, abs=0.06)


@pytest.mark.parametrize(("preset", "keys"), KEYS.items(), ids=KEYS)
def test_key_names_are_the_releases(preset: str, keys: set[str]) -> None:
    assert keys <= set(empty(preset).state_dict())


@pytest.mark.parametrize("name", LUMA)
def test_all_see_luma_alone(name: str) -> None:
    for preset in NETWORKS[name].presets:
        traits = empty(preset).traits
        assert (traits.luma, traits.channels, traits.out_channels) == (True, 1, 1)
        assert traits.pre_upsampled == (name in PRE_UPSAMPLED)
        assert traits.scale == (int(preset[-1]) if name in OTHERS else 1)


@pytest.mark.parametrize("name", LUMA)
def test_the_file_is_recognised(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name].build(**small_kwargs(name))
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    loaded = load_checkpoint(tmp_path / "weights.pth")
    assert loaded is not None
    assert (loaded.architecture.name, loaded.assumed) == (name, NETWORKS[name].assumed)
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.module.state_dict()[key], value)


def test_what_shapes_do_not_tell_is_told_by_name(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    torch.save(NETWORKS["fsrcnn"].build(scale=4).state_dict(), file)
    guessed, told = load_checkpoint(file), load_checkpoint(file, preset="fsrcnn-x4")
    assert guessed is not None and told is not None
    assert guessed.assumed == ("scale",), "nothing tells it"
    assert (told.module.traits.scale, told.assumed) == (4, ())
    torch.save(NETWORKS["drrn"].build().state_dict(), file)
    port = load_checkpoint(file)
    assert port is not None
    assert (port.kwargs["units"], port.kwargs["rectified"]) == (25, True)


@pytest.mark.parametrize("name", LUMA)
def test_one_key_more_or_less_is_another(name: str) -> None:
    architecture = NETWORKS[name]
    state = architecture.build(**small_kwargs(name)).state_dict()
    assert architecture.kwargs_of(state) is not None
    assert architecture.kwargs_of({**state, "more.weight": torch.zeros(1)}) is None
    for key in state:
        fewer = architecture.kwargs_of({k: v for k, v in state.items() if k != key})
        # VDSR without its last layer but one is a shallower VDSR
        assert fewer is None or fewer["depth"] == 3, key
