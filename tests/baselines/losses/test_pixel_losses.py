"""Pixel losses against sums written out, released formulas and laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from baselines.losses import pixel
from baselines.losses.pixel import charbonnier, edge, l1, l2, psnr, total_variation
from degrade.option_error import OptionError

SIDES = {"l1": l1, "l2": l2, "charbonnier": charbonnier}


def pair(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.rand(shape or (2, 3, 6, 7), generator=generator, dtype=dtype) for _ in range(2))
    return a, b


def test_norms_are_the_sums_that_they_say() -> None:
    output = torch.tensor([[[[1.0, 2.0]]], [[[3.0, 5.0]]], [[[0.0, 0.0]]]])
    target = torch.tensor([[[[1.0, 0.0]]], [[[4.0, 1.0]]], [[[0.0, 3.0]]]])
    # differences 0, 2; -1, 4; 0, -3
    absolute, squares = 10.0, 4.0 + 1 + 16 + 9
    assert l1(output, target).item() == pytest.approx(absolute / 6)
    assert l1(output, target, norm="sum-per-sample").item() == pytest.approx(absolute / 3)
    assert l1(output, target, norm="half-sum-per-sample").item() == pytest.approx(absolute / 6)
    assert l2(output, target).item() == pytest.approx(squares / 6)
    assert l2(output, target, norm="sum-per-sample").item() == pytest.approx(squares / 3)
    # DnCNN's eq. 1: 1/(2N) of the sum over N samples
    assert l2(output, target, norm="half-sum-per-sample").item() == pytest.approx(squares / (2 * 3))


@pytest.mark.parametrize(
    ("eps", "norm", "inside", "divisor"),
    [
        (pixel.BASICSR_EPSILON, "mean", 1e-12, 2 * 3 * 6 * 7),
        (pixel.LAPSRN_EPSILON, "sum-per-sample", 1e-6, 2),
    ],
)
def test_charbonnier_has_the_released_constants(
    eps: float, norm: str, inside: float, divisor: int
) -> None:
    a, b = pair(1)
    b[0] = a[0]  # where the constant is all there is
    terms = [
        math.sqrt((x - y) ** 2 + inside)
        for x, y in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True)
    ]
    found = charbonnier(a, b, eps=eps, norm=norm).item()
    assert found == pytest.approx(math.fsum(terms) / divisor, rel=1e-12)


def test_charbonnier_defaults_to_basicsr_s_and_is_l1_without_its_constant() -> None:
    a, b = pair(2)
    assert torch.equal(charbonnier(a, b), charbonnier(a, b, eps=1e-6, norm="mean"))
    assert torch.equal(charbonnier(a, b, eps=0.0), l1(a, b))
    a = a.clone().requires_grad_()
    charbonnier(a, a.detach(), eps=0.0).backward()
    assert a.grad is not None
    assert torch.equal(a.grad, torch.zeros_like(a))


def test_psnr_is_a_mean_of_decibels_not_the_decibels_of_a_mean() -> None:
    target = torch.zeros(2, 3, 4, 4, dtype=torch.float64)
    output = target.clone()
    output[0], output[1] = 0.1, 0.01  # 20 dB and 40 dB
    assert psnr(output, target).item() == pytest.approx(-30.0, abs=1e-3)
    assert psnr(target, target).item() == pytest.approx(-80.0)
    expected = [10 * math.log10(error + 1e-8) for error in (1e-2, 1e-4)]
    assert psnr(output, target).item() == pytest.approx(sum(expected) / 2, rel=1e-12)


def test_total_variation_is_the_sum_over_neighbours() -> None:
    picture = pair(3, 2, 3, 5, 4)[0]
    down, right, lengths = [], [], []
    for b, c, i, j in itertools.product(range(2), range(3), range(5), range(4)):
        here = picture[b, c, i, j].item()
        if i < 4:
            down.append(picture[b, c, i + 1, j].item() - here)
        if j < 3:
            right.append(picture[b, c, i, j + 1].item() - here)
        if i < 4 and j < 3:
            lengths.append(math.hypot(down[-1], right[-1]))
    y, x = np.array(down), np.array(right)
    expected = {
        "anisotropic": np.abs(y).mean() + np.abs(x).mean(),
        # KAIR: 2 (sum / count of one sample + ...) / batch
        "squared": 2 * ((y**2).sum() / (3 * 4 * 4) + (x**2).sum() / (3 * 5 * 3)) / 2,
        "isotropic": np.mean(lengths),
    }
    assert set(expected) == set(pixel.VARIATIONS)
    for kind, value in expected.items():
        assert total_variation(picture, kind=kind).item() == pytest.approx(value, rel=1e-12)
    assert torch.equal(total_variation(picture), total_variation(picture, kind="anisotropic"))


@pytest.mark.parametrize("kind", pixel.VARIATIONS)
def test_a_flat_picture_has_no_variation_and_a_finite_gradient(kind: str) -> None:
    flat = torch.full((1, 1, 4, 4), 0.3, requires_grad=True)
    value = total_variation(flat, kind=kind)
    value.backward()
    assert value.item() == 0
    assert flat.grad is not None
    assert torch.equal(flat.grad, torch.zeros_like(flat))


def filtered(plane: np.ndarray, *, kind: str) -> list[np.ndarray]:
    """The edges of one plane by SciPy."""
    if kind == "laplacian":
        return [ndimage.laplace(plane, mode="nearest")]
    if kind == "sobel":
        return [ndimage.sobel(plane, axis=axis, mode="nearest") for axis in (0, 1)]
    taps = [0.05, 0.25, 0.4, 0.25, 0.05]

    def blurred(values: np.ndarray) -> np.ndarray:
        for axis in (0, 1):
            values = ndimage.correlate1d(values, taps, axis=axis, mode="nearest")
        return values

    even = np.zeros_like(plane)
    even[::2, ::2] = 4 * blurred(plane)[::2, ::2]
    return [plane - blurred(even)]


@pytest.mark.parametrize("eps", [0.0, 1e-3])
@pytest.mark.parametrize("kind", pixel.EDGES)
def test_edges_are_compared_after_filtering_each_side(kind: str, eps: float) -> None:
    a, b = pair(4, 2, 3, 9, 8)
    terms = [
        np.sqrt((x - y) ** 2 + eps**2)
        for one, other in zip(a.flatten(0, 1).numpy(), b.flatten(0, 1).numpy(), strict=True)
        for x, y in zip(filtered(one, kind=kind), filtered(other, kind=kind), strict=True)
    ]
    assert edge(a, b, kind=kind, eps=eps).item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_edge_defaults_to_mprnet_s() -> None:
    a, b = pair(5)
    assert torch.equal(edge(a, b), edge(a, b, kind="pyramid", eps=1e-3))


@pytest.mark.parametrize("kind", pixel.EDGES)
def test_edges_do_not_see_a_level(kind: str) -> None:
    a, _ = pair(6, 1, 1, 12, 12)
    value = edge(a + 0.25, a, kind=kind, eps=0.0).item()
    # zeros between the samples: 4 of them weigh as much as all, but not in the repeated border
    assert value < (0.2 if kind == "pyramid" else 1e-12)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**31), factor=st.floats(0.01, 100))
def test_laws_of_scale_and_symmetry(seed: int, factor: float) -> None:
    a, b = pair(seed, 2, 1, 3, 4)
    for norm in pixel.NORMS:
        assert l1(factor * a, factor * b, norm=norm).item() == pytest.approx(
            factor * l1(a, b, norm=norm).item(), rel=1e-9
        )
        assert l2(factor * a, factor * b, norm=norm).item() == pytest.approx(
            factor**2 * l2(a, b, norm=norm).item(), rel=1e-9
        )
    for loss in (*SIDES.values(), psnr, edge):
        assert loss(a, b).item() == pytest.approx(loss(b, a).item(), rel=1e-12)
    assert l1(a, b).item() <= charbonnier(a, b, eps=0.1).item() <= l1(a, b).item() + 0.1
    more = (a - b).clamp(-0.5, 0.5)
    assert psnr(more * 10**0.5, 0 * b).item() == pytest.approx(
        psnr(more, 0 * b).item() + 10, abs=1e-3
    ), "ten times the error is 10 dB"


def test_gradients_are_the_derivatives() -> None:
    a, b = pair(7, 2, 2, 4, 5)
    a.requires_grad_()
    for loss in (l1, l2, charbonnier, psnr, edge):
        assert torch.autograd.gradcheck(lambda x, loss=loss: loss(x, b), [a])
    for kind in pixel.VARIATIONS:
        assert torch.autograd.gradcheck(lambda x, kind=kind: total_variation(x, kind=kind), [a])


def test_half_precision_is_summed_in_float32() -> None:
    # 2 * 3 * 200 * 200 * 1.0 is beyond float16's 65504, and 1e-12 is below its least number
    ones = torch.ones(1, 3, 200, 200, dtype=torch.float16)
    assert l1(ones, 0 * ones, norm="sum-per-sample").item() == 120000
    same = ones.clone().requires_grad_()
    charbonnier(same, ones).backward()
    assert same.grad is not None
    assert torch.isfinite(same.grad).all()


def test_wrong_usage_says_what_is_allowed() -> None:
    a, b = pair(8)
    with pytest.raises(
        OptionError, match=r"norm 'means'.*mean, sum-per-sample.*did you mean 'mean'"
    ):
        l1(a, b, norm="means")
    with pytest.raises(OptionError, match=r"kind 'sobl'.*did you mean 'sobel'"):
        edge(a, b, kind="sobl")
    with pytest.raises(OptionError, match=r"kind 'square'.*did you mean 'squared'"):
        total_variation(a, kind="square")
    with pytest.raises(ValueError, match=r"2x2 or more"):
        total_variation(a[..., :1])
    for loss in (l1, l2, charbonnier, psnr, edge):
        with pytest.raises(ValueError, match=r"\[2, 3, 6, 7\].*\[1, 3, 6, 7\]"):
            loss(a, b[:1])
