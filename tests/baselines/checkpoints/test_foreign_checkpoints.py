"""Weights as authors release them: wrappers, prefixes, types, recognition, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.io import savemat
from small_networks import small_network
from torch import Tensor, nn

from baselines.checkpoints.load import load_checkpoint
from baselines.networks.presets import find_preset
from degrade.option_error import OptionError

State = dict[str, Tensor]
WRAPPED: dict[str, tuple[Callable[[State], Any], str]] = {
    "bare": (lambda s: s, ""),
    "params": (lambda s: {"params": s}, "params"),
    "iter": (lambda s: {"iter": 5, "optimizer": {"state": {}}, "state_dict": s}, "state_dict"),
    "module": (lambda s: {f"module.{k}": v for k, v in s.items()}, "module."),
    "compiled": (
        lambda s: {"model": {f"_orig_mod.module.{k}": v for k, v in s.items()}},
        "model _orig_mod. module.",
    ),
    "nested": (lambda s: {"state_dict": {"params_ema": s}}, "state_dict params_ema"),
    "lightning": (
        lambda s: {
            "epoch": 3,
            "state_dict": {
                **{f"generator.{k}": v for k, v in s.items()},
                "discriminator.weight": torch.zeros(3),
            },
        },
        "state_dict generator.",
    ),
    "extra": (lambda s: {**s, "note": "no tensor"}, ""),
}


def state(seed: int = 0) -> State:
    return small_network("dncnn", seed=seed).state_dict()


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt"])
def test_wrappers_are_taken_off(wrapping: str, suffix: str, tmp_path: Path) -> None:
    wrap, told = WRAPPED[wrapping]
    path = tmp_path / f"net{suffix}"
    torch.save(wrap(state()), path)
    loaded = load_checkpoint(path)
    assert loaded is not None
    assert (loaded.architecture.name, loaded.wrapper) == ("dncnn", told)
    wanted = state()
    assert all(torch.equal(v, wanted[k]) for k, v in loaded.module.state_dict().items())


def test_averaged_weights_are_taken_and_the_others_named(tmp_path: Path) -> None:
    torch.save({"params": state(1), "params_ema": state(2)}, tmp_path / "net.pth")
    loaded = load_checkpoint(tmp_path / "net.pth")
    assert loaded is not None
    assert (loaded.wrapper, loaded.alternatives) == ("params_ema", ("params",))
    assert torch.equal(loaded.module.state_dict()["model.0.weight"], state(2)["model.0.weight"])


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_other_types_become_float32(kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"net{suffix}"
    small = {key: value.to(getattr(torch, kind)) for key, value in state().items()}
    (save_file if suffix == ".safetensors" else torch.save)(small, path)
    loaded = load_checkpoint(path)
    assert loaded is not None
    assert loaded.dtype == kind
    found = loaded.module.state_dict()
    assert all(found[k].dtype == torch.float32 for k in small)
    assert all(torch.equal(found[k], v.float()) for k, v in small.items())


def test_foreign_weights_are_declined(tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3, 3)}, tmp_path / "net.pth")
    assert load_checkpoint(tmp_path / "net.pth") is None


def test_keys_of_ours_with_other_shapes(tmp_path: Path) -> None:
    """Left to spandrel where it knows the keys, else named."""
    path = tmp_path / "net.pth"
    known = small_network("rrdb").state_dict()
    torch.save({**known, "conv_hr.weight": torch.zeros(8, 8, 5, 5)}, path)
    assert load_checkpoint(path) is None
    other = small_network("srcnn").state_dict()
    torch.save({**other, "conv1.bias": torch.zeros(9)}, path)
    with pytest.raises(ValueError, match=r"srcnn does not fit: conv1\.bias is \[9\], not \[8\]"):
        load_checkpoint(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    held = state()
    del held["model.2.bias"]
    torch.save(held, tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"dncnn does not fit: model\.2\.bias is missing"):
        load_checkpoint(tmp_path / "net.pth", preset="dncnn-s")


def test_a_preset_that_does_not_fit_names_the_keys(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"model\.8\.weight is missing.*and \d+ more"):
        load_checkpoint(tmp_path / "net.pth", preset="dncnn-s")
    with pytest.raises(OptionError, match="did you mean 'dncnn-b'"):
        find_preset("dncn-b")


def test_a_pickle_that_needs_code_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Conv2d(3, 3, 3), tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"asks for torch\.nn\.modules\.conv\.Conv2d.*refused"):
        load_checkpoint(tmp_path / "net.pth")


def test_what_holds_no_weights_says_so(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "net": {}}, tmp_path / "net.pth")
    with pytest.raises(ValueError, match="holds epoch, net, no weights by name"):
        load_checkpoint(tmp_path / "net.pth")
    savemat(tmp_path / "model.mat", {"net": np.zeros((2, 2))})
    with pytest.raises(ValueError, match=r"model\.mat: holds net.*only MATLAB opens"):
        load_checkpoint(tmp_path / "model.mat")
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        load_checkpoint(tmp_path / "gone.pth")
