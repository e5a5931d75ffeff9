"""FSRCNN: Accelerating the Super-Resolution Convolutional Neural Network.

Dong, Loy, Tang, ECCV 2016. Input: luma at its own size; a transposed convolution enlarges. Key
names, value range (Y of BT.601 in [0,1]), zero padding, one PReLU slope a channel and the initial
weights (He et al. by channels out; last layer of deviation 0.001; biases 0) as in the PyTorch port
yjn870/FSRCNN-pytorch. The last layer has the same shape at every scale: shapes do not tell it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of

_LAST = 9  # side of the transposed convolution's kernel (paper, 3.2)


class FSRCNN(RestorationNetwork):
    """Features, shrinking, mapping, expanding, enlarging: [B,C,H,W] -> [B,C,H*scale,W*scale]."""

    def __init__(
        self,
        *,
        scale: int = 3,
        channels: int = 1,
        width: int = 56,
        shrunk: int = 12,
        mappings: int = 4,
    ) -> None:
        """width, shrunk, mappings: the paper's d, s and m."""
        super().__init__()
        self.traits = Traits(
            scale=scale, channels=channels, out_channels=channels, luma=channels == 1
        )
        self.first_part = nn.Sequential(nn.Conv2d(channels, width, 5, padding=2), nn.PReLU(width))
        middle: list[nn.Module] = [nn.Conv2d(width, shrunk, 1), nn.PReLU(shrunk)]
        for _ in range(mappings):
            middle += [nn.Conv2d(shrunk, shrunk, 3, padding=1), nn.PReLU(shrunk)]
        middle += [nn.Conv2d(shrunk, width, 1), nn.PReLU(width)]
        self.mid_part = nn.Sequential(*middle)
        self.last_part = nn.ConvTranspose2d(
            width, channels, _LAST, stride=scale, padding=_LAST // 2, output_padding=scale - 1
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.last_part.weight, std=0.001)
        assert self.last_part.bias is not None
        nn.init.zeros_(self.last_part.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return self.last_part(self.mid_part(self.first_part(picture)))


def _guess(state: State) -> dict[str, Any] | None:
    slopes = count_blocks(state, r"mid_part\.(\d+)\.weight$") // 2
    if slopes < 2 or width_of(state, "last_part.weight", axis=2) != _LAST:
        return None
    return {
        "scale": 3,
        "channels": width_of(state, "last_part.weight", axis=1),
        "width": width_of(state, "first_part.0.weight"),
        "shrunk": width_of(state, "mid_part.0.weight"),
        "mappings": slopes - 2,
    }


_SMALL = {"width": 32, "shrunk": 5, "mappings": 1}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name           scale        d, s, m: 56, 12, 4 and 32, 5, 1
    "fsrcnn-x3":      {"scale": 3},
    "fsrcnn-x2":      {"scale": 2},
    "fsrcnn-x4":      {"scale": 4},
    "fsrcnn-s-x3":    {"scale": 3, **_SMALL},
    "fsrcnn-s-x2":    {"scale": 2, **_SMALL},
    "fsrcnn-s-x4":    {"scale": 4, **_SMALL},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="fsrcnn",
    paper="Accelerating the Super-Resolution Convolutional Neural Network (Dong et al., ECCV 2016)",
    method="FSRCNN",
    build=FSRCNN,
    presets=PRESETS,
    guess=_guess,
    reference="yjn870/FSRCNN-pytorch models.py",
    assumed=("scale",),
)
