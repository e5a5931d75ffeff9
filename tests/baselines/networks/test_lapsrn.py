"""LapSRN: its pyramid, the two forms that were released, MATLAB's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torch import Tensor
from torch.nn import functional

from baselines.checkpoints.inspecting import inspect_checkpoint
from baselines.checkpoints.load import load_checkpoint
from baselines.networks.lapsrn import ARCHITECTURE, LapSRN
from degrade.option_error import OptionError
from evaluation.models.cost import count_parameters


def random_state(network: LapSRN) -> dict[str, Tensor]:
    """Its state dict, filled in place."""
    state = network.state_dict()
    generator = torch.Generator().manual_seed(0)
    for value in state.values():
        value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
    return state


def doubled(picture: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A transposed convolution of stride 2 as a convolution, turned, of the picture with zeros
    between its pixels: the kernel's second pixel (4x4) or first (3x3) is on the input's."""
    batch, channels, height, width = picture.shape
    spread = torch.zeros(batch, channels, 2 * height, 2 * width)
    spread[..., ::2, ::2] = picture
    before, after = {4: (2, 1), 3: (2, 0)}[weight.shape[2]]
    padded = functional.pad(spread, (before, after, before, after))
    return functional.conv2d(padded, weight.flip(2, 3).transpose(0, 1), bias)


@pytest.mark.parametrize(("kernel", "bias"), [(3, True), (4, False)])
@pytest.mark.parametrize("scale", [2, 8])
def test_levels_one_by_one(scale: int, kernel: int, bias: bool) -> None:
    network = LapSRN(scale=scale, width=3, depth=2, kernel=kernel, bias=bias)
    state = random_state(network)
    picture = torch.rand(1, 1, 5, 4, generator=torch.Generator().manual_seed(1))

    def conv(name: str, features: Tensor) -> Tensor:
        return functional.conv2d(
            features, state[f"{name}.weight"], state.get(f"{name}.bias"), padding=1
        )

    def leaky(features: Tensor) -> Tensor:
        return torch.maximum(features, 0.2 * features)

    features, wanted, now = leaky(conv("conv_input", picture)), [], picture
    for level in range(1, scale.bit_length()):
        block = f"convt_F{level}.0.cov_block"
        for place in (0, 2):
            features = leaky(conv(f"{block}.{place}", features))
        up = state[f"{block}.4.weight"], state.get(f"{block}.4.bias")
        features = leaky(doubled(features, *up))
        enlarged = doubled(now, state[f"convt_I{level}.weight"])
        now = enlarged + conv(f"convt_R{level}", features)
        wanted.append(now)
    with torch.no_grad():
        found = network.levels(picture)
        assert len(found) == len(wanted)
        for ours, one in zip(found, wanted, strict=True):
            assert torch.allclose(ours, one, rtol=1e-5, atol=1e-5)
        assert torch.equal(network(picture), found[-1])


def test_without_residuals_it_is_bilinear() -> None:
    """As it begins: a doubling by 1/4, 3/4, 3/4, 1/4, away from the border."""
    network = LapSRN(scale=4, width=4, depth=1)
    with torch.no_grad():
        for level in (1, 2):
            network.get_parameter(f"convt_R{level}.weight").zero_()
        picture = torch.rand(1, 1, 9, 11, generator=torch.Generator().manual_seed(0))
        first, second = network.levels(picture)
    for before, after in ((picture, first), (first, second)):
        wanted = functional.interpolate(before, scale_factor=2, mode="bilinear")
        assert torch.allclose(after[..., 2:-2, 2:-2], wanted[..., 2:-2, 2:-2], atol=1e-6)


def test_forms_of_the_releases() -> None:
    with torch.device("meta"):
        authors, port = LapSRN(), LapSRN(kernel=4, bias=False)
    weights = sum(p.numel() for k, p in authors.named_parameters() if not k.endswith(".bias"))
    assert weights == 812_768  # 813K in published tables (CARN, table 2)
    assert count_parameters(port) == 870_112
    told = ARCHITECTURE.kwargs_of(port.state_dict())
    assert told == {"scale": 4, "width": 64, "depth": 10, "kernel": 4, "bias": False}


def matlab_arrays(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a x4 of depth 2 under MatConvNet's names, axes in its order."""
    theirs = {"conv_input": "input_conv"}
    for ours, level in ((1, 2), (2, 1)):
        theirs |= {
            f"convt_I{ours}": f"level{level}_img_up",
            f"convt_R{ours}": f"level{level}_residual_conv",
            f"convt_F{ours}.0.cov_block.0": f"level{level}_conv1",
            f"convt_F{ours}.0.cov_block.2": f"level{level}_conv2",
            f"convt_F{ours}.0.cov_block.4": f"level{level}_upconv",
        }
    released = {}
    for key, value in state.items():
        layer, kind = key.rsplit(".", 1)
        turned = value.permute(2, 3, 1, 0) if kind == "weight" else value[None]
        released[f"{theirs[layer]}_{kind[0].replace('w', 'f')}"] = turned
    return released


@pytest.mark.parametrize("squeezed", [False, True])
def test_names_and_layout_of_matlab(squeezed: bool) -> None:
    """Axes of length 1 are dropped by some readers; levels count down."""
    state = random_state(LapSRN(scale=4, width=3, depth=2))
    released = matlab_arrays(state)
    if squeezed:
        released = {name: array.squeeze() for name, array in released.items()}
    found = ARCHITECTURE.renamed(released)
    assert ARCHITECTURE.kwargs_of(released) is None
    assert set(found) == set(state)
    for key, value in state.items():
        assert torch.equal(found[key], value), key


@pytest.mark.parametrize("form", ["arrays", "net"])
def test_a_checkpoint_may_be_matlabs(form: str, tmp_path: Path) -> None:
    state = random_state(LapSRN(scale=4, width=3, depth=2))
    arrays = {name: array.numpy() for name, array in matlab_arrays(state).items()}
    held: dict[str, Any] = dict(arrays)
    if form == "net":  # as MatConvNet's DagNN.saveobj: a struct array of parameters
        params = np.zeros((1, len(arrays)), [("name", object), ("value", object)])
        for place, (name, array) in enumerate(arrays.items()):
            params[0, place] = (name, array)
        held = {"net": {"params": params, "vars": np.zeros(2)}, "state": np.zeros(3)}
    savemat(tmp_path / "LapSRN_x4.mat", held)
    loaded = load_checkpoint(tmp_path / "LapSRN_x4.mat")
    assert loaded is not None
    assert (loaded.architecture.name, loaded.kwargs["depth"]) == ("lapsrn", 2)
    for key, value in loaded.module.state_dict().items():
        assert torch.equal(value, state[key]), key
    assert inspect_checkpoint(loaded.path).network == "lapsrn"
    with pytest.raises(ValueError, match="lapsrn does not fit"):
        load_checkpoint(loaded.path, preset="lapsrn-x2")


def test_begins_as_the_authors() -> None:
    network = LapSRN(scale=2)
    assert network.conv_input.weight.std().item() == pytest.approx(0.001, rel=0.1)
    up = network.get_parameter("convt_F1.0.cov_block.20.weight")
    assert up.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("wrong", [{"scale": 3}, {"scale": 1}, {"kernel": 5}])
def test_wrong_options(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=rf"lapsrn: {next(iter(wrong))} "):
        LapSRN(**wrong)
