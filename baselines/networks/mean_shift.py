"""The shift by DIV2K's mean colour of EDSR, which RCAN, RDN, CARN and Meta-SR took over."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# of R, G, B over DIV2K 1-800; EDSR-PyTorch src/model/edsr.py, RCAN model/rcan.py
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
# these releases compute with pictures of 0 ... 255 (their option rgb_range)
SPAN = 255.0


class MeanShift(nn.Module):
    """A colour matrix and an offset: [B,3,H,W] -> [B,3,H,W].

    sign: -1 takes the mean away, 1 gives it back. span: what white is in the pictures that it gets.
    stored: whether both stand in the state dict, as `weight` [3,3,1,1] and `bias` [3].
    The releases make it a 1x1 convolution and mean it to be fixed, but the line that should freeze
    it does nothing in early ones (EDSR-PyTorch, issue 80), so that weights exist in which it has
    learned. Here it never learns, and what a checkpoint holds is used.
    Computed elementwise, so that autocast does not round 0 ... 255 to half precision.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, *, sign: int, span: float = SPAN, stored: bool = True) -> None:
        super().__init__()
        self.register_buffer("weight", torch.eye(3).view(3, 3, 1, 1), persistent=stored)
        shift = sign * span * torch.tensor(DIV2K_MEAN)
        self.register_buffer("bias", shift, persistent=stored)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        shifted = self.bias.view(1, 3, 1, 1)
        for channel in range(3):
            column = self.weight[:, channel].view(1, 3, 1, 1)
            shifted = shifted + column * picture[:, channel : channel + 1]
        return shifted


def shifts() -> dict[str, Tensor]:
    """What `sub_mean` and `add_mean` of the releases hold before any training, by key."""
    return {
        f"{name}.{key}": value
        for name, sign in (("sub_mean", -1), ("add_mean", 1))
        for key, value in MeanShift(sign=sign).state_dict().items()
    }
