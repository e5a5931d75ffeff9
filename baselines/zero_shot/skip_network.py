"""The network of Deep Image Prior: an encoder and decoder with thin skip connections.

Ulyanov, Vedaldi, Lempitsky, CVPR 2018, supplementary material, figure 21: at each of five scales
two 3x3 convolutions of 128 channels down (the first of stride 2) and one 3x3 and one 1x1 up, 4
channels on the skip, batch normalisation and leaky ReLU (0.2) after each, reflection padding,
bilinear upsampling, a sigmoid at the end.
"""

from __future__ import annotations

from torch import Tensor, cat, nn

MULTIPLE = 32  # two to the power of the five scales
LEAST = 64  # pixels: below, the deepest scale has one, which has nothing to mirror


def _layer(channels: int, width: int, *, side: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReflectionPad2d(side // 2),
        nn.Conv2d(channels, width, side, stride=stride),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(0.2, inplace=True),
    )


class _Scale(nn.Module):
    """One scale and all below it: [B,channels,H,W] -> [B,width,H,W]."""

    def __init__(self, *, channels: int, width: int, skip: int, scales: int) -> None:
        super().__init__()
        self.skip = _layer(channels, skip, side=1)
        self.down = nn.Sequential(
            _layer(channels, width, side=3, stride=2), _layer(width, width, side=3)
        )
        self.below = (
            _Scale(channels=width, width=width, skip=skip, scales=scales - 1)
            if scales > 1
            else nn.Identity()
        )
        self.enlarge = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.joined = nn.BatchNorm2d(skip + width)
        self.up = nn.Sequential(_layer(skip + width, width, side=3), _layer(width, width, side=1))

    def forward(self, x: Tensor) -> Tensor:
        deep = self.enlarge(self.below(self.down(x)))
        return self.up(self.joined(cat([self.skip(x), deep], dim=1)))


class SkipNetwork(nn.Module):
    """Noise [1,inputs,H,W] -> picture [1,channels,H,W] in 0..1; H and W
    multiples of MULTIPLE, at least LEAST."""

    def __init__(
        self,
        *,
        channels: int = 3,
        inputs: int = 32,
        width: int = 128,
        skip: int = 4,
        scales: int = 5,
    ) -> None:
        super().__init__()
        self.body = _Scale(channels=inputs, width=width, skip=skip, scales=scales)
        self.last = nn.Conv2d(width, channels, 1)

    def forward(self, noise: Tensor) -> Tensor:
        """See the class."""
        return self.last(self.body(noise)).sigmoid()
