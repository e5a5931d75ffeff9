"""RCAN beside the released code, in both namings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from random_pictures import random_picture
from vector_file import assert_same, read_vector

from baselines.networks.mean_shift import shifts
from baselines.networks.rcan import ARCHITECTURE, PRESETS, RCAN
from evaluation.models.cost import count_parameters


def test_vector(testvectors: Path) -> None:
    vector = read_vector(testvectors, "rcan_x4")
    state = ARCHITECTURE.renamed(vector["state_dict"])
    found = ARCHITECTURE.kwargs_of(state)
    assert found is not None
    assert found == {"scale": 4, "width": 16, "groups": 2, "blocks": 2, "reduction": 4}
    network = RCAN(**found).eval()
    network.load_state_dict(dict(state))
    with torch.no_grad():
        assert_same(network(*vector["inputs"]), vector["output"])


@pytest.mark.parametrize(
    ("preset", "count"),
    [
        ("rcan-x2", 15_444_643),
        ("rcan-x3", 15_629_283),
        ("rcan-x4", 15_592_355),
        ("rcan-x8", 15_740_067),
    ],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        network = RCAN(**PRESETS[preset])
    assert count_parameters(network) == count
    assert network.traits.tiling == "discouraged"


def test_key_names_are_the_authors() -> None:
    with torch.device("meta"):
        keys = set(RCAN().state_dict())
    assert {
        "sub_mean.weight", "add_mean.bias", "head.0.weight", "body.9.body.19.body.2.bias",
        "body.0.body.0.body.3.conv_du.0.weight", "body.0.body.0.body.3.conv_du.2.bias",
        "body.9.body.20.weight", "body.10.weight", "tail.0.0.weight", "tail.0.2.bias",
        "tail.1.weight",
    } < keys  # fmt: skip
    assert len(keys) == 2 * (2 + 1 + 10 * (20 * 4 + 1) + 1 + 2 + 1)


def test_the_shift_of_the_file_is_used() -> None:
    network = RCAN(scale=2, width=16, groups=1, blocks=1).eval()
    state = network.state_dict()
    assert {key: value for key, value in state.items() if "mean" in key}.keys() == shifts().keys()
    picture = random_picture(1, 3, 4, 5)
    with torch.no_grad():
        before = network(picture)
        network.add_mean.bias += 25.5
        torch.testing.assert_close(network(picture), before + 0.1)
