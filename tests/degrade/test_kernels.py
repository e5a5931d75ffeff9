"""Kernels from formulas: released values, moments, symmetries, exact areas."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j1
from torch import Tensor

from degrade.kernels import (
    Ellipse,
    disk_kernels,
    disk_reach,
    gaussian_kernels,
    generalised_kernels,
    in_middle,
    motion_kernels,
    motion_reach,
    plateau_kernels,
    sinc_kernels,
    with_noise,
)

angles = st.floats(-math.pi, math.pi)
sigmas = st.floats(0.8, 4.0)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def moments(kernel: Tensor) -> tuple[float, float, np.ndarray]:
    """Centroid (x to the right, y down) and covariance [[xx, xy], [xy, yy]]."""
    weights = kernel.numpy()
    half = len(weights) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    cx, cy = float((weights * x).sum()), float((weights * y).sum())
    x, y = x - cx, y - cy
    pairs = [[x * x, x * y], [x * y, y * y]]
    return cx, cy, np.array([[(weights * p).sum() for p in line] for line in pairs])


@given(sigma_x=sigmas, sigma_y=sigmas, angle=angles, dx=st.floats(-2, 2), dy=st.floats(-2, 2))
@settings(max_examples=30, deadline=None)
def test_moments_of_a_gaussian_are_its_parameters(
    sigma_x: float, sigma_y: float, angle: float, dx: float, dy: float
) -> None:
    ellipse = Ellipse(column(sigma_x), column(sigma_y), column(angle), column(dx), column(dy))
    kernel = gaussian_kernels([61], ellipse=ellipse)[0]
    cx, cy, covariance = moments(kernel)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    wanted = turn @ np.diag([sigma_x**2, sigma_y**2]) @ turn.T
    assert float(kernel.sum()) == pytest.approx(1.0, abs=1e-12)
    # Sampling a Gaussian of sigma .8 costs 2 exp(-2 pi^2 .64) = 7e-6 of its moments.
    assert (cx, cy) == pytest.approx((dx, dy), abs=1e-4)
    np.testing.assert_allclose(covariance, wanted, atol=2e-3)


@given(
    size=st.integers(0, 15).map(lambda n: 2 * n + 1), sigma_x=st.floats(0, 9),
    sigma_y=st.floats(0, 9), angle=angles, beta=st.floats(0.3, 6),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_families_sum_to_one_and_look_alike_upside_down(
    size: int, sigma_x: float, sigma_y: float, angle: float, beta: float
) -> None:
    ellipse = Ellipse(column(sigma_x), column(sigma_y), column(angle))
    for kernel in (
        gaussian_kernels([size], ellipse=ellipse),
        generalised_kernels([size], ellipse=ellipse, beta=column(beta)),
        plateau_kernels([size], ellipse=ellipse, beta=column(beta)),
        sinc_kernels([size], cutoff=column(0.3 * beta)),
    ):
        assert kernel.shape == (1, size, size)
        assert float(kernel.sum()) == pytest.approx(1.0, abs=1e-12)
        torch.testing.assert_close(kernel, kernel.flip(1, 2), atol=1e-13, rtol=0)


def test_generalised_with_beta_one_is_the_gaussian_and_larger_is_flatter() -> None:
    ellipse = Ellipse(column(2.0, 2.0), column(1.0, 1.0), column(0.3, 0.3))
    gaussian = gaussian_kernels([21, 21], ellipse=ellipse)
    made = generalised_kernels([21, 21], ellipse=ellipse, beta=column(1.0, 4.0))
    torch.testing.assert_close(made[0], gaussian[0], atol=1e-15, rtol=0)
    assert made[1, 10, 11] / made[1, 10, 10] > 0.99 > gaussian[1, 10, 11] / gaussian[1, 10, 10]


def test_the_angle_of_an_isotropic_kernel_changes_no_bit() -> None:
    a, b = gaussian_kernels(
        [15, 15], ellipse=Ellipse(column(1.7, 1.7), column(1.7, 1.7), column(0.0, 1.1))
    )
    assert torch.equal(a, b)


def test_the_angle_turns_the_long_axis_from_right_towards_down() -> None:
    _, _, covariance = moments(
        gaussian_kernels([41], ellipse=Ellipse(column(4.0), column(1.0), column(0.5)))[0]
    )
    assert covariance[0, 0] > covariance[1, 1] and covariance[0, 1] > 1.0


def test_a_tiny_sigma_is_one_sample_and_half_a_shift_is_two() -> None:
    zero = column(0.0)
    one = gaussian_kernels([5], ellipse=Ellipse(zero, zero, zero))[0]
    assert float(one[2, 2]) == 1.0 and int((one != 0).sum()) == 1
    two = gaussian_kernels([5], ellipse=Ellipse(zero, zero, zero, column(0.5), zero))[0]
    assert two[2].tolist() == [0.0, 0.0, 0.5, 0.5, 0.0]


def test_smaller_kernels_lie_in_the_middle_of_larger_ones() -> None:
    sizes, zero = [7, 15, 1], column(0.0, 0.0, 0.0)
    ellipse = Ellipse(column(2.0, 3.0, 1.0), column(1.0, 2.0, 1.0), zero + 0.4, zero + 0.5, zero)
    together = gaussian_kernels(sizes, ellipse=ellipse)
    for b, size in enumerate(sizes):
        own = [getattr(ellipse, n)[b : b + 1] for n in Ellipse.__dataclass_fields__]
        alone = gaussian_kernels([size], ellipse=Ellipse(*own))
        torch.testing.assert_close(together[b], in_middle([alone[0], together[1]])[0])
    sinc = sinc_kernels(sizes, cutoff=column(1.0, 2.0, 3.0))
    torch.testing.assert_close(sinc[0, 4:-4, 4:-4], sinc_kernels([7], cutoff=column(1.0))[0])
    assert float(sinc[0].abs().sum()) == pytest.approx(float(sinc[0, 4:-4, 4:-4].abs().sum()))


@given(size=st.integers(1, 50).map(lambda n: 2 * n + 1), cutoff=st.floats(0.1, math.pi))
@settings(max_examples=25, deadline=None)
def test_sinc_is_the_bessel_function(size: int, cutoff: float) -> None:
    half = size // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    r = np.hypot(x, y)
    with np.errstate(invalid="ignore"):
        wanted = cutoff * j1(cutoff * r) / (2 * np.pi * r)
    wanted[half, half] = cutoff**2 / (4 * np.pi)
    made = sinc_kernels([size], cutoff=column(cutoff))[0].numpy()
    np.testing.assert_allclose(made * wanted.sum(), wanted, atol=1e-14, rtol=0)


def test_sinc_passes_low_frequencies_and_stops_high_ones() -> None:
    kernel = sinc_kernels([101], cutoff=column(1.5))[0].numpy()
    response = np.abs(np.fft.fft2(kernel))[0]
    frequency = 2 * np.pi * np.arange(101) / 101
    assert (np.abs(response[frequency < 1.2] - 1.0) < 0.1).all()
    assert (response[(frequency > 1.8) & (frequency < np.pi)] < 0.1).all()


def area_in_circle(x: int, *, y: int, radius: float) -> float:
    """The area of a pixel within the circle, by Gauss and Legendre's rule between corners."""
    # Where the arc enters or leaves the row of pixels, or ends, the height has a corner.
    ends = [math.sqrt(max(radius**2 - e * e, 0.0)) for e in (y - 0.5, y + 0.5)]
    corners = [sign * end for end in (*ends, radius) for sign in (-1, 1)]
    inner = [c for c in corners if x - 0.5 < c < x + 0.5]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    # t = u^2 (3 - 2u) takes the root's infinite slope from the ends.
    u = (nodes + 1) / 2
    area = 0.0
    for low, high in pairwise(sorted([x - 0.5, *inner, x + 0.5])):
        t = low + (high - low) * u * u * (3 - 2 * u)
        arc = np.sqrt(np.maximum(radius**2 - t * t, 0.0))
        height = np.maximum(np.minimum(arc, y + 0.5) - np.maximum(-arc, y - 0.5), 0.0)
        area += float((weights / 2 * height * (high - low) * 6 * u * (1 - u)).sum())
    return area


