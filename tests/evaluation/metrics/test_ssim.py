"""SSIM: each reading against a plain float64 reimplementation, and laws for all."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numba
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage, signal
from skimage.metrics import structural_similarity

from evaluation.metrics import ssim_kernels
from evaluation.metrics.ssim import FLOAT32_BOUND, ssim, ssim_map
from evaluation.protocol import SSIMS

SETTINGS = settings(max_examples=40, deadline=None)  # the first call compiles
CLOSE = 1e-11  # float64 sums in another order; SSIM's denominators are above 1e-3 of its terms
SCIKIT: dict[str, dict[str, Any]] = {
    "skimage-uniform": {},
    "skimage-gauss": {"gaussian_weights": True, "use_sample_covariance": False, "sigma": 1.5},
}
Picture = NDArray[Any]


def gaussian(dimensions: int) -> NDArray[np.float64]:
    """MATLAB's window: exp(-r**2 / (2 * 1.5**2)) on 11 places a side, of sum 1; not separated."""
    squares = sum(axis.astype(float) ** 2 for axis in np.indices((11,) * dimensions) - 5)
    window = np.exp(-np.asarray(squares) / (2 * 1.5**2))
    return window / window.sum()


def formula(x: Picture, y: Picture, peak: float, mean: Any) -> NDArray[np.float64]:
    """SSIM at every place, as the paper writes it; mean(array): the local mean."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    above = (2 * mx * my + c1) * (2 * both + c2)
    return above / ((mx**2 + my**2 + c1) * (vx + vy + c2))


def reference(x: Picture, y: Picture, variant: str, peak: float) -> NDArray[np.float64]:
    """The map by general convolution with the whole window."""
    if variant.startswith("matlab"):
        window = gaussian(x.ndim)
        return formula(x, y, peak, lambda p: ndimage.correlate(p, window, mode="nearest"))
    if x.ndim == 3:
        parts = [reference(x[..., c], y[..., c], variant, peak) for c in range(x.shape[2])]
        return np.stack(parts, axis=-1)
    if variant == "skimage-uniform":
        # sample covariance: 49/48 of the population's, by hand
        window = np.full((7, 7), 1 / 49)
        x, y = x.astype(np.float64), y.astype(np.float64)

        def mean(p: Picture) -> Picture:
            return signal.convolve2d(p, window, mode="valid")

        mx, my = mean(x), mean(y)
        vx, vy, both = (
            (mean(p) - q) * 49 / 48 for p, q in ((x * x, mx**2), (y * y, my**2), (x * y, mx * my))
        )
        c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
        return (2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    window = gaussian(2)
    return formula(x, y, peak, lambda p: signal.convolve2d(p, window, mode="valid"))


def pair(seed: int, shape: tuple[int, ...], dtype: str) -> tuple[Picture, Picture, float]:
    """A smooth picture and a noisy one, and their peak."""
    random = np.random.default_rng(seed)
    ground = random.random(shape)
    ground = ndimage.gaussian_filter(ground, (2, 2, 0)[: len(shape)])
    ground = (ground - ground.min()) / np.ptp(ground)
    noisy = np.clip(ground + random.normal(0, 0.1, shape), 0, 1)
    if dtype.startswith("float"):
        return ground.astype(dtype), noisy.astype(dtype), 1.0
    top = float(np.iinfo(dtype).max)
    return (ground * top).round().astype(dtype), (noisy * top).round().astype(dtype), top


def shape_for(variant: str, height: int, width: int) -> tuple[int, ...]:
    return (height, width) if variant == "matlab-2d" else (height, width, 3)


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(11, 30),
    width=st.sampled_from([11, 12, 40, 266, 267, 300]),  # one strip ends at 256 places of 3
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
    variant=st.sampled_from([v for v in SSIMS if v != "matlab-3d"]),
)
def test_equals_the_plain_definition(
    seed: int, height: int, width: int, dtype: str, variant: str
) -> None:
    a, b, peak = pair(seed, shape_for(variant, height, width), dtype)
    want = reference(a, b, variant, peak)
    assert np.abs(ssim_map(a, b, variant=variant, peak=peak) - want).max() < CLOSE
    assert ssim(a, b, variant=variant, peak=peak) == pytest.approx(want.mean(), abs=CLOSE)


@pytest.mark.parametrize("variant", list(SSIMS))
@pytest.mark.parametrize(("height", "width"), [(14, 2500), (520, 24)])
def test_wide_and_high_pictures(height: int, width: int, variant: str) -> None:
    """Many strips, and more rows than any block."""
    a, b, peak = pair(5, shape_for(variant, height, width), "uint8")
    want = reference(a, b, variant, peak)
    assert np.abs(ssim_map(a, b, variant=variant, peak=peak) - want).max() < CLOSE
    assert ssim(a, b, variant=variant, peak=peak) == pytest.approx(want.mean(), abs=CLOSE)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 20), (19, 270)])
def test_a_volume_has_a_window_of_11x11x11(height: int, width: int, dtype: str) -> None:
    a, b, peak = pair(3, (height, width, 3), "float64" if height == 1 else dtype)
    want = reference(a, b, "matlab-3d", peak)
    made = ssim_map(a, b, variant="matlab-3d", peak=peak)
    assert made.shape == (height, width, 3)
    assert np.abs(made - want).max() < CLOSE
    if height > 1:
        flat = np.mean(
            [ssim(a[..., c], b[..., c], variant="matlab-2d", peak=peak) for c in (0, 1, 2)]
        )
        assert abs(want.mean() - flat) > 1e-3, "the third dimension does nothing"


@pytest.mark.parametrize("variant", SCIKIT)
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_equals_scikit_image(variant: str, dtype: str) -> None:
    a, b, peak = pair(4, (60, 300, 3), dtype)
    made: Any = structural_similarity(
        a, b, data_range=peak, channel_axis=2, full=True, **SCIKIT[variant]
    )
    value, full = made
    assert ssim(a, b, variant=variant, peak=peak) == pytest.approx(value, abs=1e-9)
    crop = 3 if variant == "skimage-uniform" else 5
    inner = full[crop:-crop, crop:-crop]
    assert np.abs(ssim_map(a, b, variant=variant, peak=peak) - inner).max() < 1e-9


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["uint8", "float32", "float64"]),
    variant=st.sampled_from(list(SSIMS)),
    precision=st.sampled_from(["float64", "float32"]),
)
def test_laws(seed: int, dtype: str, variant: str, precision: str) -> None:
    a, b, peak = pair(seed, shape_for(variant, 14, 20), dtype)

    def score(x: Picture, y: Picture) -> float:
        return ssim(x, y, variant=variant, peak=peak, precision=precision)

    assert score(a, a) == score(b, b) == 1.0
    assert score(a, b) == score(b, a) < 1.0
    inverted = (peak - a).astype(a.dtype)
    assert -1.0 <= score(a, inverted) <= 1.0
    turned = score(np.swapaxes(a, 0, 1).copy(), np.swapaxes(b, 0, 1).copy())
    assert turned == pytest.approx(score(a, b), abs=1e-12 if precision == "float64" else 1e-5)


def test_one_channel_is_a_matrix_and_channels_are_averaged() -> None:
    a, b, peak = pair(5, (30, 40, 3), "uint8")
    for variant in SSIMS:
        flat = ssim(a[..., 0], b[..., 0], variant=variant, peak=peak)
        assert ssim(a[..., :1], b[..., :1], variant=variant, peak=peak) == flat
    assert ssim(a[..., 0], b[..., 0], variant="matlab-3d", peak=peak) == ssim(
        a[..., 0], b[..., 0], variant="matlab-2d", peak=peak
    )
    for variant in ("wang", "skimage-uniform", "skimage-gauss"):
        parts = [ssim(a[..., c], b[..., c], variant=variant, peak=peak) for c in range(3)]
        assert ssim(a, b, variant=variant, peak=peak) == pytest.approx(np.mean(parts), abs=1e-13)
        wide = [np.concatenate([p, p[..., :2]], axis=2) for p in (a, b)]
        assert ssim(wide[0], wide[1], variant=variant, peak=peak) == pytest.approx(
            np.mean([*parts, *parts[:2]]), abs=1e-13
        )


def test_threads_and_views_change_nothing() -> None:
    a, b, peak = pair(6, (40, 300, 3), "uint8")
    inner = (slice(2, -2), slice(3, -3))
    want = ssim(a[inner].copy(), b[inner].copy(), variant="wang", peak=peak)
    before = numba.get_num_threads()
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            assert ssim(a[inner], b[inner], variant="wang", peak=peak) == want
    finally:
        numba.set_num_threads(before)
    kernels = [k for k in vars(ssim_kernels).values() if hasattr(k, "targetoptions")]
    assert len(kernels) > 5
    for kernel in kernels:  # neither threads nor sums in an order of the compiler's choice
        assert not {"parallel", "fastmath"} & {k for k, on in kernel.targetoptions.items() if on}


@pytest.mark.parametrize("variant", SSIMS)
@pytest.mark.parametrize("name", ["astronaut", "coffee", "halves", "dark", "random"])
def test_float32_stays_within_its_bound(variant: str, name: str) -> None:
    random = np.random.default_rng(7)
    shape = (150, 210, 3)
    if name == "halves":  # the worst case found: far from the mean, and nearly flat
        ground = np.zeros(shape)
        ground[:, 105:] = 255
    elif name == "random":
        ground = random.integers(0, 256, shape)
    else:
        ground = getattr(skimage.data, "coffee" if name == "dark" else name)()[:150, 100:310]
        ground = ground // 16 if name == "dark" else ground
    a = np.asarray(ground, np.uint8)
    b = np.clip(a + random.normal(0, 3, shape), 0, 255).round().astype(np.uint8)
    if variant == "matlab-2d":
        a, b = a[..., 1], b[..., 1]
    # photographs are stated as within 2e-6, with room for other ones
    bound = 5e-6 if name in ("astronaut", "coffee") else FLOAT32_BOUND
    for x, y, peak in ((a, b, 255.0), (a / 255, b / 255, 1.0)):
        narrow = ssim(x, y, variant=variant, peak=peak, precision="float32")
        assert abs(narrow - ssim(x, y, variant=variant, peak=peak)) < bound


@pytest.mark.parametrize("variant", SSIMS)
def test_small_pictures(variant: str) -> None:
    side = 7 if variant == "skimage-uniform" else 11
    for shape in ((side - 1, 40), (40, side - 1)):
        a = np.zeros(shape, np.uint8)
        if variant.startswith("matlab"):  # edges are repeated
            assert ssim(a, a, variant=variant, peak=255.0) == 1.0
            continue
        said = rf"{variant}.*window of {side}x{side}.*{shape[1]}x{shape[0]}"
        with pytest.raises(ValueError, match=said):
            ssim(a, a, variant=variant, peak=255.0)
    a = np.zeros((side, side), np.uint8)
    if not variant.startswith("matlab"):
        assert ssim_map(a, a, variant=variant, peak=255.0).shape == (1, 1)


BYTES, FLOATS = np.zeros((12, 13, 3), np.uint8), np.zeros((12, 13, 3))


@pytest.mark.parametrize(
    ("a", "b", "options", "said"),
    [
        (BYTES, BYTES[1:], {}, r"\(12, 13, 3\).*\(11, 13, 3\)"),
        (BYTES, FLOATS, {}, "uint8 of shape .* float64"),
        (BYTES.astype(int), BYTES.astype(int), {}, "int64"),
        (BYTES[None], BYTES[None], {}, r"\[H,W\] or \[H,W,C\]"),
        (FLOATS * np.nan, FLOATS, {}, r"\(12, 13, 3\).*NaN"),
        (FLOATS, FLOATS, {"variant": "gauss"}, "'gauss': one of wang, matlab-2d"),
        (FLOATS, FLOATS, {"variant": "matlab-2d"}, "takes 1 channels, got 3; .* matlab-3d"),
        (FLOATS[..., :2], FLOATS[..., :2], {"variant": "matlab-3d"}, "1 or 3 channels, got 2"),
        (FLOATS, FLOATS, {"peak": 0.0}, "peak must be finite and above 0"),
        (FLOATS, FLOATS, {"precision": "half"}, "'half': one of float64, float32"),
    ],
)
def test_wrong_use_says_what_is_allowed(
    a: Picture, b: Picture, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        ssim(a, b, **{"variant": "wang", "peak": 255.0, **options})


def test_official_values(testdata: Path) -> None:
    """TID2013 pairs: MATLAB's figures for rgb2gray pictures, printed to four decimals.

    The weights are rgb2gray's, the second row of the inverse of NTSC's matrix; not rounding the
    gray to 8 bits moves the first figure by 0.0012, and MATLAB's own ssim by 0.0022.
    """
    weights = np.array([0.114020904255103, 0.587043074451121, 0.298936021293775])  # B, G, R
    with (testdata / "iqa/official.csv").open(newline="") as lines:
        rows = {row.pop("metric"): row for row in csv.DictReader(lines)}
    assert len(rows["ssim"]) == 3
    for name, value in rows["ssim"].items():
        pictures = [cv2.imread(str(testdata / "iqa" / side / name)) for side in ("ref", "dist")]
        a, b = (np.rint(np.asarray(picture) @ weights) for picture in pictures)
        assert ssim(a, b, variant="wang", peak=255.0) == pytest.approx(float(value), abs=5e-5)
