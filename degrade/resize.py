"""MATLAB's imresize, sample for sample, and its bicubic kernel in linear light.

The kernel is Keys' cubic convolution with a = -1/2 (IEEE Trans. ASSP 29(6), 1981, eq. 15), widened
by 1/scale when shrinking, or another of MATLAB's; positions, taps and pass order follow MATLAB's
imresize. Three readings of it are in use, and published low-resolution sets differ by which one
made them:

matlab-bicubic            integers in: each pass is rounded and clipped; mirrored edges. Set5, DIV2K
matlab-bicubic-double     nothing is rounded between the passes: im2double before imresize
matlab-bicubic-replicate  as the first with clamped edges: older MATLAB, the SelfExSR releases

No sum depends on the number of threads: the loops run in one, always in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from degrade.separable import pass_columns, pass_rows
from degrade.taps import matlab_taps

READINGS = ("matlab-bicubic", "matlab-bicubic-double", "matlab-bicubic-replicate")
# imresize's names for its methods -> the kernel in degrade.taps
MATLAB_METHODS = {
    "bicubic": "cubic", "cubic": "cubic", "bilinear": "triangle", "triangle": "triangle",
    "nearest": "box", "box": "box", "lanczos2": "lanczos2", "lanczos3": "lanczos3",
}  # fmt: skip
_STRIP = 64  # output rows per strip of resize_rows; the strip's height does not change a value

Sample = TypeVar("Sample", bound=np.generic)


def resize_matlab(
    picture: NDArray[Sample],
    *,
    size: tuple[int, int] | None = None,
    scale: float | None = None,
    reading: str = "matlab-bicubic",
    method: str = "bicubic",
    antialias: bool | None = None,
) -> NDArray[Sample]:
    """Resizes as MATLAB's imresize(picture, scale or size, method) does.

    picture: [H,W] or [H,W,C], uint8, uint16, float32 or float64; floats (any range, never clipped)
    only with the double reading. Returns the same dtype.
    size: (height, width); each axis then has its own scale, out/in. scale: the output is
    ceil(scale * n) and `scale` itself gives the positions, so 511 px by scale=0.25 and by size=128
    are different pictures. Exactly one of the two.
    reading: one of READINGS. Sums are float64; integers are rounded half up, which for the values
    that survive the clip is MATLAB's half away from zero.
    method: one of MATLAB_METHODS; the reading's rules of rounding and edges hold for all of them.
    antialias: widens the kernel when shrinking; None is MATLAB's default, yes for all but nearest.
    """
    if reading not in READINGS:
        raise ValueError(f"resize reading {reading!r}: allowed are {', '.join(READINGS)}")
    if method not in MATLAB_METHODS:
        raise ValueError(f"resize method {method!r}: allowed are {', '.join(MATLAB_METHODS)}")
    limit = {"uint8": 255.0, "uint16": 65535.0, "float32": 0.0, "float64": 0.0}.get(
        picture.dtype.name
    )
    if limit is None:
        raise ValueError(
            f"resize_matlab got {picture.dtype} samples; allowed: uint8, uint16, float32, float64"
        )
    double = reading == "matlab-bicubic-double"
    if not limit and not double:
        raise ValueError(
            f"resize reading {reading!r} rounds between its passes and takes uint8 or uint16, got "
            f"{picture.dtype}; use 'matlab-bicubic-double' for float pictures"
        )
    height, width = _shape(picture.shape)
    if (size is None) == (scale is None):
        raise ValueError(f"resize_matlab takes one of size and scale, got {size=} and {scale=}")
    if scale is not None:
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"resize scale must be above 0 and finite, got {scale}")
        scales = (float(scale), float(scale))
        target = (math.ceil(scale * height), math.ceil(scale * width))
    else:
        assert size is not None
        target = _target(size)
        scales = (target[0] / height, target[1] / width)
    work: NDArray[Any] = np.ascontiguousarray(picture).reshape(height, width, -1)
    for turn, axis in enumerate(matlab_order(scales)):
        index, weight = matlab_taps(
            work.shape[axis],
            target[axis],
            scale=scales[axis],
            kernel=MATLAB_METHODS[method],
            antialias=method != "nearest" if antialias is None else antialias,
            clamp=reading.endswith("replicate"),
        )
        between = double and turn == 0
        work = _pass(
            work,
            axis=axis,
            index=index,
            weight=weight,
            limit=0.0 if between else limit,
            dtype=np.dtype(np.float64) if between else picture.dtype,
        )
    return work.reshape(*target, *picture.shape[2:])


def matlab_order(scales: tuple[float, float]) -> tuple[int, int]:
    """The axes (0 rows, 1 columns) in imresize's order: ascending scale, rows first if equal."""
    return (0, 1) if scales[0] <= scales[1] else (1, 0)


def resize_rows(
    read: Callable[[int, int], NDArray[np.float32]],
    *,
    source: tuple[int, int],
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """Resizes linear-light rows that are made on demand, so the full picture is never in float.

    read(top, bottom) returns rows top..bottom-1 of the source as float32 [rows,W,C]; it is called
    strip by strip, downwards, with overlap. source, size: (height, width).
    The kernel, positions and symmetric edges of resize_matlab; sums in float32 (relative error
    below 1e-5), rows first always, nothing clipped. Returns float32 [height,width,C].
    """
    _shape(source)
    target = _target(size)
    index, weight = matlab_taps(source[0], target[0], scale=target[0] / source[0])
    across, across_weight = matlab_taps(source[1], target[1], scale=target[1] / source[1])
    weight, across_weight = weight.astype(np.float32), across_weight.astype(np.float32)
    single = np.dtype(np.float32)
    out: NDArray[np.float32] | None = None
    for top in range(0, target[0], _STRIP):
        taps, part = index[top : top + _STRIP], weight[top : top + _STRIP]
        first, last = int(taps.min()), int(taps.max()) + 1
        rows = np.ascontiguousarray(read(first, last), dtype=np.float32)
        if out is None:
            out = np.empty((*target, rows.shape[2]), np.float32)
        thin = _pass(rows, axis=0, index=taps - first, weight=part, limit=0.0, dtype=single)
        out[top : top + _STRIP] = pass_columns(
            thin, index=across, weight=across_weight, dtype=single
        )
    assert out is not None
    return out


def long_side(height: int, width: int, limit: int) -> tuple[int, int]:
    """(height, width) whose longer side is at most `limit` pixels; never enlarges.

    The shorter side is limit*short/long rounded half up (integer arithmetic), at least 1.
    """
    if min(height, width, limit) < 1:
        raise ValueError(f"long_side takes sizes of 1 or more, got {height=}, {width=}, {limit=}")
    longer, shorter = max(height, width), min(height, width)
    if longer <= limit:
        return height, width
    short = max(1, (2 * shorter * limit + longer) // (2 * longer))
    return (limit, short) if height >= width else (short, limit)


def _shape(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(f"resize takes a picture [H,W] or [H,W,C] with pixels, got shape {shape}")
    return shape[0], shape[1]


def _target(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"resize size must be (height, width), each 1 or more, got {size}")
    return int(size[0]), int(size[1])


def _pass(
    work: NDArray[Any],
    *,
    axis: int,
    index: NDArray[np.int64],
    weight: NDArray[Any],
    limit: float,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """[H,W,C] along one axis."""
    if axis == 1:
        return pass_columns(work, index=index, weight=weight, limit=limit, dtype=dtype)
    flat = work.reshape(len(work), -1)
    made = pass_rows(flat, index=index, weight=weight, limit=limit, dtype=dtype)
    return made.reshape(-1, *work.shape[1:])
