"""Operators that blur with a kernel from a formula: the Gaussian families and the sinc.

All of them correlate (degrade/filtering.py), clip nothing and leave a flat picture as it is. A
kernel's size is odd; size 1 is the identity. Physically, blur acts on linear light
(light='linear'); the published degradation pipelines blur sRGB values, which is the default.
Motion, defocus and kernels from files: degrade/operators/camera_blur.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from degrade.filtering import correlate
from degrade.kernels import (
    Ellipse,
    gaussian_kernels,
    generalised_kernels,
    in_middle,
    plateau_kernels,
    sinc_kernels,
    with_noise,
)
from degrade.laws import Below, Integer, Mixture, Root, Seed, Uniform
from degrade.operator import Number, Whole, light, operator, padding
from degrade.philox import uniform_array

_REAL_ESRGAN = "Real-ESRGAN (2021), first blur of its released options"
_SIZE = Whole(
    Integer(7, 21, 2), low=1, high=255, neutral=1, unit="px", source=_REAL_ESRGAN, odd=True
)
_SIGMA = Number(Uniform(0.2, 3.0), low=0.0, unit="px, standard deviation", source=_REAL_ESRGAN)
_ANGLE = Number(Uniform(-math.pi, math.pi), unit="rad from right towards down", source=_REAL_ESRGAN)
_ELLIPSE = {"size": _SIZE, "sigma_x": _SIGMA, "sigma_y": _SIGMA, "angle": _ANGLE}
_PLACE = {"padding": padding(), "light": light()}
# Known on the host, where the kernels of random fields and paths are built.
KERNEL_SEED = Whole(Seed(), low=0, high=2**32 - 1, unit="seed of a kernel")


def _half(values: Mapping[str, Any]) -> int:
    return values["size"] // 2


@operator(
    kind="neighbourhood",
    source="Zhang et al., BSRGAN (ICCV 2021), section 3.2; Wang et al., Real-ESRGAN (2021), eq. 2",
    differentiable=True,
    radius=_half,
    parameters={
        **_ELLIPSE,
        "shift_x": Number(0.0, unit="px to the right", source="(scale-1)/2 in USRNet and BSRGAN"),
        "shift_y": Number(0.0, unit="px down", source="(scale-1)/2 in USRNet and BSRGAN"),
        **_PLACE,
    },
)
def gaussian_blur(
    images: Tensor,
    *,
    size: Sequence[int],
    sigma_x: Tensor,
    sigma_y: Tensor,
    angle: Tensor,
    shift_x: Tensor,
    shift_y: Tensor,
) -> Tensor:
    """Gaussian blur, turned and stretched; isotropic where sigma_y is {"law": "of" sigma_x}.

    images [B,C,H+2r,W+2r], r = max(size) // 2 -> [B,C,H,W]. Sigmas are standard deviations, px;
    both 0 is the identity. shift: a pixel gets the blurred picture at (row + shift_y, column +
    shift_x), so that taking every sf-th pixel after a shift of (sf-1)/2 samples the middles of sf x
    sf blocks.
    """
    ellipse = Ellipse(sigma_x, sigma_y, angle, shift_x, shift_y)
    return correlate(images, kernels=gaussian_kernels(size, ellipse=ellipse))


@operator(
    kind="neighbourhood",
    source="Wang et al., Real-ESRGAN (2021), section 3.1",
    differentiable=True,
    radius=_half,
    parameters={
        **_ELLIPSE,
        "beta": Number(
            Mixture((Uniform(0.5, 1.0), Uniform(1.0, 4.0))),
            low=0.05,
            unit="exponent",
            source=_REAL_ESRGAN,
        ),
        **_PLACE,
    },
)
def generalised_blur(
    images: Tensor,
    *,
    size: Sequence[int],
    sigma_x: Tensor,
    sigma_y: Tensor,
    angle: Tensor,
    beta: Tensor,
) -> Tensor:
    """Blur by a generalised Gaussian, exp(-q**beta / 2); beta 1 is the Gaussian.

    images [B,C,H+2r,W+2r], r = max(size) // 2 -> [B,C,H,W]. Parameters as in gaussian_blur.
    """
    ellipse = Ellipse(sigma_x, sigma_y, angle)
    return correlate(images, kernels=generalised_kernels(size, ellipse=ellipse, beta=beta))


@operator(
    kind="neighbourhood",
    source="Wang et al., Real-ESRGAN (2021), section 3.1",
    differentiable=True,
    radius=_half,
    parameters={
        **_ELLIPSE,
        # Bounds (1, 2) in the released options: the half below 1 is the single value 1.
        "beta": Number(
            Mixture((1.0, Uniform(1.0, 2.0))), low=0.05, unit="exponent", source=_REAL_ESRGAN
        ),
        **_PLACE,
    },
)
def plateau_blur(
    images: Tensor,
    *,
    size: Sequence[int],
    sigma_x: Tensor,
    sigma_y: Tensor,
    angle: Tensor,
    beta: Tensor,
) -> Tensor:
    """Blur by a plateau, 1 / (1 + q**beta), whose far tails end with the size.

    images [B,C,H+2r,W+2r], r = max(size) // 2 -> [B,C,H,W]. Parameters as in gaussian_blur.
    """
    ellipse = Ellipse(sigma_x, sigma_y, angle)
    return correlate(images, kernels=plateau_kernels(size, ellipse=ellipse, beta=beta))


@operator(
    kind="neighbourhood",
    source="Bell-Kligler et al., KernelGAN (NeurIPS 2019), section 5 (the DIV2KRK kernels)",
    differentiable=True,
    radius=_half,
    parameters={
        "size": Whole(11, low=1, high=255, neutral=1, unit="px", odd=True),
        # The paper's U(.6, 5) are eigenvalues of the covariance.
        "sigma_x": Number(Root(Uniform(0.6, 5.0)), low=0.0, unit="px, standard deviation"),
        "sigma_y": Number(Root(Uniform(0.6, 5.0)), low=0.0, unit="px, standard deviation"),
        "angle": Number(Uniform(-math.pi, math.pi), unit="rad from right towards down"),
        "noise": Number(0.25, low=0.0, high=0.99, unit="of a weight, either way"),
        "seed": KERNEL_SEED,
        **_PLACE,
    },
)
def noisy_gaussian_blur(
    images: Tensor,
    *,
    size: Sequence[int],
    sigma_x: Tensor,
    sigma_y: Tensor,
    angle: Tensor,
    noise: Tensor,
    seed: Sequence[int],
) -> Tensor:
    """Blur by a Gaussian whose weights are each multiplied by U(1-noise, 1+noise).

    images [B,C,H+2r,W+2r], r = max(size) // 2 -> [B,C,H,W]. Parameters as in gaussian_blur. The
    kernel sums to 1 again; it is not moved back to its centroid.
    """
    kernels = gaussian_kernels(size, ellipse=Ellipse(sigma_x, sigma_y, angle))
    fields = [uniform_array(s, (1, n, n))[0] for s, n in zip(seed, size, strict=True)]
    field = in_middle([torch.from_numpy(one) for one in fields]).to(kernels.device)
    return correlate(images, kernels=with_noise(kernels, noise=noise, field=field))


@operator(
    kind="neighbourhood",
    source="Wang et al., Real-ESRGAN (2021), section 3.3, eq. 6",
    differentiable=True,
    radius=_half,
    parameters={
        "size": _SIZE,
        "cutoff": Number(
            Below("size", 13, Uniform(math.pi / 3, math.pi), Uniform(math.pi / 5, math.pi)),
            low=0.01,
            high=math.pi,
            unit="rad/px",
            source=_REAL_ESRGAN,
        ),
        **_PLACE,
    },
)
def sinc_blur(images: Tensor, *, size: Sequence[int], cutoff: Tensor) -> Tensor:
    """Ideal circular low-pass, cut off to its size: rings and overshoots at edges.

    images [B,C,H+2r,W+2r], r = max(size) // 2 -> [B,C,H,W]. Frequencies above cutoff go.
    """
    return correlate(images, kernels=sinc_kernels(size, cutoff=cutoff))
