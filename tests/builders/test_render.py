"""builders.render: exposure as a law, the highlight rule, and resizing in linear light."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from builders.demosaic import Demosaiced
from builders.render import STYLES, Developed, develop, linear, render
from degrade.color import srgb_encode
from degrade.resize import resize_matlab

SETTINGS = settings(max_examples=60, deadline=None)  # the first call compiles
EYE = np.eye(3, dtype=np.float32)
# a Nikon camera to linear sRGB, rows sum to 1: large negative terms
CAMERA = np.array(
    [[1.647, -0.450, -0.197], [-0.182, 1.597, -0.415], [0.012, -0.438, 1.426]], np.float32
)
WB = np.array([1.949, 1.0, 1.344])  # its gains in daylight
EVS = st.floats(-6.0, 6.0)


def row(light: Any, *, matrix: NDArray[np.float32] = EYE, flags: Any = None) -> Developed:
    """Given scene-linear camera RGB, [...,3] of any leading shape, as one developed row."""
    pixels = np.asarray(light, np.float32).reshape(1, -1, 3)
    mask = None if flags is None else np.broadcast_to(np.uint8(flags), pixels.shape[:2]).copy()
    return Developed(pixels, 1.0, mask, matrix)


def grey(values: Any) -> NDArray[np.float32]:
    return np.repeat(np.asarray(values, np.float32).reshape(-1, 1), 3, axis=1)


def sensor(light: Any, *, matrix: NDArray[np.float32] = EYE) -> Demosaiced:
    """What the decoder hands over for scene-linear light [h,w,3]: cut at each channel's white."""
    top = WB / WB.min()
    light = np.asarray(light, np.float64)
    flags = ((light >= top) << np.arange(3)).sum(axis=2).astype(np.uint8)
    scale = float(top.max()) / 65535
    pixels = np.round(np.minimum(light, top) / scale).astype(np.uint16)
    return Demosaiced(pixels, scale, flags, matrix, "none")


# --- the srgb style -----------------------------------------------------------------------------


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), ev=EVS)
def test_srgb_is_gain_clip_matrix_clip(seed: int, ev: float) -> None:
    light = np.random.default_rng(seed).random((64, 3)).astype(np.float32) * 1.9
    got = linear(row(light, matrix=CAMERA), ev=ev)[0]
    want = np.minimum(light.astype(np.float64) * 2**ev, 1) @ CAMERA.astype(np.float64).T
    # the tolerance is float32 and the rows of CAMERA, which sum to 1 within 1e-7
    np.testing.assert_allclose(got, np.clip(want, 0, 1), atol=2e-6)


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), ev=st.floats(-8, 2), style=st.sampled_from(STYLES))
def test_codes_are_those_of_the_exact_curve(seed: int, ev: float, style: str) -> None:
    light = np.random.default_rng(seed).random((300, 3)) ** 3
    picture = row(light, matrix=CAMERA)
    exact = srgb_encode(linear(picture, ev=ev, style=style))
    eight, sixteen = (render(picture, ev=ev, style=style, bits=bits) for bits in (8, 16))
    assert (eight.dtype, sixteen.dtype) == (np.uint8, np.uint16)
    assert np.array_equal(eight, np.floor(255 * exact + 0.5))
    assert np.abs(sixteen - 65535 * exact).max() <= 0.75  # 0.5 is the rounding, the rest the table


def test_16_bit_codes_are_within_one_over_the_whole_range() -> None:
    x = np.linspace(0, 1, 400_001).astype(np.float32)
    got = render(row(grey(x)), ev=0.0, bits=16)[0, :, 0].astype(np.int64)
    off = np.abs(got - np.floor(65535 * srgb_encode(x) + 0.5))
    assert off.max() <= 1 and np.mean(off) < 0.01


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), ev=st.integers(-9, 8), steps=st.integers(1, 4))
def test_a_stop_doubles_the_light_below_the_clip(seed: int, ev: int, steps: int) -> None:
    light = np.random.default_rng(seed).uniform(0.3, 0.4, (64, 3)) * 2.0 ** -(ev + steps)
    picture = row(light, matrix=CAMERA)
    below, above = linear(picture, ev=ev), linear(picture, ev=ev + steps)
    inside = (above > 0) & (above < 1)
    assert inside.mean() > 0.9
    assert np.array_equal(above[inside], below[inside] * np.float32(2**steps))  # to the last bit


