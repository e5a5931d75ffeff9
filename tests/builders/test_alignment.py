"""Alignment: retouches pass; shifted, turned, zoomed, mirrored and foreign targets are dropped."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from builders.alignment import MAX_SHIFT, MIN_CORRELATION, check, measure
from builders.drops import Drop
from degrade.color import srgb_decode, srgb_encode
from degrade.images import read_picture

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


@pytest.fixture(scope="module")
def photographs() -> dict[str, NDArray[np.uint8]]:
    found = importlib.util.find_spec("skimage")
    assert found is not None
    folder = Path(str(found.origin)).parent / "data"
    return {name: np.asarray(read_picture(folder / name), np.uint8) for name in NAMES}


def quantise(unit: NDArray[Any]) -> NDArray[np.uint8]:
    return np.floor(np.clip(unit, 0, 1) * 255 + 0.5).astype(np.uint8)


def retouches(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Stronger than an expert's: tone, colour, vignette, local contrast, several at once."""
    x = picture / 255.0
    height, width = x.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    corner = 2 * ((rows / height - 0.5) ** 2 + (columns / width - 0.5) ** 2)[..., None]
    luma = (x @ [0.299, 0.587, 0.114])[..., None]
    noise = np.random.Generator(np.random.Philox(0)).normal(0, 0.03, x.shape)
    crushed = 1 / (1 + np.exp(-8 * (x**0.6 - 0.5)))
    return {
        "lifted": quantise(x**0.45),
        "darkened": quantise(x**2.2),
        "s-curve": quantise(1 / (1 + np.exp(-12 * (x - 0.5)))),
        "two stops up": quantise(srgb_encode(np.minimum(srgb_decode(x) * 4, 1))),
        "two stops down": quantise(srgb_encode(srgb_decode(x) / 4)),
        "vignette": quantise(x * (1 - 0.8 * corner)),
        "vignette removed": quantise(x * (0.3 + 1.4 * corner)),
        "black and white": quantise(np.repeat(luma, 3, axis=2)),
        "saturated": quantise(luma + 2.2 * (x - luma)),
        "white balance": quantise(x * [1.6, 1.0, 0.55]),
        "sharpened": quantise(x + 1.5 * (x - cv2.GaussianBlur(x, (0, 0), 2))),
        "grain": quantise(x + noise),
        "all": quantise(crushed * (1 - 0.7 * corner) * [1.2, 1.0, 0.8]),
        "sixteen bits": picture.astype(np.uint16) * 257,
    }


