"""MSRResNet: SRResNet without batch normalisation, the PSNR baseline of ESRGAN's code.

Wang et al., ESRGAN, ECCV Workshops 2018 (their BasicSR, srresnet_arch.py, whose key names these
are). Beside SRResNet (srresnet.py): no normalisation, LeakyReLU 0.1 outside the blocks, one more
convolution at full size, no skip over the body, and the output is a change to the input enlarged
bilinearly.
Initialisation as there: Kaiming's normal, weights times 0.1, biases 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of

_SLOPE = 0.1


class _ResidualBlock(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv2(functional.relu(self.conv1(features)))


class MSRResNet(RestorationNetwork):
    """[B,C,H,W] -> [B,C,H*scale,W*scale], any size."""

    def __init__(
        self, *, scale: int = 4, channels: int = 3, width: int = 64, blocks: int = 16
    ) -> None:
        """scale: 2, 3 or 4 (two shuffles of 2)."""
        super().__init__()
        if scale not in (2, 3, 4):
            raise ValueError(f"msrresnet: scale {scale}; one of 2, 3, 4")
        self.traits = Traits(
            scale=scale, channels=channels, out_channels=channels, channels_last=True
        )
        self.step = 3 if scale == 3 else 2
        self.conv_first = nn.Conv2d(channels, width, 3, padding=1)
        self.body = nn.Sequential(*(_ResidualBlock(width) for _ in range(blocks)))
        self.upconv1 = nn.Conv2d(width, width * self.step**2, 3, padding=1)
        self.upconv2 = nn.Conv2d(width, width * 4, 3, padding=1) if scale == 4 else None
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, channels, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight)
                with torch.no_grad():
                    layer.weight *= 0.1
                nn.init.zeros_(layer.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        features = self.body(functional.leaky_relu(self.conv_first(picture), _SLOPE))
        for layer in (self.upconv1, self.upconv2):
            if layer is not None:
                features = functional.leaky_relu(
                    functional.pixel_shuffle(layer(features), self.step), _SLOPE
                )
        change = self.conv_last(functional.leaky_relu(self.conv_hr(features), _SLOPE))
        return change + functional.interpolate(
            picture, scale_factor=self.traits.scale, mode="bilinear"
        )


def _guess(state: State) -> dict[str, Any] | None:
    width = width_of(state, "conv_first.weight")
    if not width or "upconv1.weight" not in state:
        return None
    three = width_of(state, "upconv1.weight") == 9 * width
    return {
        "scale": 3 if three else 4 if "upconv2.weight" in state else 2,
        "channels": width_of(state, "conv_first.weight", axis=1),
        "width": width,
        "blocks": count_blocks(state, r"body\.(\d+)\.conv1\."),
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name           scale
    "msrresnet-x4": {"scale": 4},
    "msrresnet-x3": {"scale": 3},
    "msrresnet-x2": {"scale": 2},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="msrresnet",
    paper="ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks (Wang et al., ECCV "
    "Workshops 2018)",
    method="MSRResNet",
    build=MSRResNet,
    presets=PRESETS,
    guess=_guess,
    reference="XPixelGroup/BasicSR basicsr/archs/srresnet_arch.py",
)
