"""RDN: Residual Dense Network for Image Super-Resolution.

Zhang, Tian, Kong, Zhong, Fu, CVPR 2018. The authors' release is in Lua; key names as in its port in
EDSR-PyTorch (rdn.py), which takes pictures of 0 ... 255, as is done inside. Ports built on early
EDSR-PyTorch shift the pictures by DIV2K's mean: `mean_shift`, told by sub_mean, add_mean among the
keys.
Configuration A: 20 blocks of 6 convolutions of 32 channels; B, the paper's main one: 16, 8, 64.
Initialisation: PyTorch's own, as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.mean_shift import SPAN, MeanShift
from baselines.networks.shapes import count_blocks, width_of
from baselines.networks.upsampling import shuffle_steps


class _DenseConv(nn.Module):
    """relu(conv(x))."""

    def __init__(self, inside: int, growth: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(inside, growth, 3, padding=1))

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.conv(features))


class ResidualDenseBlock(nn.Module):
    """RDB: each convolution sees all results before it; a 1x1 convolution fuses them; + x."""

    def __init__(self, width: int, *, layers: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_DenseConv(width + i * growth, growth) for i in range(layers))
        self.LFF = nn.Conv2d(width + layers * growth, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """[B,width,H,W] -> [B,width,H,W]."""
        dense = features
        for convolution in self.convs:
            dense = torch.cat((dense, convolution(dense)), 1)
        return self.LFF(dense) + features


class DenseFeatures(RestorationNetwork):
    """What RDN computes before it enlarges (figure 2): RGB of 0 ... 255, shifted -> features."""

    def __init__(self, *, width: int, blocks: int, layers: int, growth: int) -> None:
        super().__init__()
        self.SFENet1 = nn.Conv2d(3, width, 3, padding=1)
        self.SFENet2 = nn.Conv2d(width, width, 3, padding=1)
        self.RDBs = nn.ModuleList(
            ResidualDenseBlock(width, layers=layers, growth=growth) for _ in range(blocks)
        )
        self.GFF = nn.Sequential(
            nn.Conv2d(blocks * width, width, 1), nn.Conv2d(width, width, 3, padding=1)
        )

    def features(self, shifted: Tensor) -> Tensor:
        """[B,3,H,W] -> [B,width,H,W]."""
        first = self.SFENet1(shifted)
        deep = self.SFENet2(first)
        results = []
        for block in self.RDBs:
            deep = block(deep)
            results.append(deep)
        return self.GFF(torch.cat(results, 1)) + first


class RDN(DenseFeatures):
    """RGB [B,3,H,W] -> [B,3,H*scale,W*scale], any size."""

    def __init__(
        self,
        *,
        scale: int = 4,
        width: int = 64,
        blocks: int = 16,
        layers: int = 8,
        growth: int = 64,
        mean_shift: bool = False,
    ) -> None:
        """scale: 2, 3 or 4. blocks, layers, growth: D, C and G of the paper; width: its G0."""
        super().__init__(width=width, blocks=blocks, layers=layers, growth=growth)
        if scale not in (2, 3, 4):
            raise ValueError(f"rdn: scale {scale}; one of 2, 3, 4")
        self.traits = Traits(scale=scale, channels_last=True)
        self.sub_mean = MeanShift(sign=-1) if mean_shift else nn.Identity()
        self.add_mean = MeanShift(sign=1) if mean_shift else nn.Identity()
        enlarge: list[nn.Module] = []
        inside = width
        for step in shuffle_steps(scale):
            enlarge.append(nn.Conv2d(inside, growth * step**2, 3, padding=1))
            enlarge.append(nn.PixelShuffle(step))
            inside = growth
        self.UPNet = nn.Sequential(*enlarge, nn.Conv2d(growth, 3, 3, padding=1))

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        features = self.features(self.sub_mean(picture * SPAN))
        return self.add_mean(self.UPNet(features)) / SPAN


def features_kwargs(state: State) -> dict[str, Any] | None:
    """The arguments of DenseFeatures, None where it is not in the state."""
    first = "RDBs.0.convs.0.conv.0.weight"
    if first not in state or width_of(state, "SFENet1.weight", axis=1) != 3:
        return None
    return {
        "width": width_of(state, "SFENet1.weight"),
        "blocks": count_blocks(state, r"RDBs\.(\d+)\."),
        "layers": count_blocks(state, r"RDBs\.0\.convs\.(\d+)\."),
        "growth": width_of(state, first),
    }


def _guess(state: State) -> dict[str, Any] | None:
    kwargs = features_kwargs(state)
    if kwargs is None or "UPNet.2.weight" not in state:
        return None
    nine = width_of(state, "UPNet.0.weight") == 9 * kwargs["growth"]
    kwargs["scale"] = 4 if "UPNet.4.weight" in state else 3 if nine else 2
    kwargs["mean_shift"] = "sub_mean.weight" in state
    return kwargs


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name      scale        blocks        layers       growth
    "rdn-x4":   {"scale": 4, "blocks": 16, "layers": 8, "growth": 64},
    "rdn-x3":   {"scale": 3, "blocks": 16, "layers": 8, "growth": 64},
    "rdn-x2":   {"scale": 2, "blocks": 16, "layers": 8, "growth": 64},
    "rdn-a-x4": {"scale": 4, "blocks": 20, "layers": 6, "growth": 32},
    "rdn-a-x3": {"scale": 3, "blocks": 20, "layers": 6, "growth": 32},
    "rdn-a-x2": {"scale": 2, "blocks": 20, "layers": 6, "growth": 32},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="rdn",
    paper="Residual Dense Network for Image Super-Resolution (Zhang et al., CVPR 2018)",
    method="RDN",
    build=RDN,
    presets=PRESETS,
    guess=_guess,
    reference="yulunzhang/RDN (Lua), by its port in sanghyun-son/EDSR-PyTorch src/model/rdn.py",
)
