"""The pyramid of MSEC's release: identity, its double blur, its edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from baselines.networks.msec.laplacian_pyramid import (
    FILTER,
    enlarge,
    gaussian_pyramid,
    laplacian_pyramid,
    reduce,
)

FLAT = np.outer(FILTER, FILTER)


def rebuilt(pyramid: list[torch.Tensor]) -> torch.Tensor:
    """The picture of a Laplacian pyramid."""
    made = pyramid[-1]
    for level in reversed(pyramid[:-1]):
        made = level + enlarge(made, size=level.shape[2:])
    return made


def picture(height: int, width: int) -> torch.Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("size", [(64, 64), (37, 50), (61, 33)])
def test_a_pyramid_is_its_picture(size: tuple[int, int]) -> None:
    whole = picture(*size)
    levels = laplacian_pyramid(whole, levels=4)
    assert levels[1].shape[2:] == (-(-size[0] // 2), -(-size[1] // 2))
    torch.testing.assert_close(rebuilt(levels), whole, atol=1e-6, rtol=0)
    assert not torch.allclose(levels[0], whole, atol=0.1)


@pytest.mark.parametrize("size", [(16, 20), (13, 9)])
def test_reduce_runs_the_flat_filter_twice(size: tuple[int, int]) -> None:
    """imfilter(..., 'symmetric'), whose mirror SciPy calls 'reflect', twice; then every second."""
    whole = picture(*size)
    plane = whole[1, 2].numpy().astype(np.float64)
    for _ in range(2):
        plane = correlate(plane, FLAT, mode="reflect")
    np.testing.assert_allclose(reduce(whole)[1, 2], plane[::2, ::2], atol=1e-6)


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (1, 1)])
def test_enlarge_runs_it_twice_within_one_repeated_pixel(odd: tuple[int, int]) -> None:
    """upsample_.m: one pixel of edge repeated, zeros between and beyond, two filters, cut."""
    small = picture(7, 5)
    plane = np.pad(small[0, 1].numpy().astype(np.float64), 1, mode="edge")
    spread = np.zeros((2 * plane.shape[0], 2 * plane.shape[1]))
    spread[::2, ::2] = 4 * plane
    for _ in range(2):
        spread = correlate(spread, FLAT, mode="constant")
    size = (14 - odd[0], 10 - odd[1])
    found = enlarge(small, size=size)
    np.testing.assert_allclose(found[0, 1], spread[2 : 2 + size[0], 2 : 2 + size[1]], atol=1e-6)


def test_a_flat_picture_stays_flat_inside() -> None:
    flat = torch.full((1, 3, 64, 64), 0.7)
    assert [tuple(one.shape[2:]) for one in gaussian_pyramid(flat, levels=3)] == [
        (64, 64), (32, 32), (16, 16),
    ]  # fmt: skip
    torch.testing.assert_close(reduce(flat), flat[:, :, ::2, ::2])
    inside = laplacian_pyramid(flat, levels=2)[0][:, :, 4:-4, 4:-4]
    torch.testing.assert_close(inside, torch.zeros_like(inside), atol=1e-6, rtol=0)


def test_too_small_a_level_is_refused() -> None:
    with pytest.raises(ValueError, match="take fewer levels"):
        gaussian_pyramid(picture(8, 8), levels=4)
