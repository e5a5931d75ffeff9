"""Correlation with a kernel of each picture's own: every way on the CPU against the plain sum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from degrade.canvas import PADDINGS, pad_margin
from degrade.filtering import correlate, correlate_separable

# float32 sums of up to 2601 products, or a float32 Fourier transform, of values up to 1 and
# kernels whose magnitudes sum to 1: about 10 roundings of 6e-8.
CLOSE = 1.5e-6
# numpy.pad's names for ours.
NUMPY_NAMES: dict[str, Any] = {
    "reflect": "reflect", "symmetric": "symmetric", "replicate": "edge", "wrap": "wrap",
    "zero": "constant",
}  # fmt: skip


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape, np.float32))


def kernels(way: str, *, side: int, seed: int = 0, batch: int = 1) -> Tensor:
    """Kernels that take the wanted way on the CPU, magnitudes summing to 1."""
    rng = np.random.default_rng(seed)
    made = rng.random((batch, side, side)) - 0.3
    if way == "outer":
        made = made[:, :1] * made[:, :, :1]
    elif way == "sparse":
        made *= rng.random(made.shape) < 0.2
        made[:, 0, 0] = made[:, -1, -2 % side] = 0.5
    return torch.from_numpy(made / np.abs(made).sum((1, 2), keepdims=True))


def plain_sum(image: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The definition, on one plane with its margin."""
    side = len(kernel)
    height, width = (n - side + 1 for n in image.shape)
    return np.sum(
        [
            kernel[i, j] * image[i : i + height, j : j + width]
            for i in range(side)
            for j in range(side)
        ],
        axis=0,
    )


@given(
    way=st.sampled_from(["dense", "sparse", "outer"]),
    half=st.integers(0, 12),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_every_way_is_the_sum(way: str, half: int, height: int, width: int, seed: int) -> None:
    image = pictures(1, 2, height + 2 * half, width + 2 * half, seed=seed)
    kernel = kernels(way, side=2 * half + 1, seed=seed)
    made = correlate(image, kernels=kernel)
    assert made.shape == (1, 2, height, width) and made.dtype == torch.float32
    for channel in range(2):
        wanted = plain_sum(image[0, channel].double().numpy(), kernel[0].numpy())
        np.testing.assert_allclose(made[0, channel].numpy(), wanted, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("way", ["dense", "sparse", "outer"])
@pytest.mark.parametrize("side", [3, 13, 31])
def test_the_fast_ways_agree_with_torch(way: str, side: int) -> None:
    image = pictures(2, 3, 40 + side, 33 + side)
    kernel = kernels(way, side=side, batch=2)
    fast = correlate(image, kernels=kernel)
    exact = correlate(image.double(), kernels=kernel)
    torch.testing.assert_close(fast.double(), exact, atol=CLOSE, rtol=0)
    with_gradient = correlate(image.clone().requires_grad_(), kernels=kernel)
    torch.testing.assert_close(with_gradient.detach(), fast, atol=2 * CLOSE, rtol=0)


def test_it_correlates_and_does_not_convolve() -> None:
    kernel = torch.zeros(1, 3, 3)
    kernel[0, 1, 2] = 1.0
    image = pictures(1, 1, 6, 6)
    assert torch.equal(correlate(image, kernels=kernel), image[:, :, 1:-1, 2:])
    assert torch.equal(correlate(image.double(), kernels=kernel), image.double()[:, :, 1:-1, 2:])


@pytest.mark.parametrize("way", ["dense", "sparse", "outer"])
@pytest.mark.parametrize("side", [5, 25])
def test_a_wider_margin_and_a_batch_change_no_bit(way: str, side: int) -> None:
    half, more = side // 2, 4
    image = pictures(3, 2, 30 + 2 * (half + more), 31 + 2 * (half + more))
    kernel = kernels(way, side=side, batch=3)
    framed = torch.nn.functional.pad(kernel, (more,) * 4)
    together = correlate(image, kernels=framed)
    for b in range(3):
        alone = image[b : b + 1, :, more:-more, more:-more]
        assert torch.equal(correlate(alone, kernels=kernel[b : b + 1])[0], together[b])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_separable_is_the_outer_product(dtype: torch.dtype) -> None:
    image = pictures(2, 3, 21, 24).to(dtype)
    rows, columns = (pictures(2, 7, seed=s).double() - 0.3 for s in (1, 2))
    made = correlate_separable(image, rows=rows, columns=columns)
    wanted = correlate(image.double(), kernels=columns[:, :, None] * rows[:, None, :])
    assert made.dtype == dtype
    torch.testing.assert_close(
        made.double(), wanted, atol=1e-5 if dtype == torch.float32 else 1e-13, rtol=0
    )


@pytest.mark.parametrize("padding", list(PADDINGS))
def test_padding_names_mean_what_numpy_and_scipy_mean(padding: str) -> None:
    image, kernel = pictures(1, 1, 12, 15).double(), kernels("dense", side=9)
    padded = pad_margin(image, sizes=[(12, 15)], paddings=[padding], radius=4)
    by_numpy = np.pad(image[0, 0].numpy(), 4, mode=NUMPY_NAMES[padding])
    np.testing.assert_array_equal(padded[0, 0].numpy(), by_numpy)
    mode = {"reflect": "mirror", "symmetric": "reflect", "replicate": "nearest", "wrap": "wrap",
            "zero": "constant"}[padding]  # fmt: skip
    wanted = ndimage.correlate(image[0, 0].numpy(), kernel[0].numpy(), mode=mode)
    made = correlate(padded, kernels=kernel)[0, 0].numpy()
    np.testing.assert_allclose(made, wanted, atol=1e-14, rtol=0)


def test_vector_filter2d(testvectors: Path) -> None:
    given_ = np.load(testvectors / "filter2d.npz")
    image, kernel = torch.from_numpy(given_["input"]), torch.from_numpy(given_["kernels"])
    sizes = [(image.shape[2], image.shape[3])] * len(image)
    padded = pad_margin(image, sizes=sizes, paddings=["reflect"] * len(image), radius=10)
    for one in (padded, padded.double()):
        np.testing.assert_allclose(
            correlate(one, kernels=kernel).numpy(), given_["output"], atol=CLOSE, rtol=0
        )


def test_gradients() -> None:
    image = pictures(2, 2, 4, 5).double().requires_grad_()
    kernel, rows = kernels("dense", side=3, batch=2), pictures(2, 3).double()
    assert torch.autograd.gradcheck(lambda x: correlate(x, kernels=kernel), (image,))
    assert torch.autograd.gradcheck(
        lambda x: correlate_separable(x, rows=rows, columns=rows.flip(1)), (image,)
    )


def test_unfit_shapes_are_refused() -> None:
    image = pictures(2, 1, 8, 8)
    with pytest.raises(ValueError, match="one square kernel for each"):
        correlate(image, kernels=torch.ones(1, 3, 3))
    with pytest.raises(ValueError, match="a side is odd"):
        correlate(image, kernels=torch.ones(2, 4, 4))
    with pytest.raises(ValueError, match="kernels of 9x9"):
        correlate(image, kernels=torch.ones(2, 9, 9))
    with pytest.raises(ValueError, match="one length for each"):
        correlate_separable(image, rows=torch.ones(2, 3), columns=torch.ones(2, 5))


def test_a_kernel_of_zeros_gives_zeros() -> None:
    assert not correlate(pictures(1, 1, 5, 5), kernels=torch.zeros(1, 3, 3)).any()
