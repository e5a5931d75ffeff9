"""Layers that NeRCo's networks share: reflected convolutions, instance norm, the first weights.

Where no gradient is asked for, large pictures are convolved in strips of rows and normalised in
place: at 64 channels one copy of 6 megapixels takes 1.5 GB, and padding, convolving and normalising
each make one. The numbers are the same up to the order of float32 sums.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.inference_paths import in_strips, is_hurried

STRIP = 1 << 18  # pixels of a strip: 64 channels of it are 67 MB


def call_padded(
    call: Callable[[Tensor], Tensor], planes: Tensor, *, halo: int, mode: str, pixels: int = STRIP
) -> Tensor:
    """`call` of `planes` [B,C,H,W] padded by `halo` on each side, in strips of about `pixels`
    where no gradient is asked for.

    call: takes [B,C,h+2*halo,W+2*halo] to [B,C',h,W]. mode: of functional.pad.
    """
    if not is_hurried(planes, on_cards=True):
        return call(functional.pad(planes, (halo,) * 4, mode=mode))
    return in_strips(call, planes, rows=max(1, pixels // planes.shape[3]), halo=halo, pad=mode)


class ReflectedConv(nn.Conv2d):
    """A convolution of planes mirrored at their edges, the edge itself not repeated.

    Sides must be larger than half of the kernel.
    """

    def __init__(self, inputs: int, outputs: int, *, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - nn.Conv2d's name
        """[B,C,H,W] -> [B,C',H,W]."""
        return call_padded(super().forward, input, halo=self.kernel_size[0] // 2, mode="reflect")


class PlaneNorm(nn.InstanceNorm2d):
    """Each plane to mean 0 and variance 1 (eps 1e-5), no weights."""

    def __init__(self, width: int, *, inplace: bool = False) -> None:
        """inplace: large inputs are overwritten where no gradient is asked for."""
        super().__init__(width)
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - nn.InstanceNorm2d's name
        """[B,C,H,W] of more than one pixel -> the same."""
        overwritten = self.inplace and is_hurried(input, on_cards=True)
        if not overwritten or input.shape[-2:].numel() < STRIP:
            return super().forward(input)
        variance, mean = torch.var_mean(input, dim=(-2, -1), correction=0, keepdim=True)
        return input.sub_(mean).mul_(torch.rsqrt(variance + self.eps))


def draw_weights(
    network: nn.Module, *, generator: torch.Generator | None = None, deviation: float = 0.02
) -> None:
    """The release's first weights (models/networks.py, --init_type normal, --init_gain 0.02).

    Normal with mean 0 in every convolution and linear layer; biases 0. generator: None for
    PyTorch's own, as its layers use.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, deviation, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
