"""degrade.color: the standards' own figures, inverses, and the exactness of the 8-bit tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from degrade.color import (
    PROPHOTO_TO_SRGB,
    SRGB_TO_PROPHOTO,
    SRGB_TO_XYZ,
    prophoto_decode,
    srgb_curve_16,
    srgb_decode,
    srgb_encode,
    srgb_steps,
)


@pytest.mark.parametrize(
    ("linear", "code"),
    [(0.0, 0), (0.0031308, 10), (0.18, 118), (0.214041, 127), (0.5, 188), (1, 255)],
)
def test_srgb_codes(linear: float, code: int) -> None:
    assert int(255 * srgb_encode(linear) + 0.5) == code


@given(st.floats(-0.5, 4.0))
def test_srgb_curves_are_inverses(linear: float) -> None:
    # the standard's rounded break points leave a step of 1e-8 of full scale between its pieces
    assert srgb_decode(srgb_encode(linear)) == pytest.approx(linear, abs=5e-8)


def test_srgb_is_not_bt709() -> None:
    bt709 = 1.099 * 0.18**0.45 - 0.099
    assert abs(255 * (srgb_encode(0.18) - bt709)) > 10


def test_srgb_to_xyz() -> None:
    # IEC 61966-2-1 equation 7 prints four digits, of a D65 rounded to xy 0.3127, 0.3290
    iec = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    np.testing.assert_allclose(SRGB_TO_XYZ, iec, atol=2e-4)
    # what LibRaw computes its camera matrices with (xyz_rgb)
    libraw = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    np.testing.assert_allclose(SRGB_TO_XYZ, libraw, atol=5.1e-8)
    np.testing.assert_allclose(SRGB_TO_XYZ.sum(axis=1), [0.95047, 1.0, 1.08883], atol=1e-14)


def test_prophoto_matrices() -> None:
    # Bradford, ASTM E308 whites; the values that other implementations publish
    published = [
        [2.034076, -0.727334, -0.306742],
        [-0.228813, 1.231730, -0.002917],
        [-0.008570, -0.153287, 1.161856],
    ]
    np.testing.assert_allclose(PROPHOTO_TO_SRGB, published, atol=1e-6)
    np.testing.assert_allclose(PROPHOTO_TO_SRGB @ SRGB_TO_PROPHOTO, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(PROPHOTO_TO_SRGB.sum(axis=1), 1.0, atol=1e-15)
    assert (SRGB_TO_PROPHOTO > 0).all()  # sRGB lies inside ProPhoto


def test_prophoto_curve() -> None:
    assert prophoto_decode(0.5) == pytest.approx(0.5 ** (461 / 256))
    assert prophoto_decode(1.0) == 1.0
    assert prophoto_decode(-0.1) == 0.0


def test_16_bit_curve_is_off_by_a_quarter_code_at_most() -> None:
    table, x = srgb_curve_16(), np.linspace(0.0, 1.0, 200_001)
    got = np.interp(x * 16384, np.arange(16385), table[:16385])
    assert table[-1] == table[-2] == 65535.0
    assert np.abs(got - 65535.0 * srgb_encode(x)).max() < 0.25


def test_steps_give_the_exact_code_at_every_step_and_its_neighbours() -> None:
    codes, steps = srgb_steps()
    rise = np.unique(steps[np.isfinite(steps)])
    assert len(rise) == 255
    probes = [rise]
    for direction in (np.float32(-1), np.float32(2)):
        near = rise
        for _ in range(3):
            near = np.nextafter(near, direction)
            probes.append(near)
    random = np.random.default_rng(0).random(200_000, dtype=np.float32)
    x = np.concatenate([*probes, random, random**4, np.array([0, 1], np.float32)])
    at = (x * np.float32(4096)).astype(np.int64)
    assert np.array_equal(codes[at] + (x >= steps[at]), np.floor(255 * srgb_encode(x) + 0.5))
