"""Simulated JPEG against published output, its own laws, and a ragged canvas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.operators.jpeg_simulated import jpeg_simulated

# Sums of 64 products of codes up to 255 in another order, on the scale of 1: about 64 * 2^-24.
_ROUNDING = 5e-6


def _pictures(*sizes: tuple[int, int], channels: int = 3, dtype: torch.dtype) -> list[Tensor]:
    make = torch.Generator().manual_seed(5)
    return [torch.rand(channels, h, w, generator=make, dtype=torch.float64).to(dtype)
            for h, w in sizes]  # fmt: skip


def _step(quality: float, rounding: str = "hard") -> list[dict[str, Any]]:
    return [{"operator": "jpeg_simulated", "quality": quality, "rounding": rounding}]


def _alone(picture: Tensor, quality: float, rounding: str = "hard") -> Tensor:
    return apply_steps([picture], [_step(quality, rounding)])[0]


def test_vector_of_the_published_code(testvectors: Path) -> None:
    """The file's `quality` holds the factors 1.4286 and 0.36, into which the published code turns
    its argument in place: qualities 35 and 82."""
    data = np.load(testvectors / "jpeg_simulated.npz")
    factors = data["quality"].astype(np.float64)
    quality = np.where(factors > 1.0, 50.0 / factors, 100.0 - 50.0 * factors)
    np.testing.assert_allclose(quality, [35.0, 82.0], atol=1e-4)
    for dtype in (torch.float32, torch.float64):
        images = torch.from_numpy(data["input"]).to(dtype)
        sizes = [(images.shape[2], images.shape[3])] * 2
        made = jpeg_simulated(
            images, sizes=sizes, quality=torch.tensor([35.0, 82.0]), rounding=("hard", "hard")
        )
        np.testing.assert_allclose(made.numpy(), data["output"], rtol=0, atol=_ROUNDING)


@pytest.mark.parametrize("rounding", ["hard", "cubic"])
@pytest.mark.parametrize("channels", [1, 3])
def test_compiled_and_tensor_code_agree(rounding: str, channels: int) -> None:
    for size in [(1, 1), (16, 16), (17, 129), (35, 300)]:
        (picture,) = _pictures(size, channels=channels, dtype=torch.float32)
        made = _alone(picture * 1.4 - 0.2, 41.5, rounding)
        exact = _alone((picture * 1.4 - 0.2).double(), 41.5, rounding)
        assert (made - exact).abs().max() < _ROUNDING


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_ragged_canvas_changes_nothing(dtype: torch.dtype) -> None:
    pictures = _pictures((21, 40), (33, 17), (48, 64), dtype=dtype)
    steps = [_step(12.5), _step(90.0, "cubic"), _step(50.0)]
    alone = apply_steps(pictures, steps)
    for one, other in zip(alone, apply_together(pictures, steps), strict=True):
        assert (one - other).abs().max() < (_ROUNDING if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_lies_outside_a_picture_is_black(dtype: torch.dtype) -> None:
    (picture,) = _pictures((21, 40), dtype=dtype)
    canvas = torch.full((1, 3, 50, 60), float("nan"), dtype=dtype)
    canvas[0, :, :21, :40] = picture
    made = jpeg_simulated(
        canvas, sizes=[(21, 40)], quality=torch.tensor([30.0]), rounding=("hard",)
    )
    assert torch.equal(made[0, :, :21, :40].isfinite().all(), torch.tensor(True))
    assert (made[0, :, :21, :40] - _alone(picture, 30.0)).abs().max() < 1e-6


@settings(max_examples=25, deadline=None)
@given(quality=st.floats(1.0, 99.0), level=st.floats(0.0, 1.0))
def test_a_flat_grey_keeps_within_half_a_step(quality: float, level: float) -> None:
    """The DC coefficient is 8 times the level: its error is at most half of the table's 16."""
    scale = 50.0 / quality if quality < 50.0 else 2.0 - quality / 50.0
    picture = torch.full((3, 16, 16), level, dtype=torch.float64)
    made = _alone(picture, quality)
    assert (made - made[:, :1, :1]).abs().max() < 1e-9
    assert (made - level).abs().max() <= 16.0 * scale / 2.0 / 8.0 / 255.0 + 1e-9
    step = 16.0 * scale / 8.0
    wanted = torch.tensor((level * 255.0 - 128.0) / step, dtype=torch.float64).round() * step
    assert abs(float(made[0, 0, 0]) - min(max((float(wanted) + 128.0) / 255.0, 0.0), 1.0)) < 1e-9


def test_vertical_frequencies_meet_the_columns_of_the_luma_table() -> None:
    """Quality 50 is the table itself. A coefficient of 5.75 is more than half of T.81's 11 (first
    row, second column) and less than half of its 12 (second row, first column)."""
    wave = 0.5 * np.cos((2 * np.arange(16) + 1) * np.pi / 16)  # of frequency 1, norm sqrt(2)
    wave = torch.from_numpy(128.0 / 255.0 + 5.75 * wave / np.sqrt(8.0) / 255.0)
    down, across = wave[:, None].expand(1, 16, 16), wave[None].expand(1, 16, 16)
    for dtype in (torch.float32, torch.float64):
        kept = _alone(down.to(dtype), 50.0)
        assert float((kept[0, :, 0] - 128 / 255).abs().max()) > 5.75 / 8 / 255
        lost = _alone(across.to(dtype), 50.0)
        assert float((lost - 128 / 255).abs().max()) < 1e-6


def test_better_quality_is_nearer() -> None:
    (picture,) = _pictures((64, 64), dtype=torch.float32)
    smooth = torch.nn.functional.avg_pool2d(picture[None], 9, 1, 4)[0]
    errors = [float((_alone(smooth, q) - smooth).abs().mean()) for q in (10.0, 50.0, 50.5, 95.0)]
    assert errors == sorted(errors, reverse=True)
    assert errors[1] > errors[2]


def test_gradient_of_cubic_rounding() -> None:
    images = (torch.rand(2, 3, 9, 17, generator=torch.Generator().manual_seed(1)) * 0.6 + 0.2).to(
        torch.float64
    )
    images[0, :, 4:] = 0.5  # outside picture 0: no gradient from there

    def coded(given: Tensor) -> Tensor:
        return jpeg_simulated(
            given, sizes=[(4, 17), (9, 11)], quality=torch.tensor([30.5, 75.0]),
            rounding=("cubic", "cubic"),
        )  # fmt: skip

    assert torch.autograd.gradcheck(coded, (images.requires_grad_(),), fast_mode=True)
    (gradient,) = torch.autograd.grad(coded(images).sum(), images)
    assert gradient.abs().max() > 0
    assert gradient[0, :, 4:].abs().max() == 0


def test_other_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or 3 channels, got 4"):
        _alone(torch.zeros(4, 16, 16), 50.0)
