"""degrade.resize: MATLAB's own files, an independent oracle, and the laws of the kernel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from degrade import resize
from degrade.resize import READINGS, long_side, resize_matlab, resize_rows

SETTINGS = settings(max_examples=40, deadline=None)  # the first call compiles


def _cubic(x: float) -> float:
    x = abs(x)
    square, cube = x * x, x * x * x
    if x <= 1:
        return 1.5 * cube - 2.5 * square + 1
    return -0.5 * cube + 2.5 * square - 4 * x + 2 if x <= 2 else 0.0


def _windowed_sinc(x: float, lobes: int) -> float:
    if abs(x) >= lobes:
        return 0.0
    angle = math.pi * x
    return math.sin(angle) * math.sin(angle / lobes) * lobes / angle**2 if x else 1.0


KERNELS = {
    "bicubic": (_cubic, 4.0),
    "bilinear": (lambda x: max(0.0, 1.0 - abs(x)), 2.0),
    "box": (lambda x: float(-0.5 <= x < 0.5), 1.0),
    "lanczos2": (lambda x: _windowed_sinc(x, 2), 4.0),
    "lanczos3": (lambda x: _windowed_sinc(x, 3), 6.0),
}


def _oracle_axis(
    row: list[float], count: int, scale: float, clamp: bool, method: str = "bicubic"
) -> list[float]:
    """imresize's contributions() for one line, in plain Python and 1-based as the original."""
    n, narrow = len(row), min(scale, 1.0)
    kernel, width = KERNELS[method]
    out = []
    for x in range(1, count + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - width / narrow / 2)
        taps = range(left, left + math.ceil(width / narrow) + 2)
        weights = [narrow * kernel(narrow * (u - i)) for i in taps]
        mirror = [*range(n), *range(n - 1, -1, -1)]
        places = [min(max(i - 1, 0), n - 1) if clamp else mirror[(i - 1) % (2 * n)] for i in taps]
        whole = value = 0.0
        for weight in weights:
            whole += weight
        for weight, place in zip(weights, places, strict=True):
            value += weight / whole * row[place]
        out.append(value)
    return out


def _oracle(
    picture: NDArray[Any], size: tuple[int, int], scales: tuple[float, float], reading: str
) -> NDArray[np.float64]:
    """Both passes, rounded where the reading rounds."""
    work = picture.astype(np.float64)
    order = (0, 1) if scales[0] <= scales[1] else (1, 0)
    top = np.iinfo(picture.dtype).max if picture.dtype.kind == "u" else None
    for turn, axis in enumerate(order):
        lines = np.moveaxis(work, axis, -1)
        flat = lines.reshape(-1, lines.shape[-1]).tolist()
        clamp = reading.endswith("replicate")
        done = [_oracle_axis(row, size[axis], scales[axis], clamp) for row in flat]
        work = np.moveaxis(np.array(done).reshape(*lines.shape[:-1], -1), -1, axis)
        if top is not None and (turn == 1 or not reading.endswith("double")):
            work = np.clip(np.floor(work + 0.5), 0, top)
    return work


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("name", ["baby", "bird", "butterfly", "head", "woman"])
def test_equals_matlabs_files_in_every_sample(testdata: Path, name: str, factor: int) -> None:
    hr = cv2.imread(str(testdata / f"set5/HR/{name}.png"))
    lr = cv2.imread(str(testdata / f"set5/LR_bicubic/X{factor}/{name}x{factor}.png"))
    assert hr is not None and lr is not None
    hr = hr[: hr.shape[0] // factor * factor, : hr.shape[1] // factor * factor]
    assert np.array_equal(resize_matlab(hr, scale=1 / factor), lr)
    assert np.array_equal(resize_matlab(hr, size=(lr.shape[0], lr.shape[1])), lr)
    # the other readings are other pictures, so the equality above is the reading's doing
    double = resize_matlab(hr, scale=1 / factor, reading="matlab-bicubic-double")
    assert 0.09 < np.mean(double != lr) < 0.16
    differs = resize_matlab(hr, scale=1 / factor, reading="matlab-bicubic-replicate") != lr
    assert differs.any() and not differs[3:-3, 3:-3].any()


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    dtype=st.sampled_from(["uint8", "uint16"]),
    reading=st.sampled_from(READINGS),
)
def test_equals_an_independent_oracle(
    seed: int, shape: tuple[int, int], size: tuple[int, int], dtype: str, reading: str
) -> None:
    high = np.iinfo(dtype).max + 1
    picture = np.random.default_rng(seed).integers(0, high, (*shape, 2)).astype(dtype)
    scales = (size[0] / shape[0], size[1] / shape[1])
    got = resize_matlab(picture, size=size, reading=reading)
    want = _oracle(picture, size, scales, reading)
    assert got.dtype == picture.dtype
    assert np.array_equal(got, want)


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    scale=st.floats(0.1, 3.0),
)
def test_float_pictures_are_neither_rounded_nor_clipped(
    seed: int, shape: tuple[int, int], scale: float
) -> None:
    picture = np.random.default_rng(seed).normal(0.0, 3.0, shape)
    got = resize_matlab(picture, scale=scale, reading="matlab-bicubic-double")
    size = (math.ceil(scale * shape[0]), math.ceil(scale * shape[1]))
    assert got.shape == size
    want = _oracle(picture, size, (scale, scale), "matlab-bicubic-double")
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)
    narrow = resize_matlab(picture.astype(np.float32), scale=scale, reading="matlab-bicubic-double")
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, want, rtol=0, atol=1e-5)


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    scale=st.floats(0.1, 3.0),
    method=st.sampled_from(sorted(KERNELS)),
)
def test_other_methods_equal_an_independent_oracle(
    seed: int, shape: tuple[int, int], scale: float, method: str
) -> None:
    picture = np.random.default_rng(seed).random(shape)
    got = resize_matlab(picture, scale=scale, reading="matlab-bicubic-double", method=method)
    size = (math.ceil(scale * shape[0]), math.ceil(scale * shape[1]))
    down = [_oracle_axis(row, size[0], scale, False, method) for row in picture.T.tolist()]
    want = [_oracle_axis(row, size[1], scale, False, method) for row in np.array(down).T.tolist()]
    np.testing.assert_allclose(got, np.array(want), rtol=0, atol=1e-12)


