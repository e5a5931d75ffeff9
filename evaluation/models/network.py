"""What every kind of file becomes: a call on tensors, and what must be known to run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evaluation.models.sizes import SizeRule

if TYPE_CHECKING:
    from torch import Tensor

# How tiling suits a network -> in words (spandrel's three).
TILINGS = {
    "supported": "cut into tiles where that is asked for or memory is short",
    "discouraged": "sees the whole picture at once: cut only where that is asked for or memory "
    "ran out",
    "never": "cuts by itself, or needs the whole picture",
}


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network ready to be called.

    call: (float32 [1,C,h,w] on the CPU, of a size that `sizes` allows) -> float32
    [1,C',h*scale,w*scale] on the CPU, not clipped. It moves to its device and back.
    scale: its own; 0 where the caller's is taken over (functions).
    channels: of inputs that it takes, empty for any. tiling: key of TILINGS.
    device: where it computes. measure: (picture as for `call`) -> the most bytes that it held at
    a time while it ran, None where that cannot be known.
    method: what published tables call it. facts: kind, file, sha256, parameters, macs.
    at_noise: of networks that are told the noise: sigma in 0 ... 255 -> the network told it.
    """

    call: Callable[[Tensor], Tensor]
    scale: int
    channels: tuple[int, ...] = ()
    sizes: SizeRule = field(default_factory=SizeRule)
    tiling: str = "supported"
    device: str = "cpu"
    measure: Callable[[Tensor], int] | None = None
    method: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    at_noise: Callable[[float], Network] | None = None

    def __post_init__(self) -> None:
        if self.tiling not in TILINGS:
            raise ValueError(f"network tiling {self.tiling!r}: one of {', '.join(TILINGS)}")
