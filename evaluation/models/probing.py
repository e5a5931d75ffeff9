"""What a network that says nothing of itself takes: channels, scale and sizes, by trying."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from evaluation.models.sizes import Size, SizeRule

if TYPE_CHECKING:
    from torch import Tensor

CHANNELS = (3, 1, 6)  # RGB, gray, dual pixel
_SIDES = (64, 256)
# What networks raise on a shape that they cannot take.
_REFUSALS = (RuntimeError, ValueError, AssertionError, IndexError, TypeError)


def probe(
    call: Callable[[Tensor], Tensor],
    *,
    channels: tuple[int, ...] = CHANNELS,
    fixed: Size | None = None,
) -> tuple[int, int, SizeRule]:
    """(channels, scale, sizes) of a call on [1,C,h,w], of gray pictures of 64, else 256 pixels.

    channels: tried in this order, the first that works is taken. fixed: the one size that it takes.
    The multiple is the least power of two up to 64 by which the side may grow.
    Raises ValueError with what the network said where nothing works, and where its output is not
    an enlargement by a whole number.
    """
    said = ""
    for side in (fixed,) if fixed else ((n, n) for n in _SIDES):
        for count in channels:
            try:
                output = call(_gray(count, side))
            except _REFUSALS as error:
                said = said or _line(error)
                continue
            scale = _scale(output, side)
            if fixed:
                return count, scale, SizeRule(fixed=fixed)
            return count, scale, SizeRule(multiple=_multiple(call, count, side[0], scale))
    shapes = "x".join(map(str, fixed)) if fixed else f"{_SIDES[0]}x{_SIDES[0]}"
    raise ValueError(
        f"takes no picture [1,C,H,W] of {' or '.join(map(str, channels))} channels at {shapes}: "
        f"{said}"
    )


def _gray(channels: int, size: Size) -> Tensor:
    import torch

    return torch.full((1, channels, *size), 0.5)


def _scale(output: Tensor, side: Size) -> int:
    if output.dim() == 4 and output.shape[0] == 1:
        scale = output.shape[2] // side[0]
        if scale >= 1 and tuple(output.shape[2:]) == (side[0] * scale, side[1] * scale):
            return scale
    raise ValueError(
        f"gives {list(output.shape)} for [1,C,{side[0]},{side[1]}]; wanted is [1,C,h*s,w*s] for a "
        "whole number s"
    )


def _multiple(call: Callable[[Tensor], Tensor], channels: int, side: int, scale: int) -> int:
    for multiple in (1, 2, 4, 8, 16, 32):
        size = (side + multiple, side + multiple)
        try:
            if _scale(call(_gray(channels, size)), size) == scale:
                return multiple
        except _REFUSALS:
            continue
    return 64


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[-1] if lines else type(error).__name__)[:200]
