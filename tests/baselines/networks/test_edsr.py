"""EDSR beside the released code, in both namings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from random_pictures import random_picture
from torch import Tensor
from vector_file import assert_same, read_vector

from baselines.networks.edsr import ARCHITECTURE, EDSR, PRESETS
from baselines.networks.mean_shift import shifts
from evaluation.models.cost import count_parameters


def official(state: dict[str, Tensor], *, blocks: int) -> dict[str, Tensor]:
    """Our state under the names of EDSR-PyTorch, with its mean shift."""
    names = {"conv_first": "head.0", "conv_after_body": f"body.{blocks}", "conv_last": "tail.1"}
    names |= {f"body.{i}.conv1": f"body.{i}.body.0" for i in range(blocks)}
    names |= {f"body.{i}.conv2": f"body.{i}.body.2" for i in range(blocks)}
    names |= {f"upsample.{i}": f"tail.0.{i}" for i in (0, 2, 4)}
    renamed = {}
    for key, value in state.items():
        module, kind = key.rsplit(".", 1)
        renamed[f"{names[module]}.{kind}"] = value
    return {**shifts(), **renamed}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_vector(testvectors: Path, scale: int) -> None:
    vector = read_vector(testvectors, f"edsr_x{scale}")
    state = vector["state_dict"]
    found = ARCHITECTURE.kwargs_of(state)
    assert found is not None
    assert found == {
        "scale": scale, "width": 16, "blocks": 2, "residual_scale": 1.0, "stored_shift": False
    }  # fmt: skip
    network = EDSR(**{**found, "residual_scale": 0.1}).eval()
    network.load_state_dict(state)
    with torch.no_grad():
        assert_same(network(*vector["inputs"]), vector["output"])


@pytest.mark.parametrize(
    ("preset", "count"),
    [
        ("edsr-x2", 40_729_603),
        ("edsr-x3", 43_680_003),
        ("edsr-x4", 43_089_923),
        ("edsr-baseline-x2", 1_369_859),
        ("edsr-baseline-x3", 1_554_499),
        ("edsr-baseline-x4", 1_517_571),
    ],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(EDSR(**PRESETS[preset])) == count


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_official_names(scale: int) -> None:
    network = EDSR(scale=scale, width=8, blocks=3)
    state = network.state_dict()
    renamed = ARCHITECTURE.renamed(official(state, blocks=3))
    assert {key: value.data_ptr() for key, value in renamed.items()} == {
        key: value.data_ptr() for key, value in state.items()
    }


def test_a_shift_that_has_learned_is_kept() -> None:
    network = EDSR(scale=2, width=8, blocks=1)
    state = official(network.state_dict(), blocks=1)
    state["add_mean.bias"] = state["add_mean.bias"] + 25.5
    renamed = ARCHITECTURE.renamed(state)
    kwargs = ARCHITECTURE.kwargs_of(renamed)
    assert kwargs is not None and kwargs["stored_shift"]
    learned = EDSR(**{**kwargs, "residual_scale": 0.1})
    learned.load_state_dict(dict(renamed))
    picture = random_picture(1, 3, 4, 5)
    torch.testing.assert_close(learned(picture), network(picture) + 0.1)


def test_the_large_network_alone_scales_its_residuals() -> None:
    told = {}
    for preset in ("edsr-x4", "edsr-baseline-x4"):
        with torch.device("meta"):
            kwargs = ARCHITECTURE.kwargs_of(EDSR(**PRESETS[preset]).state_dict())
        assert kwargs is not None
        told[preset] = kwargs["residual_scale"]
    assert told == {"edsr-x4": 0.1, "edsr-baseline-x4": 1.0}
    assert ARCHITECTURE.assumed == ("residual_scale",)


def test_scale_five_is_refused() -> None:
    with pytest.raises(ValueError, match="scale 5: one of 2, 3, 4, 8"):
        EDSR(scale=5, width=8, blocks=1)