@given(radius=st.floats(0.5, 12))
@settings(max_examples=25, deadline=None)
def test_a_disk_is_the_area_of_each_pixel_in_the_circle(radius: float) -> None:
    kernel = disk_kernels([radius])[0]
    half = disk_reach(radius)
    assert len(kernel) == 2 * half + 1
    assert float(kernel.sum()) == pytest.approx(1.0, abs=1e-12)
    torch.testing.assert_close(kernel, kernel.T, atol=1e-14, rtol=0)
    for y, x in ((0, half), (half // 2, half), (half // 2, half // 2), (half, half)):
        own = float(kernel[half + y, half + x]) * math.pi * radius**2
        assert own == pytest.approx(area_in_circle(x, y=y, radius=radius), abs=1e-9)


def test_fspecial_disks() -> None:
    """Four decimals as MATLAB prints fspecial('disk', 1)."""
    wanted = [[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453], [0.0251, 0.1453, 0.0251]]
    np.testing.assert_allclose(disk_kernels([1.0])[0].numpy(), wanted, atol=5e-5)
    assert disk_kernels([0.3])[0].tolist() == [[1.0]]


def test_fspecial_motion() -> None:
    """Four decimals as MATLAB prints fspecial('motion', 5, 45), and an exact row."""
    wanted = [
        [0, 0, 0, 0.0501, 0.0304],
        [0, 0, 0.0519, 0.1771, 0.0501],
        [0, 0.0519, 0.1771, 0.0519, 0],
        [0.0501, 0.1771, 0.0519, 0, 0],
        [0.0304, 0.0501, 0, 0, 0],
    ]
    made = motion_kernels([5.0], angle=column(math.pi / 4))[0]
    np.testing.assert_allclose(made.numpy(), wanted, atol=5e-5)
    row = motion_kernels([9.0], angle=column(0.0))[0]
    np.testing.assert_allclose(row[4].numpy(), np.full(9, 1 / 9), atol=1e-15)
    assert float(row.sum(1)[[0, 1, 2, 3, 5, 6, 7, 8]].abs().max()) == 0.0


@given(length=st.floats(0, 40), angle=st.floats(-7, 7))
@settings(max_examples=30, deadline=None)
def test_straight_motion(length: float, angle: float) -> None:
    kernel = motion_kernels([length], angle=column(angle))[0]
    assert len(kernel) == 2 * motion_reach(length) + 1
    assert float(kernel.sum()) == pytest.approx(1.0, abs=1e-12)
    torch.testing.assert_close(kernel, kernel.flip(0, 1), atol=1e-13, rtol=0)
    if length > 10:
        _, _, covariance = moments(kernel)
        along = np.array([math.cos(angle), -math.sin(angle)])
        # An even line of that length, with the antialiasing's own width on top.
        assert along @ covariance @ along == pytest.approx(length**2 / 12, rel=0.1)
        assert np.linalg.det(covariance) < 0.3 * length**2 / 12


def test_mixed_lengths_and_radii() -> None:
    lengths, radii = [1.0, 12.5, 4.0], [0.0, 3.3, 1.2]
    for b, kernel in enumerate(motion_kernels(lengths, angle=column(0.3, 0.7, 2.0))):
        alone = motion_kernels([lengths[b]], angle=column((0.3, 0.7, 2.0)[b]))[0]
        torch.testing.assert_close(kernel, in_middle([alone, kernel])[0], atol=1e-15, rtol=0)
    for b, kernel in enumerate(disk_kernels(radii)):
        alone = disk_kernels([radii[b]])[0]
        torch.testing.assert_close(kernel, in_middle([alone, kernel])[0], atol=1e-15, rtol=0)


def test_kernel_noise_multiplies_and_keeps_the_sum() -> None:
    ellipse = Ellipse(column(1.5), column(1.5), column(0.0))
    kernel = gaussian_kernels([9], ellipse=ellipse)
    field = torch.linspace(0, 1, 81, dtype=torch.float64).reshape(1, 9, 9)
    made = with_noise(kernel, noise=column(0.25), field=field)
    ratio = made / kernel
    assert float(made.sum()) == pytest.approx(1.0, abs=1e-12)
    assert float(ratio.max() / ratio.min()) == pytest.approx(1.25 / 0.75)


def test_vector_blur_kernels(testvectors: Path) -> None:
    given_ = np.load(testvectors / "blur_kernels.npz")
    params = np.stack([given_[f"params_{i}"] for i in range(3)])
    sizes = [int(size) for size in params[:, 0]]
    sigma_x, sigma_y, angle, beta_g, beta_p = (torch.from_numpy(c.copy()) for c in params.T[1:])
    ellipse = Ellipse(sigma_x, sigma_y, angle)
    sincs = [given_[f"sinc_params_{i}"] for i in range(3)]
    made = {
        "gaussian": gaussian_kernels(sizes, ellipse=ellipse),
        "generalized": generalised_kernels(sizes, ellipse=ellipse, beta=beta_g),
        "plateau": plateau_kernels(sizes, ellipse=ellipse, beta=beta_p),
        "sinc": sinc_kernels([int(s[1]) for s in sincs], cutoff=column(*(s[0] for s in sincs))),
    }
    for name, batch in made.items():
        for i, kernel in enumerate(batch):
            np.testing.assert_allclose(
                kernel.numpy(), given_[f"{name}_{i}"], atol=1e-14, rtol=0, err_msg=f"{name} {i}"
            )
