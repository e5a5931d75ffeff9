"""Mosaics and demosaicing: against direct sums in float64, and on ragged canvases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from degrade.apply import apply_steps, apply_together
from degrade.operators.bayer import METHODS, PATTERNS, demosaic, mosaic

# Malvar, He and Cutler 2004, fig. 2, as printed there, times 8.
_GREEN = np.array(
    [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
)
_ROW = np.array(
    [[0, 0, 1, 0, 0], [0, -2, 0, -2, 0], [-2, 8, 10, 8, -2], [0, -2, 0, -2, 0], [0, 0, 1, 0, 0]]
) / 2  # fmt: skip
_CORNER = np.array(
    [[0, 0, -3, 0, 0], [0, 4, 0, 4, 0], [-3, 0, 12, 0, -3], [0, 4, 0, 4, 0], [0, 0, -3, 0, 0]]
) / 2  # fmt: skip


def reference(picture: NDArray[np.float64], pattern: str, method: str) -> NDArray[np.float64]:
    """[3,H,W], pixel by pixel."""
    _, height, width = picture.shape
    cfa = np.empty((height, width), int)
    for y in range(height):
        for x in range(width):
            cfa[y, x] = "rgb".index(pattern[2 * (y % 2) + x % 2])
    plane = np.take_along_axis(picture, cfa[None], 0)[0]
    padded, colors = (np.pad(p, 2, mode="reflect") for p in (plane, cfa))
    out = np.empty_like(picture)
    for y in range(height):
        for x in range(width):
            near, seen = colors[y : y + 5, x : x + 5], padded[y : y + 5, x : x + 5]
            for c in range(3):
                if cfa[y, x] == c:
                    out[c, y, x] = plane[y, x]
                elif method == "bilinear":
                    middle = near[1:4, 1:4] == c
                    out[c, y, x] = seen[1:4, 1:4][middle].mean()
                elif c == 1:
                    out[c, y, x] = (seen * _GREEN).sum() / 8
                elif cfa[y, x] != 1:
                    out[c, y, x] = (seen * _CORNER).sum() / 8
                else:
                    kernel = _ROW if near[2, 1] == c else _ROW.T
                    out[c, y, x] = (seen * kernel).sum() / 8
    return out


def picture(height: int, width: int, *, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((3, height, width)))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("method", METHODS)
def test_demosaic_is_the_published_sum(pattern: str, method: str) -> None:
    image = picture(7, 10)
    step = {"operator": "demosaic", "pattern": pattern, "method": method, "padding": "reflect"}
    made = apply_steps([image], [[step]])[0]
    np.testing.assert_allclose(made, reference(image.numpy(), pattern, method), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(PATTERNS), st.sampled_from(METHODS), st.integers(3, 9), st.integers(3, 9))
def test_demosaic_keeps_constants_and_reads_one_color(
    pattern: str, method: str, height: int, width: int
) -> None:
    step = {"operator": "demosaic", "pattern": pattern, "method": method, "padding": "reflect"}
    grey = torch.full((3, height, width), 0.3, dtype=torch.float64)
    assert torch.allclose(apply_steps([grey], [[step]])[0], grey, atol=1e-12)
    image = picture(height, width)
    cut = mosaic(image[None], pattern=(pattern,))[0]
    full, less = (apply_steps([one], [[step]])[0] for one in (image, cut))
    assert torch.equal(full, less)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_mosaic_keeps_one_color_a_pixel(pattern: str) -> None:
    image = picture(5, 4) + 0.1
    kept = mosaic(image[None], pattern=(pattern,))[0] > 0
    assert (kept.sum(0) == 1).all()
    assert "".join("rgb"[int(kept[:, i // 2, i % 2].int().argmax())] for i in range(4)) == pattern


def test_linear_ramps_come_back() -> None:
    """Bilinear interpolation is exact on planes of constant slope, inside the edge."""
    y, x = np.mgrid[:8, :9]
    ramp = torch.from_numpy(np.stack([y + 2 * x, 3 * x - y, y * 1.0])).double()
    made = demosaic(ramp[None], pattern=("grbg",), method=("bilinear",))
    assert torch.allclose(made[0], ramp[:, 1:-1, 1:-1], atol=1e-12)


def test_together_is_one_by_one() -> None:
    images = [picture(6, 9, seed=1), picture(8, 5, seed=2), picture(7, 7, seed=3)]
    images = [image.float() for image in images]
    steps = [
        [
            {"operator": "mosaic", "pattern": pattern},
            {"operator": "demosaic", "pattern": pattern, "method": method, "padding": "reflect"},
        ]
        for pattern, method in zip(PATTERNS, ("bilinear", "malvar", "malvar"), strict=False)
    ]
    alone, together = apply_steps(images, steps), apply_together(images, steps)
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("method", METHODS)
def test_gradients(method: str) -> None:
    images = torch.stack([picture(5, 6), picture(5, 6, seed=1)]).requires_grad_()
    patterns = ("gbrg", "rggb")
    assert torch.autograd.gradcheck(lambda x: mosaic(x, pattern=patterns), images, fast_mode=True)
    assert torch.autograd.gradcheck(
        lambda x: demosaic(x, pattern=patterns, method=(method, "bilinear")), images, fast_mode=True
    )
