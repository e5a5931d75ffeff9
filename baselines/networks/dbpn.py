"""DBPN: Deep Back-Projection Networks for Super-Resolution.

Haris, Shakhnarovich, Ukita, CVPR 2018. Enlarging and reducing units take turns, each correcting its
result by the error of projecting it back; from the third on, units see all results before them
(D-DBPN). Key names as in the authors' release (alterzero/DBPN-Pytorch): `stages` enlarging units,
7 in the paper, 10 in DBPNLL, 2 in DBPN-S. DBPN-RES-MR64-3 (arXiv 1904.05677) runs the units three
times over (`passes`), reconstructs from the last result of each pass, and adds the input enlarged
by bicubic interpolation (`residual`; Pillow's kernel, a = -0.5; the release rounds and clips that
picture to 8 bits, here it is neither).
Initialisation as there: Kaiming's normal for convolutions and transposed ones, biases 0, PReLU
with one weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of

# Side of the projecting kernels by scale; stride is the scale, padding 2 (paper, section 4.1).
KERNELS = {2: 6, 4: 8, 8: 12}


class _Conv(nn.Module):
    """Convolution, then PReLU where wanted."""

    def __init__(
        self, inside: int, outside: int, *, side: int, stride: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        # 3x3 keeps the size, 1x1 needs nothing, what projects has 2
        padding = 2 if stride > 1 else side // 2
        self.conv = nn.Conv2d(inside, outside, side, stride, padding)
        self.act = nn.PReLU() if act else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        return self.act(self.conv(features))


def _reduce(width: int, *, scale: int) -> _Conv:
    return _Conv(width, width, side=KERNELS[scale], stride=scale)


class _Deconv(nn.Module):
    """Transposed convolution, then PReLU."""

    def __init__(self, width: int, *, scale: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(width, width, KERNELS[scale], scale, 2)
        self.act = nn.PReLU()

    def forward(self, features: Tensor) -> Tensor:
        return self.act(self.deconv(features))


class _Unit(nn.Module):
    """One projection: there, back, and the error of that there again (equations 1 to 10).

    up: whether it enlarges. inputs: how many results before it it sees; None: one, taken as it is.
    """

    def __init__(self, width: int, *, scale: int, up: bool, inputs: int | None) -> None:
        super().__init__()
        self.conv = None if inputs is None else _Conv(width * inputs, width, side=1)
        self.names = [f"{'up' if up else 'down'}_conv{place}" for place in (1, 2, 3)]
        for name, enlarges in zip(self.names, (up, not up, up), strict=True):
            layer = _Deconv(width, scale=scale) if enlarges else _reduce(width, scale=scale)
            self.add_module(name, layer)

    def forward(self, features: Tensor) -> Tensor:
        if self.conv is not None:
            features = self.conv(features)
        there, back, again = (self.get_submodule(name) for name in self.names)
        first = there(features)
        return again(back(first) - features) + first


class DBPN(RestorationNetwork):
    """[B,C,H,W] -> [B,C,H*scale,W*scale], any size."""

    def __init__(
        self,
        *,
        scale: int = 4,
        channels: int = 3,
        width: int = 64,
        features: int = 256,
        stages: int = 7,
        passes: int = 1,
        residual: bool = False,
    ) -> None:
        """scale: 2, 4 or 8. features: of the first convolution. stages: 2 or more."""
        super().__init__()
        if scale not in KERNELS:
            raise ValueError(f"dbpn: scale {scale}; one of 2, 4, 8")
        if stages < 2:
            raise ValueError(f"dbpn: stages {stages}; 2 or more")
        self.traits = Traits(
            scale=scale, channels=channels, out_channels=channels, channels_last=True
        )
        self.stages, self.passes, self.residual = stages, passes, residual
        self.feat0 = _Conv(channels, features, side=3)
        self.feat1 = _Conv(features, width, side=1)
        for place in range(1, stages + 1):
            dense = place - 1 if place > 2 else None
            self.add_module(f"up{place}", _Unit(width, scale=scale, up=True, inputs=dense))
            if place < stages:
                dense = place if place > 1 else None
                self.add_module(f"down{place}", _Unit(width, scale=scale, up=False, inputs=dense))
        results = stages if passes == 1 else passes
        self.output_conv = _Conv(results * width, channels, side=3, act=False)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        low = self.feat1(self.feat0(picture))
        results: list[Tensor] = []
        for _ in range(self.passes):
            larges, low = self._one_pass(low)
            results += larges if self.passes == 1 else larges[:1]
        restored = self.output_conv(torch.cat(results, 1))
        if self.residual:
            # of enlargements, antialias changes the kernel alone: a = -0.5 in place of -0.75
            restored = restored + functional.interpolate(
                picture, scale_factor=self.traits.scale, mode="bicubic", antialias=True
            )
        return restored

    def _one_pass(self, low: Tensor) -> tuple[list[Tensor], Tensor]:
        """(results of all enlarging units, the last first; result of the last reducing one)."""
        larges: list[Tensor] = []
        smalls: list[Tensor] = []
        for place in range(1, self.stages + 1):
            # the first two units see one result, later ones all, the last first
            seen = low if not smalls else torch.cat(smalls, 1)
            larges.insert(0, self.get_submodule(f"up{place}")(seen))
            if place < self.stages:
                low = self.get_submodule(f"down{place}")(torch.cat(larges, 1))
                smalls.insert(0, low)
        return larges, low


def _guess(state: State) -> dict[str, Any] | None:
    side = width_of(state, "up1.up_conv1.deconv.weight", axis=3)
    scale = next((scale for scale, one in KERNELS.items() if one == side), 0)
    width = width_of(state, "feat1.conv.weight")
    if not scale or not width or "output_conv.conv.weight" not in state:
        return None
    stages = count_blocks(state, r"up(\d+)\.") - 1
    if stages < 2:
        return None
    results = width_of(state, "output_conv.conv.weight", axis=1) // width
    passes = 1 if results == stages else results
    return {
        "scale": scale,
        "channels": width_of(state, "feat0.conv.weight", axis=1),
        "width": width,
        "features": width_of(state, "feat0.conv.weight"),
        "stages": stages,
        "passes": passes,
        "residual": passes > 1,  # DBPN-RES-MR64-3 alone
    }


_MR: Mapping[str, Any] = {"passes": 3, "residual": True}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name              scale        stages
    "dbpn-x4":        {"scale": 4, "stages": 7},
    "dbpn-x2":        {"scale": 2, "stages": 7},
    "dbpn-x8":        {"scale": 8, "stages": 7},
    "dbpn-ll-x4":     {"scale": 4, "stages": 10},
    "dbpn-ll-x2":     {"scale": 2, "stages": 10},
    "dbpn-ll-x8":     {"scale": 8, "stages": 10},
    "dbpn-s-x4":      {"scale": 4, "stages": 2},  # the release's dbpns.py alone
    "dbpn-s-x2":      {"scale": 2, "stages": 2},
    "dbpn-s-x8":      {"scale": 8, "stages": 2},
    "dbpn-res-mr-x4": {"scale": 4, "stages": 7, **_MR},
    "dbpn-res-mr-x2": {"scale": 2, "stages": 7, **_MR},
    "dbpn-res-mr-x8": {"scale": 8, "stages": 7, **_MR},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="dbpn",
    paper="Deep Back-Projection Networks for Super-Resolution (Haris et al., CVPR 2018)",
    method="D-DBPN",
    build=DBPN,
    presets=PRESETS,
    guess=_guess,
    reference="alterzero/DBPN-Pytorch dbpn.py, dbpn_v1.py, dbpns.py, dbpn_iterative.py",
    assumed=("residual",),
)
