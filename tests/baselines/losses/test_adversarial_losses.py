"""Adversarial losses against the released classes' values, their formulas and their turns."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from baselines.losses.adversarial import (
    KINDS,
    LABELLED,
    SIGNED,
    detached,
    discriminator_loss,
    discriminator_term,
    generator_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
)
from degrade.option_error import OptionError

# Our name -> BasicSR's.
RELEASED = {
    "vanilla": "vanilla",
    "least-squares": "lsgan",
    "hinge": "hinge",
    "wasserstein": "wgan",
    "wasserstein-softplus": "wgan_softplus",
}
TOLERANCE = 1e-6  # float32


def logits(seed: int, *shape: int) -> Tensor:
    return torch.randn(
        shape or (4, 1), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def test_all_kinds_have_a_released_name() -> None:
    assert set(RELEASED) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_the_released_vector(testvectors: Path, kind: str) -> None:
    with np.load(testvectors / "gan_losses.npz") as held:
        vector = {key: held[key] for key in held}
    given = torch.from_numpy(vector["prediction"])

    def released(*, real: bool, turn: str) -> float:
        name = RELEASED[kind]
        return float(vector[f"{name}_real{int(real)}_disc{int(turn == 'discriminator')}"])

    found = generator_loss(given, kind=kind).item()
    assert found == pytest.approx(released(real=True, turn="generator"), abs=TOLERANCE)
    terms = []
    for real in (True, False):
        terms.append(released(real=real, turn="discriminator"))
        found = discriminator_term(given, kind=kind, real=real).item()
        assert found == pytest.approx(terms[-1], abs=TOLERANCE)
    both = discriminator_loss(given, given, kind=kind).item()
    assert both == pytest.approx(sum(terms), abs=TOLERANCE)
    # with nothing subtracted, the relativistic losses are half the sum of the plain terms
    for loss in (relativistic_generator_loss, relativistic_discriminator_loss):
        found = loss(given, given, kind=kind, mean=lambda _: torch.zeros(())).item()
        assert found == pytest.approx(sum(terms) / 2, abs=TOLERANCE)


def written_out(kind: str, value: float, *, real: bool) -> float:
    """A discriminator's term of one logit."""
    sign = 1 if real else -1
    return {
        "vanilla": math.log1p(math.exp(-sign * value)),
        "least-squares": (value - real) ** 2,
        "hinge": max(0.0, 1 - sign * value),
        "wasserstein": -sign * value,
        "wasserstein-softplus": math.log1p(math.exp(-sign * value)),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_the_formulas(kind: str) -> None:
    real, fake = logits(1, 2, 1, 3, 3), logits(2, 2, 1, 3, 3)
    r, f = real.flatten().tolist(), fake.flatten().tolist()

    def mean(values: list[float], *, real: bool) -> float:
        return sum(written_out(kind, value, real=real) for value in values) / len(values)

    found = discriminator_loss(real, fake, kind=kind).item()
    assert found == pytest.approx(mean(r, real=True) + mean(f, real=False), rel=1e-12)
    expected = -sum(f) / len(f) if kind == "hinge" else mean(f, real=True)
    assert generator_loss(fake, kind=kind).item() == pytest.approx(expected, rel=1e-12)
    mr, mf = sum(r) / len(r), sum(f) / len(f)
    beyond_fake, beyond_real = [value - mf for value in r], [value - mr for value in f]
    found = relativistic_discriminator_loss(real, fake, kind=kind).item()
    expected = (mean(beyond_fake, real=True) + mean(beyond_real, real=False)) / 2
    assert found == pytest.approx(expected, rel=1e-12)
    found = relativistic_generator_loss(real, fake, kind=kind).item()
    expected = (mean(beyond_fake, real=False) + mean(beyond_real, real=True)) / 2
    assert found == pytest.approx(expected, rel=1e-12)


def test_relativistic_losses_are_esrgan_s_equations() -> None:
    real, fake = logits(3), logits(4)
    d_real = torch.sigmoid(real - fake.mean())
    d_fake = torch.sigmoid(fake - real.mean())
    eq1 = -d_real.log().mean() - (1 - d_fake).log().mean()
    eq2 = -(1 - d_real).log().mean() - d_fake.log().mean()
    assert torch.allclose(2 * relativistic_discriminator_loss(real, fake, kind="vanilla"), eq1)
    assert torch.allclose(2 * relativistic_generator_loss(real, fake, kind="vanilla"), eq2)


def test_labels_move_the_targets() -> None:
    real, fake = logits(5), logits(6)
    found = discriminator_loss(real, fake, kind="least-squares", real_label=0.9, fake_label=-1.0)
    assert torch.allclose(found, ((real - 0.9) ** 2).mean() + ((fake + 1) ** 2).mean())
    found = generator_loss(fake, kind="least-squares", real_label=0.0)
    assert torch.allclose(found, (fake**2).mean())
    p = torch.sigmoid(real)
    smoothed = -(0.9 * p.log() + 0.1 * (1 - p).log()).mean()
    assert torch.allclose(discriminator_term(real, kind="vanilla", real=True, label=0.9), smoothed)


def gradients(
    loss: Callable[..., Tensor], real: Tensor, fake: Tensor, *, mean: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
    got = torch.autograd.grad(loss(real, fake, kind="vanilla", mean=mean), [real, fake])
    return got[0], got[1]


def test_a_detached_mean_is_the_release_s_two_backward_passes() -> None:
    real, fake = logits(7), logits(8)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    r, f = real.clone().requires_grad_(), fake.clone().requires_grad_()
    (bce(r - fake.mean(), torch.ones_like(r)) * 0.5).backward()
    (bce(f - real.mean(), torch.zeros_like(f)) * 0.5).backward()
    ours = gradients(relativistic_discriminator_loss, real, fake, mean=detached(torch.mean))
    for mine, theirs in zip(ours, (r.grad, f.grad), strict=True):
        assert theirs is not None
        assert torch.allclose(mine, theirs)
    whole = gradients(relativistic_discriminator_loss, real, fake, mean=torch.mean)
    assert not torch.allclose(whole[0], ours[0]), "the paper's mean has a gradient"


def test_the_mean_may_be_that_of_all_processes() -> None:
    real, fake = logits(9, 6, 1), logits(10, 6, 1)
    everything = {3: real, 4: fake}
    for loss in (relativistic_generator_loss, relativistic_discriminator_loss):
        parts = []
        for rank in range(2):
            part = slice(3 * rank, 3 * rank + 3)

            def over_both(own: Tensor, part: slice = part) -> Tensor:
                [whole] = [all_ for all_ in everything.values() if torch.equal(all_[part], own)]
                return whole.mean()

            parts.append(loss(real[part], fake[part], kind="hinge", mean=over_both))
        assert torch.allclose(torch.stack(parts).mean(), loss(real, fake, kind="hinge"))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**31), kind=st.sampled_from(KINDS), shift=st.floats(-5, 5))
