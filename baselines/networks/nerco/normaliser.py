"""NeRCo's normaliser: a trunk of planes, and a network of points that paints the picture from them.

The release (models/mlp.py, NRN) follows LIIF (Chen et al., CVPR 2021): the 3x3 neighbourhood of
each point's features, its coordinates relative to the feature's with a positional encoding of 8
frequencies, the size of a cell, and a mean over four neighbours. Three of its quirks are facts of
the released weights, and kept:
- a point's coordinates, encoding included, are taken relative to themselves: these 34 inputs are
  zero, and their columns of the first layer are never used;
- the size of a cell is told in cells, so both its inputs are 2 at any size;
- the four neighbours are the same point with four equal weights: here it is computed once.
What is left is a 3x3 convolution (zeros beyond the edges) and three 1x1 convolutions, and it is
computed so: the 576 values of each point are never laid out.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.nerco.generators import trunk
from baselines.networks.nerco.layers import call_padded, draw_weights

NEIGHBOURS = 9  # 3x3
CELL = 2.0  # a cell's side where the picture's side is [-1,1], times the cells in it
_PIXELS = 1 << 16  # of a strip: four times as many planes as elsewhere


class PointNetwork(nn.Module):
    """Linear layers with ReLU between, on the last axis."""

    def __init__(self, *, inputs: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 3),
        )  # fmt: skip

    def forward(self, points: Tensor) -> Tensor:
        """[..., inputs] -> [...,3]."""
        return self.layers(points)


class ImplicitNetwork(nn.Module):
    """Planes [B,width,H,W] -> picture [B,3,H,W], point by point, any size."""

    def __init__(self, *, width: int = 64, hidden: int = 256, frequencies: int = 8) -> None:
        """frequencies: of the positional encoding; they widen the first layer alone."""
        super().__init__()
        self.width = width
        # two coordinates, sine and cosine of each at every frequency, two sides of the cell
        self.imnet = PointNetwork(
            inputs=NEIGHBOURS * width + 2 + 4 * frequencies + 2, hidden=hidden
        )

    def forward(self, planes: Tensor) -> Tensor:
        """See the class."""
        first, *others = (layer for layer in self.imnet.layers if isinstance(layer, nn.Linear))
        taps = first.weight[:, : NEIGHBOURS * self.width].unflatten(1, (self.width, 3, 3))
        bias = first.bias + CELL * first.weight[:, -2:].sum(1)

        def paint(padded: Tensor) -> Tensor:
            points = functional.conv2d(padded, taps, bias)
            for layer in others:
                weight = layer.weight[..., None, None]
                points = functional.conv2d(functional.relu_(points), weight, layer.bias)
            return points

        return call_padded(paint, planes, halo=1, mode="constant", pixels=_PIXELS)


class Normaliser(nn.Module):
    """[B,3,H,W] in [-1,1] -> [B,3,H,W], unbounded; sides are multiples of 4, 8 or more."""

    def __init__(
        self, *, width: int = 64, blocks: int = 9, hidden: int = 256, frequencies: int = 8
    ) -> None:
        super().__init__()
        self.mlp = ImplicitNetwork(width=width, hidden=hidden, frequencies=frequencies)
        self.model = nn.Sequential(*trunk(channels=3, width=width, blocks=blocks))
        draw_weights(self)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return self.mlp(self.model(picture))
