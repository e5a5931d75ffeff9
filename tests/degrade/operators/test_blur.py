"""The blurs as operators: neutral values, light, ragged batches, gradients, recipes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

import degrade.operators.blur
import degrade.operators.camera_blur
from degrade.apply import apply_together, call, degrade
from degrade.laws import Of
from degrade.operator import OPERATORS
from degrade.recipe import Recipe, Step
from degrade.record import draw_record
from degrade.transfer import linear_to_srgb, srgb_to_linear

# All of them but kernel_blur, which needs a file.
NAMES = (
    "gaussian_blur", "generalised_blur", "plateau_blur", "noisy_gaussian_blur", "sinc_blur",
    "motion_blur", "trajectory_blur", "disk_blur",
)  # fmt: skip


def picture(height: int = 40, width: int = 44, *, seed: int = 0, channels: int = 3) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.random((channels, height, width), np.float32))


def drawn(name: str, *, key: str = "a", **fixed: Any) -> dict[str, Any]:
    recipe = Recipe("r", "", "", (Step("s", name, fixed),))
    return draw_record(recipe, seed=0, key=key).steps["s"]


def run(values: dict[str, Any], image: Tensor) -> Tensor:
    made, _ = call(
        OPERATORS[values["operator"]], image[None], sizes=[(image.shape[1], image.shape[2])],
        origins=[(0, 0)], values=[values],
    )  # fmt: skip
    return made[0]


@pytest.mark.parametrize("name", NAMES)
def test_neutral_values_change_nothing(name: str) -> None:
    parameters = OPERATORS[name].parameters
    neutral: dict[str, Any] = {n: p.neutral for n, p in parameters.items() if p.neutral is not None}
    assert neutral
    image = picture()
    assert torch.equal(run(drawn(name, **neutral), image), image)


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_picture_stays_and_others_do_not(name: str) -> None:
    values = drawn(name)
    flat = torch.full((1, 30, 30), 0.7)
    torch.testing.assert_close(run(values, flat), flat, atol=1e-6, rtol=0)
    assert (run(values, picture()) - picture()).abs().max() > 0.05


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("padding", ["reflect", "wrap"])
def test_a_ragged_batch_equals_its_pictures_one_by_one(name: str, padding: str) -> None:
    images = [picture(20, 31, seed=1), picture(37, 16, seed=2), picture(24, 24, seed=3)]
    steps = [[drawn(name, key=key, padding=padding)] for key in "abc"]
    alone = [run(own[0], image) for image, own in zip(images, steps, strict=True)]
    for together, own in zip(apply_together(images, steps), alone, strict=True):
        assert torch.equal(together, own)
    # The body that a GPU runs sums in another order: float32 roundings.
    wide = apply_together([image.double() for image in images], steps)
    for together, own in zip(wide, alone, strict=True):
        torch.testing.assert_close(together.float(), own, atol=3e-6, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_light(name: str) -> None:
    image, values = picture(), drawn(name)
    assert values["light"] == "srgb" and values["padding"] == "reflect"
    linear = run({**values, "light": "linear"}, image)
    by_hand = linear_to_srgb(run(values, srgb_to_linear(image)))
    torch.testing.assert_close(linear, by_hand, atol=1e-6, rtol=0)
    assert (linear - run(values, image)).abs().max() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str) -> None:
    small: dict[str, Any] = {"size": 3} if "size" in OPERATORS[name].parameters else {}
    small |= {"radius": 1.2} if name == "disk_blur" else {}
    small |= {"length": 3.0} if name == "motion_blur" else {}
    values = drawn(name, **small)
    image = picture(5, 6, channels=1).double().requires_grad_()
    assert OPERATORS[name].differentiable
    assert torch.autograd.gradcheck(lambda x: run(values, x), (image,))


def test_gaussian_blur_is_scipys_gaussian_filter() -> None:
    image = picture(channels=1)
    values = drawn("gaussian_blur", size=21, sigma_x=1.5, sigma_y=2.5, angle=0.0)
    for dtype in (torch.float32, torch.float64):
        made = run(values, image.to(dtype))[0].numpy()
        wanted = ndimage.gaussian_filter(
            image[0].double().numpy(), (2.5, 1.5), mode="mirror", radius=10
        )
        np.testing.assert_allclose(made, wanted, atol=1e-6)


def test_the_angle_of_an_isotropic_blur_changes_no_bit() -> None:
    image = picture()
    made = [
        run(drawn("gaussian_blur", sigma_x=1.3, sigma_y=Of("sigma_x"), angle=a), image)
        for a in (0.0, 1.0)
    ]
    assert torch.equal(*made)


def test_a_shift_reads_further_right_and_down() -> None:
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(44.0), indexing="ij")
    slope = torch.stack([x, y]) / 100
    values = drawn("gaussian_blur", size=15, sigma_x=1.0, sigma_y=1.0, shift_x=1.5, shift_y=-0.5)
    moved = (run(values, slope) - slope)[:, 10:-10, 10:-10] * 100
    assert (moved[0] - 1.5).abs().max() < 1e-3
    assert (moved[1] + 0.5).abs().max() < 1e-3


def test_usual_laws_are_the_published_ones() -> None:
    draws = [drawn("gaussian_blur", key=str(i)) for i in range(300)]
    assert {d["size"] for d in draws} == set(range(7, 22, 2))
    assert all(0.2 <= d["sigma_x"] <= 3.0 for d in draws)
    betas = np.array([drawn("plateau_blur", key=str(i))["beta"] for i in range(300)])
    assert 0.4 < (betas == 1.0).mean() < 0.6 and betas.max() <= 2.0
    betas = np.array([drawn("generalised_blur", key=str(i))["beta"] for i in range(300)])
    assert 0.4 < (betas < 1.0).mean() < 0.6 and betas.min() >= 0.5 and 3.5 < betas.max() <= 4.0
    sincs = [drawn("sinc_blur", key=str(i)) for i in range(300)]
    low = {d["size"]: np.pi / (3 if d["size"] < 13 else 5) for d in sincs}
    assert all(low[d["size"]] <= d["cutoff"] <= np.pi for d in sincs)
    assert min(d["cutoff"] for d in sincs) < 0.9


def test_noisy_kernels_are_those_of_their_seed_whatever_the_batch() -> None:
    a, b = (drawn("noisy_gaussian_blur", size=7, seed=seed) for seed in (1, 2))
    b |= {name: a[name] for name in ("sigma_x", "sigma_y", "angle")}
    image = picture()
    assert not torch.equal(run(a, image), run(b, image))
    wide = drawn("noisy_gaussian_blur", size=21)
    assert torch.equal(apply_together([image, image], [[a], [wide]])[0], run(a, image))


def test_a_recipe_of_blurs_runs() -> None:
    steps = tuple(Step(name, name) for name in NAMES)
    record = draw_record(Recipe("all", "", "", steps), seed=1, key="k")
    _, (made,) = degrade([picture()], [record])
    assert made.shape == (3, 40, 44) and bool(torch.isfinite(made).all())
