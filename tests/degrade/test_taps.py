"""degrade.taps: laws that hold for every method, and published numbers of the kernels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from degrade.operators.resize_plan import GRIDS, METHODS, plan_resize
from degrade.taps import (
    KERNELS,
    Taps,
    adaptive_taps,
    area_linear_taps,
    area_taps,
    kernel_taps,
    matlab_taps,
    nearest_exact_taps,
    nearest_taps,
)

SETTINGS = settings(max_examples=150, deadline=None)
SIDE = st.integers(1, 60)


def applied(taps: Taps, line: NDArray[np.float64]) -> NDArray[np.float64]:
    index, weight = taps
    return (weight * line[index]).sum(axis=1)


@SETTINGS
@given(
    method=st.sampled_from(METHODS),
    size=st.tuples(SIDE, SIDE),
    origin=st.tuples(SIDE, SIDE),
    scale=st.floats(1 / 64, 5.0),
    base=st.sampled_from(["current", "input"]),
    grid=st.sampled_from(GRIDS),
)
def test_taps_lie_inside_and_sum_to_one(
    method: str, size: tuple[int, int], origin: tuple[int, int], scale: float, base: str, grid: str
) -> None:
    plan = plan_resize(size, origin=origin, method=method, scale=scale, base=base, grid=grid)
    for axis, (index, weight) in enumerate(plan.taps):
        assert index.shape == weight.shape and index.dtype == np.int64
        assert index.min() >= 0 and index.max() < size[axis]
        np.testing.assert_allclose(weight.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    side = origin if base == "input" else size
    round_ = {"floor": math.floor, "ceil": math.ceil, "round": round}[grid.split("-")[0]]
    assert plan.size == tuple(max(1, round_(scale * n)) for n in side)


@SETTINGS
@given(
    method=st.sampled_from([m for m in METHODS if m not in ("nearest", "area")]),
    source=st.integers(1, 40),
    scale=st.floats(0.1, 4.0),
)
def test_a_mirrored_line_gives_the_mirrored_line(method: str, source: int, scale: float) -> None:
    """True of all that sample by centres; `nearest` and OpenCV's enlarging `area` do not."""
    line = np.random.default_rng(source).random(source)
    size = (source, source)
    plan = plan_resize(
        size, origin=size, method=method, scale=scale, base="current", grid="floor-size"
    )
    there, back = applied(plan.taps[0], line), applied(plan.taps[0], line[::-1])[::-1]
    if method in ("nearest-exact", "box", "box-antialias"):  # borders belong to one side
        centres = (np.arange(len(there)) + 0.5) * source / len(there)
        reach = max(source / len(there), 1.0) / 2 if method == "box-antialias" else 0.0
        edge = np.stack([centres - reach, centres + reach]) - (0.5 if reach else 0.0)
        clear = (np.abs(edge - np.rint(edge)) > 1e-9).all(axis=0)
        there, back = there[clear], back[clear]
    np.testing.assert_allclose(there, back, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kernel", ["cubic", "cubic-0.75", "triangle"])
@pytest.mark.parametrize("scale", [1.0, 2.0, 1.7, 0.6])
def test_a_ramp_stays_a_ramp_inside(kernel: str, scale: float) -> None:
    """Linear precision. Keys' kernel has it for any a only at the middle between samples, for
    a = -1/2 everywhere: the -3/4 of torch and OpenCV bends a ramp, which is why names differ."""
    source = 40
    target = math.floor(source * scale)
    got = applied(
        kernel_taps(source, target, scale=scale, kernel=kernel), np.arange(source, dtype=float)
    )
    want = (np.arange(target) + 0.5) / scale - 0.5
    inner = (want > 3) & (want < source - 4)
    error = np.abs(got - want)[inner].max()
    if kernel == "cubic-0.75" and scale not in (1.0,):
        assert 1e-3 < error < 0.1
    else:
        assert error < 1e-12


def test_kernels_have_their_published_values() -> None:
    half = np.array([0.5, 1.5])
    # Keys 1981: (9/16, -1/16) half way; a = -3/4: (19/32, -3/32)
    np.testing.assert_allclose(KERNELS["cubic"][0](half), [9 / 16, -1 / 16], atol=1e-15)
    np.testing.assert_allclose(KERNELS["cubic-0.75"][0](half), [19 / 32, -3 / 32], atol=1e-15)
    np.testing.assert_allclose(KERNELS["triangle"][0](half), [0.5, 0.0], atol=1e-15)
    assert KERNELS["box"][0](np.array([-0.5, 0.49, 0.5])).tolist() == [1.0, 1.0, 0.0]
    # sinc(1/2) sinc(1/4) = (2/pi)(2 sqrt(2)/pi); sinc(1/2) sinc(1/6) = (2/pi)(3/pi)
    at = np.array([0.0, 0.5, 1.0])
    two, three = 4 * math.sqrt(2) / math.pi**2, 6 / math.pi**2
    np.testing.assert_allclose(KERNELS["lanczos2"][0](at), [1.0, two, 0.0], atol=1e-15)
    np.testing.assert_allclose(KERNELS["lanczos3"][0](at), [1.0, three, 0.0], atol=1e-15)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_end_at_their_width(name: str) -> None:
    shape, width = KERNELS[name]
    beyond = width / 2 + np.array([1e-9, 0.25, 1.0])
    assert not shape(beyond).any() and not shape(-beyond).any()
    assert shape(np.array([width / 2 - 0.2])).any()


def test_area_takes_parts_of_samples_and_adaptive_whole_ones() -> None:
    line = np.array([1.0, 2.0, 4.0])
    half = applied(area_taps(3, 2, scale=2 / 3), line)
    np.testing.assert_allclose(half, [(1 + 0.5 * 2) / 1.5, (0.5 * 2 + 4) / 1.5], atol=1e-12)
    np.testing.assert_allclose(applied(adaptive_taps(3, 2, scale=2 / 3), line), [1.5, 3.0])
    # what OpenCV makes of an enlarging INTER_AREA: whole repeats blend nowhere
    assert applied(area_linear_taps(3, 6, scale=2.0), line).tolist() == [1, 1, 2, 2, 4, 4]


@SETTINGS
@given(source=st.integers(1, 50), target=st.integers(1, 50))
def test_area_keeps_the_mean(source: int, target: int) -> None:
    line = np.random.default_rng(target).random(source)
    if target <= source:
        mean = applied(area_taps(source, target, scale=target / source), line).mean()
        assert mean == pytest.approx(line.mean(), abs=1e-12)


def test_an_interval_wholly_beyond_the_source_takes_its_end() -> None:
    """ceil(0.3 * 10.0...) can ask for one output more than the scale covers."""
    line = np.arange(10.0)
    assert applied(area_taps(10, 6, scale=0.5), line)[-1] == 9.0


def test_nearest_is_off_centre_and_nearest_exact_is_not() -> None:
    line = np.arange(8.0)
    assert applied(nearest_taps(8, 2, scale=0.25), line).tolist() == [0.0, 4.0]
    assert applied(nearest_exact_taps(8, 2, scale=0.25), line).tolist() == [2.0, 6.0]


def test_edges_are_mirrored_clamped_or_cut() -> None:
    first = {
        "mirrored": matlab_taps(8, 4, scale=0.5),
        "clamped": matlab_taps(8, 4, scale=0.5, clamp=True),
        "cut": kernel_taps(8, 4, scale=0.5, kernel="cubic", antialias=True),
    }
    assert first["mirrored"][0][0].tolist() == [2, 1, 0, 0, 1, 2, 3, 4]
    assert first["clamped"][0][0].tolist() == [0, 0, 0, 0, 1, 2, 3, 4]
    assert (first["cut"][1][0] != 0).sum() == 5
    values = {name: applied(taps, np.arange(8.0) ** 2)[0] for name, taps in first.items()}
    assert len({round(value, 6) for value in values.values()}) == 3
