"""Gaussian and Laplacian pyramids of tensors, as MSEC's released code makes them.

Burt and Adelson, IEEE Trans. Communications 31(4), 1983, with the weights of their a = 0.4, in the
form of Mertens's exposure fusion code, which MSEC's release carries. Its quirk is kept: there the
filter is meant to be one-dimensional and run once along each axis, but it is two-dimensional, so
that every level is blurred twice, going down and going up. All takes [B,C,H,W], any range.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

FILTER = (0.05, 0.25, 0.4, 0.25, 0.05)  # Burt and Adelson, a = 0.4
LEAST_SIDE = 4  # pixels: what `reduce` mirrors at each edge, two filters' reach


def reduce(picture: Tensor) -> Tensor:
    """Blurred and every second pixel of each axis, the first one kept: n -> ceil(n / 2).

    Mirrored at the edges, the edge repeated (MATLAB's 'symmetric'). Raises ValueError for a side
    below LEAST_SIDE.
    """
    if min(picture.shape[2:]) < LEAST_SIDE:
        raise ValueError(
            f"pyramid level of {list(picture.shape[2:])} pixels: {LEAST_SIDE} or more a side are "
            "needed to make the next; take fewer levels"
        )
    single = picture.new_tensor(FILTER).view(1, 1, -1)
    twice = functional.conv1d(single, single.flip(-1), padding=len(FILTER) - 1)
    for axis in (2, 3):
        side = picture.shape[axis]
        first = picture.narrow(axis, 0, LEAST_SIDE).flip(axis)
        last = picture.narrow(axis, side - LEAST_SIDE, LEAST_SIDE).flip(axis)
        picture = _filtered(torch.cat((first, picture, last), axis), twice, axis=axis, step=2)
    return picture


def enlarge(picture: Tensor, *, size: Sequence[int]) -> Tensor:
    """Twice the size, blurred: the step up of the Laplacian pyramid.

    size: (height, width) of the result, 2n or 2n - 1 each. One pixel of edge is repeated and all
    beyond is black, as in the release: the outermost pixels are therefore not a plain blur.
    """
    batch, channels, height, width = picture.shape
    wide = functional.pad(picture, (1, 1, 1, 1), mode="replicate")
    spread = wide.new_zeros(batch, channels, 2 * (height + 2), 2 * (width + 2))
    spread[:, :, ::2, ::2] = 4 * wide
    single = picture.new_tensor(FILTER).view(1, 1, -1)
    for axis in (2, 2, 3, 3):
        spread = _filtered(spread, single, axis=axis, pad=len(FILTER) // 2)
    return spread[:, :, 2 : 2 + size[0], 2 : 2 + size[1]]


def gaussian_pyramid(picture: Tensor, *, levels: int) -> list[Tensor]:
    """The picture and what `reduce` makes of it, the finest first."""
    made = [picture]
    while len(made) < levels:
        made.append(reduce(made[-1]))
    return made


def laplacian_pyramid(picture: Tensor, *, levels: int) -> list[Tensor]:
    """Differences between neighbouring levels, the finest first; the last is the rest, a blurred
    picture. Raises ValueError as `reduce` does."""
    blurred = gaussian_pyramid(picture, levels=levels)
    return [
        *(fine - enlarge(coarse, size=fine.shape[2:]) for fine, coarse in pairwise(blurred)),
        blurred[-1],
    ]


def _filtered(picture: Tensor, taps: Tensor, *, axis: int, pad: int = 0, step: int = 1) -> Tensor:
    """Every channel with symmetric `taps` [1,1,n] along an axis."""
    flat = picture.reshape(-1, 1, *picture.shape[2:])
    down = axis == 2
    out = functional.conv2d(
        flat,
        taps.view(1, 1, -1, 1) if down else taps.view(1, 1, 1, -1),
        padding=(pad, 0) if down else (0, pad),
        stride=(step, 1) if down else (1, step),
    )
    return out.view(*picture.shape[:2], *out.shape[2:])
