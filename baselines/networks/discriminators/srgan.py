"""SRGAN's discriminator: Photo-Realistic Single Image Super-Resolution Using a GAN.

Ledig et al., CVPR 2017, figure 4: eight 3x3 convolutions, every second of stride 2, LeakyReLU 0.2,
batch normalisation after all but the first, two linear layers. The sigmoid at its end is the
loss's. The authors released no code: key names are ours, initialisation is PyTorch's. A
convolution before a normalisation has no bias, which that would take away again. BasicSR's SRGAN
has the larger one of vgg.py.
"""

from __future__ import annotations

from torch import Tensor, nn

SLOPE = 0.2  # of the leaky ReLU
HIDDEN = 1024  # of the two linear layers
WIDTHS = (1, 1, 2, 2, 4, 4, 8, 8)  # times the first layer's
SHRINKS = 16  # four convolutions of stride 2


class SRGANDiscriminator(nn.Module):
    """[B,3,size,size] -> [B,1], logits: large for what it takes for a true picture."""

    def __init__(self, *, width: int = 64, size: int = 96) -> None:
        """size: height and width of its pictures, a multiple of 16. Raises ValueError."""
        super().__init__()
        if size < SHRINKS or size % SHRINKS:
            raise ValueError(f"size {size}: a multiple of {SHRINKS}, {SHRINKS} or more")
        self.size = size
        layers: list[nn.Module] = []
        have = 3
        for place, times in enumerate(WIDTHS):
            features, first = width * times, place == 0
            layers.append(nn.Conv2d(have, features, 3, 1 + place % 2, 1, bias=first))
            if not first:
                layers.append(nn.BatchNorm2d(features))
            layers.append(nn.LeakyReLU(SLOPE))
            have = features
        self.features = nn.Sequential(*layers)
        self.verdict = nn.Sequential(
            nn.Linear(have * (size // SHRINKS) ** 2, HIDDEN), nn.LeakyReLU(SLOPE),
            nn.Linear(HIDDEN, 1),
        )  # fmt: skip

    def forward(self, picture: Tensor) -> Tensor:
        """See the class. Raises ValueError for pictures of another size."""
        if tuple(picture.shape[2:]) != (self.size, self.size):
            height, width = picture.shape[2:]
            raise ValueError(
                f"pictures of {width}x{height}: this discriminator takes {self.size}x{self.size}"
            )
        return self.verdict(self.features(picture).flatten(1))
