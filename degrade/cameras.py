"""Calibrated noise of real cameras, by ISO: photon gain, read noise and row noise.

ELD     five cameras: K. Wei, Y. Fu, Y. Zheng, J. Yang, "Physics-based noise modeling for extreme
        low-light photography", TPAMI 2021, parameters of the released code (Profile-1). For each,
        ln sigma = slope ln K + bias + N(0, spread): NATURAL logarithms, sigma in DN of 14 bits.
PMRID   OPPO Reno 10x: Y. Wang et al., "Practical deep raw image denoising on mobile devices", ECCV
        2020: var = K x + B in DN of 10 bits, K and B polynomials of the ISO.
SIDD    three phones: var = shot x + read on [0,1], calibrated by Y. Zhang, H. Qin, X. Wang, H. Li,
        "Rethinking noise synthesis and modeling in raw denoising", ICCV 2021. That `read` is a
        variance, as in the DNG NoiseProfile, is our reading: the authors' demo passes it as a
        standard deviation, for which it is far too small.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from degrade.laws import Draw, Normal, Uniform

_Points = tuple[tuple[float, float], ...]
READ_MODELS = ("gauss", "tukey-lambda")


@dataclass(frozen=True)
class CameraNoise:
    """The noise of one camera at one gain; all sigmas in DN above black.

    gain    K, DN per electron: var = K * signal
    read    "gauss": sigma is the standard deviation. "tukey-lambda": sigma multiplies the
            quantile (p**shape - (1-p)**shape) / shape, as SciPy's `scale` does
    row     standard deviation of what each row of the mosaic is shifted by
    black, white, bits    the DN range taken for the calibration
    """

    name: str
    iso: float
    gain: float
    read: str
    sigma: float
    shape: float
    row: float
    black: int
    white: int
    bits: int


@dataclass(frozen=True)
class Camera:
    """A calibrated camera: its ISO range and what makes a CameraNoise at one of them.

    `at(iso, read, draw)` draws what the calibration leaves open at the addresses below `draw`.
    """

    low: float
    high: float
    read_models: tuple[str, ...]
    at: Callable[[float, str, Draw], CameraNoise]


@dataclass(frozen=True)
class _Line:
    """ln sigma = slope ln K + bias + N(0, spread)."""

    slope: float
    bias: float
    spread: float

    def sigma(self, log_gain: float, draw: Draw) -> float:
        return math.exp(Normal(self.slope * log_gain + self.bias, self.spread).at(draw))


# Each camera's K spans a factor of 64 in the release, which has no table of ISO speeds. It is read
# here as ISO 100 to 6400 with K proportional to the ISO. That agrees with Zhang et al. 2021 for the
# D850 (K 3.36, 6.69, 13.3 at ISO 800, 1600, 3200; here 3.32, 6.64, 13.3); their A7S2 has 1.00,
# 1.80, 3.25 where this gives 0.75, 1.50, 3.01.
_ELD_LOW, _ELD_HIGH = 100.0, 6400.0
# The released code takes 16383 - 800 as every camera's saturation.
_ELD_BLACK, _ELD_WHITE, _ELD_BITS = 800, 16383, 14


def _eld(
    name: str, gain: float, lines: tuple[_Line, _Line, _Line], shape: tuple[float, float]
) -> Camera:
    """gain: K at ISO 100; lines of Gaussian read, Tukey-lambda read and row noise; the shape is
    uniform over the range of the release's table."""

    def at(iso: float, read: str, draw: Draw) -> CameraNoise:
        k = gain * iso / _ELD_LOW
        gauss, tukey, row = lines
        return CameraNoise(
            name=name,
            iso=iso,
            gain=k,
            read=read,
            sigma=(gauss if read == "gauss" else tukey).sigma(math.log(k), draw.part(read)),
            shape=0.0 if read == "gauss" else Uniform(*shape).at(draw.part("shape")),
            row=row.sigma(math.log(k), draw.part("row")),
            black=_ELD_BLACK,
            white=_ELD_WHITE,
            bits=_ELD_BITS,
        )

    return Camera(_ELD_LOW, _ELD_HIGH, ("tukey-lambda", "gauss"), at)


def _pmrid(iso: float, read: str, _draw: Draw) -> CameraNoise:
    """OPPO Reno 10x: nothing is left to draw. V = 1023 - 64 in the released code."""
    gain = 5.995267e-4 * iso + 8.68861e-3
    variance = 7.11772e-7 * iso**2 + 6.514934e-4 * iso + 0.11492713
    return CameraNoise(
        name="oppo-reno-10x", iso=iso, gain=gain, read=read, sigma=math.sqrt(variance), shape=0.0,
        row=0.0, black=64, white=1023, bits=10,
    )  # fmt: skip


def _phone(name: str, bits: int, *, shot: _Points, read: _Points) -> Camera:
    """shot and read are (ISO, value on [0,1]); between them, straight in the logarithms of both.

    The calibration is of normalised signals and says nothing of DN: `bits` and black 0 are assumed.
    """

    def at(iso: float, model: str, _draw: Draw) -> CameraNoise:
        white = 2**bits - 1
        return CameraNoise(
            name=name, iso=iso, gain=_between(iso, shot) * white, read=model,
            sigma=math.sqrt(_between(iso, read)) * white, shape=0.0, row=0.0, black=0, white=white,
            bits=bits,
        )  # fmt: skip

    return Camera(shot[0][0], shot[-1][0], ("gauss",), at)


