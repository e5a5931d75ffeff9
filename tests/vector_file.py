"""Reference vectors of released code: weights, inputs and the output that they gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

RELATIVE = 1e-5  # of the output's largest value: float32, another order of summation


def read_vector(folder: Path, name: str) -> dict[str, Any]:
    """config, state_dict, inputs, output of one vector."""
    return torch.load(folder / f"{name}.pt", weights_only=True)


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    """Both are equal to RELATIVE of the largest value."""
    assert ours.shape == theirs.shape
    error = (ours - theirs).abs().max() / theirs.abs().max()
    assert error <= RELATIVE, f"{error:.2e} of the largest value"
