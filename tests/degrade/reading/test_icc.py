"""The ICC parser: every kind of curve, matrices, and refusals by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icc_bytes import (
    ADOBE_RGB,
    PROPHOTO,
    SRGB,
    curv,
    desc,
    matrix_profile,
    para,
    profile,
    xyz,
)
from PIL import ImageCms

from degrade.color import PROPHOTO_TO_SRGB, srgb_decode
from degrade.reading.icc import linear_to_srgb, read_profile

X = np.linspace(0.0, 1.0, 1001)
SRGB_PARA = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def curve_of(data: bytes) -> np.ndarray:
    return read_profile(matrix_profile(SRGB, curve=data)).curves[0](X)


def test_curv_of_each_count() -> None:
    assert np.array_equal(curve_of(curv([])), X)
    assert np.allclose(curve_of(curv([461])), X ** (461 / 256), atol=1e-12)
    table = [0, 1000, 20000, 65535]
    expected = np.interp(X, [0, 1 / 3, 2 / 3, 1], np.array(table) / 65535)
    assert np.allclose(curve_of(curv(table)), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("function", "parameters", "expected"),
    [
        (0, (1.8,), X**1.8),
        (1, (2.0, 1.25, -0.25), np.where(X >= 0.2, (1.25 * X - 0.25) ** 2, 0.0)),
        (2, (2.0, 1.0, -0.25, 0.125), np.where(X >= 0.25, (X - 0.25) ** 2, 0.0) + 0.125),
        (3, SRGB_PARA, srgb_decode(X)),
        (
            4,
            (2.0, 0.75, 0.125, 0.5, 0.25, 0.0625, 0.03125),
            np.where(X >= 0.25, (0.75 * X + 0.125) ** 2 + 0.0625, 0.5 * X + 0.03125),
        ),
    ],
)
def test_para_of_each_type(
    function: int, parameters: tuple[float, ...], expected: np.ndarray
) -> None:
    # 1/65536 of rounding in each stored parameter.
    assert np.allclose(curve_of(para(function, parameters)), expected, atol=6e-5)


@given(st.integers(0, 4), st.lists(st.floats(-4, 4), min_size=7, max_size=7))
def test_any_parameters_stay_in_range(function: int, values: list[float]) -> None:
    count = (1, 3, 4, 5, 7)[function]
    values[0] = abs(values[0]) + 0.01
    result = curve_of(para(function, values[:count]))
    assert np.all((result >= 0.0) & (result <= 1.0))


def test_matrices() -> None:
    linear = curv([])
    to_srgb = linear_to_srgb(read_profile(matrix_profile(PROPHOTO, curve=linear)))
    assert np.allclose(to_srgb, PROPHOTO_TO_SRGB, atol=3e-4)
    assert np.allclose(to_srgb.sum(axis=1), 1.0, atol=1e-12)
    same = linear_to_srgb(read_profile(matrix_profile(SRGB, curve=linear)))
    assert np.allclose(same, np.eye(3), atol=3e-4)
    # Adobe RGB (1998), annex of the specification: its green lies outside sRGB (red -0.398).
    adobe = linear_to_srgb(read_profile(matrix_profile(ADOBE_RGB, curve=linear)))
    assert adobe[0, 1] == pytest.approx(-0.398, abs=2e-3)


def test_an_unadapted_white_is_left_alone() -> None:
    scaled = [np.array(values) * 0.9 for values in SRGB]
    matrix = linear_to_srgb(read_profile(matrix_profile(scaled, curve=curv([]))))
    assert np.allclose(matrix.sum(axis=1), 0.9, atol=1e-3)


def test_lcms_own_srgb() -> None:
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    read = read_profile(data)
    assert "sRGB" in read.description
    assert np.allclose(read.curves[1](X), srgb_decode(X), atol=1e-4)
    assert np.allclose(linear_to_srgb(read), np.eye(3), atol=5e-4)


def test_grey() -> None:
    data = profile({"desc": desc("dot gain"), "kTRC": curv([512])}, space="GRAY")
    read = read_profile(data)
    assert np.allclose(read.curves[2](X), X**2)
    assert np.allclose(linear_to_srgb(read).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "damaged"),
        (bytes(400), "damaged"),
        (profile({"desc": desc("Coated"), "A2B0": bytes(40)}, space="CMYK", pcs="Lab "), "CMYK"),
        (
            profile({"desc": desc("v4 preference"), "A2B0": bytes(40)}, pcs="Lab "),
            "'v4 preference' is a lookup-table profile .* rXYZ",
        ),
        (profile({"desc": desc("half"), "rXYZ": xyz([0, 0, 0])}), "'half' is damaged"),
        (matrix_profile(SRGB, curve=para(5, [1.0] * 7)), "function type 5"),
        (matrix_profile(SRGB, curve=b"sf32" + bytes(12)), "type 'sf32'"),
        (matrix_profile(SRGB, curve=curv([1] * 40)[:20]), "cut short"),
        (matrix_profile(SRGB, curve=curv([461]))[:200], "cut short"),
    ],
)
def test_refusals_name_the_profile_and_the_remedy(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}.*export the picture again"):
        read_profile(data)
