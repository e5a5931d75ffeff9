"""Noise on tensors. No operator here clips: what leaves [0,1] is for a later step or the writer.

Every field is a function of (seed, channel, row, column): the same noise alone, in a batch or on a
larger canvas (degrade/fields.py). These are the noises of display-referred pipelines; those of
linear light and of cameras are in degrade/operators/photon_noise.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from degrade.canvas import wide
from degrade.color import BT601
from degrade.fields import normal_field, poisson_field
from degrade.laws import Below, Choice, Seed, Uniform
from degrade.operator import NOISE_SEED, Number, Switch, Whole, operator
from degrade.philox import Shape, uniform_array

# Real-ESRGAN takes as peak 2**ceil(log2(number of values in the 8-bit picture)). Counted on 200
# photographs of BSDS, 600 crops of 400 as they reach its two noise steps (blurred, resized; then
# with noise, JPEG, blur, 100 px): in colour 256 for all 600 and for 598 of 600; in gray 128 for
# 2.2 % and 4.5 %, otherwise 256. The law below has the mean of the two steps.
_PEAK = Below("gray", 0.5, 256.0, Choice((128.0, 256.0), (0.033, 0.967)))

_REAL_ESRGAN = "Wang et al., Real-ESRGAN, ICCV Workshops 2021"
_BSRGAN = "Zhang et al., BSRGAN, ICCV 2021"
_GRAY = Switch(Choice((True, False), (0.4, 0.6)), unit="one field for all channels")


@operator(
    kind="pointwise",
    source=_REAL_ESRGAN,
    differentiable=True,
    parameters={
        "sigma": Number(
            Uniform(1 / 255, 30 / 255), low=0.0, neutral=0.0, unit="of full range",
            source="Real-ESRGAN, first order",
        ),
        "gray": _GRAY,
        "seed": NOISE_SEED,
    },
)  # fmt: skip
def gaussian_noise(images: Tensor, *, sigma: Tensor, gray: Tensor, seed: Tensor) -> Tensor:
    """Adds white Gaussian noise of standard deviation sigma.

    images [B,C,H,W], any range; sigma [B] in the same units; gray [B] bool: one field for all
    channels. Does not clip.
    """
    return images + _normals(images, gray=gray, seed=seed) * wide(sigma, images)


@operator(
    kind="pointwise",
    source="Zhang et al., BSRGAN, ICCV 2021, released code (degradation_bsrgan_plus)",
    differentiable=True,
    parameters={
        "sigma": Number(
            Uniform(2 / 255, 25 / 255), low=0.0, neutral=0.0, unit="of the picture's value"
        ),
        "gray": _GRAY,
        "seed": NOISE_SEED,
    },
)
def speckle_noise(images: Tensor, *, sigma: Tensor, gray: Tensor, seed: Tensor) -> Tensor:
    """Multiplicative noise: x + x n with n Gaussian of standard deviation sigma.

    images [B,C,H,W]; sigma [B]; gray [B] bool: one field n for all channels. Does not clip.
    """
    return images + images * _normals(images, gray=gray, seed=seed) * wide(sigma, images)


_FRACTION = Number(Uniform(0.0, 1.0), low=0.0, high=1.0, unit="eigenvalue", host=True)
_CORRELATED = {
    "level": Number(25 / 255, low=0.0, neutral=0.0, unit="of full range", source=_BSRGAN),
    "first": _FRACTION,
    "second": _FRACTION,
    "third": _FRACTION,
    "basis": Whole(Seed(), low=0, high=2**32 - 1, unit="seed of the basis"),
    "seed": NOISE_SEED,
}


@operator(kind="pointwise", source=_BSRGAN, differentiable=True, parameters=_CORRELATED)
def correlated_noise(
    images: Tensor,
    *,
    level: Tensor,
    first: tuple[float, ...],
    second: tuple[float, ...],
    third: tuple[float, ...],
    basis: tuple[int, ...],
    seed: Tensor,
) -> Tensor:
    """Gaussian noise whose three channels are correlated.

    images [B,3,H,W]; level [B]; first, second, third [B]: the eigenvalues in [0,1]; basis [B]: the
    seed of a 3x3 matrix of uniform numbers, whose left singular vectors are U. The covariance is
    level^2 |U' diag(first, second, third) U|, the bars acting on each element; where that is not
    positive semidefinite it stands for its absolute value as a matrix, which is what NumPy's
    multivariate_normal draws from. Does not clip. Errors: ValueError unless there are 3 channels.
    """
    fractions = zip(first, second, third, strict=True)
    return images + _correlated(images, level=level, fractions=fractions, basis=basis, seed=seed)


@operator(
    kind="pointwise",
    source="Zhang et al., BSRGAN, ICCV 2021, released code (add_speckle_noise)",
    differentiable=True,
    parameters=_CORRELATED,
)
def correlated_speckle_noise(
    images: Tensor,
    *,
    level: Tensor,
    first: tuple[float, ...],
    second: tuple[float, ...],
    third: tuple[float, ...],
    basis: tuple[int, ...],
    seed: Tensor,
) -> Tensor:
    """Multiplicative noise, x + x n, with n the field of `correlated_noise`.

    Parameters and errors as there. Does not clip.
    """
    fractions = zip(first, second, third, strict=True)
    noise = _correlated(images, level=level, fractions=fractions, basis=basis, seed=seed)
    return images + images * noise


@operator(
    kind="pointwise",
    source=_REAL_ESRGAN,
    differentiable=False,
    parameters={
        "gray": _GRAY,
        "peak": Number(_PEAK, low=1e-3, high=1e7, unit="photons at white"),
        "scale": Number(
            Uniform(0.05, 3.0), low=0.0, neutral=0.0, unit="of the noise",
            source="Real-ESRGAN, first order; BSRGAN-plus has 1",
        ),
        "seed": NOISE_SEED,
    },
)  # fmt: skip
def poisson_noise(
    images: Tensor, *, gray: Tensor, peak: Tensor, scale: Tensor, seed: Tensor
) -> Tensor:
    """Photon noise: x + scale (Poisson(peak x8) / peak - x8).

    x8 is the picture clipped to [0,1] and rounded to 8 bits, as the released codes read it; x
    itself is neither. images [B,C,H,W]; peak, scale [B]; gray [B] bool: x8 is that of the gray
    picture (BT.601) and one field goes to all channels. peak is drawn, where Real-ESRGAN counts the
    picture's values: see the law. Does not clip. Errors: ValueError unless there are 1 or 3
    channels.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"poisson_noise takes 1 or 3 channels, got {images.shape[1]}")
    peak, scale = wide(peak, images), wide(scale, images)
    return images + scale * _by_gray(
        gray,
        single=lambda: _photons(_luma(images), peak, seed),
        every=lambda: _photons(images, peak, seed),
    )


