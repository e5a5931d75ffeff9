"""Noise in linear light: photons and read noise, by the models of the RAW literature.

None of these operators clips. They act in linear light: on a display-referred picture the runner
decodes before and encodes after (`light` "linear", the usual value); a step on pictures that are
linear already sets `light` to "srgb", which leaves them as they come. A mosaic in NumPy takes
degrade/mosaic_noise.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from degrade.canvas import wide
from degrade.fields import normal_field, poisson_field, tukey_lambda_field
from degrade.laws import Law, LogLinear, LogUniform, Uniform
from degrade.mosaic_noise import PHOTONS, READ, ROW
from degrade.operator import NOISE_SEED, Name, Number, Whole, light, operator

# Laws of (shot, read) for shot_read_noise. The base of the logarithm is what ports exchange.
# T. Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019: natural logarithms.
BROOKS: dict[str, Law] = {
    "shot": LogUniform(1e-4, 0.012),
    "read": LogLinear("shot", 2.18, 1.20, 0.26, "e"),
}
# S. W. Zamir et al., "CycleISP", CVPR 2020, released code: for DND Brooks' constants with base 10,
# which makes read 4.8 times as large at shot 0.01; for SIDD its own.
CYCLEISP_DND: dict[str, Law] = {
    "shot": LogUniform(1e-4, 0.012),
    "read": LogLinear("shot", 2.18, 1.20, 0.26, "10"),
}
CYCLEISP_SIDD: dict[str, Law] = {
    "shot": LogUniform(6.8674e-4, 2.194856e-2),
    "read": LogLinear("shot", 1.85, 0.30, 0.20, "10"),
}
# M. Conde et al., BSRAW (WACV 2024) and the NTIRE RAW super-resolution challenge: "natural" noise.
BSRAW_NATURAL: dict[str, Law] = {
    "shot": LogUniform(1e-4, 1e-3),
    "read": LogLinear("shot", 1.34, 0.22, 0.10, "10"),
}

_LINEAR = light("linear")
_ELD = "Wei et al., Physics-based noise modeling (ELD), TPAMI 2021"
# ELD's released code draws K so for all cameras; the lines are its Sony A7S2, in DN of 14 bits.
_GAIN = Number(LogUniform(0.1, 30.0), low=1e-4, high=1e4, unit="DN per electron", source=_ELD)
_ROW = Number(LogLinear("gain", 0.5275, -0.5917, 0.2943, "e"), low=0.0, unit="DN", source=_ELD)
_BITS = Whole(14, low=6, high=16, unit="bits; white is 2**bits - 1 DN", source=_ELD)


@operator(
    kind="pointwise",
    source="Brooks et al., Unprocessing, CVPR 2019, section 3.1",
    differentiable=True,
    parameters={
        "shot": Number(BROOKS["shot"], low=0.0, high=1.0, neutral=0.0, unit="variance at white"),
        "read": Number(BROOKS["read"], low=0.0, high=1.0, neutral=0.0, unit="variance"),
        "seed": NOISE_SEED,
        "light": _LINEAR,
    },
)
def shot_read_noise(images: Tensor, *, shot: Tensor, read: Tensor, seed: Tensor) -> Tensor:
    """Adds Gaussian noise of variance shot * x + read.

    images [B,C,H,W], linear; x below 0 counts as 0 in the variance. shot and read [B] are both
    variances on [0,1] (the two numbers of a DNG NoiseProfile). Usual laws: BROOKS; CYCLEISP_DND,
    CYCLEISP_SIDD and BSRAW_NATURAL are beside it. Does not clip.
    """
    variance = wide(shot, images) * images.clamp(min=0.0) + wide(read, images)
    return images + _root(variance) * _field(images, seed)


READINGS = ("code", "comment", "paper")
_CBDNET = "Guo et al., CBDNet, CVPR 2019, section 3.1"
_SIGNAL = Number(
    Uniform(0.0, 0.16), low=0.0, high=10.0, neutral=0.0, unit="sigma_s", source=_CBDNET
)
_CONSTANT = Number(
    Uniform(0.0, 0.06), low=0.0, high=10.0, neutral=0.0, unit="sigma_c", source=_CBDNET
)


@operator(
    kind="pointwise",
    source=_CBDNET,
    differentiable=True,
    parameters={
        **{f"signal_{name}": _SIGNAL for name in ("red", "green", "blue")},
        **{f"constant_{name}": _CONSTANT for name in ("red", "green", "blue")},
        "reading": Name("code", allowed=READINGS, unit="what sigma_s means"),
        "seed": NOISE_SEED,
        "light": _LINEAR,
    },
)
def cbdnet_noise(
    images: Tensor,
    *,
    signal_red: Tensor,
    signal_green: Tensor,
    signal_blue: Tensor,
    constant_red: Tensor,
    constant_green: Tensor,
    constant_blue: Tensor,
    reading: tuple[str, ...],
    seed: Tensor,
) -> Tensor:
    """CBDNet's signal dependent noise n_s + n_c, with levels of its own for each channel.

    images [B,3,H,W], linear; signal (sigma_s) and constant (sigma_c) levels [B]. n_c has the
    standard deviation sigma_c; n_s, by `reading`: "code" (released program): standard deviation
    sigma_s x; "comment" (what is written beside that line): variance sigma_s x; "paper" (section
    3.1): variance sigma_s^2 x. x below 0 counts as 0. The paper's mosaic, camera curve and JPEG are
    other steps. Does not clip.
    """
    sigma_s, sigma_c = (
        torch.stack(levels, 1).to(images.dtype)[:, :, None, None]
        for levels in (
            (signal_red, signal_green, signal_blue),
            (constant_red, constant_green, constant_blue),
        )
    )
    x = images.clamp(min=0.0)
    code, comment = (
        torch.tensor([r == name for r in reading], device=images.device)[:, None, None, None]
        for name in READINGS[:2]
    )
    factor = torch.where(comment, sigma_s, sigma_s * sigma_s)
    variance = factor * x * torch.where(code, x, torch.ones_like(x)) + sigma_c * sigma_c
    return images + _root(variance) * _field(images, seed)


@operator(
    kind="pointwise",
    source=_ELD,
    differentiable=False,
    parameters={
        "gain": _GAIN,
        "sigma": Number(
            LogLinear("gain", 0.4621, 0.5657, 0.2634, "e"), low=0.0, unit="DN", source=_ELD
        ),
        "shape": Number(
            Uniform(-0.1428571, 0.1285714), low=-0.45, high=2.0, unit="Tukey's lambda", source=_ELD
        ),
        "row": _ROW,
        "bits": _BITS,
        "seed": NOISE_SEED,
        "light": _LINEAR,
    },
)  # fmt: skip
def camera_noise(
    images: Tensor,
    *,
    gain: Tensor,
    sigma: Tensor,
    shape: Tensor,
    row: Tensor,
    bits: tuple[int, ...],
    seed: Tensor,
) -> Tensor:
    """A camera's photon, read and row noise, rounded to DN; read noise by Tukey's lambda law.

    images [B,C,H,W], linear. With V = 2**bits - 1 DN, gain Poisson(V x / gain) + sigma T + row R is
    rounded and divided by V; T has the quantile (p^shape - (1-p)^shape) / shape, and R is one
    standard normal for each row, the same in all channels (as in a row of a mosaic). gain is in DN
    per electron, sigma and row in DN, each [B]. x below 0 emits no photons and is otherwise kept.
    Does not clip. The quantisation is a rounding, where the paper adds +-1/2 DN of uniform noise.
    """
    size: tuple[int, int, int] = (images.shape[1], images.shape[2], images.shape[3])
    read = tukey_lambda_field(seed, size, form=shape, stream=READ)
    return _exposed(images, read=read, sigma=sigma, gain=gain, row=row, bits=bits, seed=seed)


@operator(
    kind="pointwise",
    source="Wang et al., PMRID, ECCV 2020; " + _ELD + ", its model G+P",
    differentiable=False,
    parameters={
        "gain": _GAIN,
        "sigma": Number(
            LogLinear("gain", 0.5407, 1.2182, 0.2675, "e"), low=0.0, unit="DN", source=_ELD
        ),
        "row": _ROW,
        "bits": _BITS,
        "seed": NOISE_SEED,
        "light": _LINEAR,
    },
)  # fmt: skip
def camera_noise_gauss(
    images: Tensor,
    *,
    gain: Tensor,
    sigma: Tensor,
    row: Tensor,
    bits: tuple[int, ...],
    seed: Tensor,
) -> Tensor:
    """A camera's photon, read and row noise, rounded to DN; read noise Gaussian.

    As `camera_noise`, with a standard normal in the place of T. Does not clip.
    """
    read = _field(images, seed, stream=READ)
    return _exposed(images, read=read, sigma=sigma, gain=gain, row=row, bits=bits, seed=seed)


def _exposed(
    images: Tensor,
    *,
    read: Tensor,
    sigma: Tensor,
    gain: Tensor,
    row: Tensor,
    bits: tuple[int, ...],
    seed: Tensor,
) -> Tensor:
    white = wide(torch.tensor([2.0**b - 1.0 for b in bits], device=images.device), images)
    gain = wide(gain, images)
    signal = images * white
    rate = signal.clamp(min=0.0) / gain
    noisy = (poisson_field(seed, rate, stream=PHOTONS).to(images.dtype) - rate) * gain + signal
    noisy = noisy + read.to(images.dtype) * wide(sigma, images)
    rows = normal_field(seed, (1, images.shape[2], 1), stream=ROW).to(images.dtype)
    return torch.round(noisy + rows * wide(row, images)) / white


def _field(images: Tensor, seed: Tensor, *, stream: int = 0) -> Tensor:
    shape = (images.shape[1], images.shape[2], images.shape[3])
    return normal_field(seed, shape, stream=stream).to(images.dtype)


def _root(variance: Tensor) -> Tensor:
    """The square root, with gradient 0 where the variance is 0."""
    positive = variance > 0
    return torch.where(positive, torch.where(positive, variance, 1.0).sqrt(), 0.0)
