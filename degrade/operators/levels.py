"""Ranges and levels: clipping and quantisation, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from degrade.operator import Name, Number, Whole, operator


@operator(
    kind="pointwise",
    source="clipping: out = min(max(in, low), high)",
    differentiable=True,
    parameters={
        "low": Number(0.0, unit="of full range", source="black"),
        "high": Number(1.0, unit="of full range", source="white"),
    },
)
def clip(images: Tensor, *, low: Tensor, high: Tensor) -> Tensor:
    """Clips every sample to low..high; any [B,C,H,W].

    The gradient is 1 inside and 0 outside; at a bound itself it is torch's, one half. Where low is
    above high the result is high.
    """
    least, most = (bound.to(images)[:, None, None, None] for bound in (low, high))
    return torch.minimum(torch.maximum(images, least), most)


@operator(
    kind="pointwise",
    source="uniform quantisation to 2^bits codes, full range",
    differentiable=False,
    parameters={
        "bits": Whole(8, low=1, high=16, unit="bits", source="pictures of 8 bits"),
        "rounding": Name(
            "half-up",
            allowed=("half-up", "half-even"),
            unit="of codes that lie half way",
            source="half-up as this project writes pictures; half-even as numpy and torch round",
        ),
    },
)
def quantise(images: Tensor, *, bits: Sequence[int], rounding: Sequence[str]) -> Tensor:
    """Rounds to the codes of a picture of so many bits: round(in * top) / top, top = 2^bits - 1.

    Any [B,C,H,W]; clipped to [0,1] on entry. half-up is floor(v + 1/2), half-even takes the even
    code of two that are equally near. The gradient is 0 almost everywhere.
    """
    device = images.device
    top = torch.tensor([2.0**b - 1.0 for b in bits], device=device).to(images)[:, None, None, None]
    codes = images.clamp(0.0, 1.0) * top
    up = [name == "half-up" for name in rounding]
    if all(up):
        whole = (codes + 0.5).floor()
    elif not any(up):
        whole = codes.round()
    else:
        half_up = torch.tensor(up, device=device)[:, None, None, None]
        whole = torch.where(half_up, (codes + 0.5).floor(), codes.round())
    return whole / top
