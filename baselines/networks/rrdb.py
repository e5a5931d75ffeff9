"""RRDB: ESRGAN, Enhanced Super-Resolution Generative Adversarial Networks.

Wang, Yu, Wu, Gu, Liu, Dong, Loy, Qiao, Tang, ECCV Workshops 2018; x2 and x1 by pixel unshuffling of
the input as in Real-ESRGAN (Wang, Xie, Dong, Shan, ICCV Workshops 2021). Key names as in BasicSR
(rrdbnet_arch.py). The two namings of the ESRGAN repository are renamed: its present one
(RRDB_trunk.0.RDB1.conv1) and its first one (model.1.sub.0.RDB1.conv1.0), which KAIR's files share.
The residual scale is 0.2 in dense blocks and around them, fixed. Initialisation: convolutions of
dense blocks Kaiming normal times 0.1, biases 0 (BasicSR; paper 3.1); the others PyTorch's own.
x2 and x1 take heights and widths that are multiples of 2 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.inference_paths import doubled, in_strips, is_hurried
from baselines.networks.shapes import count_blocks, rename_keys, width_of
from evaluation.models.sizes import SizeRule

RESIDUAL = 0.2  # paper 3.1, "residual scaling"; RRDBNet_arch.py
SLOPE = 0.2  # of the leaky ReLU
UNSHUFFLE = {4: 1, 2: 2, 1: 4}  # scale -> factor of the pixel unshuffle; the network enlarges by 4

# The tail in strips: of at least 16 rows, so that what is computed twice (2 rows on either side)
# stays small, and of about 2048 pixels, so that 64 features at 16 times as many (8 MB) stay in a
# processor's cache. Measured: 16 rows of 128 beat 8, 32 and the whole.
STRIP_ROWS = 16
STRIP_PIXELS = 2048
# Radius in rows of the input: the two enlargements and two convolutions reach 5 rows of 4 times
# the size.
TAIL_HALO = 2


class _DenseBlock(nn.Module):
    """Five convolutions, each of all results before it: [B,width,H,W] -> the same."""

    def __init__(self, width: int, *, growth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(width + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(width + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(width + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(width + 4 * growth, width, 3, padding=1)
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            nn.init.kaiming_normal_(layer.weight)
            with torch.no_grad():
                layer.weight *= 0.1
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        grown = features
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            grown = torch.cat((grown, functional.leaky_relu_(layer(grown), SLOPE)), 1)
        return torch.add(features, self.conv5(grown), alpha=RESIDUAL)


class _Block(nn.Module):
    """Three dense blocks and a way around them."""

    def __init__(self, width: int, *, growth: int) -> None:
        super().__init__()
        self.rdb1 = _DenseBlock(width, growth=growth)
        self.rdb2 = _DenseBlock(width, growth=growth)
        self.rdb3 = _DenseBlock(width, growth=growth)

    def forward(self, features: Tensor) -> Tensor:
        change = self.rdb3(self.rdb2(self.rdb1(features)))
        return torch.add(features, change, alpha=RESIDUAL)


class RRDB(RestorationNetwork):
    """[B,C,H,W] -> [B,C,H*scale,W*scale]."""

    def __init__(
        self,
        *,
        channels: int = 3,
        scale: int = 4,
        width: int = 64,
        growth: int = 32,
        blocks: int = 23,
    ) -> None:
        """scale: 1, 2 or 4. width: features. growth: what each convolution of a dense block adds.

        Raises ValueError for another scale.
        """
        super().__init__()
        if scale not in UNSHUFFLE:
            raise ValueError(f"scale {scale}: one of {', '.join(map(str, sorted(UNSHUFFLE)))}")
        self.unshuffle = UNSHUFFLE[scale]
        self.traits = Traits(
            scale=scale,
            channels=channels,
            out_channels=channels,
            sizes=SizeRule(multiple=self.unshuffle),
            channels_last=True,
        )
        self.conv_first = nn.Conv2d(channels * self.unshuffle**2, width, 3, padding=1)
        self.body = nn.Sequential(*(_Block(width, growth=growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(width, width, 3, padding=1)
        self.conv_up1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_up2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        hurried = is_hurried(picture)
        features = functional.pixel_unshuffle(picture, self.unshuffle)
        if hurried:
            features = features.contiguous(memory_format=torch.channels_last)
        features = self.conv_first(features)
        features = features + self.conv_body(self.body(features))
        if not hurried:
            return self._enlarged(features)
        rows = max(STRIP_ROWS, STRIP_PIXELS // features.shape[3])
        return in_strips(self._enlarged_sooner, features, rows=rows, halo=TAIL_HALO, scale=4)

    def _enlarged(self, features: Tensor) -> Tensor:
        """The tail: [B,width,H,W] -> [B,C,4H,4W]."""
        for layer in (self.conv_up1, self.conv_up2):
            features = functional.interpolate(features, scale_factor=2, mode="nearest")
            features = functional.leaky_relu_(layer(features), SLOPE)
        return self.conv_last(functional.leaky_relu_(self.conv_hr(features), SLOPE))

    def _enlarged_sooner(self, features: Tensor) -> Tensor:
        """The tail with each enlargement inside its convolution."""
        features = features.contiguous(memory_format=torch.channels_last)
        for layer in (self.conv_up1, self.conv_up2):
            features = functional.leaky_relu_(
                doubled(features, weight=layer.weight, bias=layer.bias), SLOPE
            )
        return self.conv_last(functional.leaky_relu_(self.conv_hr(features), SLOPE))


def _guess(state: State) -> dict[str, Any] | None:
    channels = width_of(state, "conv_last.weight")
    inside = width_of(state, "conv_first.weight", axis=1)
    scale = next((s for s, f in UNSHUFFLE.items() if channels * f * f == inside), 0)
    if not channels or not scale or "body.0.rdb1.conv1.weight" not in state:
        return None
    return {
        "channels": channels,
        "scale": scale,
        "width": width_of(state, "conv_first.weight"),
        "growth": width_of(state, "body.0.rdb1.conv1.weight"),
        "blocks": count_blocks(state, r"body\.(\d+)\."),
    }


_END = r"(weight|bias)"
_REPOSITORY = [
    (rf"RRDB_trunk\.(\d+)\.RDB([123])\.conv([1-5])\.{_END}", r"body.\1.rdb\2.conv\3.\4"),
    (rf"trunk_conv\.{_END}", r"conv_body.\1"),
    (rf"upconv([12])\.{_END}", r"conv_up\1.\2"),
    (rf"HRconv\.{_END}", r"conv_hr.\1"),
    (rf"(conv_first|conv_last)\.{_END}", r"\1.\2"),
]
# The first naming, and KAIR's, whose fifth convolutions lack the .0; of x4: other scales have
# other numbers after model.1.
_FIRST = [
    (rf"model\.0\.{_END}", r"conv_first.\1"),
    (rf"model\.1\.sub\.(\d+)\.RDB([123])\.conv([1-5])(?:\.0)?\.{_END}", r"body.\1.rdb\2.conv\3.\4"),
    (rf"model\.1\.sub\.(\d+)\.{_END}", r"conv_body.\2"),
    (rf"model\.3\.{_END}", r"conv_up1.\1"),
    (rf"model\.6\.{_END}", r"conv_up2.\1"),
    (rf"model\.8\.{_END}", r"conv_hr.\1"),
    (rf"model\.10\.{_END}", r"conv_last.\1"),
]


def _renamed(state: State) -> State:
    """State under our names where all keys are of one of the ESRGAN repository's namings."""
    for mark, pairs in (("RRDB_trunk.0.", _REPOSITORY), ("model.1.sub.0.", _FIRST)):
        if not any(key.startswith(mark) for key in state):
            continue
        if all(any(re.fullmatch(one, key) for one, _ in pairs) for key in state):
            return rename_keys(state, pairs)
    return state


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name                        scale        blocks
    "esrgan-x4":               {"scale": 4, "blocks": 23},
    "realesrgan-x4":           {"scale": 4, "blocks": 23},
    "realesrgan-x2":           {"scale": 2, "blocks": 23},
    "realesrgan-x1":           {"scale": 1, "blocks": 23},  # BasicSR's code alone
    "realesrgan-x4-anime":     {"scale": 4, "blocks": 6},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="rrdb",
    paper="ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks (Wang et al., ECCV "
    "Workshops 2018)",
    method="ESRGAN",
    build=RRDB,
    presets=PRESETS,
    guess=_guess,
    reference="XPixelGroup/BasicSR basicsr/archs/rrdbnet_arch.py; xinntao/ESRGAN RRDBNet_arch.py",
    renamed=_renamed,
)
