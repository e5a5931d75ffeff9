"""FDnCNN: DnCNN that is told the noise, of FFDNet's authors.

Zhang, Zuo, Zhang, "FFDNet: Toward a Fast and Flexible Solution for CNN-Based Image Denoising", IEEE
TIP 2018, has the noise map; the network is the authors' own beside it. Key names and form as in
KAIR (network_dncnn.py, FDnCNN; weights fdncnn_gray, fdncnn_color and their _clip kinds): DnCNN's
convolutions without normalisation, one more channel in, a map of sigma, and the picture itself
out, not the noise. Initialisation: orthogonal with gain 0.2, biases 0 (options/train_fdncnn.json).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.dncnn import convolutions
from baselines.networks.shapes import count_blocks, width_of

GAIN = 0.2  # of the orthogonal initialisation


class FDnCNN(RestorationNetwork):
    """[B,C,H,W] and sigma [B] -> [B,C,H,W], any size."""

    def __init__(self, *, channels: int = 1, width: int = 64, depth: int = 20) -> None:
        """depth: convolutions, the first and last included."""
        super().__init__()
        self.traits = Traits(
            channels=channels, out_channels=channels, channels_last=True, told="sigma"
        )
        self.model = convolutions(channels + 1, out_channels=channels, width=width, depth=depth)
        for layer in self.model:
            if isinstance(layer, nn.Conv2d):
                nn.init.orthogonal_(layer.weight, gain=GAIN)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, picture: Tensor, sigma: Tensor) -> Tensor:
        """sigma: [B], standard deviation of the noise where 1 is white."""
        level = sigma.view(-1, 1, 1, 1).expand(-1, 1, *picture.shape[2:])
        return self.model(torch.cat((picture, level), 1))


def _guess(state: State) -> dict[str, Any] | None:
    last = count_blocks(state, r"model\.(\d+)\.") - 1
    channels = width_of(state, f"model.{last}.weight")
    if not channels or width_of(state, "model.0.weight", axis=1) != channels + 1:
        return None
    return {
        "channels": channels,
        "width": width_of(state, "model.0.weight"),
        "depth": last // 2 + 1,
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name             channels
    "fdncnn-gray":     {"channels": 1},
    "fdncnn-color":    {"channels": 3},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="fdncnn",
    paper="FFDNet: Toward a Fast and Flexible Solution for CNN-Based Image Denoising (Zhang, Zuo "
    "and Zhang, IEEE TIP 2018)",
    method="FDnCNN",
    build=FDnCNN,
    presets=PRESETS,
    guess=_guess,
    reference="cszn/KAIR models/network_dncnn.py",
)
