"""Resampling: each method beside the library it names, both roads, ragged batches."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from degrade.canvas import stack, unstack
from degrade.operators.resampling import crop, resize, subsample
from degrade.operators.resize_plan import METHODS
from degrade.resize import resize_matlab

SETTINGS = settings(max_examples=40, deadline=None)  # the first call compiles
SIZES = [
    (64, 48, 0.5),
    (65, 47, 0.37),
    (40, 33, 1.7),
    (64, 48, 0.25),
    (33, 50, 2.0),
    (51, 49, 0.93),
]
# torch takes positions in float32: 1e-7 of a position of 50, times a slope of up to 1.5 per sample
TORCH = 1e-5
# float32 weights and sums, of at most 24 taps
SINGLE = 1e-6


def picture(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape, dtype=np.float32))


def ours(
    image: Tensor, method: str, *, scale: float, base: str = "current", grid: str = "floor-scale",
    origin: tuple[int, int] | None = None, stretch: float = 1.0,
) -> Tensor:  # fmt: skip
    """One picture [C,h,w] through the operator."""
    size = (image.shape[1], image.shape[2])
    made, sizes = resize(
        image[None], sizes=[size], origins=[origin or size], method=(method,), scale=(scale,),
        base=(base,), grid=(grid,), stretch=(stretch,),
    )  # fmt: skip
    assert sizes == [tuple(made.shape[2:])]
    return made[0]


@pytest.mark.parametrize(("height", "width", "scale"), SIZES)
@pytest.mark.parametrize(
    ("method", "mode"),
    [
        ("nearest", "nearest"), ("nearest-exact", "nearest-exact"), ("bilinear", "bilinear"),
        ("bicubic", "bicubic"), ("area-adaptive", "area"), ("bilinear-antialias", "bilinear"),
        ("bicubic-half-antialias", "bicubic"),
    ],
)  # fmt: skip
def test_equals_torch(method: str, mode: str, height: int, width: int, scale: float) -> None:
    image = picture(3, height, width)
    peer = partial(torch.nn.functional.interpolate, mode=mode, antialias="anti" in method)
    by_scale = ours(image, method, scale=scale)
    torch.testing.assert_close(
        by_scale, peer(image[None], scale_factor=scale)[0], rtol=0, atol=TORCH
    )
    by_size = ours(image, method, scale=scale, grid="floor-size")
    size = (by_size.shape[1], by_size.shape[2])
    torch.testing.assert_close(by_size, peer(image[None], size=size)[0], rtol=0, atol=TORCH)


@pytest.mark.parametrize(("height", "width", "scale"), [*SIZES, (41, 30, 1.0), (50, 30, 0.93)])
@pytest.mark.parametrize(
    ("method", "flag"),
    [
        ("nearest", cv2.INTER_NEAREST), ("bilinear", cv2.INTER_LINEAR),
        ("bicubic", cv2.INTER_CUBIC), ("area", cv2.INTER_AREA),
    ],
)  # fmt: skip
def test_equals_opencv(method: str, flag: int, height: int, width: int, scale: float) -> None:
    """On float pictures: of 8 bits OpenCV takes 11-bit weights."""
    image = picture(3, height, width)
    for grid in ("round-scale", "floor-size"):
        got = ours(image, method, scale=scale, grid=grid)
        size = None if grid == "round-scale" else (got.shape[2], got.shape[1])
        factor = scale if size is None else 0
        hwc = image.permute(1, 2, 0).numpy()
        want = cv2.resize(hwc, size, fx=factor, fy=factor, interpolation=flag)
        np.testing.assert_allclose(got.permute(1, 2, 0).numpy(), want, rtol=0, atol=SINGLE)


@pytest.mark.parametrize(
    ("method", "flag"), [("area", cv2.INTER_AREA), ("bicubic", cv2.INTER_CUBIC)]
)
def test_sides_of_different_scales(method: str, flag: int) -> None:
    """Where one side grows, OpenCV's INTER_AREA blends along both."""
    image = picture(3, 20, 60)
    got = ours(image, method, scale=1.5, stretch=0.4 / 1.5, grid="round-size")
    want = cv2.resize(image.permute(1, 2, 0).numpy(), (24, 30), interpolation=flag)
    np.testing.assert_allclose(got.permute(1, 2, 0).numpy(), want, rtol=0, atol=SINGLE)


