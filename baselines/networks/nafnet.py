"""NAFNet: Simple Baselines for Image Restoration.

Chen, Chu, Zhang, Sun, ECCV 2022. Blocks without activations: gates multiply two halves of the
features. Key names and form as in the authors' release (NAFNet_arch.py). Quirks that are kept:
- pictures are padded with zeros at the right and the bottom, inside, to multiples of 16;
- their numbers on GoPro and REDS are of networks whose channel attention takes local means
  (TLC, Chu et al., ECCV 2022; local_arch.py, NAFNetLocal in their options): windows of 1.5 times
  the training patch of 256, so `local=384`, halved with each halving of the features, the border's
  means repeated outwards. Weights are the same with and without, so `local` is told by the numbers
  of blocks; the authors' SIDD networks have none.
Initialisation: PyTorch's own, beta and gamma 0, as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.inference_paths import is_hurried
from baselines.networks.shapes import count_blocks, width_of

EPSILON = 1e-6  # of the layer norm, arch_util.py
GOPRO_ENCODER = (1, 1, 1, 28)  # blocks of the authors' networks for GoPro and REDS
GOPRO_LOCAL = 384


class _LayerNorm2d(nn.Module):
    """Layer norm over the channels of each pixel: [B,C,H,W] -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, features: Tensor) -> Tensor:
        last = features.permute(0, 2, 3, 1)
        normed = functional.layer_norm(last, (len(self.weight),), self.weight, self.bias, EPSILON)
        return normed.permute(0, 3, 1, 2)


class _Mean(nn.Module):
    """Means for the channel attention: [B,C,H,W] -> [B,C,1,1], or [B,C,H,W] of local windows.

    window: side in pixels; 0, or as large as the picture: the mean of all.
    """

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window

    def forward(self, features: Tensor) -> Tensor:
        height, width = features.shape[2:]
        if not self.window or (self.window >= height and self.window >= width):
            return features.mean((2, 3), keepdim=True)
        means = _running_mean(_running_mean(features, 2, self.window), 3, self.window)
        down, right = height - means.shape[2], width - means.shape[3]
        around = (right // 2, (right + 1) // 2, down // 2, (down + 1) // 2)
        return functional.pad(means, around, mode="replicate")


def _running_mean(features: Tensor, axis: int, window: int) -> Tensor:
    """Means of all windows that lie inside, along one axis, by differences of one running sum."""
    length = features.shape[axis]
    window = min(window, length)
    sums = features.cumsum(axis)
    later = sums.narrow(axis, window - 1, length - window + 1)
    earlier = torch.cat(
        (torch.zeros_like(sums.narrow(axis, 0, 1)), sums.narrow(axis, 0, length - window)), axis
    )
    return (later - earlier) / window


def _gate(features: Tensor) -> Tensor:
    first, second = features.chunk(2, 1)
    return first * second


class _Block(nn.Module):
    """Depthwise convolution with gate and channel attention, then a gated pair of 1x1."""

    def __init__(self, width: int, *, window: int) -> None:
        super().__init__()
        self.norm1 = _LayerNorm2d(width)
        self.conv1 = nn.Conv2d(width, 2 * width, 1)
        self.conv2 = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.sca = nn.Sequential(_Mean(window), nn.Conv2d(width, width, 1))
        self.conv3 = nn.Conv2d(width, width, 1)
        self.norm2 = _LayerNorm2d(width)
        self.conv4 = nn.Conv2d(width, 2 * width, 1)
        self.conv5 = nn.Conv2d(width, width, 1)
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        gated = _gate(self.conv2(self.conv1(self.norm1(features))))
        attention = self.sca(gated)
        if is_hurried(features):
            return self._finished_sooner(features, gated, attention)
        features = features + self.conv3(gated * attention) * self.beta
        change = self.conv5(_gate(self.conv4(self.norm2(features))))
        return features + change * self.gamma

    def _finished_sooner(self, features: Tensor, gated: Tensor, attention: Tensor) -> Tensor:
        """The same with beta, gamma and one picture's attention multiplied into the weights."""
        into = None
        if len(gated) == 1 and attention.shape[2:] == (1, 1):
            into = attention
        else:
            gated = gated * attention
        middle = _scaled(self.conv3, gated, by=self.beta, into=into).add_(features)
        change = _gate(self.conv4(self.norm2(middle)))
        return _scaled(self.conv5, change, by=self.gamma).add_(middle)


def _scaled(
    layer: nn.Conv2d, features: Tensor, *, by: Tensor, into: Tensor | None = None
) -> Tensor:
    """layer(features * into) * by for a 1x1 convolution; by and into: [1,C,1,1]."""
    assert layer.bias is not None
    weight = layer.weight * by.view(-1, 1, 1, 1)
    if into is not None:
        weight = weight * into
    return functional.conv2d(features, weight, layer.bias * by.view(-1))


class NAFNet(RestorationNetwork):
    """[B,C,H,W] -> [B,C,H,W], any size."""

    def __init__(
        self,
        *,
        channels: int = 3,
        width: int = 32,
        encoder: Sequence[int] = (2, 2, 4, 8),
        middle: int = 12,
        decoder: Sequence[int] = (2, 2, 2, 2),
        local: int = 0,
    ) -> None:
        """encoder, decoder: blocks at each size, in the order of computing. local: side of the
        windows of the channel attention in pixels of the picture, 0 for the whole picture.

        Raises ValueError where encoder and decoder have different numbers of sizes.
        """
        super().__init__()
        if len(encoder) != len(decoder):
            raise ValueError(f"{len(encoder)} sizes in encoder, {len(decoder)} in decoder")
        self.traits = Traits(
            channels=channels, out_channels=channels, tiling="discouraged", channels_last=True
        )
        self.multiple = 2 ** len(encoder)

        def blocks(count: int, level: int) -> nn.Sequential:
            return nn.Sequential(
                *(_Block(width << level, window=local >> level) for _ in range(count))
            )

        levels = range(len(encoder))
        deepest = len(encoder)
        self.intro = nn.Conv2d(channels, width, 3, padding=1)
        self.encoders = nn.ModuleList(blocks(encoder[i], i) for i in levels)
        self.downs = nn.ModuleList(
            nn.Conv2d(width << i, width << (i + 1), 2, stride=2) for i in levels
        )
        self.middle_blks = blocks(middle, deepest)
        self.ups = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width << i, width << (i + 1), 1, bias=False), nn.PixelShuffle(2)
            )
            for i in range(deepest, 0, -1)
        )
        self.decoders = nn.ModuleList(
            blocks(count, deepest - 1 - i) for i, count in enumerate(decoder)
        )
        self.ending = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        height, width = picture.shape[2:]
        padded = functional.pad(picture, (0, -width % self.multiple, 0, -height % self.multiple))
        features = self.intro(padded)
        if is_hurried(picture):
            features = features.contiguous(memory_format=torch.channels_last)
        skipped = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            features = encoder(features)
            skipped.append(features)
            features = down(features)
        features = self.middle_blks(features)
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            features = decoder(up(features) + skipped.pop())
        return (self.ending(features) + padded)[:, :, :height, :width]


