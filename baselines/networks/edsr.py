"""EDSR: Enhanced Deep Residual Networks for Single Image Super-Resolution.

Lim, Son, Kim, Nah, Lee, CVPR Workshops (NTIRE) 2017. Residual blocks without batch normalisation,
their results scaled by 0.1 in the large network. Key names as in BasicSR (edsr_arch.py); those of
the authors' EDSR-PyTorch are renamed to them. Pictures are shifted by DIV2K's mean and multiplied
by 255 inside. The authors' files hold that shift as weights (sub_mean, add_mean): where they are
the fixed values they are dropped, else they stay in the state dict (`stored_shift`).
Initialisation: PyTorch's own, as in both releases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.mean_shift import SPAN, MeanShift, shifts
from baselines.networks.shapes import count_blocks, rename_keys, width_of
from baselines.networks.upsampling import shuffle_tail, tail_scale


class _ResidualBlock(nn.Module):
    """x + residual_scale * conv(relu(conv(x)))."""

    def __init__(self, width: int, *, residual_scale: float) -> None:
        super().__init__()
        self.residual_scale = residual_scale
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        change = self.conv2(functional.relu(self.conv1(features)))
        return torch.add(features, change, alpha=self.residual_scale)


class EDSR(RestorationNetwork):
    """RGB [B,3,H,W] -> [B,3,H*scale,W*scale], any size."""

    def __init__(
        self,
        *,
        scale: int = 4,
        width: int = 256,
        blocks: int = 32,
        residual_scale: float = 0.1,
        stored_shift: bool = False,
    ) -> None:
        """scale: 2, 3, 4 or 8. stored_shift: whether the mean shift stands in the state dict."""
        super().__init__()
        self.traits = Traits(scale=scale, channels_last=True)
        self.sub_mean = MeanShift(sign=-1, stored=stored_shift)
        self.add_mean = MeanShift(sign=1, stored=stored_shift)
        self.conv_first = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(
            *(_ResidualBlock(width, residual_scale=residual_scale) for _ in range(blocks))
        )
        self.conv_after_body = nn.Conv2d(width, width, 3, padding=1)
        self.upsample = shuffle_tail(width, scale=scale)
        self.conv_last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        first = self.conv_first(self.sub_mean(picture * SPAN))
        deep = first + self.conv_after_body(self.body(first))
        return self.add_mean(self.conv_last(self.upsample(deep))) / SPAN


def _guess(state: State) -> dict[str, Any] | None:
    width = width_of(state, "conv_first.weight")
    scale = tail_scale(state, "upsample.")
    if not width or not scale or width_of(state, "conv_first.weight", axis=1) != 3:
        return None
    return {
        "scale": scale,
        "width": width,
        "blocks": count_blocks(state, r"body\.(\d+)\.conv1\."),
        # the authors use 0.1 for the large network alone
        "residual_scale": 0.1 if width == 256 else 1.0,
        "stored_shift": "sub_mean.weight" in state,
    }


def _renamed(state: State) -> State:
    """EDSR-PyTorch's names: head.0, body.{i}.body.{0,2}, body.{last}, tail.0.{0,2}, tail.1."""
    last = count_blocks(state, r"body\.(\d+)\.") - 1
    pairs = [
        (r"head\.0\.(weight|bias)", r"conv_first.\1"),
        (rf"body\.{last}\.(weight|bias)", r"conv_after_body.\1"),
        (r"body\.(\d+)\.body\.0\.(weight|bias)", r"body.\1.conv1.\2"),
        (r"body\.(\d+)\.body\.2\.(weight|bias)", r"body.\1.conv2.\2"),
        (r"tail\.0\.(\d)\.(weight|bias)", r"upsample.\1.\2"),
        (r"tail\.1\.(weight|bias)", r"conv_last.\1"),
    ]
    fixed = shifts()
    rest = [key for key in state if key not in fixed]
    if not rest or not all(any(re.fullmatch(one, key) for one, _ in pairs) for key in rest):
        return state
    renamed = rename_keys(state, pairs)
    if all(key in state and torch.allclose(state[key].float(), fixed[key]) for key in fixed):
        for key in fixed:
            del renamed[key]
    return renamed


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name                 scale        width         blocks        residual
    "edsr-x4":          {"scale": 4, "width": 256, "blocks": 32, "residual_scale": 0.1},
    "edsr-x3":          {"scale": 3, "width": 256, "blocks": 32, "residual_scale": 0.1},
    "edsr-x2":          {"scale": 2, "width": 256, "blocks": 32, "residual_scale": 0.1},
    "edsr-baseline-x4": {"scale": 4, "width": 64,  "blocks": 16, "residual_scale": 1.0},
    "edsr-baseline-x3": {"scale": 3, "width": 64,  "blocks": 16, "residual_scale": 1.0},
    "edsr-baseline-x2": {"scale": 2, "width": 64,  "blocks": 16, "residual_scale": 1.0},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="edsr",
    paper="Enhanced Deep Residual Networks for Single Image Super-Resolution (Lim et al., CVPR "
    "Workshops 2017)",
    method="EDSR",
    build=EDSR,
    presets=PRESETS,
    guess=_guess,
    reference="XPixelGroup/BasicSR basicsr/archs/edsr_arch.py; sanghyun-son/EDSR-PyTorch",
    renamed=_renamed,
    assumed=("residual_scale",),
)
