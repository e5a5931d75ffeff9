"""Rain: addressed drops, the streak's shape, and the two blends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.fields import uniform_field
from degrade.operators.weather import _drawn, _filtered, rain, streak_kernel

STEP: dict[str, Any] = {
    "operator": "rain", "density": 0.01, "length": 12.0, "angle": 75.0, "width": 1.5, "layers": 2,
    "intensity": 0.6, "mode": "screen", "airlight": 0.8, "transmission": 1.0, "seed": 7,
    "light": "srgb",
}  # fmt: skip


def picture(height: int = 40, width: int = 50, *, value: float | None = None) -> Tensor:
    if value is not None:
        return torch.full((3, height, width), value)
    return torch.from_numpy(np.random.default_rng(0).random((3, height, width))).float()


def rained(image: Tensor, **values: Any) -> Tensor:
    return apply_steps([image], [[{**STEP, **values}]])[0]


def test_blends_and_veil_are_the_formulas() -> None:
    image = picture()
    streaks = rained(0 * image)  # on black, both blends show the streaks alone
    assert 0.3 < float(streaks.max()) <= 0.6
    assert torch.equal(streaks[0], streaks[2])
    added = rained(image, mode="additive")
    assert torch.allclose(added, image + streaks, atol=1e-6)
    screened = rained(image)
    assert torch.allclose(screened, 1 - (1 - image) * (1 - streaks), atol=1e-6)
    veiled = rained(image, mode="additive", transmission=0.75)
    assert torch.allclose(veiled, 0.75 * added + 0.25 * 0.8, atol=1e-6)


def test_neutral_values_leave_the_picture() -> None:
    image = picture()
    assert torch.equal(rained(image, density=0.0), image)
    assert torch.equal(rained(image, intensity=0.0), image)


def test_drops_do_not_move_with_the_size() -> None:
    small, large = rained(picture(30, 33, value=0.0)), rained(picture(64, 70, value=0.0))
    assert torch.equal(small, large[:, :30, :33])
    assert not torch.allclose(small, rained(picture(30, 33, value=0.0), seed=8), atol=1e-2)


def test_a_layer_leaves_the_others_alone() -> None:
    black = picture(value=0.0)
    one = rained(black, layers=1, density=0.005)
    two = rained(black, layers=2, density=0.01)
    assert (two >= one - 1e-6).all()
    assert (two > one + 0.05).any()


def test_layers_have_drops_of_their_own() -> None:
    """Drops so small that both layers have the same margin, so one field would put them alike."""
    black, drop = picture(value=0.0), {"length": 2.0, "width": 0.6, "angle": 90.0}
    one = rained(black, layers=1, density=0.005, **drop)
    two = rained(black, layers=2, density=0.01, **drop)
    near = torch.nn.functional.max_pool2d(one[None], 5, 1, 2)[0]
    assert ((two > 0.1) & (near < 1e-3)).sum() > 5


@pytest.mark.parametrize("angle", [30.0, 75.0, 90.0, 120.0])
def test_streaks_lie_along_the_angle(angle: float) -> None:
    """The long axis of the second moments, y pointing up: of a streak, and of what rain draws."""
    kernel = streak_kernel(length=20.0, angle=angle, width=1.5)
    lit = rained(picture(150, 150, value=0.0), angle=angle, length=20.0, layers=1)[0]
    spread = torch.fft.ifft2(torch.fft.fft2(lit - lit.mean()).abs() ** 2).real
    near = torch.fft.fftshift(spread)[75 - 15 : 75 + 16, 75 - 15 : 75 + 16]
    for shape, tolerance in ((kernel, 0.5), (near.clamp(min=0.25 * float(near.max())), 3.0)):
        weights = np.asarray(shape, np.float64) - np.min(np.asarray(shape))
        y, x = np.mgrid[: len(weights), : len(weights)] - len(weights) // 2
        axis = np.arctan2(2 * (-x * y * weights).sum(), ((x**2 - y**2) * weights).sum()) / 2
        assert abs(np.rad2deg(axis) % 180 - angle) < tolerance


@settings(max_examples=20, deadline=None)
@given(st.floats(6, 40), st.floats(-180, 180), st.floats(0.6, 4))
def test_streak_is_as_long_and_wide_as_it_says(length: float, angle: float, width: float) -> None:
    kernel = streak_kernel(length=length, angle=angle, width=width)
    assert kernel.max() == 1.0
    assert np.allclose(kernel, kernel[::-1, ::-1])
    assert not kernel[0].any() and not kernel[:, 0].any()
    # A Gaussian's area is 1.0645 times its full width at half maximum.
    thin = 1.0 if width >= 1.5 else 0.6  # a peak thinner than a pixel is averaged down
    area = kernel.sum() / (length * width * 1.0645)
    assert 0.9 * thin < area < 1.1 / thin


def test_drawing_is_filtering() -> None:
    """The CPU draws the streaks that other devices find by correlation."""
    kernel = streak_kernel(length=9.0, angle=70.0, width=1.2)
    field = uniform_field(torch.tensor([5]), (1, 60, 70))
    share = torch.tensor(0.03, dtype=torch.float64)
    drawn, filtered = _drawn(field, share, kernel), _filtered(field, share, kernel)
    assert drawn.shape == filtered.shape == (1, 1, 61 - len(kernel), 71 - len(kernel))
    assert float(drawn.max()) > 0.5
    # The same sums in another order.
    assert torch.allclose(drawn, filtered, atol=1e-6, rtol=0)


def test_density_counts_drops() -> None:
    lit = rained(picture(200, 200, value=0.0), length=1.0, width=0.3, density=0.02, layers=1)[0]
    # A drop brighter than 0.1 of the peak: 1 - 0.1^(1/3) of all, at 0.6 of full range.
    expected = 200 * 200 * 0.02 * (1 - 0.1 ** (1 / 3))
    peaks = torch.nn.functional.max_pool2d(lit[None], 3, 1, 1)[0] == lit
    assert int((peaks & (lit > 0.06)).sum()) == pytest.approx(expected, rel=0.15)


def test_together_is_one_by_one() -> None:
    images = [picture(40, 50), picture(30, 61), picture(52, 20)]
    steps = [
        [{**STEP, "layers": 1, "light": "linear"}],
        [{**STEP, "length": 30.0, "angle": 95.0, "seed": 9, "mode": "additive"}],
        [{**STEP, "layers": 3, "transmission": 0.7}],
    ]
    alone, together = apply_steps(images, steps), apply_together(images, steps)
    for one, other in zip(alone, together, strict=True):
        # Linear light: vector and scalar code of pow differ in the last place.
        assert torch.allclose(one, other, atol=2e-6, rtol=0)


def test_gradients() -> None:
    def number(value: float) -> Tensor:
        return torch.tensor([value], dtype=torch.float64)

    images = picture(5, 6)[None].double().requires_grad_()
    for mode in ("screen", "additive"):
        assert torch.autograd.gradcheck(
            lambda x, mode=mode: rain(
                x, density=number(0.1), length=(5.0,), angle=(80.0,), width=(1.0,), layers=(2,),
                intensity=number(0.5), mode=(mode,), airlight=number(0.8),
                transmission=number(0.9), seed=torch.tensor([3]),
            ),
            images,
        )  # fmt: skip
