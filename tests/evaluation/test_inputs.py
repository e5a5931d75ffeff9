"""Inputs made as the papers' scripts make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2ycbcr

from degrade.resize import resize_matlab
from evaluation.inputs import (
    Bicubic,
    GaussianNoise,
    LumaBicubic,
    Stored,
    channels_of,
    inputs_choices,
    make_shown,
    scale_of,
)
from evaluation.pictures import to_u8, to_unit
from evaluation.sets.reading import read_stored


def picture(height: int = 37, width: int = 50, channels: int = 3, seed: int = 1) -> np.ndarray:
    """Noise of 8 bits."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def only(targets: Mapping[str, np.ndarray]) -> np.ndarray:
    """The one target of a case that has one."""
    (target,) = targets.values()
    return target


def legacy_noise(shape: tuple[int, ...], *, sigma: float, seed: int) -> np.ndarray:
    """What `np.random.seed(seed); np.random.normal(0, sigma / 255, shape)` draws."""
    state = np.random.RandomState()
    state.seed(seed)
    return state.normal(0, sigma / 255.0, shape)


def test_noise_is_that_of_the_papers_scripts() -> None:
    clean = picture()
    shown = make_shown(GaussianNoise(sigma=25), clean)
    want = np.float32(clean / np.float32(255))
    want += legacy_noise(clean.shape, sigma=25, seed=0)  # float32 += float64, as KAIR has it
    assert shown.lq.dtype == np.float32
    np.testing.assert_array_equal(shown.lq, want)
    np.testing.assert_array_equal(only(shown.targets), clean)
    assert shown.lq.min() < 0 and shown.lq.max() > 1  # not clipped


def test_noise_begins_anew_with_each_picture_and_follows_its_seed() -> None:
    fields = [
        make_shown(GaussianNoise(sigma=50, seed=seed), picture(seed=n)).lq
        - to_unit(picture(seed=n))
        for n, seed in ((1, 0), (2, 0), (1, 7))
    ]
    np.testing.assert_allclose(fields[0], fields[1], atol=1e-6)
    assert np.abs(fields[0] - fields[2]).max() > 0.1


def test_noise_in_swinirs_order_is_laid_on_bgr() -> None:
    clean = picture()
    shown = make_shown(GaussianNoise(sigma=25, order="bgr"), clean)
    bgr = np.float32(clean[..., ::-1] / np.float32(255))
    want = (bgr + legacy_noise(clean.shape, sigma=25, seed=0)).astype(np.float32)
    np.testing.assert_array_equal(shown.lq[..., ::-1], want)
    with pytest.raises(ValueError, match="order 'gbr': rgb or bgr"):
        GaussianNoise(sigma=25, order="gbr")


def test_bicubic_crops_then_shrinks_on_8_bits() -> None:
    target = picture(38, 51)
    shown = make_shown(Bicubic(scale=4), target)
    kept = only(shown.targets)
    assert kept.shape == (36, 48, 3)
    np.testing.assert_array_equal(kept, target[:36, :48])
    np.testing.assert_array_equal(to_u8(shown.lq), resize_matlab(kept, scale=0.25))
    assert only(make_shown(Bicubic(scale=4, crop=12), target).targets).shape == (36, 48, 3)
    assert only(make_shown(Bicubic(scale=2, crop=12), target[:35]).targets).shape == (24, 48, 3)


def test_bicubic_takes_the_stored_input_and_makes_gray_three_channels() -> None:
    gray = picture(24, 24, 1)
    stored = picture(6, 6, 3, seed=3)
    shown = make_shown(Bicubic(scale=4), gray, lq=stored)
    np.testing.assert_array_equal(to_u8(shown.lq), stored)
    np.testing.assert_array_equal(only(shown.targets), np.repeat(gray, 3, axis=2))
    assert make_shown(Bicubic(scale=4), gray).lq.shape == (6, 6, 3)


def test_luma_is_shrunk_in_double_without_rounding() -> None:
    target = picture(26, 30)
    shown = make_shown(LumaBicubic(scale=3), target)
    luma = np.floor(rgb2ycbcr(target)[..., 0] + 0.5)[:24, :30]
    np.testing.assert_array_equal(only(shown.targets)[..., 0], luma)
    want = resize_matlab(luma / 255.0, scale=1 / 3, reading="matlab-bicubic-double")
    assert shown.lq.dtype == np.float64
    np.testing.assert_array_equal(shown.lq[..., 0], want)


def test_gray_pictures_are_luma_as_they_are_under_their_names_alone() -> None:
    one = picture(16, 16, 1)
    three = np.repeat(one, 3, axis=2)
    bridge = LumaBicubic(scale=2, gray=("bridge",))
    np.testing.assert_array_equal(only(make_shown(bridge, one, name="x").targets), one)
    np.testing.assert_array_equal(only(make_shown(bridge, three, name="Bridge").targets), one)
    converted = only(make_shown(bridge, three, name="man").targets)  # 16 ... 235
    assert converted.min() >= 16 and converted.max() <= 235
    coloured = picture(16, 16, 3)
    assert only(make_shown(bridge, coloured, name="bridge").targets).max() <= 235


def test_a_stored_input_must_be_there() -> None:
    with pytest.raises(ValueError, match="missing"):
        make_shown(Stored(), picture())
    shown = make_shown(Stored(), picture(), lq=picture(seed=4))
    np.testing.assert_array_equal(to_u8(shown.lq), picture(seed=4))


@pytest.mark.parametrize(
    ("inputs", "scale", "channels"),
    [
        (Stored(scale=4), 4, 3),
        (Stored(gray=True), 1, 1),
        (Bicubic(scale=3), 3, 3),
        (LumaBicubic(scale=2), 2, 1),
        (GaussianNoise(sigma=15), 1, 3),
        (GaussianNoise(sigma=15, gray=True), 1, 1),
    ],
)
def test_scale_and_channels(inputs: Stored, scale: int, channels: int) -> None:
    assert (scale_of(inputs), channels_of(inputs)) == (scale, channels)
    assert inputs_choices(inputs)["kind"] == type(inputs).__name__


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Bicubic(scale=0), "scale 0: 1 to 16"),
        (lambda: Bicubic(scale=4, crop=6), "crop 6: a multiple of scale 4"),
        (lambda: LumaBicubic(scale=99), "scale 99"),
        (lambda: Stored(bits=12), "bits 12: 8 or 16"),
        (lambda: GaussianNoise(sigma=-3), "sigma -3: 0 to 255"),
    ],
)
def test_what_cannot_be_is_refused(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("scale", [2, 4])
def test_made_inputs_are_the_distributed_ones(testdata: Path, scale: int) -> None:
    for path in sorted((testdata / "set5" / "HR").iterdir()):
        stored = testdata / "set5" / "LR_bicubic" / f"X{scale}" / f"{path.stem}x{scale}.png"
        made = make_shown(Bicubic(scale=scale), read_stored(path))
        np.testing.assert_array_equal(to_u8(made.lq), read_stored(stored))


def test_white_is_one_at_either_depth() -> None:
    assert to_unit(np.full((1, 1, 3), 255, np.uint8)).max() == 1
    deep = np.array([[[0, 257, 65535]]], np.uint16)
    np.testing.assert_allclose(to_unit(deep), [[[0, 1 / 255, 1]]], atol=1e-7)
    np.testing.assert_array_equal(to_u8(deep), [[[0, 1, 255]]])
