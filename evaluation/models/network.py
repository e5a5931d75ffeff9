"""What every kind of file becomes: a call on tensors, and what must be known to run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evaluation.models.sizes import SizeRule

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT_SIGMA = 15.0  # of 255, for a network that is told the noise by nobody (spandrel's DRUNet)
DEFAULT_SCALE = 2  # at which the cost of a network that is told the scale is counted

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

    call: (float32 [1,C,h,w] on the CPU, of a size that `sizes` allows; what it is told) -> float32
    [1,C',h*scale,w*scale] on the CPU, not clipped, sides rounded down. It moves to its device and
    back.
    told: what `call` and `measure` take besides the picture: '' nothing, 'sigma' the noise in
    0 ... 255, or 'scale' that of this call, a float of 1 or more.
    batches: whether `call` takes and gives [B,...] too, picture by picture the same.
    scale: its own, 0 where the caller's is taken over (functions, told 'scale').
    channels: of inputs that it takes, empty for any. tiling: key of TILINGS.
    device: where it computes. measure: (picture as for `call`; what it is told) -> the most bytes
    that it held at a time while it ran, None where that cannot be known. bytes_per_pixel: the same
    by pixel of the input, where it is known and measuring would tell another; 0 else.
    method: what published tables call it. facts: kind, file, sha256, parameters, macs.
    luma: trained on Y of YCbCr alone. pre_upsampled: its input is enlarged by bicubic before it;
    trained_scale: the scale that a network of any was trained for, 0 where that is not known.
    notes: what is to be said of it in any run.
    """

    call: Callable[..., Tensor]
    scale: int
    told: str = ""
    channels: tuple[int, ...] = ()
    sizes: SizeRule = field(default_factory=SizeRule)
    tiling: str = "supported"
    device: str = "cpu"
    batches: bool = False
    luma: bool = False
    pre_upsampled: bool = False
    trained_scale: int = 0
    measure: Callable[..., int] | None = None
    bytes_per_pixel: float = 0.0
    method: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.tiling not in TILINGS:
            raise ValueError(f"network tiling {self.tiling!r}: one of {', '.join(TILINGS)}")
        if self.told not in ("", "sigma", "scale"):
            raise ValueError(f"network told {self.told!r}: one of '', 'sigma', 'scale'")
