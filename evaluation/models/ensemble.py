"""Geometric self-ensemble: eight flips and quarter turns of the input, outputs turned back and
averaged (EDSR+, Lim et al. CVPRW 2017, 3.3; Timofte et al. CVPR 2016, 3.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

TURNS = tuple((turns, flip) for flip in (False, True) for turns in range(4))


def turn(picture: Tensor, *, turns: int, flip: bool) -> Tensor:
    """[1,C,H,W] mirrored left to right if `flip`, then turned by `turns` quarters."""
    return (picture.flip(3) if flip else picture).rot90(turns, (2, 3)).contiguous()


def turn_back(picture: Tensor, *, turns: int, flip: bool) -> Tensor:
    """The inverse of `turn`."""
    back = picture.rot90(-turns, (2, 3))
    return (back.flip(3) if flip else back).contiguous()


def self_ensemble(call: Callable[[Tensor], Tensor], picture: Tensor, *, how: str) -> Tensor:
    """[1,C,H,W] -> mean or median of the eight outputs, in the picture's own position.

    how: 'mean', or 'median' (the mean of the two in the middle).
    """
    import torch

    outputs = (
        turn_back(call(turn(picture, turns=turns, flip=flip)), turns=turns, flip=flip)
        for turns, flip in TURNS
    )
    if how == "mean":
        total = next(outputs).clone()
        for output in outputs:
            total += output
        return total / len(TURNS)
    ordered = torch.cat(list(outputs)).sort(dim=0).values
    return ordered[3:5].mean(dim=0, keepdim=True)
