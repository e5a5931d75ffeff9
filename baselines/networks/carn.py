"""CARN: Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network.

Ahn, Kang, Sohn, ECCV 2018. Blocks and networks cascade: each stage sees all results before it
through a 1x1 convolution. CARN-M (`mobile`) has grouped convolutions and one residual block that
each cascading block uses three times. Key names as in the authors' release (nmhkahn/CARN-pytorch),
the mean shift among them, for pictures of 0 ... 1.
Their weights are `multi_scale`: one body with three enlargements (up2, up3, up4), of which `scale`
picks one; the others are kept, so that the checkpoint stays whole. Shapes do not tell the scale of
these: x4 where no preset names another.
Initialisation: PyTorch's own, as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.mean_shift import MeanShift
from baselines.networks.shapes import width_of
from baselines.networks.upsampling import shuffle_steps

SCALES = (2, 3, 4)  # of the multi-scale weights


class _Residual(nn.Module):
    """relu(x + convolutions(x)): two of 3x3; for CARN-M two grouped ones and one of 1x1."""

    def __init__(self, width: int, *, mobile: bool, groups: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
        ]
        if mobile:
            layers += [nn.ReLU(inplace=True), nn.Conv2d(width, width, 1)]
        self.body = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.body(features))


class _Fusion(nn.Module):
    """relu of a 1x1 convolution."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(inside, outside, 1), nn.ReLU(inplace=True))

    def forward(self, features: Tensor) -> Tensor:
        return self.body(features)


class _Cascade(nn.Module):
    """Three stages b1, b2, b3, one for all three in CARN-M, fused by c1, c2, c3."""

    def __init__(self, width: int, *, mobile: bool, groups: int) -> None:
        super().__init__()
        self.mobile = mobile
        for name in ("b1",) if mobile else ("b1", "b2", "b3"):
            self.add_module(name, _Residual(width, mobile=mobile, groups=groups))
        _add_fusions(self, width)

    def forward(self, features: Tensor) -> Tensor:
        return _cascaded(self, features, stages=("b1",) * 3 if self.mobile else ("b1", "b2", "b3"))


def _add_fusions(module: nn.Module, width: int) -> None:
    for place in (1, 2, 3):
        module.add_module(f"c{place}", _Fusion(width * (place + 1), width))


def _cascaded(module: nn.Module, features: Tensor, *, stages: tuple[str, ...]) -> Tensor:
    """Each stage's result, with the input and all results before it, fused for the next."""
    seen = [features]
    for place, stage in enumerate(stages, 1):
        seen.append(module.get_submodule(stage)(features))
        features = module.get_submodule(f"c{place}")(torch.cat(seen, 1))
    return features


class _Enlargement(nn.Module):
    """Convolution, relu, pixel shuffle; twice for x4."""

    def __init__(self, width: int, *, scale: int, groups: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for step in shuffle_steps(scale):
            layers.append(nn.Conv2d(width, width * step**2, 3, padding=1, groups=groups))
            layers += [nn.ReLU(inplace=True), nn.PixelShuffle(step)]
        self.body = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        return self.body(features)


class CARN(RestorationNetwork):
    """RGB [B,3,H,W] -> [B,3,H*scale,W*scale], any size."""

    def __init__(
        self,
        *,
        scale: int = 4,
        width: int = 64,
        mobile: bool = False,
        groups: int = 1,
        multi_scale: bool = True,
    ) -> None:
        """groups: of CARN-M's 3x3 convolutions and of the enlargements (4 in its weights)."""
        if scale not in (*SCALES, 8) or (multi_scale and scale == 8):
            raise ValueError(f"carn: scale {scale}; one of 2, 3, 4, or 8 without multi_scale")
        super().__init__()
        scales = SCALES if multi_scale else ()
        self.traits = Traits(scale=scale, scales=scales, channels_last=True)
        self.sub_mean = nn.ModuleDict({"shifter": MeanShift(sign=-1, span=1.0)})
        self.add_mean = nn.ModuleDict({"shifter": MeanShift(sign=1, span=1.0)})
        self.entry = nn.Conv2d(3, width, 3, padding=1)
        for name in ("b1", "b2", "b3"):
            self.add_module(name, _Cascade(width, mobile=mobile, groups=groups if mobile else 1))
        _add_fusions(self, width)
        ups = {f"up{each}": each for each in SCALES} if multi_scale else {"up": scale}
        self.upsample = nn.ModuleDict(
            {name: _Enlargement(width, scale=each, groups=groups) for name, each in ups.items()}
        )
        self.exit = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, picture: Tensor, scale: float | None = None) -> Tensor:
        """See the class. scale: another one of multi-scale weights, as training draws them."""
        wanted = scale or self.traits.scale
        name = f"up{wanted:g}" if f"up{wanted:g}" in self.upsample else "up"
        if name not in self.upsample or (name == "up" and wanted != self.traits.scale):
            raise ValueError(
                f"carn: scale {wanted:g}; these weights have "
                f"{self.traits.scale if name in self.upsample else SCALES}"
            )
        enlarge = self.upsample[name]
        features = self.entry(self.sub_mean["shifter"](picture))
        features = _cascaded(self, features, stages=("b1", "b2", "b3"))
        return self.add_mean["shifter"](self.exit(enlarge(features)))


def _guess(state: State) -> dict[str, Any] | None:
    width = width_of(state, "entry.weight")
    multi_scale = "upsample.up2.body.0.weight" in state
    first = f"upsample.{'up2' if multi_scale else 'up'}.body.0.weight"
    if not width or not width_of(state, first):
        return None
    scale = 4
    if not multi_scale:
        convolutions = sum(f"upsample.up.body.{place}.weight" in state for place in (0, 3, 6))
        scale = 3 if width_of(state, first) == 9 * width else 2**convolutions
    return {
        "scale": scale,
        "width": width,
        "mobile": "b1.b1.body.4.weight" in state,
        "groups": width // width_of(state, first, axis=1),
        "multi_scale": multi_scale,
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name       scale
    "carn-x4":   {"scale": 4},
    "carn-x3":   {"scale": 3},
    "carn-x2":   {"scale": 2},
    "carn-m-x4": {"scale": 4, "mobile": True, "groups": 4},
    "carn-m-x3": {"scale": 3, "mobile": True, "groups": 4},
    "carn-m-x2": {"scale": 2, "mobile": True, "groups": 4},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="carn",
    paper="Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network (Ahn "
    "et al., ECCV 2018)",
    method="CARN",
    build=CARN,
    presets=PRESETS,
    guess=_guess,
    reference="nmhkahn/CARN-pytorch carn/model",
    assumed=("scale",),
    all_told=lambda kwargs: not kwargs["multi_scale"],
)
