"""Every test of baselines begins with the same first weights."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def same_first_weights() -> None:
    """PyTorch draws a layer's first weights from its global generator."""
    torch.manual_seed(0)
