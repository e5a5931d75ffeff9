"""The acr-like style (builders.tone, builders.pixels) against the arithmetic of DNG SDK 1.3."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from builders.pixels import ramp_block, tone_block
from builders.render import Developed, render
from builders.tone import exposure_ramp, tone_curve
from degrade.color import PROPHOTO_TO_SRGB, SRGB_TO_PROPHOTO, srgb_encode

SETTINGS = settings(max_examples=60, deadline=None)  # the first call compiles
# a Nikon camera to linear sRGB, rows sum to 1: large negative terms
CAMERA = np.array(
    [[1.647, -0.450, -0.197], [-0.182, 1.597, -0.415], [0.012, -0.438, 1.426]], np.float32
)


def row(light: ArrayLike) -> Developed:
    """One row of scene-linear camera RGB [n,3]."""
    return Developed(np.asarray(light, np.float32).reshape(1, -1, 3), 1.0, None, CAMERA)


@pytest.mark.parametrize(
    ("ev", "codes"),
    [
        # DNG SDK 1.3's arithmetic (exposure ramp, exposure tone, default tone curve) for a grey
        # ramp of linear .01 .05 .18 .5 .9 1
        (-1.5, (5, 33, 91, 190, 250, 255)),
        (0.0, (13, 73, 166, 231, 253, 255)),
        (1.5, (30, 142, 232, 255, 255, 255)),
    ],
)
def test_grey_ramp_of_the_reference_renderer(ev: float, codes: tuple[int, ...]) -> None:
    ramp = np.repeat([[0.01], [0.05], [0.18], [0.5], [0.9], [1.0]], 3, axis=1)
    got = render(row(ramp), ev=ev, style="acr-like")[0, :, 1]
    assert np.abs(got.astype(int) - codes).max() <= 1


def test_tone_curve_is_the_default_one_of_the_sdk() -> None:
    table = tone_curve(0.0)
    x = np.arange(4097) / 4096
    assert (np.diff(table[:4097]) > 0).all() and table[4096] == 1
    # values of the table between our support points, and its steepest slope
    for at, value in ((0.0205078125, 0.02180), (0.05859375, 0.09563), (0.18, 0.38809)):
        assert np.interp(at, x, table[:4097]) == pytest.approx(value, abs=2e-4)
    assert np.diff(table).max() * 4096 == pytest.approx(2.632, abs=0.01)


@pytest.mark.parametrize("ev", [-3.0, -1.5, -0.1])
def test_exposure_tone_darkens_shadows_by_the_stops_and_keeps_white(ev: float) -> None:
    plain, toned = tone_curve(0.0), tone_curve(ev)
    x = np.arange(4097) / 4096
    dark = x <= 0.25
    want = np.interp(x[dark] * 2**ev, x, plain[:4097])
    np.testing.assert_allclose(toned[:4097][dark], want, atol=1e-6)
    assert toned[4096] == 1 and (np.diff(toned[:4097]) > 0).all()


def test_exposure_ramp() -> None:
    black, slope, radius = exposure_ramp(0.0)
    x = np.array([0.0, black - radius, black, black + radius, 0.5, 1.0], np.float32)
    block = np.ascontiguousarray(np.broadcast_to(x, (3, 6)))
    ramp_block(block, np.float32(black), np.float32(slope), np.float32(radius))
    want = [0, 0, slope * radius / 4, slope * radius, 0.495 / 0.995, 1]
    np.testing.assert_allclose(block, np.broadcast_to(want, (3, 6)), rtol=1e-5, atol=1e-7)
    assert exposure_ramp(-2.0) == exposure_ramp(0.0)
    assert exposure_ramp(10.0)[0] < 2.0**-10  # black stays below white


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1))
def test_tone_keeps_hues(seed: int) -> None:
    block = np.random.default_rng(seed).random((3, 40)).astype(np.float32)
    before, table = np.sort(block, axis=0).astype(np.float64), tone_curve(-1.0)
    order = np.argsort(block, axis=0)
    tone_block(block, table)
    assert np.array_equal(np.argsort(block, axis=0), order)
    low, middle, high = np.sort(block, axis=0).astype(np.float64)
    x = np.arange(4097) / 4096
    np.testing.assert_allclose(low, np.interp(before[0], x, table[:4097]), atol=1e-5)
    np.testing.assert_allclose(high, np.interp(before[2], x, table[:4097]), atol=1e-5)
    place = (before[1] - before[0]) / (before[2] - before[0])
    np.testing.assert_allclose(middle, low + (high - low) * place, atol=1e-5)


def test_acr_like_goes_through_prophoto() -> None:
    light = np.array([[0.6, 0.2, 0.1], [0.1, 0.5, 0.3]])
    wide = np.clip(light @ (SRGB_TO_PROPHOTO @ CAMERA).T, 0, 1)
    wide = (wide - 0.005) / 0.995
    high, low = wide.max(axis=1, keepdims=True), wide.min(axis=1, keepdims=True)
    x, table = np.arange(4097) / 4096, tone_curve(0.0)[:4097]
    top, base = np.interp(high, x, table), np.interp(low, x, table)
    toned = base + (top - base) * (wide - low) / (high - low)
    got = render(row(light), ev=0.0, style="acr-like")[0]
    want = 255 * srgb_encode(np.clip(toned @ PROPHOTO_TO_SRGB.T, 0, 1))
    assert np.abs(got - want).max() <= 0.6
