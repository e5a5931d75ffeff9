"""LOE, the lightness order error: how many pairs of places an enhancement puts in another order.

Wang, Zheng, Hu, Li: Naturalness preserved enhancement algorithm for non-uniform illumination images
(NPE), IEEE TIP 22(9), 2013, section IV. Lightness L is the largest of R, G and B. With U(p, q) = 1
where p >= q, a place x differs at y where U(L(x), L(y)) xor U(L'(x), L'(y)), and

    LOE = 1/m * sum over x of sum over y of that        (m places, 0 ... m)

so it is a number of places, some hundreds in tables: not a share of them, and it grows with how
many are looked at. Which are is where published figures part (`READINGS`); they are not comparable
between readings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from degrade.resize import resize_matlab
from evaluation.pictures import to_u8

# How lightness is thinned to few places -> in words.
READINGS = {
    "lime": "`side` rows and `side` columns, evenly spread from the first to the last (Guo, Li, "
    "Ling: LIME, IEEE TIP 26(2), 2017, with 100; the tables of BIMEF)",
    "npe": "MATLAB's imresize of the lightness to a shorter side of `side` (the NPE paper, with "
    "50; its released code takes local maxima instead and is neither)",
}
_LEVELS = 256


def loe(
    output: NDArray[Any], reference: NDArray[Any], *, side: int = 100, reading: str = "lime"
) -> float:
    """Lightness order error of an output against its reference: 0 where no order changed.

    output, reference: [H,W,3] (or [H,W,1], gray) of one size, uint8, uint16 or float in [0,1];
    lightness is compared in 8 bits. The reference is the model's input, as the paper has it: where
    a picture in good light is given instead, say so. side: places along the shorter side (lime:
    along both). reading: a key of READINGS. The outcome is exact: whole numbers, divided once.
    Raises ValueError for other shapes, sizes that differ and readings that are not known.
    """
    if reading not in READINGS:
        raise ValueError(f"loe reading {reading!r}: one of {', '.join(READINGS)}")
    if side < 1:
        raise ValueError(f"loe side {side}: 1 or more places")
    for name, picture in (("output", output), ("reference", reference)):
        if picture.ndim != 3 or picture.shape[2] not in (1, 3) or not picture.size:
            raise ValueError(
                f"loe takes pictures [H,W,3] or [H,W,1], the {name} is {picture.shape}"
            )
        if picture.dtype.kind == "f" and not np.isfinite(picture).all():
            raise ValueError(f"loe: the {name} of shape {picture.shape} holds NaN or infinity")
    if output.shape[:2] != reference.shape[:2]:
        raise ValueError(
            f"loe compares pictures of one size, got output {output.shape} and reference "
            f"{reference.shape}: the reference is the input, which super-resolution has smaller"
        )
    thin = _sampled if reading == "lime" else _resized
    return _order_error(*(thin(to_u8(p).max(axis=2), side) for p in (output, reference)))


def _sampled(lightness: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Rows and columns round(linspace(1, n, side)), MATLAB's round: half up. Small pictures give
    some of them several times, as there."""
    rows, columns = (
        np.floor(np.linspace(0, n - 1, side) + 0.5).astype(np.int64) for n in lightness.shape
    )
    return lightness[np.ix_(rows, columns)]


def _resized(lightness: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """imresize to round(n * side / shorter), enlarging too where the picture is smaller."""
    ratio = side / min(lightness.shape)
    height, width = (int(np.floor(n * ratio + 0.5)) for n in lightness.shape)
    return resize_matlab(lightness, size=(height, width))


def _order_error(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """The double sum over all pairs, from how often each pair of levels (a, b) occurs.

    Among the y with a(y) <= a(x) and those with b(y) <= b(x), the ones that differ are in one of
    the two sets and not in both.
    """
    pairs = a.ravel().astype(np.int64) * _LEVELS + b.ravel()
    counts = np.bincount(pairs, minlength=_LEVELS**2).reshape(_LEVELS, _LEVELS)
    both = counts.cumsum(axis=0).cumsum(axis=1)  # how many lie at or below both levels
    differing = both[:, -1:] + both[-1:, :] - 2 * both
    return int((counts * differing).sum()) / a.size
