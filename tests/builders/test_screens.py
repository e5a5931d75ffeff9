"""The three screens at and beside their bounds, and the reading of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builders.drops import Drop
from builders.screens import AFIFI, Screens, measure_gradient, screen

OFF = Screens(dark=0.0, bright=1.0, flat=0.0)


def flat(value: int, *, dtype: type = np.uint8) -> NDArray[Any]:
    return np.full((16, 16, 3), value, dtype=dtype)


def reason(picture: NDArray[Any], limits: Screens) -> str | None:
    try:
        screen(picture, limits=limits)
    except Drop as drop:
        return drop.reason
    return None


def test_defaults_are_the_papers() -> None:
    assert (AFIFI.dark, AFIFI.bright, AFIFI.flat) == (0.02, 0.98, 0.06)


def test_dark_sums_the_channels() -> None:
    limits = Screens(flat=0.0)
    # 1/255 in one channel is a sum of 0.0039; 2/255 in all three is 0.0235, a mean of 0.0078.
    assert reason(flat(1), limits) == "too-dark"  # sum 0.0118
    assert reason(flat(2), limits) is None
    red = flat(0)
    red[..., 0] = 6
    assert reason(red, limits) is None  # sum 0.0235 in one channel
    assert reason(flat(0), OFF) is None


def test_bright_takes_the_mean() -> None:
    limits = Screens(flat=0.0)
    assert reason(flat(249), limits) is None  # 0.9765
    assert reason(flat(250), limits) == "too-bright"  # 0.9804
    assert reason(flat(255), OFF) is None


def test_a_vertical_step_by_hand() -> None:
    picture = flat(0)
    picture[:, 8:] = 255
    # Unnormalised Sobel: magnitude 4 in the two columns beside the step, 0 in the other fourteen.
    assert measure_gradient(picture) == pytest.approx(4 * 2 / 16, abs=1e-12)
    turned = np.ascontiguousarray(picture.swapaxes(0, 1))
    assert measure_gradient(turned) == pytest.approx(4 * 2 / 16, abs=1e-12)


def test_gray_weights_and_sixteen_bits() -> None:
    green = flat(0)
    green[:, 8:, 1] = 255
    assert measure_gradient(green) == pytest.approx(0.5 * 0.5870, abs=1e-4)
    assert measure_gradient(green.astype(np.uint16) * 257) == pytest.approx(
        measure_gradient(green), abs=1e-12
    )


def test_flat_bound() -> None:
    picture = flat(100)
    picture[:, 8:] = 130  # 30/255 * 0.5 = 0.0588
    assert reason(picture, AFIFI) == "too-flat"
    picture[:, 8:] = 131  # 31/255 * 0.5 = 0.0608
    assert reason(picture, AFIFI) is None
    assert reason(flat(100), Screens(flat=0.0)) is None


def test_the_mean_does_not_depend_on_the_patch_size() -> None:
    picture = flat(0)
    picture[:, ::4] = 40
    tiled = np.tile(picture, (4, 4, 1))
    assert measure_gradient(tiled) == pytest.approx(measure_gradient(picture), rel=0.1)


def test_the_message_names_value_and_bound() -> None:
    with pytest.raises(Drop, match=r"mean Sobel gradient is 0\.0000, below .* 0\.06"):
        screen(flat(100))
    with pytest.raises(Drop, match=r"0\.0000 \(of 3\), below .* 0\.02"):
        screen(flat(0))
    with pytest.raises(Drop, match=r"1\.0000, above .* 0\.98"):
        screen(flat(255))
    screen(flat(100), limits=OFF)


@pytest.mark.parametrize("bounds", [{"dark": -1.0}, {"bright": 1.5}, {"flat": float("nan")}])
def test_impossible_bounds_are_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"screen \w+ is"):
        Screens(**bounds)


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)]
)
def test_other_arrays_are_refused(picture: NDArray[Any]) -> None:
    with pytest.raises(TypeError, match="RGB"):
        screen(picture)
