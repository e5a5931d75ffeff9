"""RRDB beside the released code's outputs, its three namings, and its faster path."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional
from vector_file import assert_same, read_vector

from baselines.networks.rrdb import ARCHITECTURE, PRESETS, RRDB
from evaluation.models.cost import count_parameters


def small(scale: int) -> RRDB:
    """Weights that are not near 0, so that every part counts."""
    network = RRDB(scale=scale, width=8, growth=4, blocks=2).eval()
    generator = torch.Generator().manual_seed(scale)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.1)
    return network


@pytest.mark.parametrize("name", ["rrdbnet_x2", "rrdbnet_x4", "esrgan_rrdb_original_names"])
def test_vector(testvectors: Path, name: str) -> None:
    vector = read_vector(testvectors, name)
    state = ARCHITECTURE.renamed(vector["state_dict"])
    network = RRDB(**ARCHITECTURE.kwargs_of(state) or {}).eval()
    network.load_state_dict(state)
    assert_same(network(*vector["inputs"]).detach(), vector["output"])
    with torch.inference_mode():
        assert_same(network(*vector["inputs"]), vector["output"])


@pytest.mark.parametrize(
    ("preset", "count"),
    [
        ("esrgan-x4", 16_697_987),
        ("realesrgan-x2", 16_703_171),
        ("realesrgan-x1", 16_723_907),
        ("realesrgan-x4-anime", 4_467_779),
    ],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(RRDB(**PRESETS[preset])) == count


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("size", [(36, 20), (8, 44), (4, 4)])
def test_faster_path_is_the_plain_one(scale: int, size: tuple[int, int]) -> None:
    """Strips (of 16 rows where the features are wide) and folded enlargement, two pictures."""
    network = small(scale)
    picture = random_picture(2, 3, *(side * network.unshuffle for side in size))
    with torch.inference_mode():
        ours = network(picture)
    assert_same(ours, network(picture).detach())


def test_strips_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baselines.networks.rrdb.STRIP_ROWS", 3)
    monkeypatch.setattr("baselines.networks.rrdb.STRIP_PIXELS", 1)
    network = small(4)
    picture = random_picture(1, 3, 17, 12)
    with torch.inference_mode():
        ours = network(picture)
    assert_same(ours, network(picture).detach())


def test_tail_enlarges_by_nearest_neighbour() -> None:
    """Written out again: enlargement, convolution and leaky ReLU twice, then two convolutions."""
    network = small(4)
    features = torch.randn(1, 8, 5, 6, generator=torch.Generator().manual_seed(0))

    def conv(layer: str, x: Tensor) -> Tensor:
        part = network.get_submodule(layer)
        return functional.conv2d(x, part.weight, part.bias, padding=1)  # pyright: ignore[reportArgumentType, reportCallIssue]

    x = features
    for layer in ("conv_up1", "conv_up2"):
        x = conv(layer, x.repeat_interleave(2, 2).repeat_interleave(2, 3))
        x = torch.where(x < 0, 0.2 * x, x)
    x = conv("conv_hr", x)
    x = conv("conv_last", torch.where(x < 0, 0.2 * x, x))
    assert_same(network._enlarged(features).detach(), x.detach())
    with torch.no_grad():
        assert_same(network._enlarged_sooner(features), x.detach())


def test_first_names_of_the_esrgan_repository() -> None:
    ours = small(4).state_dict()
    ends = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    theirs = {}
    for key, value in ours.items():
        layer, end = key.rsplit(".", 1)
        if layer.startswith("body."):
            _, block, dense, conv = layer.split(".")
            name = f"model.1.sub.{block}.{dense.upper()}.{conv}.0.{end}"
        elif layer == "conv_body":
            name = f"model.1.sub.2.{end}"
        else:
            name = f"model.{ends[layer]}.{end}"
        theirs[name] = value
    kair = {key.replace("conv5.0.", "conv5."): value for key, value in theirs.items()}
    for named in (theirs, kair):  # KAIR's blocks end in a bare convolution
        renamed = ARCHITECTURE.renamed(named)
        assert set(renamed) == set(ours)
        assert all(renamed[key] is value for key, value in ours.items())
    # the first naming of x2 has other numbers: not ours to guess
    other = {key.replace("model.6.", "model.5."): value for key, value in theirs.items()}
    assert ARCHITECTURE.renamed(other) is other


def test_names_are_the_release_s() -> None:
    keys = small(4).state_dict()
    assert {"conv_first.weight", "body.1.rdb3.conv5.bias", "conv_body.weight"} <= set(keys)
    assert len(keys) == 2 * (2 * 3 * 5 + 6)


def test_dense_blocks_begin_small() -> None:
    network = RRDB(blocks=1)
    layer = network.get_submodule("body.0.rdb1.conv1")
    kaiming = (2 / (64 * 9)) ** 0.5
    assert torch.std(layer.weight).item() == pytest.approx(0.1 * kaiming, rel=0.05)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert not network.state_dict()["body.0.rdb1.conv1.bias"].any()


def test_other_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="scale 8: one of 1, 2, 4"):
        RRDB(scale=8)
