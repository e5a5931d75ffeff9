"""The patch discriminator beside the released code, and what one of its values sees."""

from __future__ import annotations

from pathlib import Path

import torch
from random_pictures import random_picture
from vector_file import assert_same, read_vector

from baselines.networks.discriminators.patch import PatchDiscriminator
from baselines.networks.table import DISCRIMINATORS
from evaluation.models.cost import count_parameters


def test_vector(testvectors: Path) -> None:
    vector = read_vector(testvectors, "nerco_patch_discriminator")
    network = PatchDiscriminator(width=8)
    network.load_state_dict(vector["state_dict"])
    assert_same(network(*vector["inputs"]), vector["output"])


def test_parameters_and_names() -> None:
    with torch.device("meta"):
        network = DISCRIMINATORS["patch"]()
    assert count_parameters(network) == 2_764_737
    assert [key for key in network.state_dict() if key.endswith("weight")] == [
        f"model.{place}.weight" for place in (0, 2, 5, 8, 11)
    ]


def test_each_value_sees_70_pixels() -> None:
    """Without its norms, which see everything."""
    network = PatchDiscriminator(width=2)
    for place, layer in enumerate(network.model):
        if isinstance(layer, torch.nn.InstanceNorm2d):
            network.model[place] = torch.nn.Identity()
    picture = torch.zeros(1, 3, 160, 160, requires_grad=True)
    judged = network(picture + random_picture(*picture.shape))
    assert judged.shape == (1, 1, 18, 18)
    judged[0, 0, 9, 9].backward()
    assert picture.grad is not None
    rows = picture.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows[-1] - rows[0] + 1 == 70


def test_smallest_picture() -> None:
    assert PatchDiscriminator(width=2)(random_picture(1, 3, 24, 24)).shape == (1, 1, 1, 1)


def test_widths_stop_at_eight_times() -> None:
    with torch.device("meta"):
        network = PatchDiscriminator(layers=5)
    widest = max(value.shape[0] for value in network.state_dict().values())
    assert widest == 8 * 64
