"""NeRCo's edge layer: the released one beside its output, the named ones by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from vector_file import assert_same

from baselines.networks.nerco.edges import KERNELS, RELEASED_GAIN, EdgeLayer
from degrade.option_error import OptionError


def plain(kernels: str) -> EdgeLayer:
    """Colours that change nothing: the magnitude three times."""
    layer = EdgeLayer(kernels=kernels)
    torch.nn.init.ones_(layer.gray2RGB.weight)
    assert layer.gray2RGB.bias is not None
    torch.nn.init.zeros_(layer.gray2RGB.bias)
    return layer


def ramp(across: float, down: float) -> Tensor:
    """Luma that grows by so much a pixel; rounded bowl where both are 0."""
    y, x = torch.meshgrid(torch.arange(7.0), torch.arange(9.0), indexing="ij")
    return (across * x + down * y)[None, None]


def test_vector(testvectors: Path) -> None:
    with np.load(testvectors / "nerco_edge.npz") as held:
        vector = {key: torch.from_numpy(held[key]) for key in held.files}
    layer = EdgeLayer()
    layer.load_state_dict(
        {f"gray2RGB.{name}": vector[f"gray2RGB__{name}"] for name in ("weight", "bias")}
    )
    assert_same(layer(vector["input"]), vector["output"])
    layer.gain = RELEASED_GAIN
    assert_same(layer(vector["input"]), 4 * vector["output"])


@pytest.mark.parametrize(
    ("kernels", "wanted"),
    [
        ("released", 2 * 0.05),  # over two pixels: slopes 0.03 and 0.04
        ("sobel", 8 * 0.05),
        ("laplacian4", 0.0),
        ("laplacian8", 0.0),
    ],
)
def test_a_slope(kernels: str, wanted: float) -> None:
    inside = plain(kernels)(ramp(0.03, 0.04))[..., 1:-1, 1:-1]
    assert inside.shape[1] == 3
    assert torch.allclose(inside, torch.tensor(max(wanted, 1e-3)), rtol=1e-3)


@pytest.mark.parametrize(("kernels", "wanted"), [("laplacian4", 4.0), ("laplacian8", 12.0)])
def test_a_bowl(kernels: str, wanted: float) -> None:
    y, x = torch.meshgrid(torch.arange(7.0), torch.arange(9.0), indexing="ij")
    inside = plain(kernels)((x * x + y * y)[None, None])[..., 1:-1, 1:-1]
    assert torch.allclose(inside, torch.tensor(wanted))


@pytest.mark.parametrize("kernels", KERNELS)
def test_luma_and_gradient(kernels: str) -> None:
    gray = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    luma = gray * (65.738 + 129.057 + 25.064) / 256
    picture = gray.expand(-1, 3, -1, -1).clone().requires_grad_()
    layer = plain(kernels)
    edges = layer(picture)
    assert_same(edges, layer(luma))
    edges.sum().backward()
    assert picture.grad is not None and torch.isfinite(picture.grad).all() and picture.grad.any()
    assert not any(parameter.requires_grad for parameter in layer.parameters())


def test_colours_come_from_the_generator() -> None:
    one, two = (EdgeLayer(generator=torch.Generator().manual_seed(9)) for _ in range(2))
    assert torch.equal(one.gray2RGB.weight, two.gray2RGB.weight)
    before = two.gray2RGB.weight.clone()
    two.draw_colours(torch.Generator().manual_seed(10))
    assert not torch.equal(two.gray2RGB.weight, before)
    assert set(one.state_dict()) == {"gray2RGB.weight", "gray2RGB.bias"}


def test_unknown_name() -> None:
    with pytest.raises(OptionError, match="sobel"):
        EdgeLayer(kernels="sobell")
