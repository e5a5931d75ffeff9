"""SSIM as a loss against evaluation's SSIM, and multi-scale SSIM against a slow one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage, signal
from torch import Tensor

from baselines.losses import structure
from baselines.losses.structure import multi_scale_ssim, ssim
from degrade.option_error import OptionError
from evaluation.metrics.ssim import ssim as evaluated


def scenes(side: int, *, batch: int = 2, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    """Smooth pictures [B,3,side,side+3] and the same with noise, float64 in [0,1]."""
    random = np.random.default_rng(3)
    smooth = ndimage.gaussian_filter(random.random((batch, 3, side, side + 3)), (0, 0, 2, 2))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    noisy = np.clip(smooth + noise * random.standard_normal(smooth.shape), 0, 1)
    return torch.from_numpy(noisy), torch.from_numpy(smooth)


def by_evaluation(a: Tensor, b: Tensor) -> float:
    scores = [
        evaluated(
            one.permute(1, 2, 0).numpy(), other.permute(1, 2, 0).numpy(), variant="wang", peak=1.0
        )
        for one, other in zip(a.double(), b.double(), strict=True)
    ]
    return float(np.mean(scores))


@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_ssim_is_evaluation_s(noise: float) -> None:
    a, b = scenes(40, noise=noise)
    assert 1 - ssim(a, b).item() == pytest.approx(by_evaluation(a, b), abs=1e-12)
    # float32, also where samples are far from 0 and vary little
    for low, high in ((0.0, 1.0), (0.9, 0.95)):
        x, y = ((low + (high - low) * side).float() for side in (a, b))
        assert 1 - ssim(x, y).item() == pytest.approx(by_evaluation(x, y), abs=1e-6)


def test_ssim_of_two_flat_pictures_is_their_luminance_s() -> None:
    a, b = torch.full((1, 1, 11, 11), 0.2), torch.full((1, 1, 11, 11), 0.6)
    c1 = 1e-4
    expected = (2 * 0.2 * 0.6 + c1) / (0.2**2 + 0.6**2 + c1)
    assert ssim(a, b).item() == pytest.approx(1 - expected, abs=1e-6)


def slow_maps(
    x: NDArray[np.float64], y: NDArray[np.float64], *, border: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(luminance, contrast times structure) of two planes by a 2-D window."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / np.outer(taps, taps).sum()

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return signal.correlate2d(values, window, mode="same" if border else "valid")

    mx, my = mean(x), mean(y)
    vx, vy, shared = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1), (2 * shared + c2) / (vx + vy + c2)


def test_zeros_around_are_pytorch_ssim_s() -> None:
    a, b = scenes(16)
    scores = [
        np.mean(np.multiply(*slow_maps(x, y, border=True)))
        for x, y in zip(a.flatten(0, 1).numpy(), b.flatten(0, 1).numpy(), strict=True)
    ]
    assert ssim(a, b, edges="zeros").item() == pytest.approx(1 - np.mean(scores), abs=1e-12)
    assert abs(ssim(a, b, edges="zeros").item() - ssim(a, b).item()) > 1e-3, "another reading"


def halved(values: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = (n // 2 * 2 for n in values.shape)
    cut = values[:height, :width]
    return (cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2]) / 4


def test_multi_scale_ssim_is_the_product_of_five_scales() -> None:
    a, b = scenes(179, batch=1)
    products = []
    for x, y in zip(a[0].numpy(), b[0].numpy(), strict=True):
        product = 1.0
        for scale, power in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
            luminance, contrast = slow_maps(x, y, border=False)
            product *= np.mean(luminance * contrast if scale == 4 else contrast) ** power
            x, y = halved(x), halved(y)
        products.append(product)
    assert multi_scale_ssim(a, b).item() == pytest.approx(1 - np.mean(products), abs=1e-12)


def test_both_are_zero_at_equality_symmetric_and_grow_with_noise() -> None:
    for loss, side in ((ssim, 24), (multi_scale_ssim, 176)):
        values = []
        for noise in (0.0, 0.05, 0.2):
            a, b = scenes(side, batch=1, noise=noise)
            values.append(loss(a, b).item())
            assert values[-1] == pytest.approx(loss(b, a).item(), abs=1e-9)
        assert values[0] == pytest.approx(0.0, abs=1e-12)
        assert values[0] < values[1] < values[2]


def test_gradients_are_the_derivatives() -> None:
    a, b = scenes(12, batch=1)
    a.requires_grad_()
    for edges in structure.EDGES:
        assert torch.autograd.gradcheck(lambda x, edges=edges: ssim(x, b, edges=edges), [a])


def test_multi_scale_gradient_is_finite_where_structures_are_opposite() -> None:
    _, b = scenes(176, batch=1)
    a = (1 - b).requires_grad_()
    loss = multi_scale_ssim(a, b)
    loss.backward()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()
    assert 0.5 < loss.item() <= 1


def test_wrong_usage_says_what_is_allowed() -> None:
    a, b = scenes(12)
    with pytest.raises(ValueError, match="pictures of 13x10; it takes 11 or more"):
        ssim(a[..., :10, :13], b[..., :10, :13])
    with pytest.raises(ValueError, match=r"ms-ssim.*176 or more"):
        multi_scale_ssim(*scenes(175, batch=1))
    with pytest.raises(OptionError, match=r"edges 'zero'.*did you mean 'zeros'"):
        ssim(a, b, edges="zero")
    with pytest.raises(ValueError, match="of one shape"):
        ssim(a, b[:1])