def test_methods_have_matlabs_names_and_its_default_of_antialias() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (12, 10), dtype=np.uint8)

    def made(method: str, *, antialias: bool | None = None) -> NDArray[np.uint8]:
        return resize_matlab(picture, scale=0.5, method=method, antialias=antialias)

    for one, other in (("cubic", "bicubic"), ("triangle", "bilinear")):
        assert np.array_equal(made(one), made(other))
    assert np.array_equal(made("box"), made("nearest", antialias=True))
    assert np.array_equal(made("nearest"), made("box", antialias=False))
    # u = 2x - 1/2 lies between samples 2x - 1 and 2x (from 1); -1/2 belongs to the box, so 2x does
    assert np.array_equal(made("nearest"), picture[1::2, 1::2])
    # without antialiasing the four taps of a doubled step: (-1, 9, 9, -1)/16
    line = picture[:, :1].astype(np.float64)
    narrow = resize_matlab(
        line, size=(6, 1), reading="matlab-bicubic-double", method="cubic", antialias=False
    )
    assert narrow[1, 0] == pytest.approx((line[1:5, 0] * [-1, 9, 9, -1]).sum() / 16)


def test_step_overshoots_in_float_and_is_cut_in_integers() -> None:
    step = np.repeat(np.array([0.0, 1.0]), 8)[None].repeat(16, axis=0)
    double = resize_matlab(step, scale=2.0, reading="matlab-bicubic-double")
    assert double.min() < -0.01 and double.max() > 1.01
    whole = resize_matlab((255 * step).astype(np.uint8), scale=2.0)
    assert whole.min() == 0 and whole.max() == 255


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("value", [0, 1, 254, 255])
def test_flat_stays_flat(reading: str, value: int) -> None:
    flat = np.full((13, 17, 3), value, np.uint8)
    for size in ((5, 9), (40, 7), (13, 17)):
        assert (resize_matlab(flat, size=size, reading=reading) == value).all()


