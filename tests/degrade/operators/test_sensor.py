"""Unprocessing and processing against the released formulas, transcribed to numpy in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.operator import OPERATORS
from degrade.operators.sensor import (
    camera_gains,
    camera_matrices,
    color_matrix,
    gamma_compress,
    gamma_expand,
    inverse_tone,
    process,
    tone,
    unprocess,
)

Array = NDArray[np.float64]
# github.com/timothybrooks/unprocessing, unprocess.py: XYZ -> camera times 10000, and RGB -> XYZ.
_XYZ_TO_CAMERA = """
10234 -2969 -2266 -5625 16328 -469 -703 2188 6406  4913 -541 -202 -6130 13513 2906 -1564 2151 7183
8380 -2630 -639 -2887 10725 2496 -627 1427 5438  6596 -2079 -562 -4782 13016 1933 -970 1581 5181
"""
_RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WEIGHTS = {"nexus_6p": 0.4, "sony_a7r": 1.0, "olympus_em10": 0.3, "sony_rx100m4": 0.7}
GAINS = {"rgb_gain": 1.25, "red": 2.1, "blue": 1.7}
# RGB_TO_XYZ is printed to seven digits there and computed from the primaries here.
ROUNDED = 2e-6


def columns(values: Mapping[str, float]) -> dict[str, Tensor]:
    return {name: torch.tensor([value], dtype=torch.float64) for name, value in values.items()}


def matrix() -> Array:
    cameras = np.array(_XYZ_TO_CAMERA.split(), float).reshape(4, 3, 3) / 10000
    weights = np.array(list(WEIGHTS.values()))
    mixed = np.tensordot(weights / weights.sum(), cameras, axes=1) @ _RGB_TO_XYZ
    return mixed / mixed.sum(axis=1, keepdims=True)


def reference_unprocess(picture: Array) -> Array:
    """unprocess() of the released code on [3,H,W], without its last step, the mosaic."""
    image = 0.5 - np.sin(np.arcsin(1 - 2 * np.clip(picture, 0, 1)) / 3)
    image = np.maximum(image, 1e-8) ** 2.2
    image = np.einsum("ij,jhw->ihw", matrix(), image)
    gains = np.array([1 / GAINS["red"], 1, 1 / GAINS["blue"]])[:, None, None] / GAINS["rgb_gain"]
    mask = (np.maximum(image.mean(axis=0) - 0.9, 0) / (1 - 0.9)) ** 2
    return np.clip(image * np.maximum(mask + (1 - mask) * gains, gains), 0, 1)


def reference_process(camera: Array) -> Array:
    """process() of the released code on full colours [3,H,W]: all but its demosaicing."""
    gains = np.array([GAINS["red"], 1.0, GAINS["blue"]])[:, None, None]
    image = np.einsum("ij,jhw->ihw", np.linalg.inv(matrix()), np.clip(camera * gains, 0, 1))
    return np.maximum(np.clip(image, 0, 1), 1e-8) ** (1 / 2.2)


def picture(height: int = 9, width: int = 12, *, low: float = 0.0, high: float = 1.0) -> Tensor:
    uniform = np.random.default_rng(5).random((3, height, width))
    return torch.from_numpy(low + (high - low) * uniform)


def there_and_back(**values: Any) -> list[dict[str, Any]]:
    forward = {"rgb_gain": GAINS["rgb_gain"], "pattern": "none", "tone": True, "padding": "reflect"}
    return [
        {"operator": "unprocess", **WEIGHTS, **GAINS},
        {"operator": "process", **WEIGHTS, **GAINS, **forward, **values},
    ]


def test_unprocess_is_the_released_code() -> None:
    image = picture()
    image[:, :2] = 1 - 1e-3 * image[:, :2]  # highlights, where the inverse gains are spared
    expected = reference_unprocess(image.numpy())
    assert expected.max() > 0.9
    made = unprocess(image[None], **columns(WEIGHTS), **columns(GAINS))[0]
    np.testing.assert_allclose(made, expected, atol=ROUNDED)


def test_unprocess_clips_what_the_matrix_pushes_below_black() -> None:
    blue = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)[None, :, None, None]
    one_camera = columns({**dict.fromkeys(WEIGHTS, 0.0), "nexus_6p": 1.0})
    assert color_matrix(blue, **one_camera, inverse=torch.tensor([False])).min() < -0.1
    made = unprocess(blue, **one_camera, **columns(GAINS))
    assert made.min() == 0.0


def test_process_is_the_released_code() -> None:
    camera = picture()
    made = process(
        camera[None], **columns(WEIGHTS), **columns({**GAINS, "rgb_gain": 1.0}),
        pattern=("none",), tone=torch.tensor([False]),
    )[0]  # fmt: skip
    # The slope of x^(1/2.2) near 0 magnifies the rounded matrix: compared in linear light.
    np.testing.assert_allclose(made**2.2, reference_process(camera.numpy()) ** 2.2, atol=ROUNDED)


def test_process_demosaics_between_gains_and_matrix() -> None:
    camera = picture() * 0.4
    values = {**WEIGHTS, **GAINS, "rgb_gain": 1.0, "padding": "reflect", "tone": False}
    whole = {"operator": "process", "pattern": "gbrg", **values}
    parts = [
        {"operator": "camera_gains", **GAINS, "rgb_gain": 1.0, "inverse": False},
        {"operator": "demosaic", "pattern": "gbrg", "method": "bilinear", "padding": "reflect"},
        {"operator": "color_matrix", **WEIGHTS, "inverse": True},
        {"operator": "gamma_compress"},
    ]
    one, other = apply_steps([camera, camera], [[whole], parts])
    inside = (other > 1e-3) & (other < 1)
    assert inside.float().mean() > 0.5
    assert torch.allclose(one[inside], other[inside], atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_round_trip(dtype: torch.dtype) -> None:
    image = picture(40, 40, low=0.15, high=0.8).to(dtype)
    image = 0.5 * image + 0.5 * image.mean(dim=0)  # colours that the matrix does not push below 0
    back = apply_steps([image], [there_and_back()])[0]
    assert (back - image).abs().max() < 1e-5
    for changed in ({"tone": False}, {"rgb_gain": 1.0}, {"red": 1.0}, {"nexus_6p": 9.0}):
        assert (apply_steps([image], [there_and_back(**changed)])[0] - image).abs().max() > 1e-3


def test_curves_and_their_inverses() -> None:
    x = torch.linspace(0, 1, 1001, dtype=torch.float64)[None, None, None]
    assert torch.allclose(tone(x), 3 * x**2 - 2 * x**3, atol=1e-14)
    assert torch.allclose(tone(inverse_tone(x)), x, atol=1e-14)
    assert torch.allclose(gamma_expand(gamma_compress(x)), x, atol=2e-8)
    assert float(gamma_compress(x[..., :1] - 1)) == pytest.approx(1e-8 ** (1 / 2.2))
    assert float(inverse_tone(x[..., 500:501])) == 0.5


def test_matrices_keep_white_and_undo_each_other() -> None:
    made = camera_matrices(**columns(WEIGHTS))
    np.testing.assert_allclose(made[0], matrix(), atol=ROUNDED)
    image = picture()[None]
    there = color_matrix(image, **columns(WEIGHTS), inverse=torch.tensor([False]))
    assert torch.allclose(
        color_matrix(there, **columns(WEIGHTS), inverse=torch.tensor([True])), image, atol=1e-12
    )
    white = torch.ones(1, 3, 1, 1, dtype=torch.float64)
    made = color_matrix(white, **columns(WEIGHTS), inverse=torch.tensor([False]))
    assert torch.allclose(made, white, atol=1e-12)
    equal, none = (camera_matrices(**columns(dict.fromkeys(WEIGHTS, w))) for w in (1.0, 0.0))
    assert torch.allclose(equal, none)


def test_gains_undo_each_other_below_the_highlights() -> None:
    image = picture(high=0.85)[None]
    forward = camera_gains(image, **columns(GAINS), inverse=torch.tensor([False]))
    plain = image * torch.tensor([2.1, 1.0, 1.7])[:, None, None].double() * 1.25
    assert torch.allclose(forward, plain, atol=1e-7)
    back = camera_gains(image, **columns(GAINS), inverse=torch.tensor([True]))
    again = camera_gains(back, **columns(GAINS), inverse=torch.tensor([False]))
    assert torch.allclose(again, image, atol=1e-12)
    white = torch.ones(1, 3, 2, 2, dtype=torch.float64)
    spared = camera_gains(white, **columns(GAINS), inverse=torch.tensor([True]))
    assert torch.allclose(spared, white)


def test_together_is_one_by_one() -> None:
    images = [picture(8, 11).float(), picture(9, 6).float(), picture(5, 5).float()]
    steps = [
        there_and_back(pattern="grbg"),
        there_and_back(red=1.9, tone=False),
        [{"operator": "camera_gains", **GAINS, "inverse": True}],
    ]
    alone, together = apply_steps(images, steps), apply_together(images, steps)
    for one, other in zip(alone, together, strict=True):
        # Vector and scalar code of sin, asin and pow differ in the last place.
        assert torch.allclose(one, other, atol=2e-6, rtol=0)


@pytest.mark.parametrize(
    "name", ["tone", "inverse_tone", "gamma_expand", "gamma_compress", "color_matrix"]
)
def test_gradients_of_pixels(name: str) -> None:
    images = picture(2, 3, low=0.2, high=0.7)[None].requires_grad_()
    values: dict[str, Any] = {}
    if name == "color_matrix":
        values = {**columns(WEIGHTS), "inverse": torch.tensor([True])}
    assert torch.autograd.gradcheck(lambda x: OPERATORS[name].apply(x, **values), images)


def test_gradients_of_the_pipelines() -> None:
    images = picture(4, 5, low=0.2, high=0.6)[None].requires_grad_()
    gains = columns(GAINS)
    assert torch.autograd.gradcheck(
        lambda x: camera_gains(x, **gains, inverse=torch.tensor([True])), images
    )
    assert torch.autograd.gradcheck(lambda x: unprocess(x, **columns(WEIGHTS), **gains), images)
    assert torch.autograd.gradcheck(
        lambda x: process(
            0.3 * x, **columns(WEIGHTS), **gains, pattern=("rggb",), tone=torch.tensor([True])
        ),
        images,
    )
