"""MSRResNet beside the released code."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from random_pictures import random_picture
from vector_file import assert_same, read_vector

from baselines.networks.msrresnet import ARCHITECTURE, PRESETS, MSRResNet
from evaluation.models.cost import count_parameters


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_vector(testvectors: Path, scale: int) -> None:
    vector = read_vector(testvectors, f"srresnet_x{scale}")
    found = ARCHITECTURE.kwargs_of(vector["state_dict"])
    assert found is not None
    assert found == {"scale": scale, "channels": 3, "width": 16, "blocks": 2}
    network = MSRResNet(**found).eval()
    network.load_state_dict(vector["state_dict"])
    with torch.no_grad():
        assert_same(network(*vector["inputs"]), vector["output"])


@pytest.mark.parametrize(
    ("preset", "count"),
    [("msrresnet-x2", 1_369_859), ("msrresnet-x3", 1_554_499), ("msrresnet-x4", 1_517_571)],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(MSRResNet(**PRESETS[preset])) == count


def test_initial_weights_are_a_tenth_of_kaimings() -> None:
    network = MSRResNet(width=64, blocks=1)
    weight = network.conv_hr.weight
    assert weight.std().item() == pytest.approx(0.1 * (2 / (64 * 9)) ** 0.5, rel=0.05)
    assert all(not one.any() for key, one in network.state_dict().items() if key.endswith("bias"))


def test_with_no_change_it_is_bilinear() -> None:
    network = MSRResNet(scale=3, width=8, blocks=1)
    torch.nn.init.zeros_(network.conv_last.weight)
    picture = random_picture(1, 3, 5, 6)
    wanted = torch.nn.Upsample(scale_factor=3, mode="bilinear")(picture)
    torch.testing.assert_close(network(picture), wanted)
