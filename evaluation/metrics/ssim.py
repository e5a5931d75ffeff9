"""SSIM in the five readings that published tables use.

Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural
similarity, IEEE TIP 13(4), 2004, eq. 13, C1 = (0.01 L)**2, C2 = (0.03 L)**2. The readings differ in
the window, the edges, the covariance and in what they make of colour; `protocol.SSIMS` says how.
The same pair of pictures moves by up to 0.04 between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.ssim_kernels import add_ssim
from evaluation.protocol import SSIMS

PRECISIONS = ("float64", "float32")
# What precision="float32" may be off by. Measured, not proved: photographs with noise, blur and at
# a 16th of their light 2e-6, made pictures 1.1e-5 (halves of black and white: the samples lie far
# from their mean, whose squares are then large beside C2).
FLOAT32_BOUND = 1e-4

_K1, _K2 = 0.01, 0.03  # section III.C
_SIGMA, _RADIUS = 1.5, 5  # section III.B; MATLAB: ceil(3 sigma); scikit-image: int(3.5 sigma + 0.5)


@dataclass(frozen=True)
class _Window:
    """side: of the window. gaussian: or uniform. replicate: edges are repeated, so that the map is
    as large as the picture. sample: covariance over N - 1, not N."""

    side: int = 2 * _RADIUS + 1
    gaussian: bool = True
    replicate: bool = False
    sample: bool = False


_WINDOWS = {
    "wang": _Window(),
    "matlab-2d": _Window(replicate=True),
    "matlab-3d": _Window(replicate=True),
    "skimage-uniform": _Window(side=7, gaussian=False, sample=True),
    "skimage-gauss": _Window(),
}


def ssim(
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    variant: str,
    peak: float,
    precision: str = "float64",
) -> float:
    """Mean SSIM of two pictures: 1 where they are equal, at least -1.

    a, b: [H,W] or [H,W,C], both uint8, both uint16 or both float. peak: L, the range of the
    samples: 255 for 8 bits, 1 for floats in [0,1]. variant: a key of `protocol.SSIMS`. wang and
    scikit-image's average the channels; matlab-3d takes three of them, and one as matlab-2d, which
    is what MATLAB does; matlab-2d takes one.
    precision: of the arithmetic; float64 equals the definition to about 1e-12; float32 takes
    about two thirds of the time and stays within FLOAT32_BOUND.
    Raises ValueError, with what was got and is allowed, also for a picture smaller than the window
    (11, scikit-image's uniform 7; MATLAB's readings repeat the edges and take any size) and for
    samples that are not finite.
    """
    sums, _, count = _compared(a, b, variant=variant, peak=peak, precision=precision, whole=False)
    return float(sums.sum()) / count


def ssim_map(a: NDArray[Any], b: NDArray[Any], *, variant: str, peak: float) -> NDArray[np.float64]:
    """SSIM at every place: [h,w] or [h,w,C], as large as the pictures for MATLAB's readings, less
    by half a window (5 or 3 samples) on each side for the others. Arguments as in `ssim`."""
    _, out, _ = _compared(a, b, variant=variant, peak=peak, precision="float64", whole=True)
    return out


def _compared(
    a: NDArray[Any], b: NDArray[Any], *, variant: str, peak: float, precision: str, whole: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """(sums of the map's columns, the map if `whole`, how many places it has)."""
    window = _checked(a, b, variant=variant, peak=peak, precision=precision)
    edge = window.side // 2 if window.replicate else 0
    x, y = (_framed(side, edge=edge) for side in (a, b))
    channels = x.shape[2]
    real = np.dtype(precision).type
    places = window.side**2
    constants = np.array(
        [
            (_K1 * peak) ** 2,
            (_K2 * peak) ** 2,
            # no variance depends on it, but the rounding errors of the squares do
            _level(x, y) if precision == "float32" else 0.0,
            places / (places - 1) if window.sample else 1.0,
        ],
        real,
    )
    taps = _narrowed(_taps(window.side, window.gaussian), dtype=real)
    solid = variant == "matlab-3d" and channels == 3
    mixing = _narrowed(_mixing(), dtype=real) if solid else np.empty((0, 0), real)
    height, width = x.shape[0] - window.side + 1, (x.shape[1] - window.side + 1) * channels
    sums = np.zeros(width)
    out = np.empty((height, width) if whole else (0, 0))
    add_ssim(x, y, taps, mixing, constants, sums, out)
    if not np.isfinite(sums).all():
        raise ValueError(
            f"SSIM of pictures of shape {a.shape} and {b.shape} is not a number: they hold NaN or "
            "infinite samples, or some too large to be squared"
        )
    if whole:
        out = out.reshape(height, -1, *a.shape[2:])
    return sums, out, height * width


def _checked(
    a: NDArray[Any], b: NDArray[Any], *, variant: str, peak: float, precision: str
) -> _Window:
    if variant not in _WINDOWS:
        raise ValueError(f"ssim variant {variant!r}: one of {', '.join(SSIMS)}")
    if precision not in PRECISIONS:
        raise ValueError(f"ssim precision {precision!r}: one of {', '.join(PRECISIONS)}")
    if not (math.isfinite(peak) and peak > 0):
        raise ValueError(f"ssim peak must be finite and above 0 (255 or 1), got {peak}")
    found = f"{a.dtype} of shape {a.shape} and {b.dtype} of shape {b.shape}"
    if a.shape != b.shape or a.ndim not in (2, 3) or not a.size:
        raise ValueError(f"ssim takes two pictures of one shape, [H,W] or [H,W,C], got {found}")
    floats = a.dtype.kind == "f" and b.dtype.kind == "f"
    if not floats and (a.dtype != b.dtype or a.dtype not in (np.uint8, np.uint16)):
        raise ValueError(
            f"ssim takes pictures that are both uint8, both uint16 or both float, got {found}"
        )
    channels = 1 if a.ndim == 2 else a.shape[2]
    allowed = {"matlab-2d": (1,), "matlab-3d": (1, 3)}.get(variant)
    if allowed and channels not in allowed:
        raise ValueError(
            f"ssim variant {variant!r} takes {' or '.join(map(str, allowed))} channels, got "
            f"{channels}; MATLAB takes a colour picture as a volume: matlab-3d; per channel: wang"
        )
    window = _WINDOWS[variant]
    if not window.replicate and min(a.shape[:2]) < window.side:
        raise ValueError(
            f"ssim variant {variant!r} has a window of {window.side}x{window.side}, and the "
            f"picture is {a.shape[1]}x{a.shape[0]}; score a larger one or with less border"
        )
    return window


def _framed(picture: NDArray[Any], *, edge: int) -> NDArray[Any]:
    """[H,W,C], contiguous, of a dtype that the loops are compiled for; its edges repeated."""
    if picture.dtype.kind == "f" and picture.dtype not in (np.float32, np.float64):
        picture = picture.astype(np.float64)
    picture = picture.reshape(*picture.shape[:2], -1)
    if edge:
        picture = np.pad(picture, ((edge, edge), (edge, edge), (0, 0)), "edge")
    return np.ascontiguousarray(picture)


def _level(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Where the samples lie, about: the mean of every eighth row."""
    return (float(x[::8].mean(dtype=np.float64)) + float(y[::8].mean(dtype=np.float64))) / 2


def _narrowed(weights: NDArray[np.float64], *, dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """Weights [..., n] of sum 1 in the dtype of the arithmetic; the middle one takes up what the
    others' rounding leaves, because an error of the sum would bias every variance."""
    narrow = weights.astype(dtype)
    if dtype == np.float32:
        middle = weights.shape[-1] // 2
        rest = np.delete(narrow, middle, axis=-1).sum(axis=-1, dtype=np.float64)
        narrow[..., middle] = 1.0 - rest
    return narrow


@cache
def _taps(side: int, gaussian: bool) -> NDArray[np.float64]:
    """One side of the window, of sum 1; the window is the product of two or three of them."""
    if not gaussian:
        return np.full(side, 1.0 / side)
    k = np.arange(side) - side // 2
    taps = np.exp(-(k**2) / (2.0 * _SIGMA**2))
    return taps / taps.sum()


@cache
def _mixing() -> NDArray[np.float64]:
    """[3,3]: the weight of channel j in the window around channel i, ends replicated."""
    taps = _taps(2 * _RADIUS + 1, True)
    mixing = np.zeros((3, 3))
    for i in range(3):
        for k, tap in enumerate(taps):
            mixing[i, min(max(i + k - _RADIUS, 0), 2)] += tap
    return mixing