def _guess(state: State) -> dict[str, Any] | None:
    if "intro.weight" not in state or "ending.weight" not in state:
        return None

    def counts(part: str) -> tuple[int, ...]:
        sizes = count_blocks(state, rf"{part}\.(\d+)\.")
        return tuple(count_blocks(state, rf"{part}\.{i}\.(\d+)\.") for i in range(sizes))

    kwargs = {
        "channels": width_of(state, "intro.weight", axis=1),
        "width": width_of(state, "intro.weight"),
        "encoder": counts("encoders"),
        "middle": count_blocks(state, r"middle_blks\.(\d+)\."),
        "decoder": counts("decoders"),
        "local": GOPRO_LOCAL if counts("encoders") == GOPRO_ENCODER else 0,
    }
    if len(kwargs["encoder"]) != len(kwargs["decoder"]):
        return None
    return kwargs


_SIDD: Mapping[str, Any] = {"encoder": (2, 2, 4, 8), "middle": 12, "decoder": (2, 2, 2, 2)}
_GOPRO: Mapping[str, Any] = {
    "encoder": GOPRO_ENCODER, "middle": 1, "decoder": (1, 1, 1, 1), "local": GOPRO_LOCAL,
}  # fmt: skip

PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name                  width
    "nafnet-sidd-w32":    {"width": 32, **_SIDD},
    "nafnet-sidd-w64":    {"width": 64, **_SIDD},
    "nafnet-gopro-w32":   {"width": 32, **_GOPRO},
    "nafnet-gopro-w64":   {"width": 64, **_GOPRO},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="nafnet",
    paper="Simple Baselines for Image Restoration (Chen et al., ECCV 2022)",
    method="NAFNet",
    build=NAFNet,
    presets=PRESETS,
    guess=_guess,
    reference="megvii-research/NAFNet basicsr/models/archs/NAFNet_arch.py, local_arch.py",
    assumed=("local",),
)
