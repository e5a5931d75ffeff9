"""Exposure, low light, vignetting and haze against their formulas."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from degrade.apply import apply_steps, apply_together
from degrade.color import srgb_decode, srgb_encode
from degrade.operator import OPERATORS
from degrade.operators.light import FALLOFFS, exposure, gamma_darken, haze, vignetting


def picture(height: int = 6, width: int = 9, *, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((3, height, width)))


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def depth_file(folder: Path, *, height: int, width: int, name: str = "depth.npy") -> dict[str, str]:
    ramp = np.linspace(1.0, 5.0, height)[:, None] + 0.1 * np.arange(width)
    np.save(folder / name, ramp.astype(np.float32))
    return {"file": str(folder / name)}


def test_exposure_is_a_gain_in_linear_light() -> None:
    image = picture()
    step = {"operator": "exposure", "ev": 0.75, "clip": True, "light": "linear"}
    made = apply_steps([image], [[step]])[0]
    expected = srgb_encode(np.minimum(srgb_decode(image.numpy()) * 2**0.75, 1.0))
    np.testing.assert_allclose(made, expected, atol=1e-7)
    assert OPERATORS["exposure"].parameters["light"].law == "linear"


def test_exposure_clips_only_when_told() -> None:
    images = torch.ones(2, 3, 2, 2)
    made = exposure(images, ev=column(1.0, 1.0), clip=torch.tensor([True, False]))
    assert made.amax(dim=(1, 2, 3)).tolist() == [1.0, 2.0]


def test_gamma_darken_is_the_formula() -> None:
    image = picture()
    made = gamma_darken(image[None], alpha=column(0.95), beta=column(0.6), gamma=column(2.5))[0]
    np.testing.assert_allclose(made, 0.6 * (0.95 * image.numpy()) ** 2.5, atol=1e-7)
    black = gamma_darken(image[None] - 5, alpha=column(1), beta=column(1), gamma=column(1.5))
    assert 0 <= float(black.max()) < 1e-8


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 9), st.floats(0.0, 0.95), st.sampled_from(FALLOFFS)
)  # fmt: skip
def test_vignetting_laws(height: int, width: int, strength: float, falloff: str) -> None:
    images = torch.ones(1, 1, height + 2, width + 1, dtype=torch.float64)
    gain = vignetting(
        images, sizes=[(height, width)], strength=column(strength), falloff=(falloff,)
    )[0, 0, :height, :width]
    assert torch.allclose(gain, gain.flip(0), atol=1e-12)
    assert torch.allclose(gain, gain.flip(1), atol=1e-12)
    assert gain.max() <= 1.0 + 1e-12
    if height * width > 1:
        assert float(gain[0, 0]) == pytest.approx(1 - strength)
    if height % 2 and width % 2:
        assert float(gain[height // 2, width // 2]) == pytest.approx(1.0)


def test_vignetting_by_the_fourth_power() -> None:
    """A 24 mm lens on 36x24 mm: cos^4 of the angle that each pixel is seen at."""
    y, x = np.mgrid[-12:13, -18:19]  # one pixel a millimetre
    expected = np.cos(np.arctan(np.hypot(y, x) / 24.0)) ** 4
    made = vignetting(
        torch.ones(1, 1, 25, 37, dtype=torch.float64), sizes=[(25, 37)],
        strength=column(1 - expected[0, 0]), falloff=("cos4",),
    )  # fmt: skip
    np.testing.assert_allclose(made[0, 0], expected, atol=1e-12)
    assert expected[0, 0] == pytest.approx(0.304, abs=1e-3)


def test_haze_is_the_formula(tmp_path: Path) -> None:
    image, light = picture(), 0.8
    step: dict[str, Any] = {
        "operator": "haze", "depth": depth_file(tmp_path, height=6, width=9), "relative": False,
        "beta": 0.5, "airlight": light, "light": "srgb",
    }  # fmt: skip
    depth = np.load(tmp_path / "depth.npy")
    for relative, own in ((False, depth), (True, depth / depth.max())):
        made = apply_steps([image], [[{**step, "relative": relative}]])[0]
        through = np.exp(-0.5 * own)
        np.testing.assert_allclose(made, image.numpy() * through + light * (1 - through), atol=1e-6)
    clear = apply_steps([image], [[{**step, "beta": 0.0}]])[0]
    assert torch.equal(clear, image)


def test_haze_invents_no_depth(tmp_path: Path) -> None:
    assert OPERATORS["haze"].parameters["depth"].law is None
    step = {
        "operator": "haze", "depth": depth_file(tmp_path, height=5, width=9), "relative": True,
        "beta": 1.0, "airlight": 0.8, "light": "srgb",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"\[5x9\].*6x9"):
        apply_steps([picture()], [[step]])


def test_together_is_one_by_one(tmp_path: Path) -> None:
    images = [picture(6, 9).float(), picture(8, 5).float(), picture(3, 3).float()]
    hazes = [
        {
            "operator": "haze", "relative": i == 1, "beta": 0.7, "airlight": 0.9, "light": "srgb",
            "depth": depth_file(tmp_path, height=h, width=w, name=f"{i}.npy"),
        }
        for i, (_, h, w) in enumerate(image.shape for image in images)
    ]  # fmt: skip
    steps = [
        [
            {"operator": "exposure", "ev": ev, "clip": ev > 0, "light": light},
            {"operator": "gamma_darken", "alpha": 0.9, "beta": 0.7, "gamma": 2.0 + ev},
            {"operator": "vignetting", "strength": 0.4, "falloff": falloff, "light": light},
            hazed,
        ]
        for ev, falloff, light, hazed in zip(
            (1.0, -0.5, 0.0), ("cos4", "quadratic", "cos4"), ("linear", "srgb", "linear"), hazes,
            strict=True,
        )
    ]  # fmt: skip
    alone, together = apply_steps(images, steps), apply_together(images, steps)
    for one, other in zip(alone, together, strict=True):
        # Vector and scalar code of pow and exp differ in the last place.
        assert torch.allclose(one, other, atol=1e-6, rtol=0)


def test_gradients() -> None:
    images = (0.1 + 0.8 * picture(3, 4))[None].requires_grad_()
    on = torch.tensor([True])
    depth = (torch.linspace(1, 2, 12).reshape(3, 4),)
    for function in (
        lambda x: exposure(0.4 * x, ev=column(math.log2(1.5)), clip=on),
        lambda x: gamma_darken(x, alpha=column(0.9), beta=column(0.7), gamma=column(2.2)),
        lambda x: vignetting(x, sizes=[(3, 4)], strength=column(0.5), falloff=("cos4",)),
        lambda x: haze(
            x, sizes=[(3, 4)], depth=depth, relative=on, beta=column(1.0), airlight=column(0.8)
        ),
    ):
        assert torch.autograd.gradcheck(function, images)