def test_relativistic_losses_do_not_see_a_level_and_swap_with_the_sides(
    seed: int, kind: str, shift: float
) -> None:
    real, fake = logits(seed), logits(seed + 1)
    for loss in (relativistic_generator_loss, relativistic_discriminator_loss):
        value = loss(real, fake, kind=kind).item()
        assert loss(real + shift, fake + shift, kind=kind).item() == pytest.approx(value, abs=1e-9)
    swapped = relativistic_generator_loss(fake, real, kind=kind).item()
    found = relativistic_discriminator_loss(real, fake, kind=kind).item()
    assert found == pytest.approx(swapped, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_each_side_is_pushed_where_it_should_go(kind: str) -> None:
    # between the labels, and where no margin is kept yet
    real, fake = (logits(seed).sigmoid().requires_grad_() for seed in (11, 12))
    up, down = torch.autograd.grad(discriminator_loss(real, fake, kind=kind), [real, fake])
    assert (up < 0).all() and (down > 0).all()
    [up] = torch.autograd.grad(generator_loss(fake, kind=kind), [fake])
    assert (up < 0).all()
    value = relativistic_generator_loss(real.detach(), fake, kind=kind)
    assert torch.autograd.grad(value, [fake])[0].sum() < 0
    assert torch.autograd.gradcheck(
        lambda r, f: relativistic_discriminator_loss(r, f, kind=kind), [real, fake]
    )


def test_half_precision_is_judged_in_float32() -> None:
    given = torch.full((4, 1), 300.0, dtype=torch.float16)  # its square is beyond float16
    for kind in KINDS:
        value = generator_loss(given, kind=kind)
        assert value.dtype == torch.float32
        assert torch.isfinite(value)


def test_wrong_usage_says_what_is_allowed() -> None:
    real, fake = logits(13), logits(14)
    calls: list[Callable[[str], Tensor]] = [
        lambda kind: generator_loss(fake, kind=kind),
        lambda kind: discriminator_loss(real, fake, kind=kind),
        lambda kind: relativistic_generator_loss(real, fake, kind=kind),
        lambda kind: relativistic_discriminator_loss(real, fake, kind=kind),
    ]
    for call in calls:
        with pytest.raises(OptionError, match=r"kind 'vanila': one of .*did you mean 'vanilla'"):
            call("vanila")
    assert set(LABELLED) | set(SIGNED) == set(KINDS)
    for kind in SIGNED:
        with pytest.raises(OptionError, match=rf"label 0.9: {kind} has none.*vanilla"):
            generator_loss(fake, kind=kind, real_label=0.9)
        with pytest.raises(OptionError, match=rf"label 0.1: {kind} has none"):
            discriminator_loss(real, fake, kind=kind, fake_label=0.1)
