"""Operators that blur as a camera does: motion, hand shake, defocus, and measured kernels.

All of them correlate (degrade/filtering.py), clip nothing and leave a flat picture as it is.
Physically, they act on linear light (light='linear'); the default is that of the other blurs,
sRGB values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from degrade.arrays import load_array
from degrade.filtering import correlate
from degrade.kernels import (
    disk_kernels,
    disk_reach,
    in_middle,
    motion_kernels,
    motion_reach,
    normalised,
)
from degrade.laws import Choice, Uniform
from degrade.motion import shake_kernel, walk_kernel
from degrade.operator import Array, Name, Number, Whole, light, operator, padding
from degrade.operators.blur import KERNEL_SEED

_DEBLURGAN = "DeblurGAN (CVPR 2018), released code"
_PLACE = {"padding": padding(), "light": light()}


@operator(
    kind="neighbourhood",
    source="MATLAB's fspecial('motion'), antialiased",
    differentiable=True,
    radius=lambda values: motion_reach(values["length"]),
    parameters={
        "length": Number(
            Uniform(5.0, 30.0), low=0.0, high=255.0, neutral=1.0, unit="px", host=True
        ),
        "angle": Number(Uniform(0.0, math.pi), unit="rad counter-clockwise from right"),
        **_PLACE,
    },
)
def motion_blur(images: Tensor, *, length: Sequence[float], angle: Tensor) -> Tensor:
    """Straight, even motion: each pixel is the mean along a line of `length` px about it.

    images [B,C,H+2r,W+2r], r = motion_reach of the longest -> [B,C,H,W]. Lengths up to 1 do
    nothing. The kernel is symmetric: convolution and correlation agree.
    """
    return correlate(images, kernels=motion_kernels(length, angle=angle))


@operator(
    kind="neighbourhood",
    source="Boracchi and Foi, IEEE TIP 21(8), 2012, and DeblurGAN (CVPR 2018); USRNet (CVPR 2020)",
    differentiable=True,
    radius=lambda values: values["size"] // 2,
    parameters={
        "model": Name("boracchi", allowed=("boracchi", "usrnet"), unit="how the path moves"),
        # DeblurGAN's canvas is 64; 65 has a middle. USRNet's is 25.
        "size": Whole(65, low=1, high=255, neutral=1, unit="px", source=_DEBLURGAN, odd=True),
        "length": Number(
            60.0, low=0.0, high=1000.0, unit="px of path", source=_DEBLURGAN, host=True
        ),
        # The released code's usual law; its own comment recommends .005.
        "anxiety": Number(
            Uniform(0.0, 0.1), low=0.0, high=1.0, unit="scale of shakes", source=_DEBLURGAN,
            host=True,
        ),
        "exposure": Number(
            Choice((0.01, 0.1, 0.5, 1.0)), low=0.001, high=1.0, unit="part of the path seen",
            source=_DEBLURGAN, host=True,
        ),
        "seed": KERNEL_SEED,
        **_PLACE,
    },
)  # fmt: skip
def trajectory_blur(
    images: Tensor,
    *,
    model: Sequence[str],
    size: Sequence[int],
    length: Sequence[float],
    anxiety: Sequence[float],
    exposure: Sequence[float],
    seed: Sequence[int],
) -> Tensor:
    """Blur by a random path: Boracchi and Foi's hand shake, or USRNet's walk in 3-D.

    images [B,C,H+2r,W+2r], r = max(size) // 2 -> [B,C,H,W]. The kernel is a function of the seed
    and of the other parameters (degrade/motion.py); it is convolved, as in both sources. length,
    anxiety and exposure belong to 'boracchi'; 'usrnet' takes size and seed alone, and its size is
    25 in the paper. The flux is kept: a short exposure does not darken.
    """
    made = []
    for b, name in enumerate(model):
        if name == "usrnet":
            kernel = walk_kernel(seed[b], size=size[b])
        else:
            kernel = shake_kernel(
                seed[b], size=size[b], length=length[b], anxiety=anxiety[b], exposure=exposure[b]
            )
        made.append(torch.from_numpy(kernel[::-1, ::-1].copy()))
    return correlate(images, kernels=in_middle(made).to(images.device))


@operator(
    kind="neighbourhood",
    source="MATLAB's fspecial('disk'): geometric optics, uniform circle of confusion",
    differentiable=True,
    radius=lambda values: disk_reach(values["radius"]),
    parameters={
        "radius": Number(Uniform(1.0, 8.0), low=0.0, high=127.0, neutral=0.0, unit="px", host=True),
        **_PLACE,
    },
)
def disk_blur(images: Tensor, *, radius: Sequence[float]) -> Tensor:
    """Defocus: blur by an antialiased disk.

    images [B,C,H+2r,W+2r], r = disk_reach of the largest -> [B,C,H,W]. Radii up to .5 do nothing.
    """
    return correlate(images, kernels=disk_kernels(radius, device=images.device))


def _kernel_reach(values: Mapping[str, Any]) -> int:
    """Half of the kernel's longer side. Raises ValueError naming the file of an unfit kernel."""
    kernel = load_array(values["kernel"])
    said = f"{values['kernel']['file']}: a kernel of shape {kernel.shape}"
    if kernel.ndim != 2 or not all(side % 2 for side in kernel.shape):
        raise ValueError(
            f"{said}; kernel_blur takes two odd sides, so that there is a middle: pad an even "
            "side with zeros, and choose one of a stack by 'index' or 'name'"
        )
    total = float(np.sum(kernel, dtype=np.float64))
    if not (math.isfinite(total) and total > 0.0):
        raise ValueError(
            f"{said} has the sum {total}; kernel_blur divides by the sum, which must be above 0"
        )
    return max(kernel.shape) // 2


@operator(
    kind="neighbourhood",
    source="a kernel from a file, as Levin et al. (CVPR 2009) or USRNet's kernels_12.mat",
    differentiable=True,
    radius=_kernel_reach,
    parameters={
        "kernel": Array("[h,w], odd sides, sum above 0; divided by its sum"),
        "orientation": Name(
            "convolve",
            allowed=("convolve", "correlate"),
            unit="convolve turns the kernel by 180 degrees",
            source="MATLAB's conv2 and the released test code for Levin's kernels",
        ),
        **_PLACE,
    },
)
def kernel_blur(images: Tensor, *, kernel: Sequence[Tensor], orientation: Sequence[str]) -> Tensor:
    """Blur by a kernel from a file (.npy, .npz, .mat or a picture), made to sum to 1.

    images [B,C,H+2r,W+2r], r = half of the longest side -> [B,C,H,W]. 'convolve' takes the kernel
    for a point spread function (MATLAB's conv2, scipy.ndimage.convolve), 'correlate' for weights
    (cv2.filter2D, torch's conv2d). Raises ValueError for a kernel with an even side, of another
    number of axes, or whose sum is not above 0.
    """
    for one in kernel:
        if one.ndim != 2 or not all(side % 2 for side in one.shape):
            raise ValueError(
                f"a kernel of shape {tuple(one.shape)}; kernel_blur takes two odd sides"
            )
    turned = [
        one.flip(0, 1) if way == "convolve" else one
        for one, way in zip(kernel, orientation, strict=True)
    ]
    return correlate(images, kernels=normalised(in_middle(turned)))