@SETTINGS
@given(
    level=st.floats(0, 4),
    ev=EVS,
    style=st.sampled_from(STYLES),
    bits=st.sampled_from([8, 16]),
)
def test_neutral_stays_neutral_through_every_clip(
    level: float, ev: float, style: str, bits: int
) -> None:
    # the same light on a sensor whose green, then blue, then red saturates
    developed = develop(sensor(np.full((1, 1, 3), level), matrix=CAMERA))
    r, g, b = render(developed, ev=ev, style=style, bits=bits)[0, 0]
    assert r == g == b


@pytest.mark.parametrize("style", STYLES)
def test_neutral_ramp_is_continuous_and_rising_through_the_clips(style: str) -> None:
    light = np.linspace(0.5, 2.5, 4001)
    developed = develop(sensor(np.repeat(light[None, :, None], 3, axis=2), matrix=CAMERA))
    got = linear(developed, ev=-1.0, style=style)[0]
    assert np.ptp(got, axis=1).max() == 0
    rise = np.diff(got[:, 0])
    assert rise.min() >= 0 and rise.max() < 1e-3
    if style == "srgb":  # up to the last channel's white the ramp is the light itself
        np.testing.assert_allclose(got[:, 0], np.minimum(light, WB.max()) / 2, atol=2e-5)


@SETTINGS
@given(level=st.floats(0, 2), first=EVS, second=EVS, style=st.sampled_from(STYLES))
def test_more_exposure_is_never_darker_for_greys(
    level: float, first: float, second: float, style: str
) -> None:
    picture = row(grey([level]), matrix=CAMERA)
    low, high = sorted((first, second))
    rise = linear(picture, ev=high, style=style) - linear(picture, ev=low, style=style)
    assert rise.min() >= -1e-6  # float32 rounding: the two EVs may be next to equal


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), first=st.floats(-6, 0), second=st.floats(-6, 0))
def test_more_exposure_is_never_darker_while_no_camera_channel_clips(
    seed: int, first: float, second: float
) -> None:
    picture = row(np.random.default_rng(seed).random((64, 3)), matrix=CAMERA)
    low, high = sorted((first, second))
    assert (linear(picture, ev=high) - linear(picture, ev=low)).min() >= -1e-6  # float32 rounding


@pytest.mark.parametrize("style", STYLES)
def test_a_pixel_depends_on_nothing_but_itself(style: str) -> None:
    light = np.random.default_rng(3).random((40, 50, 3)) * 2.5
    other = light[::-1, ::-1] * 0.1
    mixed = np.where(np.arange(50)[None, :, None] < 20, light, other)
    for ev in (-1.5, 0.0, 1.5):
        one = render(develop(sensor(light, matrix=CAMERA)), ev=ev, style=style)
        two = render(develop(sensor(mixed, matrix=CAMERA)), ev=ev, style=style)
        assert np.array_equal(one[:, :20], two[:, :20])
        assert not np.array_equal(one[:, 20:], two[:, 20:])


def test_a_resized_pixel_depends_on_its_neighbourhood_alone() -> None:
    light = np.random.default_rng(4).random((64, 80, 3)) * 2.5
    mixed = light.copy()
    mixed[:, 40:] = 0.01
    one, two = (
        render(develop(sensor(x, matrix=CAMERA), size=(16, 20)), ev=0.5) for x in (light, mixed)
    )
    assert np.array_equal(one[:, :8], two[:, :8])  # the kernel reaches two output pixels
    assert not np.array_equal(one, two)


def test_grey_ramp_of_pure_gain() -> None:
    ramp = row(grey([0.01, 0.05, 0.18, 0.5, 0.9, 1.0]))
    assert render(ramp, ev=-1.5)[0, :, 0].tolist() == [12, 36, 71, 117, 153, 160]
    assert render(ramp, ev=0.0)[0, :, 0].tolist() == [25, 63, 118, 188, 243, 255]
    assert render(ramp, ev=1.5)[0, :, 0].tolist() == [47, 105, 189, 255, 255, 255]


