"""Pictures as a network takes them: luma, gray, colour, or enlarged beforehand.

The same numbers as evaluation hands to a network (evaluation/inputs.py), so that it is tested on
what it was trained on.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.networks.architecture import Traits
from builders.containers import Samples
from degrade.resize import resize_matlab
from evaluation.metrics.luma import luma_float, luma_rounded
from evaluation.pictures import to_unit

# MATLAB's rgb2gray: the first row of the inverse of its YIQ matrix (documentation of rgb2gray).
_GRAY = (0.298936021293775, 0.587043074451121, 0.114020904255103)


def as_taken(picture: Samples, *, traits: Traits) -> Samples:
    """[H,W,3] RGB in the network's channels, in the picture's own depth.

    luma: Y of BT.601, 16 ... 235 of 255 (MATLAB rgb2ycbcr), rounded where the picture has 8 bits,
    float32 in [0,1] where it has more. Gray pictures count as colours of three equal channels.
    One channel of another kind: MATLAB rgb2gray. Raises ValueError for other channels.
    """
    channels = picture.shape[2]
    if channels == traits.channels:
        return picture
    if channels != 3 or traits.channels != 1:
        raise ValueError(
            f"{channels} channels, the network takes {traits.channels}: choose data or a network "
            "of the other kind"
        )
    return _luma(picture) if traits.luma else gray(picture)


def _luma(picture: Samples) -> Samples:
    if picture.dtype == np.uint8:
        return luma_rounded(picture)[..., None]
    codes = to_unit(picture).astype(np.float64) * 255.0
    return (luma_float(codes) / 255.0).astype(np.float32)[..., None]


def gray(picture: Samples) -> Samples:
    """[H,W,1] of [H,W,3] as MATLAB's rgb2gray, integers rounded half up; the same type."""
    sums = picture.astype(np.float64) @ np.array(_GRAY)
    if picture.dtype.kind == "u":
        sums = np.floor(sums + 0.5)
    return sums.astype(picture.dtype)[..., None]


def enlarged(picture: Samples, *, scale: int) -> NDArray[np.float32]:
    """[H*scale,W*scale,C] in 0 ... 1 by MATLAB's bicubic of doubles: the input of networks that
    keep the size, as evaluation makes it (evaluation/models/network_restorer.py)."""
    unit = to_unit(picture)
    if scale == 1:
        return unit
    return resize_matlab(unit, scale=float(scale), reading="matlab-bicubic-double")


def to_planes(picture: Samples) -> Tensor:
    """float32 [C,H,W], 1 is white, of [H,W,C] uint8, uint16 or float32."""
    return torch.from_numpy(np.array(to_unit(picture).transpose(2, 0, 1), np.float32, order="C"))
