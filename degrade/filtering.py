"""Correlation of every picture with its own kernel: the valid part, fast on one CPU thread.

Correlation, as OpenCV's filter2D and torch's conv2d: out[y,x] = sum k[i,j] in[y+i, x+j]. A
convolution (scipy.ndimage.convolve, MATLAB's conv2) turns the kernel by 180 degrees first. Edges
are the runner's: pictures come with a margin.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d

# Above so many weights a Fourier transform (OpenCV's, for kernels above 11x11)
# is faster than the sum: measured on 400x400x3, one thread, 441 weights 6 ms against 9 ms, 169
# weights 6 ms against 4 ms.
_DIRECT_WEIGHTS = 300

# A kernel is taken for an outer product when it departs from one by less than this part of its own
# sum of magnitudes: what float32 sums lose anyhow.
_RANK_ONE = 1e-6

Planes = NDArray[np.float32]
Weights = NDArray[np.float64]
# (planes [C,H+2r,W+2r], kernel, out [C,H,W]): adds to out, which holds zeros.
_Way = Callable[[Planes, Weights, Planes], None]


def correlate(images: Tensor, *, kernels: Tensor) -> Tensor:
    """Each picture correlated with its own kernel; the valid part.

    images [B,C,H+2r,W+2r] float, kernels [B,K,K] with K = 2r+1 (any float type; taken as they are,
    not normalised) -> [B,C,H,W] in the images' type. Nothing is clipped. Raises ValueError for
    kernels of another shape or larger than the picture.

    float32 on the CPU without autograd goes kernel by kernel the fastest of three ways (outer
    product, direct sum, Fourier transform), which agree with the sum in float64 to about
    1e-6 * max|images| * sum|kernel|.
    """
    side = kernels.shape[-1]
    if kernels.ndim != 3 or kernels.shape[0] != images.shape[0] or kernels.shape[1] != side:
        raise ValueError(
            f"kernels of shape {tuple(kernels.shape)} for {images.shape[0]} pictures; correlate "
            "takes one square kernel for each: [B,K,K]"
        )
    _check_room(images, side=side)
    if side == 1:
        return images * kernels.to(images.dtype)[:, None]
    if _plain(images):
        return _each(images, kernels, side=side, way=_fastest)
    return _grouped(images, kernels[:, None])


def correlate_separable(images: Tensor, *, rows: Tensor, columns: Tensor) -> Tensor:
    """Each picture correlated with the outer product of its own two vectors; the valid part.

    images [B,C,H+2r,W+2r] float; rows [B,K] lies along a row of the picture (over x), columns
    [B,K] along a column (over y), so that the kernel is columns[:,None] * rows[None,:], K = 2r+1
    -> [B,C,H,W]. Nothing is clipped. Raises ValueError as `correlate`.
    """
    side = rows.shape[-1]
    if rows.shape != (images.shape[0], side) or columns.shape != rows.shape:
        raise ValueError(
            f"rows {tuple(rows.shape)} and columns {tuple(columns.shape)} for {images.shape[0]} "
            "pictures; correlate_separable takes two vectors of one length for each: [B,K]"
        )
    _check_room(images, side=side)
    if _plain(images):
        pairs = torch.stack([columns, rows], 1)
        return _each(images, pairs, side=side, way=_outer)
    return _grouped(_grouped(images, columns[:, None, :, None]), rows[:, None, None, :])


def _check_room(images: Tensor, *, side: int) -> None:
    if side % 2 == 0 or min(images.shape[2:]) < side:
        raise ValueError(
            f"kernels of {side}x{side} on pictures of {tuple(images.shape)} with their margin; a "
            "side is odd and the margin is side // 2 on all four sides"
        )


def _plain(images: Tensor) -> bool:
    return (
        images.device.type == "cpu" and images.dtype == torch.float32 and not images.requires_grad
    )


def _grouped(images: Tensor, kernels: Tensor) -> Tensor:
    """kernels [B,1,Kh,Kw] on images [B,C,H,W]: one convolution with a group for every plane."""
    batch, channels, height, width = images.shape
    weights = kernels.to(images.dtype).repeat_interleave(channels, dim=0)
    planes = images.reshape(1, batch * channels, height, width)
    # TF32, the usual setting for convolutions on NVIDIA cards, keeps 10 bits of float32's 23.
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        made = conv2d(planes, weights, groups=batch * channels)
    return made.reshape(batch, channels, *made.shape[2:])


def _each(images: Tensor, kernels: Tensor, *, side: int, way: _Way) -> Tensor:
    """Every picture alone, in numpy: the result cannot depend on the batch."""
    batch, channels, height, width = images.shape
    out = np.zeros((batch, channels, height - side + 1, width - side + 1), np.float32)
    planes = images.numpy()
    own = kernels.detach().double().numpy()
    for b in range(batch):
        way(np.ascontiguousarray(planes[b]), own[b], out[b])
    return torch.from_numpy(out)


def _fastest(planes: Planes, kernel: Weights, out: Planes) -> None:
    """The kernel's zero border is cut off first, so that a larger margin changes nothing."""
    down, across = np.nonzero(kernel.any(1))[0], np.nonzero(kernel.any(0))[0]
    if not down.size:
        return
    height, width = out.shape[1:]
    top, left = down[0], across[0]
    kernel = kernel[top : down[-1] + 1, left : across[-1] + 1]
    tall, wide = kernel.shape
    planes = planes[:, top : top + height + tall - 1, left : left + width + wide - 1]
    y, x = np.unravel_index(np.argmax(np.abs(kernel)), kernel.shape)
    column, row = kernel[:, x], kernel[y] / kernel[y, x]
    if np.abs(kernel - np.outer(column, row)).sum() <= _RANK_ONE * np.abs(kernel).sum():
        _outer_sum(planes, column.astype(np.float32), row.astype(np.float32), out)
    elif kernel.size <= _DIRECT_WEIGHTS:
        _direct_sum(planes, kernel.astype(np.float32), out)
    else:
        for plane, made in zip(planes, out, strict=True):
            made[:] = cv2.filter2D(plane, -1, kernel, anchor=(0, 0))[:height, :width]


