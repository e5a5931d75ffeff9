"""Calibrated cameras and their noise on a mosaic. Thresholds: 4.5 standard errors, fixed seeds."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from degrade.cameras import CAMERAS, CameraNoise, camera_noise_at
from degrade.mosaic_noise import add_camera_noise

ERRORS = 4.5
QUIET = CameraNoise(
    name="test", iso=100, gain=1.0, read="gauss", sigma=0.0, shape=0.0, row=0.0, black=0,
    white=4095, bits=12,
)  # fmt: skip
N = 500


def flat(value: float) -> np.ndarray:
    return np.full((N, N), value, np.float32)


def dn(mosaic: np.ndarray, noise: CameraNoise, seed: int = 1, quantise: bool = True) -> np.ndarray:
    made = add_camera_noise(mosaic, noise=noise, seed=seed, quantise=quantise)
    assert made.dtype == np.float32
    return made.astype(np.float64) * (noise.white - noise.black)


@pytest.mark.parametrize("gain", [0.4, 6.0])
@pytest.mark.parametrize("value", [0.01, 0.3])
def test_photons(gain: float, value: float) -> None:
    made = dn(flat(value), dataclasses.replace(QUIET, gain=gain), quantise=False)
    signal, n = value * 4095, N * N
    variance = gain * signal
    assert abs(made.mean() - signal) < ERRORS * (variance / n) ** 0.5
    assert abs(made.var() / variance - 1) < ERRORS * ((2 + gain / signal) / n) ** 0.5
    skew = gain**0.5 / signal**0.5
    assert abs(stats.skew(made.ravel()) - skew) < ERRORS * 1.5 * (6 / n) ** 0.5
    electrons = made / gain
    assert np.abs(electrons - np.rint(electrons)).max() < 2e-2


def test_read_noise_of_both_models() -> None:
    gauss = dn(flat(0.0), dataclasses.replace(QUIET, sigma=9.0), quantise=False)[:200]
    assert stats.kstest(gauss.ravel() / 9, "norm").pvalue > 1e-4
    tukey = dataclasses.replace(QUIET, read="tukey-lambda", sigma=3.0, shape=-0.15)
    made = dn(flat(0.0), tukey, quantise=False)[:200]
    assert stats.kstest(made.ravel() / 3, stats.tukeylambda(-0.15).cdf).pvalue > 1e-4


def test_rows_share_one_value() -> None:
    made = dn(flat(0.0), dataclasses.replace(QUIET, row=5.0), quantise=False)
    assert (made == made[:, :1]).all()
    assert stats.kstest(made[:, 0] / 5, "norm").pvalue > 1e-4


def test_photon_read_and_row_noise_are_independent() -> None:
    photons = dn(flat(0.2), QUIET, quantise=False) - 819.0
    read = dn(flat(0.0), dataclasses.replace(QUIET, sigma=20.0), quantise=False)
    rows = dn(flat(0.0), dataclasses.replace(QUIET, row=20.0), quantise=False)
    assert abs(np.corrcoef(photons.ravel(), read.ravel())[0, 1]) < ERRORS / N
    for part in (photons, read):
        assert abs(np.corrcoef(part.mean(axis=1), rows[:, 0])[0, 1]) < ERRORS / N**0.5
        assert abs(np.corrcoef(part[:, 1:].ravel(), part[:, :-1].ravel())[0, 1]) < ERRORS / N


def test_quantisation_is_a_rounding_to_dn() -> None:
    noise = dataclasses.replace(QUIET, gain=2.0, sigma=3.3)
    whole, fine = dn(flat(0.1), noise), dn(flat(0.1), noise, quantise=False)
    assert np.abs(whole - np.rint(whole)).max() < 1e-3
    assert np.abs(whole - fine).max() < 0.5 + 1e-3


def test_clips_at_white_and_nowhere_else() -> None:
    noise = dataclasses.replace(QUIET, gain=8.0, sigma=30.0)
    assert dn(flat(1.0), noise).max() == 4095
    assert dn(flat(0.0), noise).min() < -90
    kept = dn(flat(-0.05), noise, quantise=False)
    assert abs(kept.mean() + 0.05 * 4095) < ERRORS * 30 / N


def test_a_crop_and_a_larger_mosaic_have_the_same_noise() -> None:
    noise = camera_noise_at("canon-5d4", iso=1600, seed=0, key="a")
    mosaic = np.random.default_rng(0).random((40, 60), np.float32)
    whole = add_camera_noise(mosaic, noise=noise, seed=3)
    assert np.array_equal(whole[:17, :33], add_camera_noise(mosaic[:17, :33], noise=noise, seed=3))
    assert not np.array_equal(whole, add_camera_noise(mosaic, noise=noise, seed=4))


@pytest.mark.parametrize("name", CAMERAS)
def test_every_camera_gets_noisier_with_iso(name: str) -> None:
    camera = CAMERAS[name]
    speeds = np.geomspace(camera.low, camera.high, 7)
    made = [camera_noise_at(name, iso=float(iso), seed=0, key="k") for iso in speeds]
    for quiet, loud in pairwise(made):
        assert loud.gain > quiet.gain
        assert loud.sigma > quiet.sigma
        assert loud.row >= quiet.row
    assert {noise.name for noise in made} == {name}


@pytest.mark.parametrize(
    ("name", "iso", "gain", "rel"),
    [
        # Zhang et al. 2021 on the D850, against the reading of ELD's range by ISO.
        ("nikon-d850", 800, 3.36, 0.02),
        ("nikon-d850", 3200, 13.3, 0.01),
        ("sony-a7s2", 6400, 6.0106, 1e-4),
        ("canon-70d", 100, 0.4075, 1e-4),
        # PMRID, of 10 bits.
        ("oppo-reno-10x", 100, 0.0686, 0.01),
        ("oppo-reno-10x", 6400, 3.846, 0.001),
        # Normalised shot noise times white.
        ("google-pixel", 1600, 3.66e-3 * 1023, 1e-9),
        ("iphone-7", 2000, 1.50e-3 * 4095, 1e-9),
    ],
)
def test_published_gains(name: str, iso: float, gain: float, rel: float) -> None:
    assert camera_noise_at(name, iso=iso, seed=0, key="").gain == pytest.approx(gain, rel=rel)


@pytest.mark.parametrize(
    ("name", "iso", "variance"),
    [
        ("oppo-reno-10x", 1600, 3.2e-6),
        ("oppo-reno-10x", 6400, 3.6e-5),
        ("samsung-s6-edge", 3200, 2.07e-5),
        ("google-pixel", 400, 2.70e-6),
        ("iphone-7", 100, 4.7e-7),
    ],
)
def test_published_read_noise(name: str, iso: float, variance: float) -> None:
    noise = camera_noise_at(name, iso=iso, seed=0, key="")
    assert (noise.sigma / (noise.white - noise.black)) ** 2 == pytest.approx(variance, rel=0.02)


def test_eld_spreads_around_its_line_in_natural_logarithms() -> None:
    many = [camera_noise_at("sony-a7s2", iso=1000, seed=0, key=str(k)) for k in range(400)]
    assert len({noise.gain for noise in many}) == 1
    log_gain = math.log(many[0].gain)
    for field, slope, bias, sigma in (
        ("sigma", 0.4621, 0.5657, 0.2634),
        ("row", 0.5275, -0.5917, 0.2943),
    ):
        logs = np.log([getattr(noise, field) for noise in many])
        assert abs(logs.mean() - slope * log_gain - bias) < ERRORS * sigma / 20
        assert abs(logs.std() / sigma - 1) < ERRORS / math.sqrt(800)
    shapes = [noise.shape for noise in many]
    assert -0.1429 <= min(shapes) < -0.13 and 0.115 < max(shapes) <= 0.1286
    gauss = camera_noise_at("sony-a7s2", iso=1000, seed=0, key="0", read="gauss")
    assert gauss.read == "gauss" and gauss.shape == 0.0
    off = math.log(gauss.sigma) - 0.5407 * log_gain - 1.2182
    assert abs(off) < ERRORS * 0.2675


def test_draws_have_an_address() -> None:
    one = camera_noise_at("canon-700d", iso=None, seed=4, key="a")
    assert one == camera_noise_at("canon-700d", iso=None, seed=4, key="a")
    others = [("canon-700d", 5, "a"), ("canon-700d", 4, "b"), ("canon-70d", 4, "a")]
    for name, seed, key in others:
        assert camera_noise_at(name, iso=None, seed=seed, key=key).iso != one.iso
    logs = [
        math.log(camera_noise_at("canon-700d", iso=None, seed=0, key=str(k)).iso)
        for k in range(300)
    ]
    law = stats.uniform(math.log(100), math.log(64))
    assert stats.kstest(logs, law.cdf).pvalue > 1e-4


def test_errors_say_what_there_is() -> None:
    with pytest.raises(ValueError, match="'nikon-d580'; nearest is 'nikon-d850'"):
        camera_noise_at("nikon-d580", iso=100, seed=0, key="")
    with pytest.raises(ValueError, match="ISO 12800 of iphone-7: the calibration covers ISO 100"):
        camera_noise_at("iphone-7", iso=12800, seed=0, key="")
    with pytest.raises(ValueError, match="calibrated are gauss"):
        camera_noise_at("google-pixel", iso=100, seed=0, key="", read="tukey-lambda")
    with pytest.raises(ValueError, match=r"a mosaic is \[H,W\]"):
        add_camera_noise(np.zeros((2, 2, 3), np.float32), noise=QUIET, seed=0)
    with pytest.raises(ValueError, match="read noise 'laplace'"):
        add_camera_noise(flat(0.0), noise=dataclasses.replace(QUIET, read="laplace"), seed=0)


def test_the_raw_road_needs_no_torch() -> None:
    code = "import sys, degrade.mosaic_noise; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Wei et al. (ELD), the released camera parameters: ln sigma = slope ln K + bias, in DN of 14 bits,
# for Gaussian read noise, the scale of Tukey-lambda read noise, and row noise.
ELD_LINES = {
    "canon-5d4": ((0.6771, 1.5122), (0.6559, 1.0927), (0.4713, -0.8079)),
    "canon-700d": ((0.6525, 2.0799), (0.5982, 1.5370), (0.6221, -0.7756)),
    "canon-70d": ((0.5681, 1.9983), (0.4868, 1.4643), (0.7292, -0.9371)),
    "nikon-d850": ((0.5635, 0.7994), (0.4774, -0.0904), (0.4483, -1.7977)),
    "sony-a7s2": ((0.5407, 1.2182), (0.4621, 0.5657), (0.5275, -0.5917)),
}


@pytest.mark.parametrize("name", sorted(ELD_LINES))
@pytest.mark.parametrize("iso", [200.0, 3200.0])
def test_eld_lines_are_the_released_ones(name: str, iso: float) -> None:
    for model, place in (("gauss", 0), ("tukey-lambda", 1)):
        drawn = [camera_noise_at(name, iso=iso, seed=1, key=str(i), read=model) for i in range(300)]
        log_gain = math.log(drawn[0].gain)
        for values, (slope, bias) in (
            ([noise.sigma for noise in drawn], ELD_LINES[name][place]),
            ([noise.row for noise in drawn], ELD_LINES[name][2]),
        ):
            # medians of 300: a standard error of 1.25 * 0.39 / 17 at most
            assert abs(np.median(np.log(values)) - (slope * log_gain + bias)) < 0.1


def test_the_black_level_takes_its_part_of_the_range() -> None:
    noise = CameraNoise(
        name="t", iso=100.0, gain=1.0, read="gauss", sigma=0.5, shape=0.0, row=0.0, black=400,
        white=1000, bits=10,
    )  # fmt: skip
    made = add_camera_noise(np.full((64, 64), 0.5, np.float32), noise=noise, seed=1)
    steps = made.astype(np.float64) * 600
    assert np.abs(steps - np.rint(steps)).max() < 1e-3, "rounded to DN of white - black = 600"
    assert abs(steps.mean() - 300) < 2
