"""DRUNet: the denoiser of Plug-and-Play Image Restoration with Deep Denoiser Prior (DPIR).

Zhang, Li, Zuo, Zhang, Van Gool, Timofte, IEEE TPAMI 2022 (arXiv 2008.13751). A U-Net of residual
blocks without biases, told the noise as one more channel, a map of sigma. Key names and form as in
the authors' KAIR and DPIR (network_unet.py, UNetRes; weights drunet_gray, drunet_color).
Initialisation: orthogonal with gain 0.2 (KAIR options/train_drunet.json).

Heights and widths are multiples of 8, as the release's are; `evaluation` pads others by reflection
at the right and the bottom. The release never pads in its test of denoising (main_dpir_denoising.py
runs four overlapping quarters whose sides are multiples of 64, joined in the middle) and repeats
the last row and column where it does (utils_model.py). So results of the release differ near a
padded border and about the middle lines; the network itself is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of
from evaluation.models.sizes import SizeRule

GAIN = 0.2  # of the orthogonal initialisation, KAIR options/train_drunet.json


class _ResidualBlock(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.res = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.res(features)


def _down(width: int, *, blocks: int) -> nn.Sequential:
    halving = nn.Conv2d(width, 2 * width, 2, stride=2, bias=False)
    return nn.Sequential(*(_ResidualBlock(width) for _ in range(blocks)), halving)


def _up(width: int, *, blocks: int) -> nn.Sequential:
    doubling = nn.ConvTranspose2d(2 * width, width, 2, stride=2, bias=False)
    return nn.Sequential(doubling, *(_ResidualBlock(width) for _ in range(blocks)))


class DRUNet(RestorationNetwork):
    """[B,C,H,W] and sigma [B] -> [B,C,H,W]; H and W multiples of 8."""

    def __init__(self, *, channels: int = 3, width: int = 64, blocks: int = 4) -> None:
        """width: features at full size, doubled at each of three halvings. blocks: in each part."""
        super().__init__()
        self.traits = Traits(
            channels=channels,
            out_channels=channels,
            sizes=SizeRule(multiple=8),
            channels_last=True,
            told="sigma",
        )
        self.m_head = nn.Conv2d(channels + 1, width, 3, padding=1, bias=False)
        self.m_down1 = _down(width, blocks=blocks)
        self.m_down2 = _down(2 * width, blocks=blocks)
        self.m_down3 = _down(4 * width, blocks=blocks)
        self.m_body = nn.Sequential(*(_ResidualBlock(8 * width) for _ in range(blocks)))
        self.m_up3 = _up(4 * width, blocks=blocks)
        self.m_up2 = _up(2 * width, blocks=blocks)
        self.m_up1 = _up(width, blocks=blocks)
        self.m_tail = nn.Conv2d(width, channels, 3, padding=1, bias=False)
        for weight in self.parameters():
            nn.init.orthogonal_(weight, gain=GAIN)

    def forward(self, picture: Tensor, sigma: Tensor) -> Tensor:
        """sigma: [B], standard deviation of the noise where 1 is white."""
        level = sigma.view(-1, 1, 1, 1).expand(-1, 1, *picture.shape[2:])
        first = self.m_head(torch.cat((picture, level), 1))
        half = self.m_down1(first)
        quarter = self.m_down2(half)
        eighth = self.m_down3(quarter)
        features = self.m_up3(self.m_body(eighth) + eighth)
        features = self.m_up2(features + quarter)
        features = self.m_up1(features + half)
        return self.m_tail(features + first)


def _guess(state: State) -> dict[str, Any] | None:
    if "m_head.weight" not in state or "m_tail.weight" not in state:
        return None
    channels = width_of(state, "m_tail.weight")
    if width_of(state, "m_head.weight", axis=1) != channels + 1:
        return None
    return {
        "channels": channels,
        "width": width_of(state, "m_head.weight"),
        "blocks": count_blocks(state, r"m_body\.(\d+)\."),
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name            channels
    "drunet-color":   {"channels": 3},
    "drunet-gray":    {"channels": 1},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="drunet",
    paper="Plug-and-Play Image Restoration with Deep Denoiser Prior (Zhang et al., IEEE TPAMI "
    "2022)",
    method="DRUNet",
    build=DRUNet,
    presets=PRESETS,
    guess=_guess,
    reference="cszn/KAIR models/network_unet.py; cszn/DPIR models/network_unet.py",
)
