"""Luma and chroma, shifted and subsampled."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.operators.chroma import (
    SUBSAMPLINGS,
    chroma_shift,
    chroma_subsample,
    rgb_to_ycbcr,
    ycbcr_to_rgb,
)


def _picture(height: int, width: int, *, seed: int = 0, dtype: Any = torch.float64) -> Tensor:
    make = torch.Generator().manual_seed(seed)
    return torch.rand(3, height, width, generator=make, dtype=torch.float64).to(dtype)


def _shift(cb: tuple[float, float], cr: tuple[float, float]) -> list[dict[str, Any]]:
    return [
        {"operator": "chroma_shift", "cb_x": cb[0], "cb_y": cb[1], "cr_x": cr[0], "cr_y": cr[1],
         "padding": "replicate"}
    ]  # fmt: skip


def _subsampled(picture: Tensor, subsampling: str, enlarging: str) -> Tensor:
    step = {"operator": "chroma_subsample", "subsampling": subsampling, "enlarging": enlarging}
    return apply_steps([picture], [[step]])[0]


def test_planes_are_those_of_opencv() -> None:
    """OpenCV stores Y, Cr, Cb and adds 1/2; its constants have three digits."""
    picture = _picture(8, 9, dtype=torch.float32)
    theirs = cv2.cvtColor(picture.permute(1, 2, 0).contiguous().numpy(), cv2.COLOR_RGB2YCrCb)
    made = rgb_to_ycbcr(picture[None])[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(made[..., 0], theirs[..., 0], atol=1e-5)
    np.testing.assert_allclose(made[..., 1] + 0.5, theirs[..., 2], atol=1e-3)
    np.testing.assert_allclose(made[..., 2] + 0.5, theirs[..., 1], atol=1e-3)
    blue = rgb_to_ycbcr(torch.tensor([0.0, 0.0, 1.0])[None, :, None, None]).flatten()
    np.testing.assert_allclose(blue, [0.114, 0.5, -0.114 / 1.402], atol=1e-6)


def test_planes_come_back() -> None:
    picture = _picture(8, 9)[None]
    torch.testing.assert_close(ycbcr_to_rgb(rgb_to_ycbcr(picture)), picture, rtol=0, atol=1e-14)
    with pytest.raises(ValueError, match="3 channels, got 1"):
        rgb_to_ycbcr(picture[:, :1])


@settings(max_examples=20, deadline=None)
@given(
    cb=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    cr=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_planes_move_by_linear_interpolation(
    cb: tuple[float, float], cr: tuple[float, float]
) -> None:
    """On planes that are linear in x and y, interpolation is exact: C(y - dy, x - dx)."""
    y, x = torch.meshgrid(torch.arange(20.0), torch.arange(24.0), indexing="ij")
    luma = torch.sin(x * y)
    first, second = 0.01 * x + 0.002 * y, 0.003 * x - 0.01 * y
    picture = ycbcr_to_rgb(torch.stack([luma, first, second])[None].double())[0]
    made = rgb_to_ycbcr(apply_steps([picture], [_shift(cb, cr)])[0][None])[0]
    inner = np.s_[3:-3, 3:-3]
    expected = (
        luma,
        0.01 * (x - cb[0]) + 0.002 * (y - cb[1]),
        0.003 * (x - cr[0]) - 0.01 * (y - cr[1]),
    )
    for plane, wanted in zip(made, expected, strict=True):
        torch.testing.assert_close(plane[inner], wanted[inner].double(), rtol=0, atol=1e-6)


def test_no_shift_changes_nothing() -> None:
    picture = _picture(6, 7)
    made = apply_steps([picture], [_shift((0.0, 0.0), (0.0, 0.0))])[0]
    torch.testing.assert_close(made, picture, rtol=0, atol=1e-14)


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("size", [(8, 12), (7, 9), (1, 1)])
def test_nearest_is_the_mean_of_each_box(subsampling: str, size: tuple[int, int]) -> None:
    picture = _picture(*size)
    down, across = SUBSAMPLINGS[subsampling]
    before = rgb_to_ycbcr(picture[None])[0]
    after = rgb_to_ycbcr(_subsampled(picture, subsampling, "nearest")[None])[0]
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=1e-13)
    padded = np.pad(before[1].numpy(), ((0, 3), (0, 3)), mode="edge")
    for top in range(0, size[0], down):
        for left in range(0, size[1], across):
            wanted = padded[top : top + down, left : left + across].mean()
            box = after[1, top : top + down, left : left + across]
            np.testing.assert_allclose(box, wanted, atol=1e-13)


def test_subsamplings_by_name() -> None:
    """J:a:b of a region 4 px wide and 2 high: a samples in its first row, b more in its second;
    4:1:0 alone is a matter of custom: one sample for 4 x 4 px."""
    assert SUBSAMPLINGS["410"] == (4, 4)
    for name, (down, across) in SUBSAMPLINGS.items():
        if name == "410":
            continue
        first, second = int(name[1]), int(name[2])
        assert across == 4 // first
        assert down == (1 if second else 2)


def test_linear_lies_between_the_centres() -> None:
    """4:2:0 of a ramp: boxes of 2 have their centres between samples, so the ramp is kept."""
    ramp = torch.arange(16.0, dtype=torch.float64).expand(1, 16, 16) / 40
    zero = torch.zeros_like(ramp)
    picture = ycbcr_to_rgb(torch.cat([zero + 0.5, ramp, zero])[None])[0]
    made = rgb_to_ycbcr(_subsampled(picture, "420", "linear")[None])[0]
    torch.testing.assert_close(made[1, :, 1:-1], ramp[0, :, 1:-1], rtol=0, atol=1e-13)
    nearest = rgb_to_ycbcr(_subsampled(picture, "420", "nearest")[None])[0]
    assert (nearest[1] - ramp[0]).abs().max() > 0.01


def test_444_changes_nothing() -> None:
    picture = _picture(5, 6)
    for enlarging in ("nearest", "linear"):
        made = _subsampled(picture, "444", enlarging)
        torch.testing.assert_close(made, picture, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_ragged_canvas_changes_nothing(dtype: torch.dtype) -> None:
    pictures = [_picture(h, w, seed=h, dtype=dtype) for h, w in ((7, 19), (12, 8), (9, 20))]
    subsample = {"operator": "chroma_subsample", "enlarging": "linear"}
    steps = [
        [*_shift((0.5, -1.25), (2.0, 0.0)), subsample | {"subsampling": "420"}],
        [*_shift((0.0, 0.0), (0.1, -0.3)), subsample | {"subsampling": "411"}],
        [subsample | {"subsampling": "422", "enlarging": "nearest"}, *_shift((3.5, 0), (0, 1))],
    ]
    for one, other in zip(
        apply_steps(pictures, steps), apply_together(pictures, steps), strict=True
    ):
        assert (one - other).abs().max() < (1e-6 if dtype == torch.float32 else 1e-14)


def test_gradients() -> None:
    images = torch.stack([_picture(10, 11, seed=s) for s in (1, 2)]).requires_grad_()

    def shifted(given: Tensor) -> Tensor:
        return chroma_shift(
            given, cb_x=(0.5, 2.0), cb_y=(-1.5, 0.0), cr_x=(0.0, 0.3), cr_y=(1.0, -0.7)
        )

    def subsampled(given: Tensor) -> Tensor:
        return chroma_subsample(
            given, sizes=[(10, 11), (7, 6)], subsampling=("420", "411"),
            enlarging=("linear", "nearest"),
        )  # fmt: skip

    for function in (shifted, subsampled):
        assert torch.autograd.gradcheck(function, (images,), fast_mode=True)