def _between(iso: float, points: _Points) -> float:
    logs = [[math.log(value) for value in values] for values in zip(*points, strict=True)]
    return math.exp(float(np.interp(math.log(iso), logs[0], logs[1])))


CAMERAS: dict[str, Camera] = {
    "canon-5d4": _eld(
        "canon-5d4", 0.2181895,
        (_Line(.6771268, 1.5121877, .2464110), _Line(.6558756, 1.0926868, .2860472),
         _Line(.4712798, -.8078959, .2436176)), (0.0142857, 0.2),
    ),
    "canon-700d": _eld(
        "canon-700d", 0.4476289,
        (_Line(.6524587, 2.0798639, .2578159), _Line(.5982362, 1.5370439, .3888189),
         _Line(.6220588, -.7756471, .2484808)), (-0.1571429, 0.1285714),
    ),
    "canon-70d": _eld(
        "canon-70d", 0.4074970,
        (_Line(.5681184, 1.9982664, .2487022), _Line(.4868061, 1.4642679, .3820056),
         _Line(.7292221, -.9370565, .2502156)), (-0.1714286, 0.1428571),
    ),
    "nikon-d850": _eld(
        "nikon-d850", 0.4150393,
        (_Line(.5634613, .7994103, .2140823), _Line(.4773897, -.0904450, .2392006),
         _Line(.4482922, -1.7977103, .2321799)), (-0.2428571, -0.1),
    ),
    "sony-a7s2": _eld(
        "sony-a7s2", 0.0939161,
        (_Line(.5407496, 1.2182371, .2675118), _Line(.4621050, .5657147, .2633712),
         _Line(.5275360, -.5917003, .2942881)), (-0.1428571, 0.1285714),
    ),
    "oppo-reno-10x": Camera(100.0, 6400.0, ("gauss",), _pmrid),
    # Of the iPhone's read noise only the two ends are used.
    "iphone-7": _phone(
        "iphone-7", 12,
        shot=((100, 9.36e-4), (200, 1.04e-3), (400, 1.16e-3), (800, 1.30e-3), (1600, 1.45e-3),
              (2000, 1.50e-3)),
        read=((100, 4.7e-7), (2000, 6.8e-7)),
    ),
    "samsung-s6-edge": _phone(
        "samsung-s6-edge", 10,
        shot=((100, 1.63e-3), (200, 2.56e-3), (400, 4.04e-3), (800, 6.36e-3), (1600, 1.00e-2),
              (3200, 1.58e-2)),
        read=((100, 1.18e-6), (200, 1.61e-6), (400, 2.99e-6), (800, 5.19e-6), (1600, 1.00e-5),
              (3200, 2.07e-5)),
    ),
    "google-pixel": _phone(
        "google-pixel", 10,
        shot=((100, 2.47e-4), (200, 4.85e-4), (400, 9.51e-4), (800, 1.87e-3), (1600, 3.66e-3),
              (3200, 7.18e-3), (6400, 1.41e-2)),
        read=((100, 1.68e-6), (200, 2.06e-6), (400, 2.70e-6), (800, 4.12e-6), (1600, 7.57e-6),
              (3200, 1.52e-5), (6400, 5.33e-5)),
    ),
}  # fmt: skip


def camera_noise_at(
    name: str, *, iso: float | None, seed: int, key: str, read: str | None = None
) -> CameraNoise:
    """The noise of a camera of CAMERAS at an ISO speed; None draws its logarithm uniformly.

    What a calibration leaves open (its spread around the line, the shape of the read noise) is
    drawn at the address (seed, key, "camera-noise", name): the same for the same sample. read: one
    of READ_MODELS, None for the camera's own; "gauss" is ELD's G+P baseline.

    Errors: ValueError for another name (the nearest is said), an ISO out of the calibrated range,
    a read model that the camera is not calibrated for.
    """
    if name not in CAMERAS:
        near = difflib.get_close_matches(name, CAMERAS, n=1, cutoff=0.0)
        raise ValueError(
            f"no noise calibration of camera {name!r}; nearest is {near[0]!r}; there are "
            f"{', '.join(CAMERAS)}"
        )
    camera = CAMERAS[name]
    if iso is not None and not camera.low <= iso <= camera.high:
        raise ValueError(
            f"ISO {iso:g} of {name}: the calibration covers ISO {camera.low:g} to {camera.high:g}"
        )
    if read is not None and read not in camera.read_models:
        raise ValueError(
            f"read noise {read!r} of {name}: calibrated are {', '.join(camera.read_models)}"
        )
    draw = Draw((seed, key, "camera-noise", name), {})
    if iso is None:
        span = math.log(camera.high / camera.low)
        iso = camera.low * math.exp(span * draw.part("iso").unit())
    return camera.at(iso, read or camera.read_models[0], draw)