@pytest.mark.parametrize(("height", "width", "scale"), [s for s in SIZES if s[2] != 0.37])
@pytest.mark.parametrize(
    ("method", "filter_"),
    [
        ("box-antialias", Image.Resampling.BOX),
        ("bilinear-antialias", Image.Resampling.BILINEAR),
        ("bicubic-half-antialias", Image.Resampling.BICUBIC),
        ("lanczos3-antialias", Image.Resampling.LANCZOS),
    ],
)
def test_equals_pillow(
    method: str, filter_: Image.Resampling, height: int, width: int, scale: float
) -> None:
    """On float planes. Without 65 to 24 samples, where the box's border falls on a sample's centre
    and rounding of the position decides."""
    plane = picture(1, height, width)
    got = ours(plane, method, scale=scale, grid="floor-size")
    want = Image.fromarray(plane[0].numpy()).resize((got.shape[2], got.shape[1]), filter_)
    np.testing.assert_allclose(got[0].numpy(), np.asarray(want), rtol=0, atol=SINGLE)


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    scale=st.one_of(st.floats(0.1, 3.0), st.sampled_from([0.125, 0.25, 1 / 3, 0.5, 2.0])),
    by_size=st.booleans(),
)
@pytest.mark.parametrize("method", [m for m in METHODS if m.startswith("matlab")])
def test_equals_resize_matlab_in_every_sample(
    method: str, seed: int, shape: tuple[int, int], scale: float, by_size: bool
) -> None:
    image = torch.from_numpy(np.random.default_rng(seed).normal(0.5, 0.4, (3, *shape))).float()
    got = ours(image, method, scale=scale, grid="ceil-size" if by_size else "ceil-scale")
    hwc = image.permute(1, 2, 0).numpy()
    bits = {"matlab-bicubic-16": 16, "matlab-bicubic-double": 0}.get(method, 8)
    top = 2**bits - 1
    if bits:
        codes = np.floor(np.clip(hwc, 0, 1) * np.float32(top) + np.float32(0.5))
        hwc = codes.astype(np.uint8 if bits == 8 else np.uint16)
    how: dict[str, Any] = {"size": got.shape[1:]} if by_size else {"scale": scale}
    reading = method.removesuffix("-16")
    want = resize_matlab(hwc, **how, reading=reading)
    if bits:
        want = want.astype(np.float32) / np.float32(top)
    assert got.permute(1, 2, 0).numpy().tobytes() == want.tobytes()


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("name", ["baby", "bird", "butterfly", "head", "woman"])
def test_equals_matlabs_files(testdata: Path, name: str, factor: int) -> None:
    hr = cv2.imread(str(testdata / f"set5/HR/{name}.png"))
    lr = cv2.imread(str(testdata / f"set5/LR_bicubic/X{factor}/{name}x{factor}.png"))
    assert hr is not None and lr is not None
    hr = hr[: hr.shape[0] // factor * factor, : hr.shape[1] // factor * factor]
    image = torch.from_numpy(hr).permute(2, 0, 1).float() / 255
    for images in (image, image.clone().requires_grad_()):
        got = ours(images, "matlab-bicubic", scale=1 / factor).detach().permute(1, 2, 0) * 255
        assert np.array_equal(got.round().byte().numpy(), lr)


def _ragged(seed: int, count: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    pictures = [picture(2, *random.integers(1, 30, 2), seed=seed + b) for b in range(count)]
    return {
        "pictures": pictures,
        "origins": [tuple(int(n) for n in random.integers(1, 60, 2)) for _ in pictures],
        "method": tuple(random.choice(METHODS, count).tolist()),
        "scale": tuple(random.uniform(0.1, 2.5, count).tolist()),
        "base": tuple(random.choice(["current", "input"], count).tolist()),
        "grid": tuple(random.choice(["floor-scale", "ceil-size"], count).tolist()),
        "stretch": tuple(random.choice([1.0, 0.7, 1.3], count).tolist()),
    }


@SETTINGS
@given(seed=st.integers(0, 2**31), count=st.integers(1, 6))
def test_a_ragged_batch_is_its_pictures_on_both_roads(seed: int, count: int) -> None:
    """Bit for bit: one by one compiled, and all at once by torch, which autograd makes it take.
    What lies outside a picture (here not a number) never gets in."""
    given_ = _ragged(seed, count)
    pictures = given_.pop("pictures")
    canvas, sizes = stack(pictures)
    for image, (h, w) in zip(canvas, sizes, strict=True):
        image[:, h:], image[:, :, w:] = torch.nan, torch.nan
    alone = []
    for b, own in enumerate(pictures):
        column = {name: [values[b]] for name, values in given_.items()}
        alone.append(resize(own[None], sizes=[sizes[b]], **column)[0][0])
    for images in (canvas, canvas.clone().requires_grad_()):
        made, new = resize(images, sizes=sizes, **given_)
        assert new == [(p.shape[1], p.shape[2]) for p in alone]
        for got, want in zip(unstack(made.detach(), sizes=new), alone, strict=True):
            assert torch.equal(got, want), given_["method"]


@pytest.mark.parametrize(
    "method", [m for m in METHODS if not m.startswith("matlab") or m.endswith("double")]
)
def test_gradients(method: str) -> None:
    image = torch.from_numpy(np.random.default_rng(0).random((2, 1, 7, 6))).requires_grad_()

    def work(images: Tensor) -> Tensor:
        sizes = [(7, 6), (5, 6)]
        return resize(
            images, sizes=sizes, origins=sizes, method=(method,) * 2, scale=(0.6, 1.4),
            base=("current",) * 2, grid=("floor-size",) * 2, stretch=(1.0, 0.7),
        )[0][:, :, :3]  # fmt: skip

    assert torch.autograd.gradcheck(work, (image,))


def test_rounding_methods_have_no_gradient_and_say_so() -> None:
    image = picture(1, 8, 8).requires_grad_()
    ours(image, "matlab-bicubic", scale=0.5).sum().backward()
    assert image.grad is not None and not image.grad.any()
    assert (resize.__doc__ or "").count("No gradient") == 3


@pytest.mark.parametrize("method", METHODS)
def test_scale_one_is_the_picture(method: str) -> None:
    image = torch.floor(picture(3, 9, 7) * 255) / 255  # which are also multiples of 1/65535
    torch.testing.assert_close(ours(image, method, scale=1.0), image, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("rounding", "size"), [("floor", (2, 3)), ("ceil", (3, 4)), ("round", (2, 4))]
)
def test_sizes_are_rounded_as_asked(rounding: str, size: tuple[int, int]) -> None:
    image = picture(1, 10, 15)  # times 1/4: 2.5 and 3.75
    assert ours(image, "bilinear", scale=0.25, grid=f"{rounding}-size").shape[1:] == size


def test_base_input_forgets_what_came_between() -> None:
    image = picture(3, 50, 31)
    got = ours(image, "bicubic", scale=0.25, base="input", origin=(96, 64), grid="floor-size")
    want = torch.nn.functional.interpolate(image[None], size=(24, 16), mode="bicubic")[0]
    torch.testing.assert_close(got, want, rtol=0, atol=TORCH)
    assert ours(image, "box", scale=1 / 64, base="current").shape[1:] == (1, 1)


@SETTINGS
@given(
    shape=st.tuples(st.integers(4, 30), st.integers(4, 30)),
    factor=st.integers(1, 4),
    phase=st.integers(0, 3),
)
def test_subsample_is_a_slice(shape: tuple[int, int], factor: int, phase: int) -> None:
    image, other, phase = picture(3, *shape), picture(3, 30, 11), min(phase, factor - 1)
    canvas, sizes = stack([image, other])
    made, new = subsample(canvas, sizes=sizes, origins=sizes, factor=(factor, 3), phase=(phase, 2))
    got = unstack(made, sizes=new)
    assert torch.equal(got[0], image[:, phase::factor, phase::factor])
    assert torch.equal(got[1], other[:, 2::3, 2::3])


@SETTINGS
@given(
    height=st.integers(1, 12), width=st.integers(1, 9), top=st.floats(0, 1), left=st.floats(0, 1)
)
def test_crop_is_a_window(height: int, width: int, top: float, left: float) -> None:
    image = torch.arange(12 * 9).reshape(1, 12, 9).float()
    canvas, sizes = stack([image, picture(1, 20, 20)])
    made, new = crop(
        canvas, sizes=sizes, origins=sizes, height=(height, 5), width=(width, 7),
        top=(top, 0.0), left=(left, 1.0),
    )  # fmt: skip
    first, second = unstack(made, sizes=new)
    assert first.shape == (1, height, width) and torch.equal(second, canvas[1, :, :5, 13:])
    y, x = divmod(int(first[0, 0, 0]), 9)
    assert torch.equal(first, image[:, y : y + height, x : x + width])
    assert y == min(int(top * (13 - height)), 12 - height)
    assert x == min(int(left * (10 - width)), 9 - width)


def test_crop_and_subsample_have_gradients() -> None:
    image = torch.from_numpy(np.random.default_rng(0).random((1, 1, 5, 4))).requires_grad_()
    size = {"sizes": [(5, 4)], "origins": [(5, 4)]}
    every = partial(subsample, **size, factor=(2,), phase=(1,))
    window = partial(crop, **size, height=(3,), width=(2,), top=(0.5,), left=(1.0,))
    for work in (every, window):
        assert torch.autograd.gradcheck(lambda images, work=work: work(images)[0], (image,))


def test_what_does_not_fit_is_refused() -> None:
    image, size = picture(1, 1, 5, 4), {"sizes": [(5, 4)], "origins": [(5, 4)]}
    with pytest.raises(ValueError, match="phase must be below factor"):
        subsample(image, **size, factor=(2,), phase=(2,))
    with pytest.raises(ValueError, match="phase must be below factor and inside"):
        subsample(image, **size, factor=(9,), phase=(4,))
    with pytest.raises(ValueError, match="crop of 6x3 from a picture of 4x5"):
        crop(image, **size, height=(3,), width=(6,), top=(0.0,), left=(0.0,))
