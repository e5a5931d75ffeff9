"""DnCNN beside the released code, and the authors' own weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from random_pictures import random_picture
from torch import nn
from vector_file import assert_same, read_vector

from baselines.checkpoints.load import load_checkpoint
from baselines.networks.dncnn import ARCHITECTURE, PRESETS, DnCNN, merge_norm
from evaluation.models.cost import count_parameters


def test_vector(testvectors: Path) -> None:
    vector = read_vector(testvectors, "dncnn_R")
    state = vector["state_dict"]
    network = DnCNN(**ARCHITECTURE.kwargs_of(state) or {}).eval()
    network.load_state_dict(state)
    with torch.no_grad():
        assert_same(network(*vector["inputs"]), vector["output"])


@pytest.mark.parametrize(
    ("preset", "norm", "count"),
    [
        ("dncnn-s", False, 555_137),  # batch normalisation merged, as the authors release it
        ("dncnn-s", True, 557_057),  # KAIR's form of training
        ("dncnn-b", False, 665_921),
        ("dncnn-color", False, 668_227),
    ],
)
def test_parameters(preset: str, norm: bool, count: int) -> None:
    assert count_parameters(DnCNN(**PRESETS[preset], norm=norm)) == count


def test_released_weights(testdata: Path) -> None:
    loaded = load_checkpoint(testdata / "dncnn_25.pth")
    assert loaded is not None
    assert (loaded.architecture.name, loaded.kwargs["depth"]) == ("dncnn", 17)


def with_norm(*, epsilon: float = 1e-4) -> DnCNN:
    """A network with normalisation whose running numbers are away from where they begin."""
    network = DnCNN(channels=3, width=6, depth=5, norm=True).eval()
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            layer.eps = epsilon
            layer.running_mean.copy_(torch.randn(6, generator=generator))
            layer.running_var.copy_(torch.rand(6, generator=generator) * 1e-3)
            nn.init.uniform_(layer.bias, -1, 1, generator=generator)
    return network


def test_merged_norm_restores_the_same() -> None:
    network = with_norm()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    merged = merge_norm(network)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in merged.modules())
    picture = random_picture(1, 3, 9, 8)
    with torch.no_grad():
        assert_same(merged(picture), network(picture))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_saoyan_names_are_renamed_and_merged() -> None:
    """No biases, and eps 1e-5: variances near it tell the two apart."""
    network = with_norm(epsilon=1e-5)
    theirs = {}
    for key, value in network.state_dict().items():
        number, end = key.removeprefix("model.").split(".")
        if isinstance(network.model[int(number)], nn.Conv2d) and end == "bias":
            continue
        theirs[f"dncnn.{number}.{end}"] = value
    with torch.no_grad():
        for layer in network.model:
            if isinstance(layer, nn.Conv2d):
                assert layer.bias is not None
                layer.bias.zero_()
    state = ARCHITECTURE.renamed(theirs)
    kwargs = ARCHITECTURE.kwargs_of(state)
    assert kwargs == {"channels": 3, "width": 6, "depth": 5, "norm": False}
    ours = DnCNN(channels=3, width=6, depth=5).eval()
    ours.load_state_dict(dict(state))
    picture = random_picture(1, 3, 9, 8)
    with torch.no_grad():
        assert_same(ours(picture), network(picture))


def test_gains_begin_away_from_zero() -> None:
    gains = DnCNN(norm=True).state_dict()["model.3.weight"]
    assert gains.abs().min() >= 0.025
    assert (gains < 0).any() and (gains > 0).any()


def test_other_sequences_are_not_taken() -> None:
    state = DnCNN(width=4, depth=4).state_dict()
    assert ARCHITECTURE.kwargs_of({**state, "model.7.weight": state["model.0.weight"]}) is None
    assert ARCHITECTURE.kwargs_of({"model.main.weight": state["model.0.weight"]}) is None
    assert ARCHITECTURE.renamed({"dncnn.head.weight": state["model.0.weight"]}).keys() == {
        "dncnn.head.weight"
    }
