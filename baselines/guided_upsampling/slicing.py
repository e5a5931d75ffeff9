"""A bilateral grid applied to a picture: each pixel gets the affine map at its place and luma.

Two ways, equal to about 1e-6: a compiled loop for the CPU, which mixes the grid's rows once per
row of the picture, and PyTorch's own interpolation in three dimensions for other devices. Luma is
clipped to [0,1] for the place in the grid (the release's interp3 gives NaN there); results are not.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from baselines.guided_upsampling.grid import INPUTS, LUMA, OUTPUTS, Grid

Plane32 = NDArray[np.float32]
_STRIP = 64  # rows that one thread takes at a time
_AT_ONCE = 1 << 22  # pixels; the maps of these take 200 MB where PyTorch interpolates


def slice_grid(grid: Grid, *, picture: Tensor) -> Tensor:
    """[B,3,H,W] -> the same shape, float32, on the picture's device. grid: [h,w,d,4,3]."""
    if picture.device.type != "cpu":
        return slice_torch(grid, picture=picture)
    planes = picture.detach().float().contiguous().numpy()
    out = np.empty_like(planes)
    narrow = np.ascontiguousarray(grid, np.float32)
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        for source, made in zip(planes, out, strict=True):
            tops = range(0, source.shape[1], _STRIP)
            done = pool.map(
                lambda top, a=source, b=made: slice_rows(narrow, a, b, top, top + _STRIP), tops
            )
            list(done)  # raises what a thread raised
    return torch.from_numpy(out)


def slice_torch(grid: Grid, *, picture: Tensor) -> Tensor:
    """The same by grid_sample, strip by strip, on any device; gradients reach the picture."""
    picture = picture.float()
    maps = torch.from_numpy(np.ascontiguousarray(grid.transpose(3, 4, 2, 0, 1), np.float32))
    maps = maps.to(picture.device).flatten(0, 1)[None]  # [1,12,d,h,w]
    luma = sum(weight * picture[:, c] for c, weight in enumerate(LUMA))
    assert isinstance(luma, Tensor)
    batch, _, height, width = picture.shape
    # grid_sample counts from -1 to 1 between the first and last node
    across = (2 * torch.arange(width, device=picture.device) + 1) / width - 1
    down = (2 * torch.arange(height, device=picture.device) + 1) / height - 1
    rows = max(1, _AT_ONCE // (batch * width))
    strips = []
    for top in range(0, height, rows):
        bright = 2 * luma[:, top : top + rows] - 1
        places = torch.stack(
            (
                across.expand(bright.shape),
                down[top : top + rows, None].expand(bright.shape),
                bright,
            ),
            -1,
        )[:, None]
        found = functional.grid_sample(
            maps.expand(batch, -1, -1, -1, -1), places, padding_mode="border", align_corners=True
        )
        affine = found.view(batch, INPUTS, OUTPUTS, *bright.shape[1:])
        part = picture[:, :, None, top : top + rows]
        strips.append(sum(affine[:, c] * part[:, c] for c in range(3)) + affine[:, 3])
    return torch.cat(strips, 2)


# 'contract' lets a product and a sum be one instruction; nothing is reordered
@njit(cache=True, nogil=True, fastmath={"contract"})
def slice_rows(
    grid: NDArray[np.float32], picture: Plane32, out: Plane32, top: int, bottom: int
) -> None:
    """Rows top ... bottom - 1 of planes [3,H,W], in float32."""
    high, wide, deep = grid.shape[:3]
    _, height, width = picture.shape
    maps = np.empty((wide, deep, INPUTS, OUTPUTS), np.float32)
    one, zero = np.float32(1), np.float32(0)
    red, green, blue = np.float32(LUMA[0]), np.float32(LUMA[1]), np.float32(LUMA[2])
    last, step = np.float32(deep - 1), np.float64(wide - 1) / width
    for y in range(top, min(bottom, height)):
        v = (y + 0.5) * (high - 1) / height
        j = min(int(v), high - 2)
        lower = np.float32(v - j)
        for i in range(wide):
            for k in range(deep):
                for c in range(INPUTS):
                    for o in range(OUTPUTS):
                        a, b = grid[j, i, k, c, o], grid[j + 1, i, k, c, o]
                        maps[i, k, c, o] = a + lower * (b - a)
        for x in range(width):
            r, g, b = picture[0, y, x], picture[1, y, x], picture[2, y, x]
            w = (red * r + green * g + blue * b) * last
            if not w >= zero:  # NaN too
                w = zero
            w = min(w, last)
            k = min(int(w), deep - 2)
            u = (x + 0.5) * step
            i = min(int(u), wide - 2)
            brighter, beside = w - np.float32(k), np.float32(u - i)
            w00, w01 = (one - beside) * (one - brighter), (one - beside) * brighter
            w10, w11 = beside * (one - brighter), beside * brighter
            n00, n01, n10, n11 = maps[i, k], maps[i, k + 1], maps[i + 1, k], maps[i + 1, k + 1]
            for o in range(OUTPUTS):
                m0 = w00 * n00[0, o] + w01 * n01[0, o] + w10 * n10[0, o] + w11 * n11[0, o]
                m1 = w00 * n00[1, o] + w01 * n01[1, o] + w10 * n10[1, o] + w11 * n11[1, o]
                m2 = w00 * n00[2, o] + w01 * n01[2, o] + w10 * n10[2, o] + w11 * n11[2, o]
                m3 = w00 * n00[3, o] + w01 * n01[3, o] + w10 * n10[3, o] + w11 * n11[3, o]
                out[o, y, x] = m0 * r + m1 * g + m2 * b + m3