def test_scale_and_size_are_different_pictures_when_the_ratio_is_not_whole() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (511, 64), dtype=np.uint8)
    by_scale, by_size = resize_matlab(picture, scale=0.25), resize_matlab(picture, size=(128, 16))
    assert by_scale.shape == by_size.shape == (128, 16)
    assert np.abs(by_scale.astype(int) - by_size).max() > 10


def test_same_size_is_the_same_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    assert np.array_equal(resize_matlab(picture, scale=1.0), picture)


def test_views_and_greys_are_taken() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    view = picture[::-1, 2:18, ::-1]
    assert np.array_equal(resize_matlab(view, scale=0.5), resize_matlab(view.copy(), scale=0.5))
    grey = resize_matlab(picture[..., 1], scale=0.5)
    assert np.array_equal(grey, resize_matlab(picture, scale=0.5)[..., 1])


@pytest.mark.parametrize("size", [(37, 51), (5, 300), (200, 11), (131, 97)])
def test_rows_in_linear_light_equal_the_double_reading(size: tuple[int, int]) -> None:
    light = np.random.default_rng(1).random((131, 97, 3), dtype=np.float32)
    got = resize_rows(lambda top, bottom: light[top:bottom], source=(131, 97), size=size)
    want = resize_matlab(light.astype(np.float64), size=size, reading="matlab-bicubic-double")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6)


def test_strips_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    light = np.random.default_rng(2).random((90, 33, 3), dtype=np.float32)
    calls: list[tuple[int, int]] = []

    def read(top: int, bottom: int) -> NDArray[np.float32]:
        calls.append((top, bottom))
        return light[top:bottom]

    whole = resize_rows(read, source=(90, 33), size=(41, 20))
    assert calls == [(0, 90)]
    monkeypatch.setattr(resize, "_STRIP", 3)
    assert np.array_equal(resize_rows(read, source=(90, 33), size=(41, 20)), whole)
    assert max(bottom - top for top, bottom in calls[1:]) < 20


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 9000))
def test_long_side_never_enlarges_and_keeps_the_shape(height: int, width: int, limit: int) -> None:
    h, w = long_side(height, width, limit)
    assert max(h, w) == min(limit, max(height, width))
    assert h <= height and w <= width and min(h, w) >= 1
    if max(height, width) > limit:
        exact = limit * min(height, width) / max(height, width)
        assert min(h, w) == max(1, math.floor(exact + 0.5)) or h == w


@pytest.mark.parametrize(
    ("given_size", "limit", "want"),
    [
        ((2000, 3008), 512, (340, 512)),
        ((3008, 2000), 512, (512, 340)),
        ((2, 4), 3, (2, 3)),  # 1.5 is rounded up
        ((300, 400), 512, (300, 400)),
        ((1, 5000), 512, (1, 512)),
    ],
)
def test_long_side_rounds_half_up(
    given_size: tuple[int, int], limit: int, want: tuple[int, int]
) -> None:
    assert long_side(*given_size, limit) == want


@pytest.mark.parametrize(
    ("picture", "arguments", "said"),
    [
        (np.zeros((4, 4), np.uint8), {"scale": 0.5, "reading": "bicubic"}, "matlab-bicubic-double"),
        (np.zeros((4, 4), np.uint8), {"scale": 0.5, "method": "lanczos4"}, "lanczos3"),
        (np.zeros((4, 4), np.uint8), {}, "one of size and scale"),
        (np.zeros((4, 4), np.uint8), {"scale": 0.5, "size": (2, 2)}, "one of size and scale"),
        (np.zeros((4, 4), np.uint8), {"scale": 0.0}, "above 0"),
        (np.zeros((4, 4), np.uint8), {"scale": math.nan}, "above 0"),
        (np.zeros((4, 4), np.uint8), {"size": (0, 4)}, "each 1 or more"),
        (np.zeros((4, 4), np.float32), {"scale": 0.5}, "use 'matlab-bicubic-double'"),
        (np.zeros((4, 4), np.int64), {"scale": 0.5}, "int64"),
        (np.zeros((4,), np.uint8), {"scale": 0.5}, "shape"),
        (np.zeros((0, 4), np.uint8), {"scale": 0.5}, "shape"),
    ],
)
def test_wrong_use_says_what_is_allowed(
    picture: NDArray[Any], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        resize_matlab(picture, **arguments)


def test_long_side_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        long_side(10, 10, 0)
