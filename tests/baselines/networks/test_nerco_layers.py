"""What NeRCo's networks do without gradients, strips and sums in place, gives the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from vector_file import assert_same

from baselines.networks.nerco import layers as nerco_layers
from baselines.networks.nerco import normaliser as nerco_normaliser
from baselines.networks.nerco.layers import (
    PlaneNorm,
    ReflectedConv,
    call_padded,
    draw_weights,
)
from baselines.networks.nerco.mask import MaskExtractor
from baselines.networks.nerco.network import NeRCo


@pytest.fixture
def strips(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Strips of 5 rows of a picture of 24 columns; the shapes of what was convolved."""
    monkeypatch.setattr(nerco_layers, "STRIP", 5 * 24)
    monkeypatch.setattr(call_padded, "__kwdefaults__", {"pixels": 5 * 24})
    monkeypatch.setattr(nerco_normaliser, "_PIXELS", 5 * 24)
    seen: list[tuple[int, ...]] = []
    convolve = torch.conv2d

    def watched(planes: Tensor, *args: Any) -> Tensor:
        seen.append(tuple(planes.shape))
        return convolve(planes, *args)

    monkeypatch.setattr(functional, "conv2d", watched)
    return seen


def random(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(11))


@pytest.mark.parametrize("kernel", [3, 7])
@pytest.mark.parametrize("height", [8, 21, 24])
def test_strips_of_a_reflected_convolution(
    strips: list[tuple[int, ...]], kernel: int, height: int
) -> None:
    layer = ReflectedConv(3, 4, kernel=kernel)
    planes = random(2, 3, height, 24)
    halo = kernel // 2
    padded = functional.pad(planes, (halo,) * 4, mode="reflect")
    wanted = torch.conv2d(padded, layer.weight, layer.bias)
    with torch.no_grad():
        assert_same(layer(planes), wanted)
    assert len(strips) == -(-height // 5)
    strips.clear()
    assert_same(layer(planes), wanted)
    assert len(strips) == 1, "with gradients it is whole"


def test_norm_in_place() -> None:
    layer, planes = PlaneNorm(3, inplace=True), 4 * random(2, 3, 512, 512) + 2
    wanted = layer(planes)
    assert_same(wanted, functional.instance_norm(planes, eps=1e-5))
    with torch.no_grad():
        before = planes.clone()
        assert_same(PlaneNorm(3)(planes), wanted)
        with torch.autocast("cpu", torch.bfloat16):
            layer(planes)
        assert torch.equal(planes, before), "only where asked to, and not under autocast"
        found = layer(planes)
    assert found is planes
    assert_same(found, wanted)


def test_the_whole_network_in_strips(strips: list[tuple[int, ...]]) -> None:
    network = NeRCo(width=16, blocks=1, hidden=12, frequencies=2)
    draw_weights(network, generator=torch.Generator().manual_seed(2), deviation=0.1)
    bright = random(1, 3, 32, 24)
    wanted = network(bright)
    strips.clear()
    with torch.inference_mode():
        found = network(bright)
    assert max(shape[2] for shape in strips if shape[3] > 24) <= 5 + 6, "no whole plane"
    assert_same(found, wanted)


def test_the_mask_in_strips(strips: list[tuple[int, ...]]) -> None:
    network = MaskExtractor(width=16)
    draw_weights(network, generator=torch.Generator().manual_seed(2), deviation=0.1)
    dark = random(1, 3, 23, 24)
    wanted = network(dark)
    strips.clear()
    with torch.no_grad():
        found = network(dark)
    assert len(strips) > 30
    for ours, whole in zip(found, wanted, strict=True):
        assert_same(ours, whole)


def test_exports_are_of_any_size() -> None:
    """Strips would tie an exported graph to one size."""
    network = MaskExtractor(width=16).eval()
    sides = {
        2: torch.export.Dim("height", min=8, max=4096),
        3: torch.export.Dim("width", min=8, max=4096),
    }
    with torch.no_grad():
        graph = torch.export.export(network, (random(1, 3, 24, 16),), dynamic_shapes=(sides,))
        larger = random(1, 3, 40, 36)
        for ours, whole in zip(graph.module()(larger), network(larger), strict=True):
            assert_same(ours, whole)
