"""What old prints bring: dust as single black and white samples, and no colour."""

from __future__ import annotations

import torch
from torch import Tensor

from degrade.color import BT601
from degrade.fields import uniform_field
from degrade.laws import Uniform
from degrade.operator import NOISE_SEED, Number, operator

_OLD_PHOTOS = "Wan et al., Bringing Old Photos Back to Life, CVPR 2020, released code"


@operator(
    kind="pointwise",
    source=_OLD_PHOTOS,
    differentiable=False,
    parameters={
        "amount": Number(
            Uniform(0.0, 0.01), low=0.0, high=1.0, neutral=0.0, unit="share of samples"
        ),
        "salt": Number(Uniform(0.3, 0.8), low=0.0, high=1.0, unit="share of white among them"),
        "seed": NOISE_SEED,
    },
)  # fmt: skip
def impulse_noise(images: Tensor, *, amount: Tensor, salt: Tensor, seed: Tensor) -> Tensor:
    """Salt and pepper: single samples become 1 or 0, each channel for itself.

    images [B,C,H,W]. A sample is hit with probability `amount`, and then white with probability
    `salt`. The others keep their value; does not clip.
    """
    channels, height, width = images.shape[1:]
    hit, white = (
        uniform_field(seed, (channels, height, width), stream=stream).to(images)
        < part[:, None, None, None].to(images)
        for stream, part in enumerate((amount, salt))
    )
    return torch.where(hit, white.to(images), images)


@operator(kind="pointwise", source=_OLD_PHOTOS, differentiable=True, parameters={})
def grayscale(images: Tensor) -> Tensor:
    """Luma (BT.601) on all three channels.

    images [B,3,H,W], display referred. Does not clip.
    """
    weights = torch.tensor(BT601, dtype=images.dtype, device=images.device)
    luma = (images * weights[None, :, None, None]).sum(1, keepdim=True)
    return luma.expand_as(images).contiguous()
