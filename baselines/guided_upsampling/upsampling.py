"""Bilateral guided upsampling of a picture, from a small copy and what a network made of it."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from baselines.guided_upsampling.fit import fit_grid
from baselines.guided_upsampling.grid import GridShape
from baselines.guided_upsampling.slicing import slice_grid


def guided_upsample(
    small: Tensor, *, output: Tensor, picture: Tensor, shape: GridShape | None = None
) -> Tensor:
    """What turned `small` into `output`, done to `picture`: [1,3,H,W] float32 on its device.

    small, output: [1,3,h,w], of one size, a copy of the picture at any size and proportions.
    picture: [1,3,H,W] in [0,1]. The fit runs in float64 on the CPU. Not clipped.
    Raises ValueError for shapes that do not fit and for NaN or infinity.
    """
    if len(small) != 1 or len(picture) != 1:
        raise ValueError(f"guided upsampling takes one picture, got {len(small)}, {len(picture)}")
    planes = (one[0].detach().cpu().numpy().astype(np.float64) for one in (small, output))
    grid = fit_grid(next(planes), output=next(planes), shape=shape)
    return slice_grid(grid, picture=picture)
