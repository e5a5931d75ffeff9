"""Sharpening, halos and banding: published output, laws, gradients, ragged canvases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.canvas import pad_margin
from degrade.operators.artifacts import banding, halo, usm_sharpen

# Two float32 sums of 51 products below 1, in two orders, times the weight: a few 2^-24 each.
_ROUNDING = 3e-6

STEPS: list[dict[str, Any]] = [
    {"operator": "usm_sharpen", "weight": 0.5, "radius": 12, "threshold": 10.0},
    {"operator": "usm_sharpen", "weight": 1.5, "radius": 21, "threshold": 3.0},
    {"operator": "halo", "sigma": 0.6, "amount": 1.0},
    {"operator": "halo", "sigma": 2.3, "amount": 0.4},
    {"operator": "banding", "levels": 9, "smoothing": 0.0},
    {"operator": "banding", "levels": 30, "smoothing": 1.7},
]


def _pictures(*sizes: tuple[int, int], dtype: torch.dtype = torch.float32) -> list[Tensor]:
    make = torch.Generator().manual_seed(3)
    return [torch.rand(3, h, w, generator=make, dtype=torch.float64).to(dtype) for h, w in sizes]


def _with_margin(images: Tensor, radius: int) -> Tensor:
    size = (images.shape[2], images.shape[3])
    batch = len(images)
    return pad_margin(images, sizes=[size] * batch, paddings=["reflect"] * batch, radius=radius)


def _sharpened(images: Tensor, radius: int = 50, threshold: float = 10.0) -> Tensor:
    return usm_sharpen(
        _with_margin(images, 2 * (radius // 2)),
        weight=torch.tensor([0.5]),
        radius=(radius,),
        threshold=torch.tensor([threshold]),
    )


def test_vector_of_the_published_sharpening(testvectors: Path) -> None:
    data = np.load(testvectors / "usm_sharpen.npz")
    for dtype in (torch.float32, torch.float64):
        made = _sharpened(torch.from_numpy(data["input"]).to(dtype))
        np.testing.assert_allclose(made.numpy(), data["output"], rtol=0, atol=_ROUNDING)


@pytest.mark.parametrize("radius", [1, 4, 9, 50])
def test_sharpening_is_its_formula(radius: int) -> None:
    """Written out with OpenCV, whose kernel and sigma rule it names."""
    (picture,) = _pictures((60, 70))
    side = radius + 1 - radius % 2

    def blurred(plane: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return cv2.GaussianBlur(plane, (side, side), 0, borderType=cv2.BORDER_REFLECT_101)

    expected = []
    for plane in picture.numpy():
        residual = plane - blurred(plane)
        soft = blurred((np.abs(residual) * 255 > 10).astype(np.float32))
        expected.append(soft * np.clip(plane + 0.5 * residual, 0, 1) + (1 - soft) * plane)
    made = _sharpened(picture[None], radius)[0].numpy()
    np.testing.assert_allclose(made, expected, rtol=0, atol=_ROUNDING)


def test_small_differences_are_left_alone() -> None:
    (picture,) = _pictures((40, 40))
    faint = 0.5 + 0.02 * (picture - 0.5)
    torch.testing.assert_close(_sharpened(faint[None])[0], faint, rtol=0, atol=1e-7)
    assert (_sharpened(faint[None], threshold=0.5)[0] - faint).abs().max() > 1e-3


@settings(max_examples=10, deadline=None)
@given(amount=st.floats(0.1, 3.0), sigma=st.floats(0.3, 3.0))
def test_halo_overshoots_on_both_sides_of_an_edge(amount: float, sigma: float) -> None:
    edge = torch.full((1, 1, 30, 40), 0.3, dtype=torch.float64)
    edge[..., 20:] = 0.6
    made = halo(
        _with_margin(edge, int(np.ceil(3.0 * sigma))), sigma=(sigma,), amount=torch.tensor([amount])
    )
    assert torch.allclose(made, made[:, :, :1])
    row = made[0, 0, 0]
    place = np.arange(-np.ceil(3 * sigma), np.ceil(3 * sigma) + 1)
    weight = np.exp(-0.5 * (place / sigma) ** 2)
    beyond = 0.3 * float(weight[place > 0].sum() / weight.sum())  # what G lets through at 20
    assert abs(float(row[20]) - min(0.6 + amount * beyond, 1.0)) < 1e-6
    assert abs(float(row[19]) - max(0.3 - amount * beyond, 0.0)) < 1e-6
    assert abs(float(row[0]) - 0.3) < 1e-9


@settings(max_examples=30, deadline=None)
@given(levels=st.integers(2, 256), value=st.floats(-0.5, 1.5))
def test_banding_takes_the_nearest_level(levels: int, value: float) -> None:
    images = torch.full((1, 1, 2, 2), value, dtype=torch.float64)
    made = banding(images, levels=(levels,), smoothing=(0.0,)) * (levels - 1)
    wanted = min(max(value, 0.0), 1.0) * (levels - 1)
    assert abs(float(made[0, 0, 0, 0]) - wanted) <= 0.5 + 1e-9
    torch.testing.assert_close(made, made.round(), rtol=0, atol=1e-9)


def test_smoothing_brings_bands_out_of_noise() -> None:
    """Changes between neighbours: a ramp over 5 levels has few, the noise on it many."""
    ramp = torch.linspace(0.0, 1.0, 200).repeat(60, 1)[None, None]
    noisy = ramp + 0.1 * torch.randn(ramp.shape, generator=torch.Generator().manual_seed(0))
    changes = []
    for smoothing in (0.0, 3.0):
        margin = _with_margin(noisy, int(np.ceil(3 * smoothing)))
        made = banding(margin, levels=(5,), smoothing=(smoothing,))
        changes.append(int((made[..., 1:] != made[..., :-1]).sum()))
    assert changes[1] < changes[0] / 3


@pytest.mark.parametrize("values", [
    {"operator": "usm_sharpen", "weight": 0.0, "radius": 10, "threshold": 1.0},
    {"operator": "halo", "sigma": 1.0, "amount": 0.0},
])  # fmt: skip
def test_neutral_values_change_nothing(values: dict[str, Any]) -> None:
    (picture,) = _pictures((20, 25))
    assert torch.equal(apply_steps([picture], [[values]])[0], picture)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("pair", [0, 2, 4])
def test_a_ragged_canvas_changes_nothing(pair: int, dtype: torch.dtype) -> None:
    """float32 differs as in _ROUNDING, where a wider kernel has zeros at its ends; banding moves a
    sample a whole level where two such sums fall on both sides of its half."""
    pictures = _pictures((14, 40), (33, 17), (28, 28), dtype=dtype)
    steps = [[STEPS[pair]], [STEPS[pair + 1]], [STEPS[pair]]]
    for one, other in zip(
        apply_steps(pictures, steps), apply_together(pictures, steps), strict=True
    ):
        off = (one - other).abs()
        assert (off > (_ROUNDING if dtype == torch.float32 else 1e-12)).sum() <= 1


@pytest.mark.parametrize("step", STEPS)
def test_compiled_and_tensor_code_agree(step: dict[str, Any]) -> None:
    (picture,) = _pictures((37, 45))
    off = apply_steps([picture], [[step]])[0] - apply_steps([picture.double()], [[step]])[0]
    assert (off.abs() > _ROUNDING).sum() <= 1


def test_gradients() -> None:
    make = torch.Generator().manual_seed(2)
    images = 0.2 + 0.6 * torch.rand(2, 1, 18, 19, generator=make, dtype=torch.float64)
    half, whole = torch.tensor([0.5, 0.3]), torch.tensor([8.0, 20.0])

    def sharpened(given: Tensor) -> Tensor:
        return usm_sharpen(given, weight=half, radius=(6, 9), threshold=whole)

    def haloed(given: Tensor) -> Tensor:
        return halo(given, sigma=(0.9, 1.5), amount=half)

    for function in (sharpened, haloed):
        assert torch.autograd.gradcheck(function, (images.requires_grad_(),), fast_mode=True)
