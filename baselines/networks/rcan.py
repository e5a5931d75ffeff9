"""RCAN: Image Super-Resolution Using Very Deep Residual Channel Attention Networks.

Zhang, Li, Li, Wang, Zhong, Fu, ECCV 2018. Residual groups of residual blocks, each ending in
channel attention. Key names as in the authors' release (yulunzhang/RCAN, model/rcan.py), the mean
shift among them; BasicSR's are renamed. Pictures are multiplied by 255 inside. The release has a
residual scale that it never applies: there is none here.
Initialisation: PyTorch's own, as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.mean_shift import SPAN, MeanShift, shifts
from baselines.networks.shapes import count_blocks, rename_keys, width_of
from baselines.networks.upsampling import shuffle_tail, tail_scale


class _ChannelAttention(nn.Module):
    """Each channel times a weight in 0 ... 1, made of the means of all (equations 10 and 11)."""

    def __init__(self, width: int, *, reduction: int) -> None:
        super().__init__()
        self.conv_du = nn.Sequential(
            nn.Conv2d(width, width // reduction, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width // reduction, width, 1),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features * self.conv_du(features.mean((2, 3), keepdim=True))


class _AttentionBlock(nn.Module):
    """RCAB: x + attention(conv(relu(conv(x))))."""

    def __init__(self, width: int, *, reduction: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            _ChannelAttention(width, reduction=reduction),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class _ResidualGroup(nn.Module):
    """x + conv(blocks(x))."""

    def __init__(self, width: int, *, blocks: int, reduction: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(_AttentionBlock(width, reduction=reduction) for _ in range(blocks)),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class RCAN(RestorationNetwork):
    """RGB [B,3,H,W] -> [B,3,H*scale,W*scale], any size."""

    def __init__(
        self,
        *,
        scale: int = 4,
        width: int = 64,
        groups: int = 10,
        blocks: int = 20,
        reduction: int = 16,
    ) -> None:
        """scale: 2, 3, 4 or 8. blocks: of each group. reduction: width by attention's width."""
        super().__init__()
        self.traits = Traits(scale=scale, tiling="discouraged", channels_last=True)
        self.sub_mean = MeanShift(sign=-1)
        self.add_mean = MeanShift(sign=1)
        self.head = nn.Sequential(nn.Conv2d(3, width, 3, padding=1))
        self.body = nn.Sequential(
            *(_ResidualGroup(width, blocks=blocks, reduction=reduction) for _ in range(groups)),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.tail = nn.Sequential(
            shuffle_tail(width, scale=scale), nn.Conv2d(width, 3, 3, padding=1)
        )

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        first = self.head(self.sub_mean(picture * SPAN))
        return self.add_mean(self.tail(first + self.body(first))) / SPAN


def _guess(state: State) -> dict[str, Any] | None:
    width = width_of(state, "head.0.weight")
    squeezed = width_of(state, "body.0.body.0.body.3.conv_du.0.weight")
    scale = tail_scale(state, "tail.0.")
    if not (width and squeezed and scale) or width_of(state, "head.0.weight", axis=1) != 3:
        return None
    return {
        "scale": scale,
        "width": width,
        "groups": count_blocks(state, r"body\.(\d+)\.body\."),
        "blocks": count_blocks(state, r"body\.0\.body\.(\d+)\.body\."),
        "reduction": width // squeezed,
    }


def _renamed(state: State) -> State:
    """BasicSR's names; its mean shift is no weight and is put in."""
    groups = count_blocks(state, r"body\.(\d+)\.residual_group\.")
    if not groups or "conv_after_body.weight" not in state:
        return state
    blocks = count_blocks(state, r"body\.0\.residual_group\.(\d+)\.")
    block = r"body\.(\d+)\.residual_group\.(\d+)\.rcab\."
    renamed = rename_keys(
        state,
        [
            (r"conv_first\.(\w+)", r"head.0.\1"),
            (rf"{block}(0|2)\.(\w+)", r"body.\1.body.\2.body.\3.\4"),
            (rf"{block}3\.attention\.1\.(\w+)", r"body.\1.body.\2.body.3.conv_du.0.\3"),
            (rf"{block}3\.attention\.3\.(\w+)", r"body.\1.body.\2.body.3.conv_du.2.\3"),
            (r"body\.(\d+)\.conv\.(\w+)", rf"body.\1.body.{blocks}.\2"),
            (r"conv_after_body\.(\w+)", rf"body.{groups}.\1"),
            (r"upsample\.(\d)\.(\w+)", r"tail.0.\1.\2"),
            (r"conv_last\.(\w+)", r"tail.1.\1"),
        ],
    )
    return {**renamed, **shifts()}


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name     scale
    "rcan-x4": {"scale": 4},
    "rcan-x2": {"scale": 2},
    "rcan-x3": {"scale": 3},
    "rcan-x8": {"scale": 8},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="rcan",
    paper="Image Super-Resolution Using Very Deep Residual Channel Attention Networks (Zhang et "
    "al., ECCV 2018)",
    method="RCAN",
    build=RCAN,
    presets=PRESETS,
    guess=_guess,
    reference="yulunzhang/RCAN RCAN_TestCode/code/model/rcan.py",
    renamed=_renamed,
)