def _outer(planes: Planes, pair: Weights, out: Planes) -> None:
    _outer_sum(planes, pair[0].astype(np.float32), pair[1].astype(np.float32), out)


@njit(cache=True)
def _direct_sum(planes: Planes, kernel: Planes, out: Planes) -> None:
    """Weight by weight along whole rows, so that the lanes of a vector are different pixels and
    every pixel's sum is taken in the same order."""
    for c in range(out.shape[0]):
        for y in range(out.shape[1]):
            total = out[c, y]
            for i in range(kernel.shape[0]):
                _add_shifted(planes[c, y + i], kernel[i], total)


@njit(cache=True)
def _outer_sum(planes: Planes, column: Planes, row: Planes, out: Planes) -> None:
    """Down the columns into one line, then along it."""
    line = np.empty(planes.shape[2], np.float32)
    for c in range(out.shape[0]):
        for y in range(out.shape[1]):
            line[:] = 0.0
            _add_rows(planes[c, y : y + column.size], column, line)
            _add_shifted(line, row, out[c, y])


# Eight weights to a loop: the sums are loaded and stored an eighth as often, and every one of them
# is still taken weight by weight from the first to the last.
@njit(cache=True)
def _add_rows(rows: Planes, weights: Planes, total: Planes) -> None:
    """total[x] += weights[i] * rows[i, x], i from 0."""
    size, i = len(total), 0
    while i + 8 <= len(weights):
        a, b, c, d = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
        e, f, g, h = rows[i + 4], rows[i + 5], rows[i + 6], rows[i + 7]
        wa, wb, wc, wd = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        we, wf, wg, wh = weights[i + 4], weights[i + 5], weights[i + 6], weights[i + 7]
        for x in range(size):
            near = (((total[x] + wa * a[x]) + wb * b[x]) + wc * c[x]) + wd * d[x]
            total[x] = (((near + we * e[x]) + wf * f[x]) + wg * g[x]) + wh * h[x]
        i += 8
    while i < len(weights):
        a, wa = rows[i], weights[i]
        for x in range(size):
            total[x] += wa * a[x]
        i += 1


@njit(cache=True)
def _add_shifted(row: Planes, weights: Planes, total: Planes) -> None:
    """total[x] += weights[j] * row[x + j], j from 0."""
    size, j = len(total), 0
    while j + 8 <= len(weights):
        a, b, c, d = row[j:], row[j + 1 :], row[j + 2 :], row[j + 3 :]
        e, f, g, h = row[j + 4 :], row[j + 5 :], row[j + 6 :], row[j + 7 :]
        wa, wb, wc, wd = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        we, wf, wg, wh = weights[j + 4], weights[j + 5], weights[j + 6], weights[j + 7]
        for x in range(size):
            near = (((total[x] + wa * a[x]) + wb * b[x]) + wc * c[x]) + wd * d[x]
            total[x] = (((near + we * e[x]) + wf * f[x]) + wg * g[x]) + wh * h[x]
        j += 8
    while j < len(weights):
        a, wa = row[j:], weights[j]
        for x in range(size):
            total[x] += wa * a[x]
        j += 1
