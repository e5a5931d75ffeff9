"""Random pictures and features that are the same at each run."""

from __future__ import annotations

import torch
from torch import Tensor


def random_picture(*shape: int, seed: int = 0) -> Tensor:
    """float32, uniform in 0 ... 1."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
