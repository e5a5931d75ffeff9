"""The patch discriminator: Image-to-Image Translation with Conditional Adversarial Networks.

Isola, Zhu, Zhou, Efros, CVPR 2017; with three layers of stride 2 each value of its map judges
70x70 pixels. Key names and form as in NeRCo's and CycleGAN's releases (models/networks.py,
NLayerDiscriminator): instance norm without weights, convolutions with biases all the same, no norm
after the first, no sigmoid (least squares: LSGAN).
"""

from __future__ import annotations

from torch import Tensor, nn

from baselines.networks.nerco.layers import draw_weights

_WIDEST = 8  # times the first layer's width


class PatchDiscriminator(nn.Module):
    """[B,channels,H,W], in [-1,1] where released -> map [B,1,h,w], 1 for real, not bounded.

    h is H / 2^layers - 2 (and w) for multiples of 2^layers; 24 pixels are the least at 3 layers.
    """

    def __init__(self, *, channels: int = 3, width: int = 64, layers: int = 3) -> None:
        """layers: of stride 2. Two more of stride 1 follow."""
        super().__init__()
        widths = [width * min(2**n, _WIDEST) for n in range(layers + 1)]
        model: list[nn.Module] = [
            nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True),
        ]  # fmt: skip
        for n in range(1, layers + 1):
            stride = 2 if n < layers else 1
            model += [
                nn.Conv2d(widths[n - 1], widths[n], 4, stride=stride, padding=1),
                nn.InstanceNorm2d(widths[n]), nn.LeakyReLU(0.2, inplace=True),
            ]  # fmt: skip
        model.append(nn.Conv2d(widths[-1], 1, 4, padding=1))
        self.model = nn.Sequential(*model)
        draw_weights(self)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return self.model(picture)
