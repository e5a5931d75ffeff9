"""Meta-SR: filters predicted once for equal offsets, beside one for each pixel of the output."""

from __future__ import annotations

import math

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.networks import metasr
from baselines.networks.metasr import ARCHITECTURE, PRESETS, MetaSR
from evaluation.models.cost import count_parameters

SCALES = [1.0, 1.1, 1.5, 2.718281828, 3.0]


def small() -> MetaSR:
    return MetaSR(width=8, blocks=1, layers=2, growth=4).eval()


def pixel_by_pixel(network: MetaSR, picture: Tensor, scale: float) -> Tensor:
    """Every output pixel with its own prediction, at the positions that float32 gives."""
    mean = 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    features = functional.pad(network.features(picture * 255 - mean), (1, 1, 1, 1))
    batch, _, height, width = picture.shape
    rows, columns = math.floor(height * scale), math.floor(width * scale)
    out = torch.empty(batch, 3, rows, columns)
    inverse = torch.tensor(1.0 / scale)
    for i in range(rows):
        for j in range(columns):
            y, x = torch.tensor(float(i)) * inverse, torch.tensor(float(j)) * inverse
            top, left = int(y.floor()), int(x.floor())
            place = torch.stack((inverse, y - top, x - left))
            filters = network.P2W.meta_block(place).view(-1, 3)
            patch = features[:, :, top : top + 3, left : left + 3].flatten(1)
            out[:, :, i, j] = patch @ filters
    return (out + mean) / 255


@pytest.mark.parametrize("scale", SCALES)
def test_equal_to_a_prediction_for_each_pixel(scale: float) -> None:
    network = small()
    picture = random_picture(2, 3, 5, 6)
    with torch.no_grad():
        wanted = pixel_by_pixel(network, picture, scale)
        found = network(picture, scale)
    assert found.shape == wanted.shape
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_whole_scales_by_either_way() -> None:
    network = small()
    features = random_picture(2, 8, 6, 7)
    with torch.no_grad():
        torch.testing.assert_close(network._whole(features, 3), network._by_rows(features, 3.0))


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network = small()
    picture = random_picture(1, 3, 20, 6)
    with torch.no_grad():
        whole = network(picture, 1.5)
        monkeypatch.setattr(metasr, "_GATHERED", 1)
        torch.testing.assert_close(network(picture, 1.5), whole)


@pytest.mark.parametrize(("scale", "count"), [(3.0, 9), (4.0, 16), (1.5, 9), (2.5, 25)])
def test_filters_are_predicted_once(scale: float, count: int) -> None:
    network = small()
    predicted: list[int] = []
    network.P2W.register_forward_hook(lambda *call: predicted.append(len(call[1][0])))
    with torch.no_grad():
        network(random_picture(1, 3, 30, 41), scale)
    assert sum(predicted) == count


def test_it_learns_at_any_scale() -> None:
    for scale in (2.0, 1.7):
        network = small().train()
        network(random_picture(1, 3, 5, 6), scale).square().mean().backward()
        assert all(
            one.grad is not None and one.grad.isfinite().all() for one in network.parameters()
        )


def test_parameters_and_key_names() -> None:
    with torch.device("meta"):
        network = MetaSR(**PRESETS["meta-rdn"])
    # RDN's features and 3 -> 256 -> 3 * 9 * 64
    assert count_parameters(network) == 22_419_072
    keys = set(network.state_dict())
    assert {
        "sub_mean.weight", "add_mean.bias", "SFENet1.weight", "RDBs.15.convs.7.conv.0.bias",
        "GFF.1.weight", "P2W.meta_block.0.weight", "P2W.meta_block.2.bias",
    } < keys  # fmt: skip
    assert ARCHITECTURE.kwargs_of(network.state_dict()) == {
        "width": 64, "blocks": 16, "layers": 8, "growth": 64
    }  # fmt: skip
    assert (network.traits.scale, network.traits.told) == (0, "scale")


def test_scales_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scale 0\.5; 1 or more"):
        small()(random_picture(1, 3, 4, 4), 0.5)
