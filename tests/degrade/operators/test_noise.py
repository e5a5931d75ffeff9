"""The noises of display-referred pipelines: moments, covariance, gray, batches, gradients.

Thresholds are in standard errors of n fixed samples: 4.5 of them is a false alarm in 1e5 for each
comparison, once and for all, because the seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.laws import Draw, value_of
from degrade.operator import OPERATORS
from degrade.operators.noise import (
    correlated_noise,
    correlated_speckle_noise,
    gaussian_noise,
    poisson_noise,
    speckle_noise,
)
from degrade.philox import poisson_array, uniform_array

ERRORS = 4.5
SIZE = 400


def flat(value: float, *, channels: int = 3, batch: int = 1) -> Tensor:
    return torch.full((batch, channels, SIZE, SIZE), value)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def seeds(*values: int) -> Tensor:
    return torch.tensor(values)


NO, YES = torch.tensor([False]), torch.tensor([True])


def assert_moments(samples: Tensor, *, mean: float, sigma: float) -> None:
    values = samples.double().flatten()
    n = len(values)
    assert abs(float(values.mean()) - mean) < ERRORS * sigma / n**0.5
    # The variance's own deviation is at most 1.1 times a normal's for every law used here.
    assert abs(float(values.var()) / sigma**2 - 1) < ERRORS * 1.1 * (2 / n) ** 0.5


def test_gaussian_noise_has_its_sigma_and_is_not_clipped() -> None:
    made = gaussian_noise(flat(0.02), sigma=column(0.05), gray=NO, seed=seeds(1))
    assert_moments(made - 0.02, mean=0.0, sigma=0.05)
    assert stats.kstest((made[0, 0, :200].flatten().numpy() - 0.02) / 0.05, "norm").pvalue > 1e-4
    assert float(made.min()) < -0.1


def test_gray_is_one_field_and_colour_is_three() -> None:
    for op in (gaussian_noise, speckle_noise):
        gray = op(flat(0.5), sigma=column(0.1), gray=YES, seed=seeds(2))[0]
        assert torch.equal(gray[0], gray[1]) and torch.equal(gray[0], gray[2])
        colour = op(flat(0.5), sigma=column(0.1), gray=NO, seed=seeds(2))[0]
        matrix = np.corrcoef(colour.flatten(1).numpy())
        assert np.abs(matrix - np.eye(3)).max() < ERRORS / SIZE


def test_speckle_noise_grows_with_the_picture() -> None:
    for value in (0.0, 0.2, 1.0):
        made = speckle_noise(flat(value), sigma=column(0.08), gray=NO, seed=seeds(3)) - value
        if value == 0.0:
            assert not made.any()
        else:
            assert_moments(made, mean=0.0, sigma=0.08 * value)
            assert abs(stats.skew(made.flatten().numpy())) < ERRORS * (6 / made.numel()) ** 0.5


def covariance(level: float, fractions: tuple[float, float, float], basis: int) -> np.ndarray:
    """What NumPy's multivariate_normal draws from, told the published matrix (its SVD root)."""
    random = np.random.default_rng(0)
    left = np.linalg.svd(uniform_array(basis, (1, 3, 3))[0].astype(np.float64))[0]
    told = np.abs(level**2 * left.T @ np.diag(fractions) @ left)
    drawn = random.multivariate_normal(np.zeros(3), told, 200_000, check_valid="ignore")
    return np.cov(drawn.T)


@pytest.mark.parametrize("basis", [0, 1, 77])
def test_correlated_noise_has_the_published_covariance(basis: int) -> None:
    fractions = (0.9, 0.35, 0.1)
    made = correlated_noise(
        flat(0.5), level=column(0.3), first=(fractions[0],), second=(fractions[1],),
        third=(fractions[2],), basis=(basis,), seed=seeds(4),
    )  # fmt: skip
    ours = np.cov(made[0].flatten(1).double().numpy())
    theirs = covariance(0.3, fractions, basis)
    # Elements of a sample covariance: deviation at most sqrt(2) variance / sqrt(n), on both sides.
    assert np.abs(ours - theirs).max() < ERRORS * 2 * theirs.max() / SIZE
    assert np.abs(theirs - np.diag(np.diag(theirs))).max() > 0.02 * theirs.max()


def test_correlated_speckle_is_the_same_field_times_the_picture() -> None:
    same = dict.fromkeys(("first", "second", "third"), (0.5,))
    field = correlated_noise(flat(0.0), level=column(0.1), basis=(5,), seed=seeds(6), **same)
    made = correlated_speckle_noise(
        flat(0.25), level=column(0.1), basis=(5,), seed=seeds(6), **same
    )
    torch.testing.assert_close(made, 0.25 + 0.25 * field)


@pytest.mark.parametrize("peak", [20.0, 128.0, 5000.0])
def test_poisson_noise_is_that_of_counted_photons(peak: float) -> None:
    value = 102 / 255
    made = poisson_noise(flat(value), gray=NO, peak=column(peak), scale=column(1.0), seed=seeds(7))
    assert_moments(made - value, mean=0.0, sigma=(value / peak) ** 0.5)
    counts = (made.double() * peak).numpy()
    assert np.abs(counts - np.rint(counts)).max() < 1e-3
    skew = stats.skew(counts.ravel())
    # A Poisson law's skewness is rate**-1/2; its sample's deviation is near sqrt(6 / n).
    assert abs(skew - (value * peak) ** -0.5) < ERRORS * 1.5 * (6 / counts.size) ** 0.5


