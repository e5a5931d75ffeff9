"""Guided upsampling: the fast solver beside the reference, maps recovered, edges kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage import data
from torch import Tensor

from baselines.guided_upsampling.banded import BLOCK, empty_rows, solve_banded
from baselines.guided_upsampling.fit import fit_grid
from baselines.guided_upsampling.grid import LUMA, GridShape
from baselines.guided_upsampling.reference import reference_fit, reference_slice
from baselines.guided_upsampling.slicing import slice_grid, slice_torch
from baselines.guided_upsampling.upsampling import guided_upsample
from degrade.resize import resize_matlab

Planes = NDArray[np.float64]
SMALL = GridShape(height=5, width=7, depth=4)


def photograph(height: int, width: int) -> Planes:
    """[3,h,w], a real one; the bicubic kernel overshoots [0,1] a little."""
    whole: NDArray[Any] = data.astronaut()[:400] / 255.0
    small = resize_matlab(whole, size=(height, width), reading="matlab-bicubic-double")
    return np.ascontiguousarray(small.transpose(2, 0, 1))


def tensor(planes: Planes) -> Tensor:
    return torch.from_numpy(planes.astype(np.float32))[None]


def developed(planes: Planes) -> Planes:
    """A retouch that is no affine map: a curve, stronger on the left."""
    side = np.linspace(0.5, 1.0, planes.shape[2])
    return planes.clip(0, 1) ** side * np.array([1.0, 0.9, 1.1])[:, None, None]


@pytest.mark.parametrize(
    ("shape", "size"), [(SMALL, (61, 50)), (GridShape(height=2, width=3, depth=2), (20, 33))]
)
def test_fit_and_slice_equal_the_reference(shape: GridShape, size: tuple[int, int]) -> None:
    small, whole = photograph(*size), photograph(123, 97).clip(0, 1)
    ours = fit_grid(small, output=developed(small), shape=shape)
    theirs = reference_fit(small, output=developed(small), shape=shape)
    wanted = reference_slice(theirs, picture=whole)
    assert np.abs(reference_slice(ours, picture=whole) - wanted).max() < 2e-5
    assert np.abs(slice_grid(ours, picture=tensor(whole))[0].numpy() - wanted).max() < 2e-5
    assert np.abs(slice_torch(ours, picture=tensor(whole))[0].numpy() - wanted).max() < 2e-5


def test_constants_are_the_releases() -> None:
    """22x22x8 nodes on 200x100 pixels: cells of 100/11 x 50/11 pixels, 1/8 of luma."""
    down, across, along = GridShape().smoothness((200, 100))
    assert (down, across) == pytest.approx((0.5 / 8, 2.0 / 8))
    assert along == pytest.approx(4e-7 * (100 / 11) * (50 / 11) * 64)
    assert LUMA == (0.25, 0.5, 0.25)


def test_luma_outside_the_grid_is_left_out_as_in_the_reference() -> None:
    small = photograph(40, 44) * 1.3 - 0.15
    assert small.min() < -0.1 and small.max() > 1.1
    ours = fit_grid(small, output=small**2, shape=SMALL)
    theirs = reference_fit(small, output=small**2, shape=SMALL)
    assert np.abs(ours - theirs).max() < 1e-3 * np.abs(theirs).max()


def test_msecs_grid_equals_the_reference() -> None:
    small = photograph(200, 200)
    ours = fit_grid(small, output=developed(small))
    again = fit_grid(small, output=developed(small))
    assert ours.shape == (22, 22, 8, 4, 3) and np.array_equal(ours, again)
    # the normal equations hold: any other grid fits and is smooth less well
    whole = photograph(211, 307).clip(0, 1)
    close = slice_grid(ours, picture=tensor(whole))[0].numpy()
    assert np.abs(close - developed(whole)).mean() < 0.01


@pytest.mark.parametrize("size", [(301, 257), (64, 999), (1, 1)])
def test_a_colour_map_is_recovered(size: tuple[int, int]) -> None:
    colours = np.array([[0.8, 0.2, -0.1], [0.1, 1.3, 0.0], [-0.2, 0.1, 0.6]])
    offset = np.array([0.1, -0.05, 0.02])[:, None, None]
    small, whole = photograph(80, 90).clip(0, 1), photograph(*size).clip(0, 1)

    def mapped(planes: Planes) -> Planes:
        return np.tensordot(colours, planes, 1) + offset

    found = guided_upsample(tensor(small), output=tensor(mapped(small)), picture=tensor(whole),
                            shape=SMALL)  # fmt: skip
    assert found.shape == (1, 3, *size)
    assert np.abs(found[0].numpy() - mapped(whole)).max() < 1e-4


def test_edges_are_kept() -> None:
    """Dark and bright halves are changed in opposite ways; the edge stays one pixel wide."""

    def halves(height: int, width: int) -> Planes:
        made = np.full((3, height, width), 0.2)
        made[:, :, width // 2 :] = 0.8
        grain = np.random.default_rng(4).uniform(-0.05, 0.05, (3, height, width))
        return made + grain

    small, whole = halves(100, 100), halves(400, 400)
    output = np.where(small < 0.5, small + 0.3, small - 0.1)
    found = guided_upsample(tensor(small), output=tensor(output), picture=tensor(whole))
    wanted = np.where(whole < 0.5, whole + 0.3, whole - 0.1)
    assert np.abs(found[0].numpy() - wanted).max() < 0.01


def test_a_gray_picture_has_an_answer() -> None:
    small, whole = (photograph(*size)[:1].repeat(3, 0).clip(0, 1) for size in ((50, 50), (90, 70)))
    found = guided_upsample(
        tensor(small), output=tensor(small * 0.5 + 0.2), picture=tensor(whole), shape=SMALL
    )
    assert np.abs(found[0].numpy() - (whole * 0.5 + 0.2)).max() < 1e-4
    black = torch.zeros(1, 3, 30, 30)
    found = guided_upsample(black, output=black + 0.25, picture=black, shape=SMALL)
    torch.testing.assert_close(found, black + 0.25, atol=1e-4, rtol=0)


def test_luma_beyond_the_range_and_nan_stay_in_the_grid() -> None:
    small = photograph(40, 40).clip(0, 1)
    grid = fit_grid(small, output=small, shape=SMALL)
    odd = torch.tensor([-3.0, 7.0, float("nan"), 0.5]).expand(1, 3, 70, 4).contiguous()
    found = slice_grid(grid, picture=odd)
    assert torch.isnan(found[..., 2]).all() and torch.isfinite(found[..., [0, 1, 3]]).all()
    torch.testing.assert_close(found[..., 3], odd[..., 3], atol=1e-4, rtol=0)


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = fit_grid(photograph(40, 40), output=developed(photograph(40, 40)), shape=SMALL)
    whole = tensor(photograph(150, 40)).repeat(2, 1, 1, 1)
    at_once = slice_torch(grid, picture=whole)
    monkeypatch.setattr("baselines.guided_upsampling.slicing._AT_ONCE", 1000)
    torch.testing.assert_close(slice_torch(grid, picture=whole), at_once, atol=1e-6, rtol=0)
    torch.testing.assert_close(slice_grid(grid, picture=whole), at_once, atol=1e-5, rtol=0)


def test_banded_systems_of_any_size() -> None:
    draws = np.random.default_rng(2)
    for count, reach in ((3, 2), (BLOCK, 5), (300, 140), (401, 260)):
        distance = np.subtract.outer(np.arange(count), np.arange(count))
        matrix = np.where(abs(distance) <= reach, draws.normal(size=(count, count)), 0)
        matrix = matrix + matrix.T + 4 * reach * np.eye(count)
        rows = empty_rows(count, reach=reach)
        for j, i in zip(*np.nonzero(np.triu(matrix)), strict=True):
            rows[j, i - j + j % BLOCK] = matrix[j, i]
        right = draws.normal(size=(count, 3))
        np.testing.assert_allclose(matrix @ solve_banded(rows, right), right, atol=1e-9)
    with pytest.raises(ValueError, match="not positive definite"):
        solve_banded(-empty_rows(3, reach=1), np.ones((3, 1)))


def test_faults_are_named() -> None:
    small = photograph(20, 20)
    with pytest.raises(ValueError, match="two or more along each axis"):
        GridShape(depth=1)
    with pytest.raises(ValueError, match="of one size"):
        fit_grid(small, output=small[:, 1:])
    with pytest.raises(ValueError, match="output holds NaN"):
        fit_grid(small, output=small * np.nan)
    with pytest.raises(ValueError, match="one picture"):
        guided_upsample(
            tensor(small), output=tensor(small), picture=tensor(small).repeat(2, 1, 1, 1)
        )


def test_smoothness_of_msecs_grid_is_bgu_s() -> None:
    """bguFit.m for 22x22x8 cells on 200x200: cells are 200/22 pixels and 1/8 of luma."""
    cell = 200 / 22
    wanted = (1 / 8, 1 / 8, 4e-7 * cell * cell * 8 * 8)
    assert GridShape(height=22, width=22, depth=8).smoothness((200, 200)) == pytest.approx(
        wanted, rel=1e-12
    )