# --- the highlight rule -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "flags", "want"),
    [
        ((1.364, 0.3, 0.2), 0, (1.364, 0.3, 0.2)),  # unflagged: headroom is kept
        ((1.364, 0.3, 0.2), 1, (1.364, 0.3, 0.2)),  # a lower bound above the others stays
        ((1.5, 1.0, 1.2), 2, (1.5, 1.2, 1.2)),  # green to the least of red and blue
        ((1.949, 1.0, 1.2), 3, (1.949, 1.2, 1.2)),  # red is above blue already
        ((1.5, 1.0, 1.344), 6, (1.5, 1.5, 1.5)),
        ((1.949, 1.0, 1.344), 7, (1.949, 1.949, 1.949)),  # blown: neutral at max(wb)/min(wb)
    ],
)
def test_highlight_rule(value: tuple[float, ...], flags: int, want: tuple[float, ...]) -> None:
    got = linear(row([value], flags=flags), ev=-2.0)[0, 0]
    np.testing.assert_allclose(got, np.array(want) / 4, rtol=1e-6)


def test_highlight_rule_comes_before_the_resize() -> None:
    # blown and black columns: resized first, the mean would be of the pink that the sensor gives
    light = np.zeros((32, 32, 3))
    light[:, ::2] = 4.0
    developed = develop(sensor(light), size=(8, 8))
    assert developed.clipped is None and developed.pixels.dtype == np.float32
    inside = linear(developed, ev=-1.0)[2:-2, 2:-2]
    np.testing.assert_allclose(inside, WB.max() / 4, rtol=1e-3)


def test_develop_equals_rule_then_resize_in_linear_light() -> None:
    light = np.random.default_rng(5).random((61, 47, 3)) * 2.2
    demosaiced = sensor(light, matrix=CAMERA)
    top = np.where(np.stack([demosaiced.clipped >> c & 1 for c in range(3)], 2), np.inf, light)
    least, most = top.min(axis=2), np.minimum(light, WB).max(axis=2)
    level = np.where(demosaiced.clipped == 7, most, np.where(np.isinf(least), 0, least))
    ruled = np.where(np.isinf(top), np.maximum(np.minimum(light, WB), level[..., None]), light)
    want = resize_matlab(ruled, size=(20, 30), reading="matlab-bicubic-double")
    got = develop(demosaiced, size=(20, 30))
    np.testing.assert_allclose(got.pixels * got.scale, want, atol=5e-5)


def test_light_is_not_negative_beside_a_bright_edge() -> None:
    light = np.zeros((30, 30, 3))
    light[:, 15:] = 1.0
    assert resize_matlab(light, size=(11, 11), reading="matlab-bicubic-double").min() < -0.01
    assert develop(sensor(light), size=(11, 11)).pixels.min() == 0


def test_develop_keeps_the_full_size_as_it_is() -> None:
    demosaiced = sensor(np.random.default_rng(6).random((4, 5, 3)))
    for size in (None, (4, 5)):
        whole = develop(demosaiced, size=size)
        assert whole.pixels is demosaiced.pixels and whole.clipped is demosaiced.clipped


def test_turned_views_render_alike() -> None:
    whole = develop(sensor(np.random.default_rng(7).random((90, 120, 3)) * 2.2, matrix=CAMERA))
    assert whole.clipped is not None
    turned = Developed(
        whole.pixels[::-1].swapaxes(0, 1), whole.scale, whole.clipped[::-1].T, CAMERA
    )
    want = render(whole, ev=-1.0)[::-1].swapaxes(0, 1)
    assert np.array_equal(render(turned, ev=-1.0), want)


# --- wrong use ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"ev": 0.0, "style": "acr"}, "srgb, acr-like"),
        ({"ev": 0.0, "bits": 12}, "8 and 16"),
        ({"ev": float("nan")}, "-30 to 30"),
        ({"ev": 31.0}, "-30 to 30"),
    ],
)
def test_render_says_what_is_allowed(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        render(row([[0.1, 0.1, 0.1]]), **arguments)


def test_developed_refuses_what_render_cannot_take() -> None:
    pixels = np.zeros((2, 2, 3), np.float32)
    with pytest.raises(ValueError, match="uint8"):
        Developed(pixels.astype(np.uint8), 1.0, None, EYE)
    with pytest.raises(ValueError, match="mask"):
        Developed(pixels, 1.0, np.zeros((2, 3), np.uint8), EYE)
    with pytest.raises(ValueError, match="rows that sum to 1"):
        Developed(pixels, 1.0, None, 2 * EYE)
    with pytest.raises(ValueError, match="NaN"):
        Developed(pixels + np.float32(np.nan), 1.0, None, EYE)
    with pytest.raises(ValueError, match="scale"):
        Developed(pixels, 0.0, None, EYE)
