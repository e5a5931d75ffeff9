"""The U-Net discriminator of Real-ESRGAN, with spectral normalisation: a verdict for each pixel.

Wang, Xie, Dong, Shan, ICCV Workshops 2021. Key names and form as in BasicSR and Real-ESRGAN
(discriminator_arch.py): each normalised weight is stored as weight_orig with the vectors weight_u
and weight_v of its power iteration, one step of which is taken at every forward in training.
The first and the last convolution are not normalised. Initialisation: PyTorch's own, as there.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

# The older of PyTorch's two forms, on purpose: the newer one has other key names.
from torch.nn.utils import spectral_norm

SLOPE = 0.2  # of the leaky ReLU
MULTIPLE = 8  # of heights and widths: three halvings, whose results meet again


class UNetDiscriminator(nn.Module):
    """[B,C,H,W] -> [B,1,H,W], logits: large where it takes the picture for a true one."""

    def __init__(self, *, channels: int = 3, width: int = 64, skips: bool = True) -> None:
        """skips: whether features of the way down are added on the way up."""
        super().__init__()
        self.skips = skips
        self.conv0 = nn.Conv2d(channels, width, 3, padding=1)
        self.conv1 = _halving(width, 2 * width)
        self.conv2 = _halving(2 * width, 4 * width)
        self.conv3 = _halving(4 * width, 8 * width)
        self.conv4 = _keeping(8 * width, 4 * width)
        self.conv5 = _keeping(4 * width, 2 * width)
        self.conv6 = _keeping(2 * width, width)
        self.conv7 = _keeping(width, width)
        self.conv8 = _keeping(width, width)
        self.conv9 = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class. Raises ValueError where height or width are no multiples of 8."""
        height, width = picture.shape[2:]
        if height % MULTIPLE or width % MULTIPLE:
            raise ValueError(
                f"pictures of {width}x{height}: this discriminator takes multiples of {MULTIPLE}"
            )
        whole = functional.leaky_relu(self.conv0(picture), SLOPE)
        half = functional.leaky_relu(self.conv1(whole), SLOPE)
        quarter = functional.leaky_relu(self.conv2(half), SLOPE)
        features = functional.leaky_relu(self.conv3(quarter), SLOPE)
        for layer, skipped in ((self.conv4, quarter), (self.conv5, half), (self.conv6, whole)):
            features = functional.interpolate(
                features, scale_factor=2, mode="bilinear", align_corners=False
            )
            features = functional.leaky_relu(layer(features), SLOPE)
            if self.skips:
                features = features + skipped
        features = functional.leaky_relu(self.conv7(features), SLOPE)
        return self.conv9(functional.leaky_relu(self.conv8(features), SLOPE))


def _halving(have: int, features: int) -> nn.Module:
    return spectral_norm(nn.Conv2d(have, features, 4, stride=2, padding=1, bias=False))


def _keeping(have: int, features: int) -> nn.Module:
    return spectral_norm(nn.Conv2d(have, features, 3, padding=1, bias=False))
