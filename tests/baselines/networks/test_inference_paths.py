"""What a network computes sooner without gradients is what it computes with them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from vector_file import assert_same

from baselines.networks.inference_paths import doubled, in_strips, is_hurried


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (6, 5)])
def test_doubled_is_nearest_then_convolution(size: tuple[int, int]) -> None:
    layer = nn.Conv2d(3, 5, 3, padding=1)
    features = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    wanted = layer(functional.interpolate(features, scale_factor=2, mode="nearest"))
    with torch.no_grad():
        ours = doubled(features, weight=layer.weight, bias=layer.bias)
    assert_same(ours, wanted.detach())


@pytest.mark.parametrize("rows", [1, 3, 4, 10])
def test_strips_of_what_is_padded_by_a_mode(rows: int) -> None:
    layer = nn.Conv2d(2, 3, 5).requires_grad_(False)
    features = torch.randn(1, 2, 10, 6, generator=torch.Generator().manual_seed(0))
    for pad in ("reflect", "constant"):
        seen: list[int] = []

        def call(part: Tensor, seen: list[int] = seen) -> Tensor:
            seen.append(part.shape[2] - 4)
            return layer(part)

        ours = in_strips(call, features, rows=rows, halo=2, pad=pad)
        assert_same(ours, layer(functional.pad(features, (2, 2, 2, 2), mode=pad)))
        assert sum(seen) == 10 and max(seen) <= rows and min(seen) >= rows // 2


@pytest.mark.parametrize("rows", [1, 3, 4, 20])
def test_strips_with_the_whole_halo_are_the_whole(rows: int) -> None:
    layer = nn.Conv2d(2, 3, 5, padding=2).requires_grad_(False)
    features = torch.randn(1, 2, 10, 6, generator=torch.Generator().manual_seed(0))
    ours = in_strips(layer, features, rows=rows, halo=2, scale=1)
    assert_same(ours, layer(features))
    if rows < 10:
        short = in_strips(layer, features, rows=rows, halo=1, scale=1)
        assert not torch.allclose(short, layer(features))


def test_only_eager_processors_without_gradients_hurry() -> None:
    picture = torch.zeros(1, 1, 2, 2)
    assert not is_hurried(picture)
    with torch.no_grad():
        assert is_hurried(picture)
        assert not is_hurried(picture.to("meta"), on_cards=True)
        assert not is_hurried(picture.double())
        assert not is_hurried(picture.bfloat16())
        with torch.autocast("cpu", torch.bfloat16):
            assert not is_hurried(picture)
        with FlopCounterMode(display=False):
            assert is_hurried(picture)
            assert not is_hurried(picture, beyond_torch=True)
        assert is_hurried(picture, beyond_torch=True)
        assert not is_hurried(nn.Parameter(picture, requires_grad=False), beyond_torch=True)
    with torch.inference_mode():
        assert is_hurried(picture)


def test_exported_networks_are_plain() -> None:
    class Hurried(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return picture + 1 if is_hurried(picture) else picture

    with torch.no_grad():
        exported = torch.export.export(Hurried(), (torch.zeros(1, 1, 2, 2),))
        assert not exported.module()(torch.zeros(1, 1, 2, 2)).any()
        traced = torch.jit.trace(Hurried(), torch.zeros(1, 1, 2, 2), check_trace=False)
        assert not traced(torch.zeros(1, 1, 2, 2)).any()  # pyright: ignore[reportCallIssue]
        compiled = torch.compile(Hurried(), backend="eager", fullgraph=True)
        assert not compiled(torch.zeros(1, 1, 2, 2)).any()
