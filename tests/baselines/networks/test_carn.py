"""CARN and CARN-M: counts, names, and their layers by functions."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.networks.carn import ARCHITECTURE, CARN, PRESETS
from evaluation.models.cost import count_parameters


@pytest.mark.parametrize(
    ("preset", "count"),
    # published: 1,592K and 412K; the released carn_m.pth holds 414,787 and its mean shifts
    [("carn-x4", 1_591_939), ("carn-m-x4", 414_787), ("carn-m-x2", 414_787)],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(CARN(**PRESETS[preset])) == count


def test_key_names_are_the_authors() -> None:
    with torch.device("meta"):
        carn = set(CARN().state_dict())
        mobile = set(CARN(mobile=True, groups=4).state_dict())
        single = set(CARN(multi_scale=False).state_dict())
    assert {
        "sub_mean.shifter.weight", "add_mean.shifter.bias", "entry.weight", "b3.b3.body.2.bias",
        "b1.c3.body.0.weight", "c1.body.0.bias", "upsample.up2.body.0.weight",
        "upsample.up3.body.0.bias", "upsample.up4.body.3.weight", "exit.bias",
    } < carn  # fmt: skip
    assert {"b2.b1.body.4.weight", "b2.c2.body.0.bias"} < mobile
    assert not any(key.startswith("b2.b2") for key in mobile)
    assert {key for key in single if "upsample" in key} == {
        f"upsample.up.body.{place}.{kind}" for place in (0, 3) for kind in ("weight", "bias")
    }


def plain(state: dict[str, Tensor], picture: Tensor, *, scale: int, mobile: bool) -> Tensor:
    """The network by functions, from its state."""

    def conv(name: str, features: Tensor) -> Tensor:
        weight = state[f"{name}.weight"]
        groups = features.shape[1] // weight.shape[1]
        padding = weight.shape[-1] // 2
        return functional.conv2d(
            features, weight, state[f"{name}.bias"], padding=padding, groups=groups
        )

    def residual(name: str, features: Tensor) -> Tensor:
        inner = conv(f"{name}.body.2", functional.relu(conv(f"{name}.body.0", features)))
        if mobile:
            inner = conv(f"{name}.body.4", functional.relu(inner))
        return functional.relu(inner + features)

    def block(name: str, features: Tensor) -> Tensor:
        seen = [features]
        for place in (1, 2, 3):
            seen.append(residual(f"{name}.b{1 if mobile else place}", features))
            features = functional.relu(conv(f"{name}.c{place}.body.0", torch.cat(seen, 1)))
        return features

    mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    features = conv("entry", picture - mean)
    seen = [features]
    for place in (1, 2, 3):
        seen.append(block(f"b{place}", features))
        features = functional.relu(conv(f"c{place}.body.0", torch.cat(seen, 1)))
    for place, step in enumerate([2, 2] if scale == 4 else [scale]):
        enlarged = functional.relu(conv(f"upsample.up{scale}.body.{3 * place}", features))
        features = functional.pixel_shuffle(enlarged, step)
    return conv("exit", features) + mean


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("mobile", [False, True])
def test_it_is_the_layers_of_the_figure(scale: int, mobile: bool) -> None:
    network = CARN(scale=scale, width=8, mobile=mobile, groups=4 if mobile else 1)
    picture = random_picture(2, 3, 6, 7)
    wanted = plain(network.state_dict(), picture, scale=scale, mobile=mobile)
    torch.testing.assert_close(network(picture), wanted)
    other = CARN(scale=5 - scale // 2, width=8, mobile=mobile, groups=4 if mobile else 1)
    other.load_state_dict(network.state_dict())
    torch.testing.assert_close(other(picture, scale=scale), wanted)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_one_scale_is_told_by_shapes(scale: int) -> None:
    kwargs = {"scale": scale, "width": 8, "mobile": True, "groups": 2, "multi_scale": False}
    network = CARN(**kwargs)
    assert ARCHITECTURE.kwargs_of(network.state_dict()) == kwargs
    assert network(random_picture(1, 3, 4, 5)).shape == (1, 3, 4 * scale, 5 * scale)


def test_scale_eight_of_three_is_refused() -> None:
    with pytest.raises(ValueError, match="scale 8; one of 2, 3, 4"):
        CARN(scale=8)


def test_a_scale_that_one_enlargement_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="scale 2; these weights have 3"):
        CARN(scale=3, width=8, multi_scale=False)(random_picture(1, 3, 4, 4), scale=2)
