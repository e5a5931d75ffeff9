"""Noise in linear light: variances by each reading, laws of the levels, rows, gradients.

Thresholds as in test_noise.py: 4.5 standard errors, fixed seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from degrade.cameras import camera_noise_at
from degrade.laws import Draw, Law, value_of
from degrade.mosaic_noise import add_camera_noise
from degrade.operators.photon_noise import (
    BROOKS,
    BSRAW_NATURAL,
    CYCLEISP_DND,
    CYCLEISP_SIDD,
    READINGS,
    camera_noise,
    camera_noise_gauss,
    cbdnet_noise,
    shot_read_noise,
)

ERRORS = 4.5
N = 300


def flat(value: float) -> Tensor:
    return torch.full((1, 3, N, N), value)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def assert_variance(samples: Tensor, expected: float) -> None:
    values = samples.double().flatten()
    assert abs(float(values.mean())) < ERRORS * (expected / len(values)) ** 0.5
    assert abs(float(values.var()) / expected - 1) < ERRORS * (2 / len(values)) ** 0.5


@pytest.mark.parametrize("value", [-0.1, 0.0, 0.3, 1.0])
def test_shot_read_noise_has_its_variance(value: float) -> None:
    made = shot_read_noise(
        flat(value), shot=column(0.01), read=column(4e-4), seed=torch.tensor([1])
    )
    sigma = (0.01 * max(value, 0.0) + 4e-4) ** 0.5
    assert_variance(made - value, sigma**2)
    noise = ((made - value) / sigma)[0, 0].flatten().numpy()
    assert stats.kstest(noise, "norm").pvalue > 1e-4


def levels(laws: Mapping[str, Law], count: int = 400) -> np.ndarray:
    drawn = []
    for key in range(count):
        values: dict[str, float] = {}
        for name in ("shot", "read"):
            values[name] = value_of(laws[name], draw=Draw((key, name), values))
        drawn.append((values["shot"], values["read"]))
    return np.array(drawn)


@pytest.mark.parametrize(
    ("laws", "base", "slope", "intercept", "sigma"),
    [
        (BROOKS, math.e, 2.18, 1.20, 0.26),
        (CYCLEISP_DND, 10.0, 2.18, 1.20, 0.26),
        (CYCLEISP_SIDD, 10.0, 1.85, 0.30, 0.20),
        (BSRAW_NATURAL, 10.0, 1.34, 0.22, 0.10),
    ],
)
def test_published_levels(
    laws: Mapping[str, Law], base: float, slope: float, intercept: float, sigma: float
) -> None:
    shot, read = np.log(levels(laws).T) / math.log(base)
    left = read - slope * shot - intercept
    assert abs(left.mean()) < ERRORS * sigma / 20
    assert abs(left.std() / sigma - 1) < ERRORS / math.sqrt(2 * 400)


def test_the_base_of_the_logarithm_is_worth_a_factor_of_almost_five() -> None:
    # At shot 0.01: 10 and e raised to 2.18 log(0.01) + 1.2 are 6.9e-4 and 1.45e-4.
    assert pytest.approx(6.9e-4, rel=0.01) == 10 ** (2.18 * -2 + 1.2)
    near = [levels(laws, 3000) for laws in (CYCLEISP_DND, BROOKS)]
    medians = [
        float(np.median(both[(both[:, 0] > 0.009) & (both[:, 0] < 0.011), 1])) for both in near
    ]
    # Medians of 125 values whose spread is a factor of 1.8 and 1.3.
    assert 3.5 < medians[0] / medians[1] < 6.5


@pytest.mark.parametrize("reading", READINGS)
def test_cbdnet_noise_by_each_reading(reading: str) -> None:
    value, sigma_s, sigma_c = 0.4, (0.16, 0.1, 0.02), (0.01, 0.06, 0.03)
    made = cbdnet_noise(
        flat(value), signal_red=column(sigma_s[0]), signal_green=column(sigma_s[1]),
        signal_blue=column(sigma_s[2]), constant_red=column(sigma_c[0]),
        constant_green=column(sigma_c[1]), constant_blue=column(sigma_c[2]), reading=(reading,),
        seed=torch.tensor([3]),
    )  # fmt: skip
    for channel, (s, c) in enumerate(zip(sigma_s, sigma_c, strict=True)):
        dependent = {"code": (s * value) ** 2, "comment": s * value, "paper": s * s * value}
        assert_variance(made[0, channel] - value, dependent[reading] + c * c)


def test_camera_noise_of_gaussian_read_noise() -> None:
    white, value = 4095.0, 0.2
    made = camera_noise_gauss(
        flat(value), gain=column(4.0), sigma=column(6.0), row=column(0.0), bits=(12,),
        seed=torch.tensor([5]),
    )  # fmt: skip
    dn = made.double() * white
    assert float((dn - dn.round()).abs().max()) < 1e-3
    assert_variance(dn - value * white, 4.0 * value * white + 36.0 + 1 / 12)


def test_camera_noise_of_tukey_lambda_read_noise() -> None:
    made = camera_noise(
        flat(0.0), gain=column(1.0), sigma=column(50.0), shape=column(-0.1), row=column(0.0),
        bits=(14,), seed=torch.tensor([6]),
    )  # fmt: skip
    read = made.double()[0, 0].flatten().numpy() * 16383 / 50
    # Steps of 1/50 beside a spread of 2: a distance of at most 0.01 / (4 * 2) in distribution.
    assert stats.kstest(read, stats.tukeylambda(-0.1).cdf).statistic < 0.00125 + 2.2 / N
    assert float(made.min()) < 0


def test_a_row_moves_as_one_in_all_channels() -> None:
    made = camera_noise_gauss(
        flat(0.0), gain=column(1.0), sigma=column(0.0), row=column(40.0), bits=(14,),
        seed=torch.tensor([7]),
    )[0]  # fmt: skip
    assert torch.equal(made, made[:1, :, :1].expand(3, N, N))
    rows = made[0, :, 0].double() * 16383 / 40
    assert stats.kstest(rows.numpy(), "norm").pvalue > 1e-4


def test_the_operator_and_the_mosaic_function_are_the_same_camera() -> None:
    noise = camera_noise_at("google-pixel", iso=800, seed=0, key="a")
    mosaic = torch.rand((1, 1, 40, 52), generator=torch.Generator().manual_seed(1)) * 0.7
    made = camera_noise_gauss(
        mosaic, gain=column(noise.gain), sigma=column(noise.sigma), row=column(noise.row),
        bits=(noise.bits,), seed=torch.tensor([9]),
    )  # fmt: skip
    # Both in float32 in one order of sums; torch and NumPy may round a tie of the rounding apart.
    ours = add_camera_noise(mosaic[0, 0].numpy(), noise=noise, seed=9)
    assert np.mean(np.abs(made[0, 0].numpy() - ours) > 1e-6) < 2e-3


Call = Callable[[Tensor, slice], Tensor]
S = torch.tensor([1, 2, 3])
ALL: dict[str, Call] = {
    "shot-read": lambda x, s: shot_read_noise(
        x, shot=column(0.01, 0.0, 0.2)[s], read=column(0.0, 1e-4, 1e-2)[s], seed=S[s]
    ),
    "cbdnet": lambda x, s: cbdnet_noise(
        x, signal_red=column(0.1, 0.2, 0.3)[s], signal_green=column(0.2, 0.0, 0.1)[s],
        signal_blue=column(0.1, 0.1, 0.2)[s], constant_red=column(0.0, 0.1, 0.2)[s],
        constant_green=column(0.1, 0.1, 0.0)[s], constant_blue=column(0.0, 0.2, 0.1)[s],
        reading=READINGS[s], seed=S[s],
    ),
    "camera": lambda x, s: camera_noise(
        x, gain=column(1.0, 2.0, 8.0)[s], sigma=column(3.0, 1.0, 9.0)[s],
        shape=column(0.1, 0.0, -0.2)[s], row=column(1.0, 2.0, 0.0)[s], bits=(10, 12, 14)[s],
        seed=S[s],
    ),
    "camera-gauss": lambda x, s: camera_noise_gauss(
        x, gain=column(1.0, 2.0, 8.0)[s], sigma=column(3.0, 1.0, 9.0)[s],
        row=column(1.0, 2.0, 0.0)[s], bits=(10, 12, 14)[s], seed=S[s],
    ),
}  # fmt: skip


def pictures(*, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.1 + 0.8 * torch.rand((3, 3, 9, 14), generator=generator, dtype=dtype)


@pytest.mark.parametrize("name", ALL)
def test_a_sample_does_not_know_its_batch(name: str) -> None:
    images = pictures()
    whole = ALL[name](images, slice(None))
    for b in range(3):
        assert torch.equal(whole[b : b + 1], ALL[name](images[b : b + 1], slice(b, b + 1)))
    assert torch.equal(whole[:, :, :5, :7], ALL[name](images[:, :, :5, :7], slice(None)))


@pytest.mark.parametrize("name", ["shot-read", "cbdnet"])
def test_gradients(name: str) -> None:
    images = pictures(dtype=torch.float64)[:, :, :3, :3].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ALL[name](x, slice(None)), (images,))


def test_gradients_of_black_are_finite() -> None:
    images = torch.zeros((1, 3, 4, 4), requires_grad=True)
    made = shot_read_noise(images, shot=column(0.01), read=column(0.0), seed=torch.tensor([1]))
    made.sum().backward()
    assert images.grad is not None and bool(images.grad.isfinite().all())
