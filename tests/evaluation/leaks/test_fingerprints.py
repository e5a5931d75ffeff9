"""evaluation.leaks.fingerprints: what stays where light, size and hand change, and the index."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from evaluation.leaks import fingerprints
from evaluation.leaks.fingerprints import (
    FeatureIndex,
    Fingerprint,
    luma_of,
    matched,
    mirrored,
    take_fingerprint,
    without_light,
)

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def coffee() -> Picture:
    return skimage.data.coffee()


def _close(a: Fingerprint, b: Fingerprint) -> float:
    return float(a.whole @ b.whole)


def test_mirrored_is_the_fingerprint_of_the_mirrored_picture(coffee: Picture) -> None:
    ours = mirrored(take_fingerprint(coffee))
    theirs = take_fingerprint(np.ascontiguousarray(coffee[:, ::-1]))
    assert _close(ours, theirs) > 0.999
    assert np.abs(ours.thumb.astype(int) - theirs.thumb).max() <= 1
    a, b = matched(ours, theirs)
    # half a pixel of the copy that features are taken of; a few features lie on a tie
    off = np.abs(a[:, :3] - b[:, :3]).max(axis=1) * fingerprints.LONG_SIDE
    assert len(a) > 200 and np.mean(off < 0.25) > 0.95
    turned = np.angle(np.exp(1j * (a[:, 3] - b[:, 3])))
    assert np.mean(np.abs(turned) < 0.02) > 0.95
    again = mirrored(ours)
    np.testing.assert_array_equal(again.descriptors, take_fingerprint(coffee).descriptors)


def test_types_of_one_picture_agree(coffee: Picture) -> None:
    first = take_fingerprint(coffee)
    for other in (coffee.astype(np.uint16) * 257, coffee / np.float32(255), coffee / 255.0):
        assert _close(first, take_fingerprint(other)) > 0.9999
        assert take_fingerprint(other).pixels != first.pixels, "samples of another type"
    gray = cv2.cvtColor(coffee, cv2.COLOR_RGB2GRAY)[..., None]
    assert _close(first, take_fingerprint(gray)) > 0.999
    four = np.concatenate([coffee, gray], axis=2)
    assert take_fingerprint(four).size == coffee.shape[:2]


def test_is_deterministic(coffee: Picture) -> None:
    a, b = take_fingerprint(coffee), take_fingerprint(coffee.copy())
    np.testing.assert_array_equal(a.points, b.points)
    np.testing.assert_array_equal(a.descriptors, b.descriptors)
    assert a.pixels == b.pixels and (a.low, a.high) == (b.low, b.high)


def test_is_bounded(coffee: Picture) -> None:
    large = np.tile(coffee, (4, 4, 1))
    one = take_fingerprint(large)
    assert max(one.thumb.shape) == fingerprints.THUMB_SIDE
    assert len(one.points) == len(one.descriptors) == fingerprints.FEATURES
    assert one.points[:, :2].min() >= 0.0 and one.points[:, :2].max() <= 1.0


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (5, 900), (33, 33)])
@pytest.mark.parametrize("level", [0, 7, 255])
def test_flat_pictures_of_any_size_have_nothing(size: tuple[int, int], level: int) -> None:
    one = take_fingerprint(np.full((*size, 3), level, np.uint8))
    assert one.flat and not one.whole.any() and not len(one.points)
    assert one.size == size


def test_slopes_are_flat_and_gain_and_offset_fall_out(coffee: Picture) -> None:
    across = np.repeat(np.linspace(0.1, 0.9, 120, dtype=np.float32)[None], 80, axis=0)
    detail, level = without_light(across)
    assert level < fingerprints.FLAT / 10 and np.abs(detail).max() < 0.2, "rounding of float32"
    luma = luma_of(coffee)[::4, ::4]
    plain, _ = without_light(luma)
    changed, _ = without_light((0.5 * luma + 0.3).astype(np.float32))
    assert np.abs(plain - changed).max() < 0.01


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4), np.uint8), r"\[H,W,C\], got \[4, 4\]"),
        (np.zeros((0, 4, 3), np.uint8), r"\[0, 4, 3\]"),
        (np.full((4, 4, 3), np.nan, np.float32), "NaN"),
    ],
)
def test_refuses(picture: NDArray[np.generic], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        take_fingerprint(picture)


def test_index_names_the_crops_picture_first(coffee: Picture) -> None:
    pictures = [coffee, skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.rocket()]
    index = FeatureIndex([take_fingerprint(picture) for picture in pictures])
    for place, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        crop = picture[
            height // 5 : height // 5 + height // 2, width // 3 : width // 3 + width // 2
        ]
        votes = index.votes(take_fingerprint(np.ascontiguousarray(crop)))
        assert votes.argmax() == place
        assert votes[place] > 2 * np.sort(votes)[-2]


def test_index_of_nothing() -> None:
    flat = take_fingerprint(np.zeros((64, 64, 3), np.uint8))
    assert FeatureIndex([]).votes(flat).shape == (0,)
    assert FeatureIndex([flat, flat]).votes(flat).tolist() == [0, 0]
