"""Faults that processing leaves in pictures: sharpening, halos and banding.

Dithering is in dither.py, faults of the chroma planes are in chroma.py, ringing from a cut-off
frequency is the sinc blur of blur.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from degrade.filtering import correlate_separable
from degrade.laws import Integer, Uniform
from degrade.operator import Number, Whole, operator, padding

_REACH = 3.0  # sigmas to each side: 0.27 % of a Gaussian lies beyond


def _usm_reach(values: Mapping[str, Any]) -> int:
    return 2 * (values["radius"] // 2)  # one blur of the picture, another one of the mask


@operator(
    kind="neighbourhood",
    source="Real-ESRGAN (Wang et al. 2021), its sharpening of ground truth; BasicSR, "
    "utils/img_process_util.py",
    differentiable=True,
    parameters={
        "weight": Number(
            0.5, low=0.0, high=10.0, neutral=0.0, unit="of the residual", source="Real-ESRGAN"
        ),
        "radius": Whole(50, low=1, high=255, unit="px", source="Real-ESRGAN"),
        "threshold": Number(10.0, low=0.0, high=255.0, unit="1/255", source="Real-ESRGAN"),
        "padding": padding(),
    },
    radius=_usm_reach,
)
def usm_sharpen(
    images: Tensor, *, weight: Tensor, radius: Sequence[int], threshold: Tensor
) -> Tensor:
    """Unsharp masking where the picture differs enough from its blur, faded in by a soft mask.

    images [B,C,H+2m,W+2m] encoded, m = 2*(largest radius // 2) -> [B,C,H,W]. With G a Gaussian,
    r = in - G*in, M = 1 where 255 |r| > threshold (channel by channel), S = G*M:
    out = S clip(in + weight r) + (1 - S) in. Only the sharpened branch is clipped to [0,1].

    radius is the side of G's window, plus 1 where it is even: its published name, though the
    window reaches only half as far. sigma follows OpenCV's rule for a side n without a sigma:
    0.3 ((n - 1)/2 - 1) + 0.8, which is 8 px for 50; OpenCV has fixed weights for small sides.

    The gradient takes M as constant, which it is almost everywhere.
    """
    reach = max(radius) // 2
    taps = _centred([cv2.getGaussianKernel(r // 2 * 2 + 1, 0.0)[:, 0] for r in radius], reach=reach)
    taps = taps.to(images)
    weight, threshold = (column.to(images)[:, None, None, None] for column in (weight, threshold))
    inner = _inner(images, reach)
    residual = inner - correlate_separable(images, rows=taps, columns=taps)
    mask = (residual.abs() * 255.0 > threshold).to(images)
    soft = correlate_separable(mask, rows=taps, columns=taps)
    inner, residual = _inner(inner, reach), _inner(residual, reach)
    sharp = (inner + weight * residual).clamp(0.0, 1.0)
    return inner + soft * (sharp - inner)


def _halo_reach(values: Mapping[str, Any]) -> int:
    return math.ceil(_REACH * values["sigma"])


@operator(
    kind="neighbourhood",
    source="unsharp masking without a threshold: overshoot on both sides of edges",
    differentiable=True,
    parameters={
        "sigma": Number(
            Uniform(0.5, 3.0), low=0.1, high=30.0, unit="px", source="chosen", host=True
        ),
        "amount": Number(
            Uniform(0.5, 2.0),
            low=0.0,
            high=10.0,
            neutral=0.0,
            unit="of the residual",
            source="chosen: 1 doubles the contrast of the finest detail",
        ),
        "padding": padding(),
    },
    radius=_halo_reach,
)
def halo(images: Tensor, *, sigma: Sequence[float], amount: Tensor) -> Tensor:
    """Halos of oversharpening: out = clip(in + amount (in - G*in)), G a Gaussian of sigma px.

    images [B,C,H+2r,W+2r] encoded, r = ceil(3 * largest sigma) -> [B,C,H,W] clipped to [0,1]. Each
    picture's G is cut at 3 of its own sigmas and sums to 1.
    """
    reach = math.ceil(_REACH * max(sigma))
    taps = _gaussians(sigma, reach=reach).to(images)
    inner = _inner(images, reach)
    residual = inner - correlate_separable(images, rows=taps, columns=taps)
    return (inner + amount.to(images)[:, None, None, None] * residual).clamp(0.0, 1.0)


def _banding_reach(values: Mapping[str, Any]) -> int:
    return math.ceil(_REACH * values["smoothing"])


@operator(
    kind="neighbourhood",
    source="false contours from too few levels: Roberts 1962, Picture coding using pseudo-random "
    "noise",
    differentiable=False,
    parameters={
        "levels": Whole(
            Integer(8, 64),
            low=2,
            high=256,
            unit="levels per channel",
            source="chosen: 3 to 6 bits, where bands are seen",
        ),
        "smoothing": Number(
            Uniform(0.0, 2.0),
            low=0.0,
            high=20.0,
            unit="px, sigma",
            source="chosen; 0 smooths nothing",
            host=True,
        ),
        "padding": padding(),
    },
    radius=_banding_reach,
)
def banding(images: Tensor, *, levels: Sequence[int], smoothing: Sequence[float]) -> Tensor:
    """Bands in smooth gradients: few levels per channel, after an optional Gaussian.

    images [B,C,H+2r,W+2r] encoded, r = ceil(3 * largest smoothing) -> [B,C,H,W]. With n levels:
    out = floor(clip(G*in) (n - 1) + 1/2) / (n - 1). Noise breaks bands up as dither does; the
    Gaussian G, its sigma in px, takes it away first. Clipped to [0,1].
    """
    reach = math.ceil(_REACH * max(smoothing))
    if reach:
        taps = _gaussians(smoothing, reach=reach).to(images)
        images = correlate_separable(images, rows=taps, columns=taps)
    top = torch.tensor([n - 1.0 for n in levels], device=images.device)
    top = top.to(images)[:, None, None, None]
    return (images.clamp(0.0, 1.0) * top + 0.5).floor() / top


def _inner(images: Tensor, margin: int) -> Tensor:
    """The pictures without so many pixels on all four sides."""
    height, width = images.shape[2:]
    return images[:, :, margin : height - margin, margin : width - margin]


def _gaussians(sigmas: Sequence[float], *, reach: int) -> Tensor:
    """[B, 2*reach + 1] float64: each a sampled Gaussian within 3 of its sigmas, its sum 1."""
    taps = []
    for sigma in sigmas:
        own = math.ceil(_REACH * sigma)
        place = np.arange(-own, own + 1)
        weight = np.exp(-0.5 * (place / sigma) ** 2) if own else np.ones(1)
        taps.append(weight / weight.sum())
    return _centred(taps, reach=reach)


def _centred(taps: Sequence[np.ndarray[Any, Any]], *, reach: int) -> Tensor:
    """Vectors of odd lengths as rows of one tensor, zeros on both sides."""
    return torch.from_numpy(np.stack([np.pad(own, reach - len(own) // 2) for own in taps]))
