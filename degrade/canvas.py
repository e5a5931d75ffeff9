"""Ragged batches: pictures of different sizes in the upper left corners of one canvas.

A canvas is images [B,C,H,W] with sizes[b] = (height, width) of picture b; what lies outside a
picture is not defined. Before an operator that looks at neighbours, every picture gets a margin by
the operator's own padding, so that the operator itself knows of no edges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

Size = tuple[int, int]


def _reflect(index: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    index = np.mod(index, max(2 * n - 2, 1))
    return np.where(index < n, index, 2 * n - 2 - index)


def _symmetric(index: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    index = np.mod(index, 2 * n)
    return np.where(index < n, index, 2 * n - 1 - index)


# Name -> where position i of a row of n samples is taken from; -1 stands for zero.
#   reflect    edge not repeated: numpy and torch 'reflect', OpenCV REFLECT_101, scipy 'mirror'
#   symmetric  edge repeated: numpy 'symmetric', MATLAB 'symmetric', scipy 'reflect'
#   replicate  the edge goes on: numpy 'edge', scipy 'nearest'
#   wrap       circular
#   zero       nothing beyond the edge
PADDINGS: dict[str, Callable[[NDArray[np.int64], int], NDArray[np.int64]]] = {
    "reflect": _reflect,
    "symmetric": _symmetric,
    "replicate": lambda index, n: np.clip(index, 0, n - 1),
    "wrap": np.mod,
    "zero": lambda index, n: np.where((index >= 0) & (index < n), index, -1),
}

# What torch's pad does in the same way, a block of memory at a time, up to a side's length
_TORCH = {"reflect": "reflect", "replicate": "replicate", "wrap": "circular"}


def pad_margin(
    images: Tensor, *, sizes: Sequence[Size], paddings: Sequence[str], radius: int
) -> Tensor:
    """images [B,C,H,W] with a margin of `radius` pixels around every picture: [B,C,H+2r,W+2r].

    Picture b then starts at (r, r). A margin wider than the picture goes on as its padding does.
    """
    if radius == 0:
        return images
    _, _, height, width = images.shape
    alone = len(sizes) == 1 and sizes[0] == (height, width) and images.device.type == "cpu"
    if alone and paddings[0] in _TORCH and radius < min(height, width):
        return pad(images, (radius,) * 4, mode=_TORCH[paddings[0]])
    rows = np.stack(
        [_positions(p, h, height, radius) for p, (h, _) in zip(paddings, sizes, strict=True)]
    )
    columns = np.stack(
        [_positions(p, w, width, radius) for p, (_, w) in zip(paddings, sizes, strict=True)]
    )
    padded = gather(images, rows=rows, columns=columns)
    if "zero" in paddings:
        inside = (rows >= 0)[:, :, None] & (columns >= 0)[:, None, :]
        padded = padded * torch.from_numpy(inside).to(images.device)[:, None]
    return padded


def gather(images: Tensor, *, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Tensor:
    """out[b,c,y,x] = images[b, c, rows[b,y], columns[b,x]]; negative positions read sample 0."""
    batch, channels = images.shape[:2]
    device = images.device
    down = torch.from_numpy(np.maximum(rows, 0)).to(device)
    across = torch.from_numpy(np.maximum(columns, 0)).to(device)
    if batch == 1:
        return images.index_select(2, down[0]).index_select(3, across[0])
    down = down[:, None, :, None].expand(-1, channels, -1, images.shape[3])
    thin = images.gather(2, down)
    return thin.gather(3, across[:, None, None, :].expand(-1, channels, thin.shape[2], -1))


def wide(column: Tensor, images: Tensor) -> Tensor:
    """A column [B] in the images' type, shaped to act on [B,C,H,W]."""
    return column.to(images.dtype)[:, None, None, None]


def stack(pictures: Sequence[Tensor]) -> tuple[Tensor, list[Size]]:
    """Pictures [C,h,w] of different sizes as a canvas with zeros outside, and their sizes."""
    sizes = [(p.shape[1], p.shape[2]) for p in pictures]
    height, width = (max(size[axis] for size in sizes) for axis in (0, 1))
    first = pictures[0]
    images = first.new_zeros((len(pictures), first.shape[0], height, width))
    for canvas, picture in zip(images, pictures, strict=True):
        canvas[:, : picture.shape[1], : picture.shape[2]] = picture
    return images, sizes


def unstack(images: Tensor, *, sizes: Sequence[Size]) -> list[Tensor]:
    """The pictures of a canvas, each [C,h,w]."""
    return [image[:, :h, :w] for image, (h, w) in zip(images, sizes, strict=True)]


def inside(images: Tensor, *, sizes: Sequence[Size]) -> Tensor:
    """[B,1,H,W] bool: which samples of a canvas belong to its pictures."""
    height, width = images.shape[2:]
    size = torch.tensor(sizes, device=images.device)
    down = torch.arange(height, device=images.device)[None] < size[:, :1]
    across = torch.arange(width, device=images.device)[None] < size[:, 1:]
    return (down[:, :, None] & across[:, None, :])[:, None]


def _positions(padding: str, n: int, canvas: int, radius: int) -> NDArray[np.int64]:
    """Where each of the canvas + 2*radius positions is read from; beyond the margin, anywhere."""
    index = PADDINGS[padding](np.arange(-radius, n + radius), n)
    return np.concatenate([index, np.zeros(canvas - n, np.int64)])