def moved(picture: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """The content `down` and `right` pixels further, what comes in mirrored at the border."""
    height, width = picture.shape[:2]
    grown = np.pad(picture, ((9, 9), (9, 9), (0, 0)), mode="reflect")
    return grown[9 - down : 9 - down + height, 9 - right : 9 - right + width]


def warped(picture: NDArray[np.uint8], degrees: float, zoom: float) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    result = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(result, np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_retouches_pass_with_room(photographs: dict[str, Any], name: str) -> None:
    for label, target in retouches(photographs[name]).items():
        render = photographs[name]
        if label == "sixteen bits":
            # Not 1: the reduction rounds to the picture's own depth.
            assert check(render, target, name="t").correlation > 0.99
            continue
        alignment = check(render, target, name=label)
        assert math.hypot(*alignment.shift) < 0.6 * MAX_SHIFT, label
        assert alignment.correlation > 1.4 * MIN_CORRELATION, label


@pytest.mark.parametrize("name", NAMES)
def test_wrong_targets_are_dropped(photographs: dict[str, Any], name: str) -> None:
    render = photographs[name]
    other = photographs[NAMES[NAMES.index(name) - 1]]
    step = math.ceil(3 * max(1.0, max(render.shape) / 512))
    wrong = {
        "3 px right": moved(render, 0, step),
        "3 px down": moved(render, step, 0),
        "3 px and retouched": moved(retouches(render)["all"], step, 0),
        "1 degree": warped(render, 1.0, 1.0),
        "2 %": warped(render, 0.0, 1.02),
        "10 %": warped(render, 0.0, 1.1),
        "mirrored": render[:, ::-1],
        "upside down": render[::-1],
        "turned": render[::-1, ::-1],
        "another": cv2.resize(other, render.shape[1::-1], interpolation=cv2.INTER_AREA),
        "flat": np.full_like(render, 90),
    }
    for label, target in wrong.items():
        with pytest.raises(Drop) as caught:
            check(render, np.ascontiguousarray(target), name=label)
        assert caught.value.reason == "misaligned", label


@pytest.mark.parametrize(("down", "right"), [(0, 0), (0, 1), (1, 0), (-2, 4), (5, -3)])
@pytest.mark.parametrize("crop", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_the_shift_is_measured_with_its_sign(
    photographs: dict[str, Any], down: int, right: int, crop: tuple[int, int]
) -> None:
    """Also at odd sizes, where phase correlation's zero lies between two samples."""
    render = photographs["chelsea.png"][crop[0] :, : 450 - crop[1]]
    alignment = measure(render, moved(render, down, right))
    assert alignment.shift == pytest.approx((down, right), abs=0.35)


def test_the_shift_is_in_pixels_of_the_measured_size(photographs: dict[str, Any]) -> None:
    large = cv2.resize(photographs["chelsea.png"], (2048, 1364), interpolation=cv2.INTER_CUBIC)
    shifted = np.roll(large, 16, axis=1)
    assert measure(large, shifted).shift == pytest.approx((0, 4), abs=0.2)
    assert check(large, np.roll(large, 2, axis=1), name="half a pixel")


def test_messages_hold_value_bound_and_name(photographs: dict[str, Any]) -> None:
    render = photographs["coffee.png"]
    with pytest.raises(Drop, match=r"a\.tif: .* shifted by 4\.\d\d px .* above the bound 1\.75"):
        check(render, moved(render, 0, 5), name="a.tif")
    with pytest.raises(Drop, match=r"a\.tif: correlation .* 0\.0\d\d, below the bound 0\.3"):
        check(render, np.ascontiguousarray(render[::-1, ::-1]), name="a.tif")
    with pytest.raises(Drop, match=r"a\.tif: the target is 600x400 and the render 400x600 .*by 90"):
        check(render, render.transpose(1, 0, 2), name="a.tif")
    with pytest.raises(Drop) as caught:
        check(render, render[:-1], name="a.tif")
    assert caught.value.reason == "target-size"
    assert "by 90" not in str(caught.value)


def test_without_edges_and_in_thin_strips(photographs: dict[str, Any]) -> None:
    flat = np.full((40, 50, 3), 7, np.uint8)
    assert measure(flat, flat) == measure(flat, flat + np.uint8(3))
    assert measure(flat, flat).correlation == 0.0
    strip = np.ascontiguousarray(photographs["coffee.png"][:20])
    assert check(strip, strip, name="strip").correlation == pytest.approx(1.0)


def test_pictures_of_two_sizes_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="one size"):
        measure(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 8, 3), np.uint8))


def test_real_renders(testdata: Path) -> None:
    """MSEC inputs: a retouch of each passes, each against the next is dropped."""
    paths = sorted((testdata / "msec_inputs").glob("*.JPG"))[:3]
    pictures = [np.asarray(read_picture(path)[::2, ::2], np.uint8) for path in paths]
    for path, render, other in zip(paths, pictures, pictures[1:] + pictures[:1], strict=True):
        for label in ("s-curve", "vignette", "saturated", "two stops down"):
            check(render, retouches(render)[label], name=f"{path.name} {label}")
        with pytest.raises(Drop):
            check(render, cv2.resize(other, render.shape[1::-1]), name=path.name)  # type: ignore[arg-type]
