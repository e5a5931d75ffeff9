"""How a picture is resized: the methods by name, and the taps of both axes for one picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from degrade.canvas import Size
from degrade.resize import matlab_order
from degrade.taps import (
    Taps,
    adaptive_taps,
    area_linear_taps,
    area_taps,
    kernel_taps,
    matlab_taps,
    nearest_exact_taps,
    nearest_taps,
)

# Method -> (greatest code between the passes, or 0 for none; edges clamped)
_MATLAB = {
    "matlab-bicubic": (255, False),
    "matlab-bicubic-16": (65535, False),
    "matlab-bicubic-double": (0, False),
    "matlab-bicubic-replicate": (255, True),
}
_KERNELS = {
    "bilinear": "triangle", "bicubic": "cubic-0.75", "bicubic-half": "cubic",
    "lanczos2": "lanczos2", "lanczos3": "lanczos3", "box": "box",
}  # fmt: skip
_AXIS: dict[str, Callable[..., Taps]] = {
    "nearest": nearest_taps,
    "nearest-exact": nearest_exact_taps,
    "area-adaptive": adaptive_taps,
    **{name: partial(kernel_taps, kernel=kernel) for name, kernel in _KERNELS.items()},
    **{
        f"{name}-antialias": partial(kernel_taps, kernel=kernel, antialias=True)
        for name, kernel in _KERNELS.items()
    },
}
METHODS = (*_MATLAB, "area", *_AXIS)
_ROUND: dict[str, Callable[[float], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,  # halves to even, as OpenCV's cvRound
}
GRIDS = tuple(f"{rounding}-{positions}" for rounding in _ROUND for positions in ("scale", "size"))


@dataclass(frozen=True)
class Plan:
    """What is done to one picture: taps of (rows, columns), which axis first, rounding to 0..top
    after every pass (0: none), sums in float64."""

    taps: tuple[Taps, Taps]
    order: tuple[int, int] = (0, 1)
    top: int = 0
    double: bool = False

    @property
    def size(self) -> Size:
        """(height, width) of the outcome."""
        return len(self.taps[0][0]), len(self.taps[1][0])

    @property
    def group(self) -> tuple[tuple[int, int], int, bool]:
        """Pictures of one group go through the same passes."""
        return self.order, self.top, self.double


def plan_resize(
    size: Size,
    *,
    origin: Size,
    method: str,
    scale: float,
    base: str,
    grid: str,
    stretch: float = 1.0,
) -> Plan:
    """The plan for one picture of this size; see the operator `resize` for the other words."""
    rounding, positions = grid.split("-")
    factors = (scale, scale * stretch)
    lengths = [f * s for f, s in zip(factors, origin if base == "input" else size, strict=True)]
    target = [max(1, _ROUND[rounding](length)) for length in lengths]
    if positions == "size":
        scales = (target[0] / size[0], target[1] / size[1])
    elif base == "current":
        scales = factors
    else:
        scales = (lengths[0] / size[0], lengths[1] / size[1])
    top, clamp = _MATLAB.get(method, (0, False))
    make: Callable[..., Taps]
    if method in _MATLAB:
        make = partial(matlab_taps, clamp=clamp)
    elif method == "area":
        make = area_taps if max(scales) <= 1.0 else area_linear_taps
    else:
        make = _AXIS[method]
    rows, columns = (make(size[i], target[i], scale=scales[i]) for i in (0, 1))
    if method in _MATLAB:
        return Plan((rows, columns), matlab_order(scales), top, double=True)
    return Plan((rows, columns))
