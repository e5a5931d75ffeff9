"""MSEC: Learning Multi-Scale Photo Exposure Correction.

Afifi, Derpanis, Ommer, Brown, CVPR 2021. A Laplacian pyramid of four levels, a U-Net at each, from
the coarsest (exposure) to the finest (detail); each passes its picture on, enlarged by a learned
transposed convolution. The release is MATLAB and its weights are a MATLAB object, so the key names
are ours; `msec_matlab` reads the weights once MATLAB has written them out. The pyramid is part of
the network here, pictures are 0 ... 1, and the release's 0 ... 255 is inside.

Quirks of the release, kept: the pyramid blurs twice (see laplacian_pyramid); the activations after
the up-convolutions stay plain ReLU, all others are leaky (the release replaces layers whose name
has '-ReLU-', and MATLAB calls those 'UpReLU'); pictures are filled up at the top and the left.
Whole photographs are restored at 512 pixels and enlarged under guidance: see msec_full_size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.msec.full_size import correct_photograph
from baselines.networks.msec.laplacian_pyramid import laplacian_pyramid
from baselines.networks.msec.matlab import renamed
from baselines.networks.shapes import count_blocks, width_of

LEVELS = 4
WIDER = 8  # channels that the first stage of levels 2, 3 and 4 has more (create_generator.m)
RANGE = 255.0  # the release's white (pre_process_img.m)
SLOPE = 0.2  # of the leaky activations (addSubNet.m)


class Stage(nn.Module):
    """Two 3x3 convolutions, each with a leaky activation."""

    def __init__(self, *, channels: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """[B,channels,h,w] -> [B,width,h,w]."""
        features = functional.leaky_relu(self.conv1(features), SLOPE)
        return functional.leaky_relu(self.conv2(features), SLOPE)


class UNet(nn.Module):
    """MATLAB's unetLayers without dropout: [B,3,h,w] -> [B,3,h,w], sides multiples of 2**depth."""

    def __init__(self, *, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(depth + 1)]
        self.encoder = nn.ModuleList(
            Stage(channels=before, width=after)
            for before, after in zip([3, *widths], widths[:-1], strict=False)
        )
        self.bridge = Stage(channels=widths[-2], width=widths[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * n, n, 2, 2) for n in widths[-2::-1])
        self.decoder = nn.ModuleList(Stage(channels=2 * n, width=n) for n in widths[-2::-1])
        self.last = nn.Conv2d(width, 3, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        kept = []
        features = picture
        for stage in self.encoder:
            features = stage(features)
            kept.append(features)
            features = functional.max_pool2d(features, 2)
        features = self.bridge(features)
        for up, stage in zip(self.up, self.decoder, strict=True):
            features = functional.relu(up(features))
            features = stage(torch.cat((features, kept.pop()), 1))
        return self.last(features)


class MSEC(RestorationNetwork):
    """[B,3,H,W] -> [B,3,H,W], any size: filled up to a multiple by repeating the top and left edge.

    The multiple is 2**(depth + 4), 128 for the release: level 4 is an eighth of the picture, and
    its U-Net halves it depth + 1 times.
    """

    def __init__(self, *, width: int = 16, depth: int = 3) -> None:
        """width: channels of the first stage at the finest level. depth: halvings of its U-Net."""
        super().__init__()
        self.traits = Traits(tiling="never")
        self.multiple = 2 ** (depth + LEVELS)
        self.level1 = UNet(width=width, depth=depth)
        self.level2 = UNet(width=width + WIDER, depth=depth)
        self.level3 = UNet(width=width + WIDER, depth=depth)
        self.level4 = UNet(width=width + WIDER, depth=depth + 1)
        self.up2, self.up3, self.up4 = (nn.ConvTranspose2d(3, 3, 2, 2) for _ in range(3))
        self._initialise()

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        height, width = picture.shape[2:]
        top, left = -height % self.multiple, -width % self.multiple
        whole = functional.pad(picture, (left, 0, top, 0), mode="replicate")
        return self.levels(whole)[0][:, :, top:, left:]

    def levels(self, picture: Tensor, *, gains: Sequence[float] = (1.0,) * LEVELS) -> list[Tensor]:
        """The result and the enlarged results of levels 2, 3 and 4: what the training compares.

        picture: sides multiples of `multiple`. Sizes are H, H, H/2 and H/4. Their targets are the
        picture wanted and, from its Gaussian pyramid, `enlarge` of levels 2, 3 and 4 (gtRead.m;
        its weights 1, 1, 2 and 4 are the loss's business).
        gains: on the levels of the input's Laplacian pyramid, the finest first.
        Raises ValueError for other sides.
        """
        if any(side % self.multiple for side in picture.shape[2:]):
            raise ValueError(
                f"msec levels got {list(picture.shape)}; sides are multiples of {self.multiple}"
            )
        x1, x2, x3, x4 = (
            level * (gain * RANGE)
            for level, gain in zip(laplacian_pyramid(picture, levels=LEVELS), gains, strict=True)
        )
        y4 = self.up4(self.level4(x4))
        y3 = self.up3(self.level3(y4 + x3) + y4)
        y2 = self.up2(self.level2(y3 + x2) + y3)
        y1 = self.level1(y2 + x1) + y2
        return [one / RANGE for one in (y1, y2, y3, y4)]

    def _initialise(self) -> None:
        """MATLAB R2019b's: He (normal, fan-in) in unetLayers, Glorot (uniform) for the learned
        enlargement, which transposedConv2dLayer has by default; biases 0."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                kernel = math.prod(module.kernel_size)
                if module in (self.up2, self.up3, self.up4):
                    bound = math.sqrt(6 / (kernel * (module.in_channels + module.out_channels)))
                    nn.init.uniform_(module.weight, -bound, bound)
                else:
                    nn.init.normal_(module.weight, std=math.sqrt(2 / kernel / module.in_channels))
                assert module.bias is not None
                nn.init.zeros_(module.bias)


def _guess(state: State) -> dict[str, Any] | None:
    width = width_of(state, "level1.encoder.0.conv1.weight")
    depth = count_blocks(state, r"level1\.encoder\.(\d+)\.")
    if not width or not depth:
        return None
    return {"width": width, "depth": depth}


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name     width        depth
    "msec":    {"width": 16, "depth": 3},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="msec",
    paper="Learning Multi-Scale Photo Exposure Correction (Afifi et al., CVPR 2021)",
    method="MSEC",
    build=MSEC,
    presets=PRESETS,
    guess=_guess,
    renamed=renamed,
    reference="mahmoudnafifi/Exposure_Correction src/create_generator.m, src/addSubNet.m",
    inference=correct_photograph,
)
