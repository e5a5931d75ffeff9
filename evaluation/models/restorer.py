"""What a model is to an evaluation: something that maps pictures, and facts about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from evaluation.pictures import Samples

# By how much a model is to enlarge. Floats are none: tiles begin at multiples of a denominator.
Scale = int | Fraction


@dataclass(frozen=True, kw_only=True)
class Restorer:
    """A model ready to run.

    restore: (picture float32 or float64 [H,W,C], 1 is white; scale) -> float32 or float64
    [H*scale,W*scale,C'], not clipped, sides of a fraction rounded down or up. It may be called
    again with another size or scale. Raises ValueError naming what it cannot take.
    name: for people and folders. method: what published tables call it, '' where unknown.
    scale: its own, 0 for any (interpolation follows the set). fractions: whether those of any scale
    take a Fraction. default_scale: of models of any scale, what is meant where none is asked for
    (that of training; 1 for functions); 0 where it must be said.
    channels: of inputs that it takes, empty for any. facts: what a summary keeps: kind, file,
    sha256, parameters, macs, options ...
    luma: the one channel that it takes is Y of YCbCr (BT.601, 16 ... 235, in [0,1]).
    at_noise: of models that are told the noise: sigma in 0 ... 255 -> the model told it.
    notes: told once a run is over (tiles made smaller for want of memory ...); grows as it runs.
    """

    name: str
    restore: Callable[[Samples, Scale], Samples]
    method: str = ""
    scale: int = 0
    fractions: bool = False
    default_scale: int = 0
    channels: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    luma: bool = False
    at_noise: Callable[[float], Restorer] | None = None


def whole_scale(scale: Scale, *, name: str) -> int:
    """The scale of a model that takes whole ones. Raises ValueError for a fraction."""
    if scale.denominator != 1:
        raise ValueError(f"{name} enlarges by whole numbers; asked is x{float(scale):g}")
    return int(scale)
