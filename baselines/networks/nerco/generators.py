"""NeRCo's generators: residual blocks at a quarter of the size between two halvings and doublings.

The generator of Johnson et al. (ECCV 2016) with nine blocks, as CycleGAN (Zhu et al., ICCV 2017)
has it and NeRCo's release takes it over (models/networks.py, ResnetGenerator): mirrored edges,
instance norm without weights, convolutions with biases all the same. G_A enhances (six channels:
the picture and its normalised form), G_B darkens (three). Numbers are in [-1,1].
"""

from __future__ import annotations

from torch import Tensor, nn

from baselines.networks.nerco.layers import PlaneNorm, ReflectedConv, draw_weights

MULTIPLE = 4  # two halvings that two doublings meet again
LEAST = 8  # pixels of a side: a quarter of it is mirrored by 1, which takes 2


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Identity(),  # the release's padding, a layer of its own there
            ReflectedConv(width, width, kernel=3),
            PlaneNorm(width, inplace=True), nn.ReLU(inplace=True),
            nn.Identity(),
            ReflectedConv(width, width, kernel=3), PlaneNorm(width, inplace=True),
        )  # fmt: skip

    def forward(self, planes: Tensor) -> Tensor:
        """[B,width,H,W] -> the same."""
        return self.conv_block(planes).add_(planes)


def first_layers(channels: int, width: int) -> list[nn.Module]:
    """A 7x7 convolution of mirrored edges, norm, ReLU: four layers, the padding one of them."""
    return [
        nn.Identity(), ReflectedConv(channels, width, kernel=7),
        PlaneNorm(width, inplace=True), nn.ReLU(inplace=True),
    ]  # fmt: skip


def trunk(*, channels: int, width: int, blocks: int) -> list[nn.Module]:
    """The layers from a picture of `channels` to `width` planes of the same size."""
    layers = first_layers(channels, width)
    for size in (width, 2 * width):
        layers += [
            nn.Conv2d(size, 2 * size, 3, stride=2, padding=1),
            PlaneNorm(2 * size, inplace=True), nn.ReLU(inplace=True),
        ]  # fmt: skip
    layers += [ResidualBlock(4 * width) for _ in range(blocks)]
    for size in (4 * width, 2 * width):
        layers += [
            nn.ConvTranspose2d(size, size // 2, 3, stride=2, padding=1, output_padding=1),
            PlaneNorm(size // 2, inplace=True), nn.ReLU(inplace=True),
        ]  # fmt: skip
    return layers


class ResidualGenerator(nn.Module):
    """[B,channels,H,W] -> [B,out_channels,H,W] in [-1,1]; sides are multiples of 4, 8 or more."""

    def __init__(
        self, *, channels: int = 6, out_channels: int = 3, width: int = 64, blocks: int = 9
    ) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *trunk(channels=channels, width=width, blocks=blocks),
            nn.Identity(), ReflectedConv(width, out_channels, kernel=7), nn.Tanh(),
        )  # fmt: skip
        draw_weights(self)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return self.model(picture)
