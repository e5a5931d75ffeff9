"""From a model's output to what is scored."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.metrics.luma import luma_float, luma_rounded
from evaluation.protocol import Protocol
from evaluation.runs.judge import judge, model_input, takes_luma

RNG = np.random.default_rng(3)
TARGET = RNG.integers(0, 256, (20, 24, 3), np.uint8)
OUTPUT = RNG.normal(0.5, 0.4, (20, 24, 3)).astype(np.float32)  # leaves [0,1] at both ends
LQ = OUTPUT


def test_eight_bits_are_clipped_and_rounded_half_to_even() -> None:
    seen = judge(OUTPUT, TARGET, lq=LQ, protocol=Protocol())
    np.testing.assert_array_equal(seen.output, np.rint(np.clip(OUTPUT, 0, 1) * 255))
    assert seen.output.dtype == np.uint8 and seen.pair[2] == 255
    deep = judge(OUTPUT, TARGET.astype(np.uint16) * 257, lq=LQ, protocol=Protocol())
    np.testing.assert_array_equal(deep.target, TARGET)


def test_floats_are_clipped_and_not_rounded() -> None:
    seen = judge(OUTPUT, TARGET, lq=LQ, protocol=Protocol(output="float"))
    output, target, peak = seen.pair
    np.testing.assert_array_equal(output, np.clip(OUTPUT, 0, 1))
    np.testing.assert_allclose(target, TARGET / 255, atol=1e-7)
    assert peak == 1


@pytest.mark.parametrize("output", ["u8", "float"])
def test_luma_and_border(output: str) -> None:
    for channel in ("y-float", "y-round"):
        protocol = Protocol(channel=channel, border=3, output=output)
        got, want, peak = judge(OUTPUT, TARGET, lq=LQ, protocol=protocol).pair
        assert got.shape == want.shape == (14, 18) and peak == 255
        inner = TARGET[3:-3, 3:-3]
        exact = luma_float(inner) if channel == "y-float" else luma_rounded(inner)
        np.testing.assert_allclose(want, exact, atol=1e-4)
        assert got.max() <= 235.5 and got.min() >= 15.5


def test_gray_is_scored_as_it_is_beside_luma() -> None:
    gray = (np.clip(OUTPUT[..., :1], 0, 1) * 219 + 16) / 255
    for output in ("u8", "float"):
        protocol = Protocol(channel="y-float", output=output)
        got, _, _ = judge(gray, TARGET, lq=LQ, protocol=protocol).pair
        np.testing.assert_allclose(got, gray[..., 0] * 255, atol=0.51 if output == "u8" else 1e-3)


def test_gt_mean_gives_the_output_the_targets_brightness() -> None:
    dark = (TARGET / 255.0 / 4).astype(np.float32)
    protocol = Protocol(output="float", brightness="gt-mean")
    output, target, _ = judge(dark, TARGET, lq=LQ, protocol=protocol).pair
    np.testing.assert_allclose(output, target, atol=1e-5)
    half_over = np.where(np.arange(24)[:, None] % 2, np.float32(1.5), dark[0, 0, 0])
    bright = judge(
        np.broadcast_to(half_over[None], (20, 24, 3)), TARGET, lq=LQ, protocol=protocol
    ).output  # what is above white counts as white before the means are taken
    gray = np.array([0.299, 0.587, 0.114])
    held = np.clip(half_over, 0, 1)
    gain = (TARGET / 255 @ gray).mean() / (np.broadcast_to(held, (24, 3)) @ gray).mean()
    np.testing.assert_allclose(bright[0], np.clip(held * gain, 0, 1) * np.ones(3), atol=1e-5)
    with pytest.raises(ValueError, match="no targets"):
        judge(dark, None, lq=LQ, protocol=protocol)


def test_what_cannot_be_scored_is_said() -> None:
    with pytest.raises(ValueError, match="24x20, the target 24x19"):
        judge(OUTPUT, TARGET[:19], lq=LQ, protocol=Protocol())
    bad = OUTPUT.copy()
    bad[1, 2] = np.nan
    with pytest.raises(ValueError, match="3 values that are NaN or infinite"):
        judge(bad, TARGET, lq=LQ, protocol=Protocol())
    with pytest.raises(ValueError, match="reaches 255, where 1 is white"):
        judge(np.full((20, 24, 3), 255.0), TARGET, lq=LQ, protocol=Protocol())
    with pytest.raises(ValueError, match="nothing inside a border of 10"):
        _ = judge(OUTPUT, TARGET, lq=LQ, protocol=Protocol(border=10)).pair


def test_a_luma_model_gets_luma_where_luma_is_scored() -> None:
    lq = TARGET.astype(np.float32) / 255
    protocol = Protocol(channel="y-float")
    given = model_input(lq, channels=(1,), protocol=protocol)
    np.testing.assert_allclose(given[..., 0] * 255, luma_float(TARGET), atol=1e-4)
    assert model_input(lq, channels=(3,), protocol=protocol) is lq
    assert model_input(lq, channels=(), protocol=protocol) is lq
    assert not takes_luma((1,), given=3, protocol=Protocol(channel="rgb"))
    assert not takes_luma((1, 3), given=3, protocol=protocol)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"channel": "Y"}, "protocol channel 'Y': one of rgb"),
        ({"ssim": "gauss"}, "protocol ssim 'gauss'"),
        ({"border": -1}, "protocol border -1"),
        ({"alignment": "ecc"}, "takes channel rgb and ssim skimage-gauss"),
    ],
)
def test_a_protocol_of_unknown_choices_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Protocol(**wrong)
