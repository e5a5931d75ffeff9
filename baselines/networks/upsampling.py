"""The enlargement that EDSR and RCAN share: convolutions, each followed by a pixel shuffle."""

from __future__ import annotations

from torch import nn

from baselines.networks.architecture import State
from baselines.networks.shapes import count_blocks, width_of

SCALES = (2, 3, 4, 8)


def shuffle_steps(scale: int) -> list[int]:
    """The factors of the pixel shuffles that give `scale`: [3], or as many twos as it takes."""
    if scale == 3:
        return [3]
    if scale not in SCALES:
        raise ValueError(f"scale {scale}: one of {', '.join(map(str, SCALES))}")
    return [2] * (scale.bit_length() - 1)


def shuffle_tail(width: int, *, scale: int) -> nn.Sequential:
    """[B,width,H,W] -> [B,width,H*scale,W*scale]; convolutions 3x3 at 0, 2, 4, shuffles between."""
    layers: list[nn.Module] = []
    for step in shuffle_steps(scale):
        layers += [nn.Conv2d(width, width * step**2, 3, padding=1), nn.PixelShuffle(step)]
    return nn.Sequential(*layers)


def tail_scale(state: State, prefix: str) -> int:
    """The scale of the shuffle_tail whose keys begin with `prefix` ('tail.0.'), 0 for none."""
    first = f"{prefix}0.weight"
    width = width_of(state, first, axis=1)
    if not width:
        return 0
    if width_of(state, first) == 9 * width:
        return 3
    return int(2 ** ((count_blocks(state, rf"{prefix}(\d+)\.") + 1) // 2))
