"""NeRCo's mask extractor: which places of a dark picture the generator attends to.

The release's ResnetExtractor (models/networks.py): features at full size with three residual
blocks, whatever --netH says; channel attention and spatial attention as in CBAM (Woo et al., ECCV
2018), except that mean and maximum go through one bottleneck together and that channels are
weighted without a sigmoid. Features are mirrored by 3 at the end, and both means and maxima of the
channel attention count what was mirrored.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.nerco.generators import ResidualBlock, first_layers
from baselines.networks.nerco.layers import call_padded, draw_weights

BLOCKS = 3  # the release builds three, whatever number it is given
REDUCTION = 16  # width of the bottleneck, by the features'


class MaskExtractor(nn.Module):
    """[B,3,H,W] in [-1,1] -> (picture [B,3,H,W] in [-1,1], mask [B,1,H,W] in [0,1]); sides > 3.

    The picture is what the paper calls the learned degradation, used in training alone.
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        squeezed = width // REDUCTION
        self.model = nn.Sequential(
            *first_layers(3, width), *(ResidualBlock(width) for _ in range(BLOCKS))
        )
        self.output = nn.Conv2d(width, 3, 7)
        self.fc1 = nn.Conv2d(2 * width, squeezed, 1, bias=False)
        self.fc2 = nn.Conv2d(squeezed, 2 * width, 1, bias=False)
        self.conv_ca = nn.Conv2d(2 * width, width, 1, bias=False)
        self.conv1 = nn.Conv2d(2, 1, 7, bias=False)
        draw_weights(self)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        planes = self.model(picture)
        lost = call_padded(self.output, planes, halo=3, mode="reflect").tanh()
        return lost, self._mask_of(planes)

    def mask(self, picture: Tensor) -> Tensor:
        """The mask alone."""
        return self._mask_of(self.model(picture))

    def _mask_of(self, planes: Tensor) -> Tensor:
        mirrored = functional.pad(planes, (3, 3, 3, 3), mode="reflect")
        whole = torch.cat(
            [mirrored.mean((-2, -1), keepdim=True), mirrored.amax((-2, -1), keepdim=True)], 1
        )
        del mirrored
        weights = self.conv_ca(self.fc2(functional.relu(self.fc1(whole))))

        def attend(padded: Tensor) -> Tensor:
            weighted = weights * padded
            seen = torch.cat([weighted.mean(1, keepdim=True), weighted.amax(1, keepdim=True)], 1)
            return self.conv1(seen)

        return call_padded(attend, planes, halo=3, mode="reflect").sigmoid()