def test_poisson_noise_reads_the_picture_at_8_bits_and_scales_the_noise() -> None:
    images = torch.tensor([-0.2, 0.3, 0.3014, 1.4]).reshape(1, 1, 1, 4).expand(1, 1, 64, 4)
    made = poisson_noise(images, gray=NO, peak=column(100.0), scale=column(2.0), seed=seeds(8))
    read = torch.tensor([0.0, 76.0, 77.0, 255.0]).expand(1, 1, 64, 4) / 255
    counts = torch.from_numpy(poisson_array(8, (read[0] * 100).numpy()))
    torch.testing.assert_close(made, images + 2 * (counts / 100 - read), atol=1e-6, rtol=0)


def test_gray_poisson_noise_is_that_of_the_gray_picture() -> None:
    images = torch.tensor([0.2, 0.6, 0.4])[None, :, None, None].expand(1, 3, 64, 64)
    made = poisson_noise(images, gray=YES, peak=column(50.0), scale=column(1.0), seed=seeds(9))
    gray = torch.full((1, 1, 64, 64), 0.299 * 0.2 + 0.587 * 0.6 + 0.114 * 0.4)
    alone = poisson_noise(gray, gray=NO, peak=column(50.0), scale=column(1.0), seed=seeds(9))
    torch.testing.assert_close(made - images, (alone - gray).expand(-1, 3, -1, -1))


def test_the_peak_follows_gray() -> None:
    law = OPERATORS["poisson_noise"].parameters["peak"].law
    drawn = {
        gray: [value_of(law, draw=Draw((key,), {"gray": gray})) for key in range(400)]
        for gray in (False, True)
    }
    assert set(drawn[False]) == {256.0}
    # 3.3 % of 400: 13.2, deviation 3.6.
    assert set(drawn[True]) == {128.0, 256.0} and 1 <= drawn[True].count(128.0) <= 29


Call = Callable[[Tensor, slice], Tensor]
ALL: dict[str, Call] = {
    "gaussian": lambda x, s: gaussian_noise(
        x, sigma=column(0.1, 0.02, 0.3)[s], gray=torch.tensor([True, False, True])[s],
        seed=seeds(1, 2, 3)[s],
    ),
    "speckle": lambda x, s: speckle_noise(
        x, sigma=column(0.1, 0.02, 0.3)[s], gray=torch.tensor([True, False, True])[s],
        seed=seeds(1, 2, 3)[s],
    ),
    "correlated": lambda x, s: correlated_noise(
        x, level=column(0.1, 0.02, 0.3)[s], first=(0.1, 0.2, 0.3)[s], second=(1.0, 0.0, 0.4)[s],
        third=(0.9, 0.7, 0.4)[s], basis=(4, 5, 6)[s], seed=seeds(1, 2, 3)[s],
    ),
    "poisson": lambda x, s: poisson_noise(
        x, gray=torch.tensor([True, False, True])[s], peak=column(50.0, 256.0, 1e4)[s],
        scale=column(1.0, 0.3, 2.0)[s], seed=seeds(1, 2, 3)[s],
    ),
}  # fmt: skip


def pictures(batch: int, *, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.1 + 0.8 * torch.rand((batch, 3, 9, 14), generator=generator, dtype=dtype)


@pytest.mark.parametrize("name", ALL)
def test_a_sample_does_not_know_its_batch(name: str) -> None:
    images = pictures(3)
    whole = ALL[name](images, slice(None))
    for b in range(3):
        one = slice(b, b + 1)
        assert torch.equal(whole[one], ALL[name](images[one], one))
    crop = ALL[name](images[:, :, :5, :7], slice(None))
    assert torch.equal(whole[:, :, :5, :7], crop)


@pytest.mark.parametrize("name", ["gaussian", "speckle", "correlated"])
def test_gradients(name: str) -> None:
    images = pictures(3, dtype=torch.float64)[:, :, :3, :3].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ALL[name](x, slice(None)), (images,))


def test_a_canvas_gives_the_same_noise_as_a_picture_alone() -> None:
    images = [pictures(1)[0], pictures(1)[0, :, :6, :11]]
    steps = [
        [{"operator": "gaussian_noise", "sigma": 0.1, "gray": False, "seed": 5}],
        [{"operator": "gaussian_noise", "sigma": 0.2, "gray": True, "seed": 6}],
    ]
    together = apply_together(images, steps)
    assert all(map(torch.equal, apply_steps(images, steps), together))


def test_channels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="correlated noise takes 3 channels, got 1"):
        correlated_noise(
            flat(0.5, channels=1), level=column(0.1), first=(1.0,), second=(1.0,), third=(1.0,),
            basis=(0,), seed=seeds(0),
        )  # fmt: skip
    with pytest.raises(ValueError, match="poisson_noise takes 1 or 3 channels, got 4"):
        poisson_noise(
            flat(0.5, channels=4), gray=YES, peak=column(9.0), scale=column(1.0), seed=seeds(0)
        )