def _photons(images: Tensor, peak: Tensor, seed: Tensor) -> Tensor:
    read = torch.round(images.clamp(0.0, 1.0) * 255.0) / 255.0
    return poisson_field(seed, read * peak).to(images.dtype) / peak - read


def _luma(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    red, green, blue = images.split(1, dim=1)
    # as cv2.cvtColor and BSRGAN; torchvision, which Real-ESRGAN calls, has 0.2989 for red
    return BT601[0] * red + BT601[1] * green + BT601[2] * blue


def _normals(images: Tensor, *, gray: Tensor, seed: Tensor) -> Tensor:
    """Standard normal fields in the pictures' precision; where gray, [B,1,H,W] is enough."""
    shape = (images.shape[1], images.shape[2], images.shape[3])
    single: Shape = (1, shape[1], shape[2])
    made = _by_gray(
        gray, single=lambda: normal_field(seed, single), every=lambda: normal_field(seed, shape)
    )
    return made.to(images.dtype)


def _by_gray(gray: Tensor, *, single: Callable[[], Tensor], every: Callable[[], Tensor]) -> Tensor:
    """single [B,1,H,W] for the samples that are gray, every [B,C,H,W] for the others.

    On the CPU, where looking costs nothing, what no sample needs is not made.
    """
    if gray.device.type == "cpu" and bool(gray.all()):
        return single()
    if gray.device.type == "cpu" and not bool(gray.any()):
        return every()
    return torch.where(gray[:, None, None, None], single(), every())


def _correlated(
    images: Tensor,
    *,
    level: Tensor,
    fractions: Iterable[tuple[float, float, float]],
    basis: tuple[int, ...],
    seed: Tensor,
) -> Tensor:
    if images.shape[1] != 3:
        raise ValueError(f"correlated noise takes 3 channels, got {images.shape[1]}")
    factors = [_factor(f, basis=b) for f, b in zip(fractions, basis, strict=True)]
    mix = torch.tensor(np.stack(factors), dtype=images.dtype, device=images.device)
    field = normal_field(seed, (3, images.shape[2], images.shape[3])).to(images.dtype)
    mix = mix * level.to(images.dtype)[:, None, None]
    # Three products for each channel, in this order: a matrix product's order is its library's.
    rows = [_sum_of_three(mix[:, channel], field) for channel in range(3)]
    return torch.cat(rows, dim=1)


def _sum_of_three(weights: Tensor, fields: Tensor) -> Tensor:
    """[B,1,H,W]: the channels of fields [B,3,H,W] added with weights [B,3]."""
    a, b, c = fields.split(1, dim=1)
    wa, wb, wc = (weights[:, i, None, None, None] for i in range(3))
    return (wa * a + wb * b) + wc * c


def _factor(fractions: tuple[float, float, float], *, basis: int) -> NDArray[np.float64]:
    """The symmetric root [3,3] of the covariance, which no choice of a library's signs can turn."""
    left = np.linalg.svd(uniform_array(basis, (1, 3, 3))[0].astype(np.float64))[0]
    covariance = np.abs(left.T @ np.diag(fractions) @ left)
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.abs(values))) @ vectors.T
