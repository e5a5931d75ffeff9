"""The contract of every loss in the table."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from baselines.losses.table import LOSSES

SIDE = 177  # what the most demanding of them takes


def sides(*, batch: int = 2) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(9)
    target = torch.rand(batch, 3, SIDE, SIDE, generator=generator)
    noise = torch.randn(target.shape, generator=generator)
    return (target + 0.05 * noise).clamp(0, 1), target


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_keeps_the_contract(name: str) -> None:
    loss = LOSSES[name]
    output, target = sides()
    value = loss(output, target)
    assert value.shape == ()
    assert torch.isfinite(value)
    # least at equality, where the gradient is none or small, never NaN
    same = target.clone().requires_grad_()
    least = loss(same, target)
    assert least < value
    [gradient] = torch.autograd.grad(least, [same])
    assert torch.isfinite(gradient).all()
    # a step down the gradient is a step down
    moved = output.clone().requires_grad_()
    [gradient] = torch.autograd.grad(loss(moved, target), [moved])
    assert loss(output - 1e-3 * gradient / gradient.abs().max(), target) < value
    # samples do not change one another's share: the order and a repetition change nothing
    assert torch.allclose(loss(output.flip(0), target.flip(0)), value, rtol=1e-5)
    twice = loss(torch.cat([output, output]), torch.cat([target, target]))
    assert torch.allclose(twice, value, rtol=1e-5)
    with pytest.raises(ValueError, match=r"of one shape"):
        loss(output, target[:1])


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_computes_in_float32_or_wider(name: str) -> None:
    output, target = (side[:1] for side in sides())
    assert LOSSES[name](output.bfloat16(), target.bfloat16()).dtype == torch.float32
    assert LOSSES[name](output.double(), target.double()).dtype == torch.float64


def test_values_are_told_apart_by_their_norms() -> None:
    output, target = sides()
    difference = output - target
    size = difference[0].numel()
    expected = {
        "l1": difference.abs().mean(),
        "sum-l1": difference.abs().mean() * size,
        "l2": (difference**2).mean(),
        "half-l2": (difference**2).mean() * size / 2,
        "charbonnier": (difference**2 + 1e-12).sqrt().mean(),
        "charbonnier-lapsrn": (difference**2 + 1e-6).sqrt().mean() * size,
    }
    for name, value in expected.items():
        assert torch.allclose(LOSSES[name](output, target), value, rtol=1e-5), name
