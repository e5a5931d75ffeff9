"""RDN: counts, names, and its layers by functions."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.networks.rdn import ARCHITECTURE, PRESETS, RDN
from evaluation.models.cost import count_parameters


@pytest.mark.parametrize(
    ("preset", "count"),
    # published: 22,123K, 22,308K and 22,271K
    [("rdn-x2", 22_123_395), ("rdn-x3", 22_308_035), ("rdn-x4", 22_271_107)],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(RDN(**PRESETS[preset])) == count


def test_key_names() -> None:
    with torch.device("meta"):
        keys = set(RDN().state_dict())
    assert {
        "SFENet1.weight", "SFENet2.bias", "RDBs.15.convs.7.conv.0.weight", "RDBs.0.LFF.bias",
        "GFF.0.weight", "GFF.1.bias", "UPNet.0.weight", "UPNet.2.weight", "UPNet.4.bias",
    } < keys  # fmt: skip
    assert len(keys) == 2 * (2 + 16 * 9 + 2 + 3)


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_is_the_layers_of_the_figure(scale: int, shift: bool) -> None:
    network = RDN(scale=scale, width=8, blocks=2, layers=3, growth=4, mean_shift=shift)
    state = network.state_dict()

    def conv(name: str, features: Tensor) -> Tensor:
        weight = state[f"{name}.weight"]
        return functional.conv2d(
            features, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2
        )

    picture = random_picture(2, 3, 6, 7)
    mean = 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1) * shift
    first = conv("SFENet1", picture * 255 - mean)
    deep = conv("SFENet2", first)
    results = []
    for i in range(2):
        seen = [deep]
        for c in range(3):
            seen.append(functional.relu(conv(f"RDBs.{i}.convs.{c}.conv.0", torch.cat(seen, 1))))
        deep = deep + conv(f"RDBs.{i}.LFF", torch.cat(seen, 1))
        results.append(deep)
    deep = first + conv("GFF.1", conv("GFF.0", torch.cat(results, 1)))
    steps = [2, 2] if scale == 4 else [scale]
    for place, step in enumerate(steps):
        deep = functional.pixel_shuffle(conv(f"UPNet.{2 * place}", deep), step)
    wanted = (conv(f"UPNet.{2 * len(steps)}", deep) + mean) / 255
    torch.testing.assert_close(network(picture), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_shapes_tell_all(scale: int) -> None:
    # growth other than width, so that neither can stand for the other
    kwargs = {
        "scale": scale, "width": 8, "blocks": 2, "layers": 3, "growth": 6, "mean_shift": True
    }  # fmt: skip
    assert ARCHITECTURE.kwargs_of(RDN(**kwargs).state_dict()) == kwargs


def test_scale_eight_is_refused() -> None:
    with pytest.raises(ValueError, match="scale 8; one of 2, 3, 4"):
        RDN(scale=8, width=8, blocks=1, layers=1, growth=4)
