"""Clipping and quantisation."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from degrade.apply import apply_steps, apply_together
from degrade.operators.levels import clip, quantise


def test_clip_limits_each_picture_by_its_own_bounds() -> None:
    images = torch.linspace(-1.0, 2.0, 25).reshape(1, 1, 5, 5).repeat(2, 3, 1, 1)
    made = clip(images, low=torch.tensor([0.0, 0.25]), high=torch.tensor([1.0, 0.5]))
    assert made.dtype == images.dtype
    assert torch.equal(made[0], images[0].clamp(0.0, 1.0))
    assert torch.equal(made[1], images[1].clamp(0.25, 0.5))


def test_gradient_of_clip() -> None:
    images = torch.linspace(-0.51, 1.49, 24, dtype=torch.float64).reshape(2, 3, 2, 2)
    low, high = torch.tensor([0.0, 0.1]), torch.tensor([1.0, 0.9])
    assert torch.autograd.gradcheck(
        lambda given: clip(given, low=low, high=high), (images.requires_grad_(),)
    )


@settings(max_examples=50, deadline=None)
@given(bits=st.integers(1, 16), code=st.integers(0, 65535), wide=st.booleans())
def test_codes_come_back_unchanged(bits: int, code: int, wide: bool) -> None:
    top = 2**bits - 1
    value = torch.full((1, 1, 1, 1), (code & top) / top)
    value = value.double() if wide else value
    for rounding in ("half-up", "half-even"):
        made = quantise(value, bits=(bits,), rounding=(rounding,))
        assert round(float(made) * top) == code & top
        assert torch.equal(quantise(made, bits=(bits,), rounding=(rounding,)), made)


@settings(max_examples=50, deadline=None)
@given(bits=st.integers(1, 12), value=st.floats(-1.0, 2.0))
def test_the_error_is_at_most_half_a_step(bits: int, value: float) -> None:
    images = torch.full((1, 1, 1, 1), value, dtype=torch.float64)
    made = float(quantise(images, bits=(bits,), rounding=("half-up",)))
    assert abs(made - min(max(value, 0.0), 1.0)) <= 0.5 / (2**bits - 1) + 1e-12


def test_the_two_roundings_differ_half_way() -> None:
    """1 bit: 1/2 lies between codes 0 and 1. 2 bits: 1/2 lies between 1 and 2, even is 2."""
    half = torch.full((4, 1, 1, 1), 0.5)
    made = quantise(
        half, bits=(1, 1, 2, 2), rounding=("half-up", "half-even", "half-up", "half-even")
    )
    np.testing.assert_allclose(made[:, 0, 0, 0], [1.0, 0.0, 2 / 3, 2 / 3], rtol=1e-6)


def test_a_ragged_canvas_changes_nothing() -> None:
    make = torch.Generator().manual_seed(0)
    pictures = [torch.rand(3, h, w, generator=make) for h, w in ((7, 9), (12, 5), (4, 20))]
    steps = [
        [
            {"operator": "clip", "low": 0.1 * b, "high": 0.9},
            {"operator": "quantise", "bits": 2 + b, "rounding": ("half-up", "half-even")[b % 2]},
        ]
        for b in range(3)
    ]
    for one, other in zip(
        apply_steps(pictures, steps), apply_together(pictures, steps), strict=True
    ):
        assert torch.equal(one, other)
