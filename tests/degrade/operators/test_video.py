"""Video codecs on a picture; all but the last tests skip without PyAV."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from degrade.apply import apply_steps, apply_together
from degrade.operators.video import CODECS, picture_to_i420, video_codec


def _scene(height: int = 50, width: int = 70, channels: int = 3) -> NDArray[np.float32]:
    y, x = np.mgrid[:height, :width]
    planes = [0.5 + 0.4 * np.sin(x / (3.0 + c) + y / (5.0 - c)) for c in range(channels)]
    return np.stack(planes).astype(np.float32)


def _coded(picture: NDArray[np.float32], codec: str, **other: int) -> NDArray[np.float32]:
    pytest.importorskip("av", reason="PyAV is an extra: pairsmith[video]")
    values = {"quality": 20, "bitrate": 0, "frames": 3} | other
    return video_codec(picture, codec=codec, **values)


def _error(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


@pytest.mark.parametrize("codec", CODECS)
def test_better_quality_is_nearer_and_runs_repeat(codec: str) -> None:
    picture = _scene()
    made = [_coded(picture, codec, quality=q) for q in (2, CODECS[codec].worst)]
    errors = [_error(one, picture) for one in made]
    assert 0.0 < errors[0] < 0.03 < errors[1] / 1.1 < 0.5
    assert made[0].shape == picture.shape
    assert made[0].dtype == np.float32
    assert made[0].tobytes() == _coded(picture, codec, quality=2).tobytes()


@pytest.mark.parametrize("codec", CODECS)
def test_a_lower_rate_is_worse_and_quality_then_says_nothing(codec: str) -> None:
    noise = np.random.default_rng(0).uniform(0.2, 0.8, (128, 128)).astype(np.float32)
    picture = np.stack([noise] * 3)  # grey: the loss of 4:2:0 does not hide that of the rate
    low, high = (_coded(picture, codec, bitrate=rate) for rate in (1_000, 3_000_000))
    assert _error(low, picture) > 1.2 * _error(high, picture)
    np.testing.assert_array_equal(low, _coded(picture, codec, bitrate=1_000, quality=5))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (65, 66)])
def test_any_size_and_one_channel(codec: str, size: tuple[int, int]) -> None:
    picture = np.full((1, *size), 0.4, np.float32)
    np.testing.assert_allclose(_coded(picture, codec, quality=8), picture, atol=0.02)


def test_colours_keep_their_places() -> None:
    picture = np.zeros((3, 64, 80), np.float32)
    picture[0], picture[1], picture[2] = 0.8, 0.3, 0.1
    picture[:, :, 40:] = picture[::-1, :, 40:]
    made = _coded(picture, "h264", quality=1)
    away = np.abs(made - picture)
    away[:, :, 38:42] = 0.0  # chroma is interpolated over the edge
    assert away.max() < 0.03


def test_codes_are_those_of_the_video_range() -> None:
    """White 235, 128, 128; pure blue has the largest Cb, 240; BT.601-7, 2.5.3."""
    white, blue = np.ones((3, 2, 4)), np.zeros((3, 2, 4))
    blue[2] = 1.0
    np.testing.assert_array_equal(picture_to_i420(white), [[235] * 4, [235] * 4, [128] * 4])
    np.testing.assert_array_equal(picture_to_i420(blue), [[41] * 4] * 2 + [[240, 240, 110, 110]])


def test_later_pictures_are_predicted() -> None:
    picture = _scene()
    alone, third = (_coded(picture, "mpeg2", quality=20, frames=n) for n in (1, 3))
    assert _error(alone, third) > 1e-3


def test_a_ragged_canvas_changes_nothing() -> None:
    pytest.importorskip("av", reason="PyAV is an extra: pairsmith[video]")
    pictures = [torch.from_numpy(_scene(h, w)) for h, w in ((20, 33), (41, 16))]
    steps = [
        [{"operator": "video_codec", "codec": codec, "quality": 25, "bitrate": 0, "frames": 2}]
        for codec in ("h264", "mpeg2")
    ]
    for one, other in zip(
        apply_steps(pictures, steps), apply_together(pictures, steps), strict=True
    ):
        assert torch.equal(one, other)


def test_errors_say_what_is_allowed() -> None:
    picture = _scene()
    with pytest.raises(ValueError, match="quality is 52; h264 takes 1 to 51"):
        video_codec(picture, codec="h264", quality=52, bitrate=0, frames=1)
    with pytest.raises(ValueError, match="1 or 3 channels, got 2"):
        video_codec(picture[:2], codec="h264", quality=20, bitrate=0, frames=1)
    with pytest.raises(ValueError, match="bitrate is 999 bit/s; allowed are 1000"):
        video_codec(picture, codec="h264", quality=20, bitrate=999, frames=1)
    with pytest.raises(ValueError, match="sides up to 4080 px, got 4081x1"):
        video_codec(np.zeros((3, 1, 4081), np.float32), codec="vp9", quality=9, bitrate=0, frames=1)


def test_without_pyav_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"pip install 'pairsmith\[video\]'"):
        video_codec(_scene(), codec="h264", quality=20, bitrate=0, frames=1)


def test_without_the_encoder_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av", reason="PyAV is an extra: pairsmith[video]")
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    with pytest.raises(ImportError, match=r"encoder libx265.*pairsmith\[video\]"):
        video_codec(_scene(), codec="hevc", quality=20, bitrate=0, frames=1)
