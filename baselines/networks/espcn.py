"""ESPCN: Real-Time Single Image and Video Super-Resolution by Sub-Pixel Convolution.

Shi, Caballero, Huszar, Totz, Aitken, Bishop, Rueckert, Wang, CVPR 2016. Input: luma at its own
size; r^2 channels are laid out as r x r pixels at the end. Key names, value range (Y of BT.601 in
[0,1]), tanh and initial weights (He et al. by channels out; last layer of deviation 0.001; biases
0) as in the PyTorch port yjn870/ESPCN-pytorch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import width_of


class ESPCN(RestorationNetwork):
    """Three convolutions and a pixel shuffle: [B,C,H,W] -> [B,C,H*scale,W*scale], any size."""

    def __init__(
        self, *, scale: int = 3, channels: int = 1, width: int = 64, narrow: int = 32
    ) -> None:
        """width, narrow: channels after the first and the second convolution."""
        super().__init__()
        self.traits = Traits(
            scale=scale, channels=channels, out_channels=channels, luma=channels == 1
        )
        first = nn.Conv2d(channels, width, 5, padding=2)
        second = nn.Conv2d(width, narrow, 3, padding=1)
        last = nn.Conv2d(narrow, channels * scale**2, 3, padding=1)
        for conv in (first, second, last):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            assert conv.bias is not None
            nn.init.zeros_(conv.bias)
        nn.init.normal_(last.weight, std=0.001)
        self.first_part = nn.Sequential(first, nn.Tanh(), second, nn.Tanh())
        self.last_part = nn.Sequential(last, nn.PixelShuffle(scale))

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return self.last_part(self.first_part(picture))


def _guess(state: State) -> dict[str, Any] | None:
    channels = width_of(state, "first_part.0.weight", axis=1)
    if not channels:
        return None
    out = width_of(state, "last_part.0.weight")
    scale = math.isqrt(out // channels)
    if channels * scale**2 != out:
        return None
    return {
        "scale": scale,
        "channels": channels,
        "width": width_of(state, "first_part.0.weight"),
        "narrow": width_of(state, "first_part.2.weight"),
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name        scale
    "espcn-x3":    {"scale": 3},
    "espcn-x2":    {"scale": 2},
    "espcn-x4":    {"scale": 4},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="espcn",
    paper="Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel "
    "Convolutional Neural Network (Shi et al., CVPR 2016)",
    method="ESPCN",
    build=ESPCN,
    presets=PRESETS,
    guess=_guess,
    reference="yjn870/ESPCN-pytorch models.py",
)
