"""DBPN and its relatives: counts, names, and their units by functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.networks.dbpn import ARCHITECTURE, DBPN, PRESETS
from evaluation.models.cost import count_parameters


@pytest.mark.parametrize(
    ("preset", "count"),
    # published: 5.9, 10.4 and 23.2 million
    [("dbpn-x2", 5_953_526), ("dbpn-x4", 10_426_358), ("dbpn-x8", 23_205_878)],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(DBPN(**PRESETS[preset])) == count


def test_key_names_are_the_authors() -> None:
    with torch.device("meta"):
        keys = set(DBPN().state_dict())
    assert {
        "feat0.conv.weight", "feat1.act.weight", "up1.up_conv1.deconv.weight",
        "up7.up_conv2.conv.bias", "up3.conv.conv.weight", "up3.conv.act.weight",
        "down6.down_conv2.deconv.weight", "down1.down_conv3.act.weight", "output_conv.conv.bias",
    } < keys  # fmt: skip
    assert not {"up2.conv.conv.weight", "down1.conv.conv.weight", "output_conv.act.weight"} & keys
    assert len(keys) == 3 * (2 + 3 * 13 + 5 + 5) + 2


def plain(state: dict[str, Tensor], picture: Tensor, *, scale: int, passes: int) -> Tensor:
    """DBPN of three enlarging units by functions, from its state."""

    def act(name: str, features: Tensor) -> Tensor:
        return functional.prelu(features, state[f"{name}.act.weight"])

    def conv(name: str, features: Tensor, stride: int = 1) -> Tensor:
        weight = state[f"{name}.conv.weight"]
        padding = 2 if stride > 1 else weight.shape[-1] // 2
        return functional.conv2d(features, weight, state[f"{name}.conv.bias"], stride, padding)

    def deconv(name: str, features: Tensor) -> Tensor:
        weight, bias = state[f"{name}.deconv.weight"], state[f"{name}.deconv.bias"]
        return act(name, functional.conv_transpose2d(features, weight, bias, scale, 2))

    def reduce(name: str, features: Tensor) -> Tensor:
        return act(name, conv(name, features, scale))

    def up(name: str, features: Tensor) -> Tensor:
        large = deconv(f"{name}.up_conv1", features)
        error = reduce(f"{name}.up_conv2", large) - features
        return large + deconv(f"{name}.up_conv3", error)

    def down(name: str, features: Tensor) -> Tensor:
        small = reduce(f"{name}.down_conv1", features)
        error = deconv(f"{name}.down_conv2", small) - features
        return small + reduce(f"{name}.down_conv3", error)

    def fuse(name: str, *seen: Tensor) -> Tensor:
        return act(f"{name}.conv", conv(f"{name}.conv", torch.cat(seen, 1)))

    low = act("feat1", conv("feat1", act("feat0", conv("feat0", picture))))
    lasts = []
    for _ in range(passes):
        large1 = up("up1", low)
        low1 = down("down1", large1)
        large2 = up("up2", low1)
        low = down("down2", fuse("down2", large2, large1))
        large3 = up("up3", fuse("up3", low, low1))
        lasts += [large3, large2, large1] if passes == 1 else [large3]
    return conv("output_conv", torch.cat(lasts, 1))


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("passes", [1, 2])
def test_it_is_the_units_of_the_paper(scale: int, passes: int) -> None:
    network = DBPN(scale=scale, width=4, features=6, stages=3, passes=passes)
    picture = random_picture(2, 3, 5, 6)
    wanted = plain(network.state_dict(), picture, scale=scale, passes=passes)
    torch.testing.assert_close(network(picture), wanted, rtol=1e-5, atol=1e-5)


def test_the_residual_is_pillows_bicubic() -> None:
    network = DBPN(scale=4, width=4, features=4, stages=2, passes=3, residual=True)
    torch.nn.init.zeros_(network.output_conv.conv.weight)
    picture = random_picture(1, 3, 9, 11)
    wanted = [
        np.asarray(Image.fromarray(plane).resize((44, 36), Image.Resampling.BICUBIC))
        for plane in picture[0].numpy()
    ]
    torch.testing.assert_close(network(picture)[0], torch.from_numpy(np.stack(wanted)))


@pytest.mark.parametrize(
    "more", [{"stages": 2}, {"stages": 4}, {"stages": 4, "passes": 3, "residual": True}]
)
def test_shapes_tell_all(more: dict[str, Any]) -> None:
    kwargs = {
        "scale": 8, "channels": 3, "width": 4, "features": 6, "passes": 1, "residual": False
    } | more  # fmt: skip
    assert ARCHITECTURE.kwargs_of(DBPN(**kwargs).state_dict()) == kwargs


def test_initial_weights_are_kaimings() -> None:
    network = DBPN(scale=2, width=32, features=32, stages=2)
    weight = network.get_submodule("up1.up_conv1.deconv").get_parameter("weight")
    # PyTorch takes axis 1 for the inputs, of transposed convolutions too
    assert weight.std().item() == pytest.approx((2 / (32 * 36)) ** 0.5, rel=0.05)


def test_scale_three_is_refused() -> None:
    with pytest.raises(ValueError, match="scale 3; one of 2, 4, 8"):
        DBPN(scale=3)
