"""NeRCo's network of points, beside the released code and beside its evaluation word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from vector_file import assert_same, read_vector

from baselines.networks.nerco.normaliser import ImplicitNetwork


def test_vector(testvectors: Path) -> None:
    vector = read_vector(testvectors, "nerco_nrn")
    network = ImplicitNetwork()
    network.load_state_dict(vector["state_dict"])
    assert_same(network(*vector["inputs"]), vector["output"])


def centres(height: int, width: int) -> Tensor:
    """[H*W,2] row and column of each pixel's centre, the picture's sides being [-1,1]."""
    rows, columns = (2 * (torch.arange(n) + 0.5) / n - 1 for n in (height, width))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flatten(0, 1)


def encoded(points: Tensor, frequencies: int) -> Tensor:
    """Points with sine and cosine of each coordinate at pi, 2 pi, 4 pi ..."""
    angles = points[..., None] * torch.pi * 2.0 ** torch.arange(frequencies)
    waves = torch.stack([angles.sin(), angles.cos()], -2)
    return torch.cat([points, waves.flatten(1)], -1)


def word_by_word(network: ImplicitNetwork, planes: Tensor, frequencies: int) -> Tensor:
    """LIIF's local ensemble as the release runs it: four neighbours, all of them the point itself,
    weighted by the areas to the opposite ones."""
    batch, _, height, width = planes.shape
    around = functional.unfold(planes, 3, padding=1).transpose(1, 2)
    asked = encoded(centres(height, width), frequencies)
    cell = torch.tensor([2 / height * height, 2 / width * width]).expand(batch, len(asked), 2)
    results, areas = [], []
    for _ in range(4):
        relative = asked - encoded(centres(height, width), frequencies)
        relative = relative * torch.tensor([height, width] + [1] * (4 * frequencies))
        points = torch.cat([around, relative.expand(batch, -1, -1), cell], -1)
        results.append(network.imnet(points))
        areas.append((relative[:, 0] * relative[:, 1]).abs() + 1e-9)
    total = torch.stack(areas).sum(0)
    weighted = [
        result * (area / total)[:, None]
        for result, area in zip(results, reversed(areas), strict=True)
    ]
    return torch.stack(weighted).sum(0).transpose(1, 2).unflatten(2, (height, width))


@pytest.mark.parametrize("size", [(7, 5), (12, 9)])
def test_once_is_as_good_as_four_times(size: tuple[int, int]) -> None:
    network = ImplicitNetwork(width=6, hidden=16, frequencies=4)
    planes = torch.randn(2, 6, *size, generator=torch.Generator().manual_seed(4))
    wanted = word_by_word(network, planes, 4)
    assert wanted.std() > 1e-3
    assert_same(network(planes), wanted)
    with torch.no_grad():
        assert_same(network(planes), wanted)


def test_gradients_are_those_of_four_times() -> None:
    network = ImplicitNetwork(width=6, hidden=16, frequencies=4)
    planes = torch.randn(1, 6, 8, 8, generator=torch.Generator().manual_seed(4))
    gradients = []
    for painted in (network(planes), word_by_word(network, planes, 4)):
        network.zero_grad()
        painted.square().sum().backward()
        gradients.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    for ours, theirs in zip(*gradients, strict=True):
        assert_same(ours, theirs)
    first = gradients[0][0]
    assert first.shape == (16, 6 * 9 + 2 + 16 + 2)
    assert not first[:, 54:-2].any(), "coordinates relative to themselves teach nothing"
    assert first[:, -2:].any() and first[:, :54].any()


def test_the_picture_s_edge_is_of_zeros() -> None:
    network = ImplicitNetwork(width=2, hidden=8, frequencies=1)
    planes = torch.ones(1, 2, 6, 6)
    painted = network(planes)
    assert torch.allclose(painted[..., 2, 2], painted[..., 3, 3], atol=1e-6)
    assert not torch.allclose(painted[..., 0, 2], painted[..., 2, 2], atol=1e-4)
