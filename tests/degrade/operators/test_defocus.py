"""Defocus by depth and dual pixels: lens formula, kernels, edges, sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.operators.defocus import (
    Lens,
    Psf,
    coc,
    defocus_depth,
    disk_kernel,
    dual_kernels,
    dual_pixel,
    dual_pixel_depth,
)

LENS: dict[str, Any] = {"focal": 50.0, "f_number": 2.0, "focus": 2.0, "pitch": 40.0}
SHAPE: dict[str, Any] = {"order": 3.0, "cutoff": 2.5, "floor": 0.2}
DUAL: dict[str, Any] = {"operator": "dual_pixel", "coc": 6.0, **SHAPE, "light": "srgb"}


def picture(height: int = 12, width: int = 15, *, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((3, height, width))).float()


def depth_step(folder: Path, depth: NDArray[Any], *, name: str = "depth", **more: Any) -> Any:
    np.save(folder / f"{name}.npy", depth.astype(np.float32))
    file = {"file": str(folder / f"{name}.npy")}
    return {"operator": "defocus_depth", "depth": file, **LENS, "light": "srgb", **more}


def views(made: Tensor) -> tuple[Tensor, Tensor]:
    half = made.shape[2] // 2
    return made[:, :, :half], made[:, :, half:]


def test_circle_of_confusion_of_a_thin_lens() -> None:
    # 50 mm at f/2 focused at 2 m: s' = 51.282 mm, aperture 25 mm; a point at 4 m is sharp
    # 50.633 mm behind the lens, where its cone is (51.282 - 50.633) / 50.633 * 25 mm wide.
    image, sharp = 50 * 2000 / 1950, 50 * 4000 / 3950
    expected = (image - sharp) / sharp * 25.0 / 0.040
    lens = Lens(**LENS)
    assert coc(np.array([4.0]), lens=lens)[0] == pytest.approx(expected)
    signs = coc(torch.tensor([1.0, 2.0, 3.0]), lens=lens).sign().tolist()
    assert signs == [-1.0, 0.0, 1.0]
    assert coc(np.array([1e9]), lens=lens)[0] == pytest.approx(lens.far)
    with pytest.raises(ValueError, match=r"50.0 mm cannot focus at 0.05 m"):
        Lens(50.0, 2.0, 0.05, 4.0)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 80), st.sampled_from([3.0, 6.0, 9.0]), st.sampled_from([2.0, 2.5]),
    st.sampled_from([0.01, 0.1, 1.0]),
)  # fmt: skip
def test_kernels_are_normalised_mirrors(
    diameter: float, order: float, cutoff: float, floor: float
) -> None:
    whole, rising, falling = dual_kernels(diameter, psf=Psf(order, cutoff, floor))
    disk = disk_kernel(diameter)
    for kernel in (disk, whole, rising, falling):
        assert kernel.sum() == pytest.approx(1.0)
        assert kernel.min() >= 0
        assert np.allclose(kernel, kernel[::-1])
    assert np.allclose(whole, whole.T)
    assert np.allclose(rising, falling[:, ::-1])
    assert np.allclose((rising + falling) / 2, whole)
    center = np.arange(len(whole)) - len(whole) // 2
    assert diameter < 3 or (rising * center).sum() > 0.05 * diameter
    area = np.pi * diameter**2 / 4
    assert diameter < 8 or 1 / disk.max() == pytest.approx(area, rel=0.05)


def test_kernel_is_the_released_shape() -> None:
    """Radius 10, so 21x21: disk times normalised Butterworth, then smoothed, here by scipy."""
    y, x = np.mgrid[-10:11, -10:11].astype(float)
    term = ((x**2 + y**2) / (20 / 2.5) ** 2) ** 3
    high = term / (1 + term)
    high = (1 - 0.2) / (high.max() - high.min()) * (high - high.min()) + 0.2
    padded = np.pad(disk_kernel(20.0) * high, 2)  # round(21 / 7) + 1 is 4, the next odd number 5
    sigma = 0.3 * ((5 - 1) * 0.5 - 1) + 0.8
    expected = gaussian_filter(padded, sigma, mode="constant", radius=2)
    whole, rising, _ = dual_kernels(20.0, psf=Psf(3, 2.5, 0.2))
    np.testing.assert_allclose(whole, expected / expected.sum(), atol=1e-12)
    ramp = np.arange(25) / 24
    np.testing.assert_allclose(rising, whole * ramp / (whole * ramp).sum(), atol=1e-12)


def test_a_point_lies_left_or_right_by_the_sign() -> None:
    point = torch.zeros(1, 21, 21)
    point[0, 10, 10] = 1.0
    place = torch.arange(21.0)
    for size in (8.0, -8.0):
        left, right = views(apply_steps([point], [[{**DUAL, "coc": size}]])[0])
        means = [float((view[0].sum(0) * place).sum() / view.sum()) for view in (left, right)]
        # Correlation turns a kernel that rises to the right into a point spread to the left.
        assert np.sign(means[0] - means[1]) == -np.sign(size)
        assert torch.allclose(left.flip(2), right, atol=1e-6)


def test_views_average_to_the_defocus() -> None:
    image = picture()
    left, right = views(apply_steps([image], [[DUAL]])[0])
    whole, _, _ = dual_kernels(6.0, psf=Psf(**SHAPE))
    margin = len(whole) // 2
    padded = np.pad(image.numpy(), ((0, 0), (margin, margin), (margin, margin)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, whole.shape, axis=(1, 2))
    expected = np.einsum("cyxij,ij->cyx", windows, whole)
    np.testing.assert_allclose((left + right) / 2, expected, atol=1e-6)


def test_in_focus_is_the_identity(tmp_path: Path) -> None:
    image = picture()
    assert torch.equal(apply_steps([image], [[{**DUAL, "coc": 0.0}]])[0], torch.cat([image] * 2, 2))
    step = depth_step(tmp_path, np.full((12, 15), LENS["focus"]))
    assert torch.equal(apply_steps([image], [[step]])[0], image)
    both = apply_steps([image], [[{**step, "operator": "dual_pixel_depth", **SHAPE}]])[0]
    assert torch.equal(both, torch.cat([image] * 2, 2))


def test_no_dark_fringes_and_near_covers_far(tmp_path: Path) -> None:
    depth = np.full((40, 40), 100.0)
    depth[:, 20:] = 0.8
    step = depth_step(tmp_path, depth)
    for operator in (step, {**step, "operator": "dual_pixel_depth", **SHAPE}):
        flat = apply_steps([torch.full((3, 40, 40), 0.7)], [[operator]])[0]
        assert torch.allclose(flat, torch.full_like(flat, 0.7), atol=1e-5)
    sharp = torch.zeros(3, 40, 40)
    sharp[:, :, 20:] = 1.0
    near = apply_steps([sharp], [[depth_step(tmp_path, depth, focus=100.0)]])[0][0, 20]
    far = apply_steps([sharp], [[depth_step(tmp_path, depth, focus=0.8)]])[0][0, 20]
    assert float(near[18]) > 0.1  # an unsharp near edge spills over the sharp far side
    assert torch.allclose(far, sharp[0, 20], atol=1e-5)  # a sharp near edge stays sharp


def test_flat_depth_is_one_disk(tmp_path: Path) -> None:
    image = picture(30, 30)
    step = depth_step(tmp_path, np.full((30, 30), 6.0))
    made = apply_steps([image], [[step]])[0].numpy()
    kernel = disk_kernel(float(np.round(coc(np.array([6.0]), lens=Lens(**LENS))[0])))
    assert len(kernel) == 13
    windows = np.lib.stride_tricks.sliding_window_view(image.numpy(), kernel.shape, axis=(1, 2))
    expected = np.einsum("cyxij,ij->cyx", windows, kernel)
    np.testing.assert_allclose(made[:, 6:-6, 6:-6], expected, atol=2e-6)


@pytest.mark.parametrize("distance", [1.2, 6.0])
def test_flat_depth_is_one_dual_pixel(tmp_path: Path, distance: float) -> None:
    image = picture(40, 40)
    step = depth_step(tmp_path, np.full((40, 40), distance))
    size = float(np.round(coc(np.array([distance]), lens=Lens(**LENS))[0]))
    by_depth = apply_steps([image], [[{**step, "operator": "dual_pixel_depth", **SHAPE}]])[0]
    flat = apply_steps([image], [[{**DUAL, "coc": size}]])[0]
    assert size in (-11.0, 11.0)
    for one, other in zip(views(by_depth), views(flat), strict=True):
        assert torch.allclose(one[:, 8:-8, 8:-8], other[:, 8:-8, 8:-8], atol=2e-6)


def test_a_depth_of_another_size_is_refused(tmp_path: Path) -> None:
    step = depth_step(tmp_path, np.ones((12, 14)))
    with pytest.raises(ValueError, match=r"defocus_depth: .*\[12x14\].*12x15"):
        apply_steps([picture()], [[step]])


def test_together_is_one_by_one(tmp_path: Path) -> None:
    images = [picture(12, 15), picture(20, 9), picture(7, 11)]
    steps = []
    for i, image in enumerate(images):
        height, width = image.shape[1:]
        ramp = np.linspace(0.5, 9.0, height)[:, None] + np.zeros(width)
        step = depth_step(tmp_path, ramp, name=str(i), focus=1.0 + i)
        last = {**DUAL, "coc": (5.0, -20.0, 0.4)[i], "light": ("srgb", "linear", "srgb")[i]}
        other = {**step, "operator": "dual_pixel_depth", **SHAPE}
        steps.append([step, other if i == 1 else last])
    alone, together = apply_steps(images, steps), apply_together(images, steps)
    for one, other, image in zip(alone, together, images, strict=True):
        assert one.shape == (3, image.shape[1], 2 * image.shape[2])
        # Linear light: vector and scalar code of pow differ in the last place.
        assert torch.allclose(one, other, atol=2e-6, rtol=0)


def test_gradients() -> None:
    images = picture(4, 5)[None].double().requires_grad_()
    sizes = [(4, 5)]
    depth = (torch.linspace(1.0, 5.0, 20).reshape(4, 5),)
    lens = {name: (value,) for name, value in {**LENS, "pitch": 150.0}.items()}
    shape = {name: (value,) for name, value in SHAPE.items()}
    assert torch.autograd.gradcheck(
        lambda x: defocus_depth(x, sizes=sizes, depth=depth, **lens), images, fast_mode=True
    )
    assert torch.autograd.gradcheck(
        lambda x: dual_pixel(x, sizes=sizes, origins=sizes, coc=(3.0,), **shape)[0],
        images,
        fast_mode=True,
    )
    assert torch.autograd.gradcheck(
        lambda x: dual_pixel_depth(
            x, sizes=sizes, origins=sizes, depth=depth, **lens, **shape
        )[0],
        images,
        fast_mode=True,
    )  # fmt: skip
