"""What a model is to an evaluation: something that maps pictures, and facts about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.pictures import Samples


@dataclass(frozen=True, kw_only=True)
class Restorer:
    """A model ready to run.

    restore: (picture float32 or float64 [H,W,C], 1 is white; scale) -> float32 or float64
    [H*scale,W*scale,C'], not clipped. It may be called again with another size. Raises ValueError
    naming what it cannot take.
    name: for people and folders. method: what published tables call it, '' where unknown.
    scale: its own, 0 for any (interpolation follows the set). channels: of inputs that it takes,
    empty for any. facts: what a summary keeps: kind, file, sha256, parameters, macs, options ...
    at_noise: of models that are told the noise: sigma in 0 ... 255 -> the model told it.
    notes: told once a run is over (tiles made smaller for want of memory ...); grows as it runs.
    """

    name: str
    restore: Callable[[Samples, int], Samples]
    method: str = ""
    scale: int = 0
    channels: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    at_noise: Callable[[float], Restorer] | None = None
