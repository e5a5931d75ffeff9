"""The discriminator of MSEC (Afifi et al., CVPR 2021), as createDiscriminator.m builds it.

Key names are ours. The release resizes pictures to 256x256 (MATLAB's bicubic) before it, turns each
at random, and rounds the generated ones to 8 bits outside the automatic gradient, so that its
adversarial term never changed the generator: what the training makes of that is its own business.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

SIDE = 256
WIDTHS = (3, 8, 16, 32, 64, 128, 128, 256)
NORMED = 2  # the only convolution, counted from 1, that batch normalisation follows
SLOPE = 0.01


class MSECDiscriminator(nn.Module):
    """Logits [B,1] of pictures [B,3,256,256] in [0,1]; a large one means real."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for place, (before, after) in enumerate(pairwise(WIDTHS), start=1):
            layers.append(nn.Conv2d(before, after, 4, 2, 1))
            if place == NORMED:
                layers.append(nn.BatchNorm2d(after))  # MATLAB's epsilon is 1e-5 too
            layers.append(nn.LeakyReLU(SLOPE))
        layers.append(nn.Conv2d(WIDTHS[-1], 1, 2, 2))
        self.layers = nn.Sequential(*layers)
        for module in self.layers:
            if isinstance(module, nn.Conv2d):  # Glorot, the default of convolution2dLayer
                fans = math.prod(module.kernel_size) * (module.in_channels + module.out_channels)
                nn.init.uniform_(module.weight, -math.sqrt(6 / fans), math.sqrt(6 / fans))
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class. Raises ValueError for another size."""
        if tuple(picture.shape[1:]) != (3, SIDE, SIDE):
            raise ValueError(
                f"msec discriminator got {list(picture.shape)}; it takes [B,3,{SIDE},{SIDE}]: "
                "resize pictures first"
            )
        return self.layers(picture).flatten(1)
