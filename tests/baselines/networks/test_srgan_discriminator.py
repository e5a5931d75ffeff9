"""The discriminator of SRGAN's figure 4."""

from __future__ import annotations

import pytest
import torch
from random_pictures import random_picture

from baselines.networks.discriminators.srgan import SRGANDiscriminator
from baselines.networks.table import DISCRIMINATORS


def test_it_is_the_figures() -> None:
    """Figure 4: widths, strides and linear layers, counted."""
    widths = (64, 64, 128, 128, 256, 256, 512, 512)
    convolutions = 9 * sum(a * b for a, b in zip((3, *widths), widths, strict=False))
    norms = 2 * sum(widths[1:]) + widths[0]  # the first has a bias in place of one
    linear = 512 * 6 * 6 * 1024 + 1024 + 1024 + 1
    with torch.device("meta"):
        whole = SRGANDiscriminator()
    assert sum(one.numel() for one in whole.parameters()) == convolutions + norms + linear
    judge = SRGANDiscriminator(width=2, size=48)
    logits = judge(random_picture(2, 3, 48, 48))
    assert logits.shape == (2, 1)
    logits.mean().backward()
    assert all(one.grad is not None for one in judge.parameters())
    with pytest.raises(ValueError, match="pictures of 48x32: this discriminator takes 48x48"):
        judge(random_picture(1, 3, 32, 48))
    with pytest.raises(ValueError, match="size 40: a multiple of 16"):
        SRGANDiscriminator(size=40)
    assert DISCRIMINATORS["srgan"] is SRGANDiscriminator
