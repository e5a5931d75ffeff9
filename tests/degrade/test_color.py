"""degrade.color: the standards' own figures, inverses, and the exactness of the 8-bit tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from degrade.color import (
    PROPHOTO_TO_SRGB,
    SRGB_TO_PROPHOTO,
    prophoto_decode,
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


def test_prophoto_curves() -> None:
    assert prophoto_decode(0.5) == pytest.approx(0.5 ** (461 / 256))
    assert prophoto_decode(1.0) == 1.0
    assert prophoto_decode(-0.1) == 0.0
    assert prophoto_decode(0.02, trc="romm") == pytest.approx(0.02 / 16)
    below, above = prophoto_decode([1 / 32 - 1e-9, 1 / 32 + 1e-9], trc="romm")
    assert above == pytest.approx(below, rel=1e-6)  # the toe meets the power
    with pytest.raises(ValueError, match=r"gamma-1\.8, romm"):
        prophoto_decode(0.5, trc="2.2")


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
