"""degrade.separable: float64 sums for every picture, however they are taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from degrade import separable
from degrade.separable import (
    code_samples,
    decode_samples,
    float32_margin,
    pass_columns,
    pass_rows,
)
from degrade.taps import KERNELS, Taps, kernel_taps, matlab_taps

SETTINGS = settings(max_examples=60, deadline=None)  # the first call compiles
BYTE, SINGLE = np.dtype(np.uint8), np.dtype(np.float32)
SCALES = st.one_of(
    st.floats(0.02, 4.0), st.sampled_from([1 / 8, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.5, 2.0, 3.0])
)


def sums(source: NDArray[np.uint8], taps: Taps) -> NDArray[np.float64]:
    """Plain NumPy: float64, tap after tap."""
    index, weight = taps
    total = np.zeros((len(index), source.shape[1]))
    for k in range(index.shape[1]):
        total += weight[:, k : k + 1] * source[index[:, k]]
    return total


def rounded(total: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.floor(total + 0.5), 0, 255).astype(np.uint8)


def contents(seed: int, shape: tuple[int, int], kind: str) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    if kind == "two":
        return random.choice(np.array([0, 255], np.uint8), shape)
    if kind == "dim":
        return random.integers(0, 3, shape, dtype=np.uint8)
    return random.integers(0, 256, shape, dtype=np.uint8)


@SETTINGS
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 70),
    width=st.sampled_from([1, 7, 64, 65, 1500]),
    kind=st.sampled_from(["all", "two", "dim"]),
    scale=SCALES,
    kernel=st.sampled_from(sorted(KERNELS)),
)
def test_bytes_are_those_of_float64(
    seed: int, height: int, width: int, kind: str, scale: float, kernel: str
) -> None:
    source = contents(seed, (height, width), kind)
    target = max(1, int(height * scale))
    taps = matlab_taps(height, target, scale=scale, kernel=kernel)
    index, weight = taps
    got = pass_rows(source, index=index, weight=weight, limit=255.0, dtype=BYTE)
    assert np.array_equal(got, rounded(sums(source, taps)))
    turned = np.ascontiguousarray(source.T)
    across = pass_columns(turned, index=index, weight=weight, limit=255.0, dtype=BYTE)
    assert np.array_equal(across, got.T)


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), scale=SCALES, kernel=st.sampled_from(sorted(KERNELS)))
def test_float32_errs_by_less_than_the_margin(seed: int, scale: float, kernel: str) -> None:
    source = contents(seed, (60, 200), "all" if seed % 2 else "two")
    taps = matlab_taps(60, max(1, int(60 * scale)), scale=scale, kernel=kernel)
    narrow = pass_rows(source, index=taps[0], weight=taps[1].astype(np.float32), dtype=SINGLE)
    error = np.abs((narrow + np.float32(0.5)).astype(np.float64) - (sums(source, taps) + 0.5)).max()
    margin = float32_margin(taps[1], limit=255.0)
    assert error <= margin
    assert margin == 0.0 or margin < 600 * error + 1e-2  # a bound, and not an empty one


def test_sums_near_a_boundary_are_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 2/3 the weights are no binary fractions and exact halves are common: float32 alone puts
    some on the wrong side, so the equality above is the second look's doing."""
    source = contents(0, (300, 999), "all")
    taps = matlab_taps(300, 200, scale=2 / 3)
    want = rounded(sums(source, taps))
    index, weight = taps
    assert np.array_equal(
        pass_rows(source, index=index, weight=weight, limit=255.0, dtype=BYTE), want
    )
    monkeypatch.setattr(separable, "float32_margin", lambda *_, **__: 0.0)
    blind = pass_rows(source, index=index, weight=weight, limit=255.0, dtype=BYTE)
    assert 0 < (blind != want).sum() < 0.01 * want.size


@pytest.mark.parametrize(
    ("scale", "exact"), [(0.5, True), (0.25, True), (2.0, True), (1 / 3, False), (0.3, False)]
)
def test_binary_fractions_need_no_second_look(scale: float, exact: bool) -> None:
    _, weight = matlab_taps(240, int(240 * scale), scale=scale)
    assert (float32_margin(weight, limit=255.0) == 0.0) == exact


def test_wide_kernels_and_deep_pictures_are_summed_in_float64() -> None:
    """Where the margin is no longer small against one level."""
    index, weight = matlab_taps(9000, 4, scale=4 / 9000)
    assert float32_margin(weight, limit=255.0) > 1 / 64
    deep = np.random.default_rng(0).integers(0, 65536, (9000, 5)).astype(np.uint16)
    got = pass_rows(deep, index=index, weight=weight, limit=65535.0, dtype=deep.dtype)
    want = np.floor(sums(deep, (index, weight)) + 0.5)  # type: ignore[arg-type]
    assert np.array_equal(got, want)
    source = (deep >> 8).astype(np.uint8)
    got = pass_rows(source, index=index, weight=weight, limit=255.0, dtype=BYTE)
    assert np.array_equal(got, rounded(sums(source, (index, weight))))


@pytest.mark.parametrize("channels", [1, 3])
def test_strips_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    picture = np.random.default_rng(1).random((70, 33, channels), dtype=np.float32)
    index, weight = kernel_taps(33, 20, scale=0.6, kernel="lanczos3", antialias=True)
    weight = weight.astype(np.float32)
    whole = pass_columns(picture, index=index, weight=weight, dtype=SINGLE)
    rows = picture.transpose(1, 0, 2).reshape(33, -1)
    turned = pass_rows(rows, index=index, weight=weight, dtype=SINGLE)
    assert np.array_equal(whole, turned.reshape(20, 70, channels).transpose(1, 0, 2))
    monkeypatch.setattr(separable, "_STRIP", 9)
    again = pass_columns(picture, index=index, weight=weight, dtype=SINGLE)
    assert again.tobytes() == whole.tobytes()


@pytest.mark.parametrize("top", [255, 65535])
def test_codes_come_back(top: int) -> None:
    codes = np.arange(top + 1).reshape(2, -1)
    images = decode_samples(codes, top=top)
    assert images.tobytes() == (codes.astype(np.float32) / np.float32(top)).tobytes()
    assert np.array_equal(code_samples(images, top=top), codes)
    beyond = np.array([-1.0, 2.0, 0.4999 / top, 0.5001 / top], np.float32)
    assert code_samples(beyond, top=top).tolist() == [0, top, 0, 1]
