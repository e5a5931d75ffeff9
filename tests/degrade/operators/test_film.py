"""Impulses hit their share; grey is BT.601's luma."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from degrade.operators.film import grayscale, impulse_noise


def test_shares_of_salt_and_pepper() -> None:
    images = torch.full((2, 3, 256, 256), 0.5)
    made = impulse_noise(
        images, amount=torch.tensor([0.2, 0.0]), salt=torch.tensor([0.75, 0.5]),
        seed=torch.tensor([1, 2]),
    )  # fmt: skip
    count = made[0].numel()
    white, black = ((made[0] == value).sum().item() / count for value in (1.0, 0.0))
    # five standard errors of a share of 196,608 samples
    assert abs(white - 0.15) < 5 * (0.15 * 0.85 / count) ** 0.5
    assert abs(black - 0.05) < 5 * (0.05 * 0.95 / count) ** 0.5
    assert torch.equal(made[1], images[1])
    assert not torch.equal(made[0, 0], made[0, 1]), "each channel for itself"


def test_grey_is_pillows() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    images = torch.from_numpy(codes.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    made = grayscale(images)
    assert torch.equal(made[:, 0], made[:, 2])
    pillow = np.asarray(Image.fromarray(codes).convert("L"))
    # Pillow's integer weights are right to 1/65536 and it rounds to a code
    assert np.abs(made[0, 0].numpy() * 255 - pillow).max() < 0.51
