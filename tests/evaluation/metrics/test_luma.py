"""Luma: every 8-bit colour, by whole numbers and by the formula as it is printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.metrics.luma import luma_float, luma_rounded

LEVELS = np.arange(256, dtype=np.uint8)


def colours(red: int) -> NDArray[np.uint8]:
    """All 65,536 colours with this red: [256,256,3]."""
    green, blue = np.meshgrid(LEVELS, LEVELS, indexing="ij")
    return np.stack([np.full_like(green, red), green, blue], axis=-1)


def thousandths(rgb: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(Y - 16) * 255,000 in whole numbers."""
    red, green, blue = (rgb[..., c].astype(np.int64) for c in range(3))
    return 65481 * red + 128553 * green + 24966 * blue


def test_all_colours() -> None:
    ties = 0
    for level in range(256):
        rgb = colours(level)
        parts = thousandths(rgb)
        whole, rest = np.divmod(parts, 255000)
        want = 16 + whole + (rest >= 127500)  # half away from zero
        ties += int((rest == 127500).sum())
        assert np.array_equal(luma_rounded(rgb), want)
        red, green, blue = (rgb[..., c].astype(np.float64) for c in range(3))
        exact = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
        assert np.array_equal(luma_float(rgb), exact), "not the formula's own order"
        assert np.abs(exact - 16 - parts / 255000).max() < 1e-12
    assert ties == 194, "what luma_rounded's docstring says"


def test_ends_and_known_levels() -> None:
    # black, white, and the primaries of BT.601 in 16 ... 235: 81.481, 144.553, 40.966
    rgb = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert luma_rounded(rgb).tolist() == [[16, 235, 81, 145, 41]]
    assert luma_float(rgb)[0].tolist() == pytest.approx([16, 235, 81.481, 144.553, 40.966])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_taken_as_they_are(dtype: type[np.floating[Any]]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    assert np.array_equal(luma_float(rgb.astype(dtype)), luma_float(rgb))
    beyond = np.array([[[-5.5, 300.25, 12.5]]], dtype)  # not clipped
    assert luma_float(beyond)[0, 0] == pytest.approx(
        16 + (65.481 * -5.5 + 128.553 * 300.25 + 24.966 * 12.5) / 255, abs=1e-9
    )


def test_views_and_swapped_channels() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    view, copy = rgb[3:-4, 2:-5, ::-1], rgb[3:-4, 2:-5, ::-1].copy()
    for made in (luma_float, luma_rounded):
        assert np.array_equal(made(view), made(copy))
        assert not np.array_equal(made(view), made(view[..., ::-1])), "blind to the channels' order"


@pytest.mark.parametrize("made", [luma_float, luma_rounded])
@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 4), (0, 4, 3)])
def test_other_shapes_are_refused(made: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"three channels.*\[H,W,3\], got uint8 of shape"):
        made(np.zeros(shape, np.uint8))


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="float64 samples; allowed: uint8; round"):
        luma_rounded(np.zeros((2, 2, 3)))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="uint16 samples; allowed: uint8 or float"):
        luma_float(np.zeros((2, 2, 3), np.uint16))
