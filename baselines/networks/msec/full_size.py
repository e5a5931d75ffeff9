"""MSEC on photographs of any size: the network at 512 pixels, guided upsampling above that.

As the release's demo_single_image.m does, in this order: MATLAB's bicubic resize to a longer side
of 512 (smaller pictures are enlarged), filled up to 512x512 at the top and the left with the edge,
network, cut. Then, where the picture was larger than 512, guided upsampling fitted to 200x200
copies; where it was not, bicubic back to its size. Its quirk for pictures larger than 512 is kept:
the levels of the input's pyramid are multiplied by GAINS_LARGE, which the release calls a tunable
hyper-parameter. Left out are its two optional steps, off by default and not part of the paper:
exposure fusion of input and result, and the stretch of contrast (histAdjust.m).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from baselines.guided_upsampling.upsampling import guided_upsample
from degrade.resize import resize_matlab

SIDE = 512  # inSz in demo_single_image.m
FIT = (200, 200)  # the pictures that the grid is fitted to, whatever their proportions
GAINS_LARGE = (1.5, 1.5, 1.5, 1.05)  # S in demo_single_image.m, longer side above SIDE
GAINS_SMALL = (1.0, 1.0, 1.0, 1.0)


def correct_photograph(
    module: Any, picture: Tensor, *, gains: Sequence[float] | None = None
) -> Tensor:
    """[B,3,H,W] in [0,1] on the module's device -> the same shape there, float32, not clipped.

    gains: on the four levels of the input's pyramid, the finest first; None: the release's.
    Resizing and the fit of the grid run on the CPU; network and slicing on the device.
    Raises ValueError where the network gives NaN or infinity for a picture larger than 512.
    """
    if picture.is_meta:  # operations are counted, nothing is computed: those of the network
        return module(picture)
    made = [_correct(module, one[None], gains=gains) for one in picture]
    return made[0] if len(made) == 1 else torch.cat(made)


def _correct(module: Any, picture: Tensor, *, gains: Sequence[float] | None) -> Tensor:
    size = picture.shape[2:]
    large = max(size) > SIDE
    if gains is None:
        gains = GAINS_LARGE if large else GAINS_SMALL
    small = resized(picture, scale=SIDE / max(size))
    top, left = (SIDE - side for side in small.shape[2:])
    filled = functional.pad(small, (left, 0, top, 0), mode="replicate")
    corrected = module.levels(filled.to(picture.dtype), gains=gains)[0][:, :, top:, left:].float()
    if not large:
        return resized(corrected, size=(size[0], size[1]))
    return guided_upsample(
        resized(small, size=FIT), output=resized(corrected, size=FIT), picture=picture
    )


def resized(
    picture: Tensor, *, size: tuple[int, int] | None = None, scale: float | None = None
) -> Tensor:
    """MATLAB's imresize of doubles, bicubic and antialiased: [1,C,H,W] -> float32 on its device."""
    planes = [
        resize_matlab(plane, size=size, scale=scale, reading="matlab-bicubic-double")
        for plane in picture[0].detach().float().cpu().numpy()
    ]
    made = torch.stack([torch.from_numpy(plane) for plane in planes])[None]
    return made.to(picture.device)
