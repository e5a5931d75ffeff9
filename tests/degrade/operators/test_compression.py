"""The real codecs: what they keep, what they refuse, and that they repeat."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from degrade.apply import apply_steps, apply_together
from degrade.operators.compression import JPEG_SUBSAMPLINGS, from_bytes, jpeg, to_bytes, webp


def _scene(height: int = 48, width: int = 61, channels: int = 3) -> NDArray[np.float32]:
    """Coloured waves with a hard edge."""
    y, x = np.mgrid[:height, :width]
    planes = [0.5 + 0.4 * np.sin(x / (3.0 + c) + y / (5.0 - c)) for c in range(channels)]
    picture = np.stack(planes).astype(np.float32)
    picture[0, :, width // 2 :] *= 0.3
    return picture


def _error(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def test_bytes_are_rounded_half_up_and_clipped() -> None:
    values = np.array([-0.5, 0.0, 0.5, 1.0, 1.5, 0.49 / 255, 0.51 / 255], np.float32)
    codes = to_bytes(values.reshape(1, 1, -1))
    assert codes[0, :, 0].tolist() == [0, 0, 128, 255, 255, 0, 1]
    np.testing.assert_array_equal(to_bytes(from_bytes(codes)), codes)


@pytest.mark.parametrize("subsampling", JPEG_SUBSAMPLINGS)
def test_jpeg_equals_pillow(subsampling: str) -> None:
    """Two bindings of one library: at most 1 level apart, should their builds differ."""
    picture = _scene()
    stream = io.BytesIO()
    name = ":".join(subsampling)
    Image.fromarray(to_bytes(picture)).save(stream, "JPEG", quality=37, subsampling=name)
    theirs = from_bytes(np.asarray(Image.open(stream)))
    made = jpeg(picture, quality=37, subsampling=subsampling)
    assert np.abs(made - theirs).max() <= 1.001 / 255
    others = [s for s in JPEG_SUBSAMPLINGS if s != subsampling]
    assert all(np.abs(jpeg(picture, quality=37, subsampling=s) - theirs).max() > 0.02
               for s in others)  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
def test_better_quality_is_nearer_and_runs_repeat(channels: int) -> None:
    picture = _scene(channels=channels)
    for code in (lambda q: jpeg(picture, quality=q, subsampling="420"),
                 lambda q: webp(picture, quality=q)):  # fmt: skip
        made = [code(q) for q in (5, 40, 95)]
        errors = [_error(one, picture) for one in made]
        assert errors == sorted(errors, reverse=True)
        assert errors[0] > 1.5 * errors[2]
        assert all(one.shape == picture.shape and one.dtype == np.float32 for one in made)
        assert made[1].tobytes() == code(40).tobytes()


def test_colours_keep_their_places() -> None:
    picture = np.zeros((3, 32, 32), np.float32)
    picture[0], picture[1] = 0.9, 0.2
    for made in (jpeg(picture, quality=95, subsampling="420"), webp(picture, quality=95)):
        np.testing.assert_allclose(made, picture, atol=0.03)


def test_entry_is_clipped() -> None:
    picture = _scene() * 3.0 - 1.0
    clipped = np.clip(picture, 0.0, 1.0)
    for code in (lambda p: jpeg(p, quality=80, subsampling="422"), lambda p: webp(p, quality=80)):
        np.testing.assert_array_equal(code(picture), code(clipped))


def test_errors_name_codec_and_bound() -> None:
    with pytest.raises(ValueError, match="jpeg takes pictures of 1 or 3 channels, got 4"):
        jpeg(np.zeros((4, 8, 8), np.float32), quality=50, subsampling="420")
    with pytest.raises(ValueError, match="webp takes sides up to 16383 px, got 16384x1"):
        webp(np.zeros((1, 1, 16384), np.float32), quality=50)


def test_a_ragged_canvas_changes_nothing() -> None:
    pictures = [torch.from_numpy(_scene(h, w)) for h, w in ((20, 33), (41, 16), (8, 50))]
    steps = [
        [
            {"operator": "jpeg", "quality": 30 + b, "subsampling": "420"},
            {"operator": "webp", "quality": 60 - b},
        ]
        for b in range(3)
    ]
    for one, other in zip(
        apply_steps(pictures, steps), apply_together(pictures, steps), strict=True
    ):
        assert torch.equal(one, other)
