"""The DNG writer: what LibRaw reads back is what was given, byte for byte the same each time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import rawpy
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from builders.dng import DngColor, DngShot, cfa_name, cfa_tile, write_dng

BAYER = ("RGGB", "GRBG", "GBRG", "BGGR")
XTRANS = "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG"  # Fujifilm X-Pro1, row by row
NIKON = ((0.902, -0.289, -0.0715), (-0.4535, 1.2436, 0.2348), (-0.0934, 0.1919, 0.7086))


def _mosaic(shape: tuple[int, ...], *, seed: int = 0) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, 65536, shape, dtype=np.uint16)


def _written(mosaic: NDArray[np.uint16], **parts: DngColor | DngShot) -> io.BytesIO:
    buffer = io.BytesIO()
    color, shot = parts.get("color"), parts.get("shot")
    assert color is None or isinstance(color, DngColor)
    assert shot is None or isinstance(shot, DngShot)
    write_dng(buffer, mosaic, color=color, shot=shot)
    buffer.seek(0)
    return buffer


@settings(max_examples=40, deadline=None)
@given(
    pattern=st.sampled_from([*BAYER, XTRANS]),
    height=st.integers(22, 70),
    width=st.integers(22, 70),
    black=st.integers(0, 4000),
    headroom=st.integers(1, 60_000),
    seed=st.integers(0, 99),
)
def test_libraw_reads_back_every_sample_and_level(
    pattern: str, height: int, width: int, black: int, headroom: int, seed: int
) -> None:
    mosaic = _mosaic((height, width), seed=seed)
    white = black + headroom
    color = DngColor(pattern=pattern, black=black, white=white, white_balance=(2.0, 1.0, 1.5))
    with rawpy.RawPy() as raw:
        raw.open_buffer(_written(mosaic, color=color))
        raw.unpack()
        assert np.array_equal(raw.raw_image, mosaic)
        tile = raw.raw_colors_visible[: 6 if len(pattern) == 36 else 2]
        tile = np.where(tile == 3, 1, tile)[:, : tile.shape[0]]
        assert cfa_name(tile) == pattern
        assert raw.black_level_per_channel == [black] * 4
        assert raw.white_level == white
        assert raw.camera_whitebalance[:3] == pytest.approx([2.0, 1.0, 1.5], rel=1e-5)


def test_linear_rgb_reads_back() -> None:
    mosaic = _mosaic((40, 51, 3))
    color = DngColor(pattern=None, black=(1.0, 2.0, 3.0), white=(60_000, 60_001, 60_002))
    with rawpy.RawPy() as raw:
        raw.open_buffer(_written(mosaic, color=color))
        raw.unpack()
        assert raw.raw_type == rawpy.RawType.Stack
        assert np.array_equal(raw.raw_image[..., :3], mosaic)


def test_exposure_orientation_matrix_and_camera_are_read_back() -> None:
    shot = DngShot(camera="Acme One", iso=1600, shutter=1 / 8000, orientation=6)
    buffer = _written(_mosaic((64, 66)), color=DngColor(matrix=NIKON), shot=shot)
    with rawpy.RawPy() as raw:
        raw.open_buffer(buffer)
        raw.unpack()
        assert raw.other.iso_speed == 1600
        assert raw.other.shutter_speed == pytest.approx(1 / 8000, rel=1e-6)
        assert raw.sizes.flip == 6
        assert raw.color_matrix[0, 0] == pytest.approx(1.64677, abs=1e-4)
    buffer.seek(0)
    with tifffile.TiffFile(buffer) as tiff:
        tags = tiff.pages.first.tags
        assert tags[50708].value == "Acme One"
        assert tags[34665].value["ISOSpeedRatings"] == 1600


def test_fractions_of_black_are_kept() -> None:
    color = DngColor(black=(512.5, 512.25, 511.0, 512.0625), white=16383)
    with tifffile.TiffFile(_written(_mosaic((30, 30)), color=color)) as tiff:
        value = np.array(tiff.pages.first.tags[50714].value, np.float64)
    assert (value[::2] / value[1::2]).tolist() == [512.5, 512.25, 511.0, 512.0625]


def test_equal_arguments_give_equal_bytes_in_file_and_buffer(tmp_path: Path) -> None:
    mosaic = _mosaic((48, 50))
    shot = DngShot(iso=100, shutter=0.01, crop=(1, 3, 40, 41))
    first = _written(mosaic, shot=shot).getvalue()
    write_dng(tmp_path / "a.dng", mosaic[::1], shot=shot)
    assert (tmp_path / "a.dng").read_bytes() == first
    plain = DngShot(crop=(1, 3, 40, 41))
    write_dng(tmp_path / "b.dng", mosaic, shot=plain)
    assert (tmp_path / "b.dng").read_bytes() == _written(mosaic, shot=plain).getvalue()


def test_names_and_tiles_are_inverse() -> None:
    for pattern in (*BAYER, XTRANS):
        assert cfa_name(cfa_tile(pattern)) == pattern
    assert cfa_tile("GRBG").tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize(
    ("shape", "color", "shot", "said"),
    [
        ((40, 40), DngColor(pattern="RGGX"), DngShot(), "RGGX"),
        ((40, 40), DngColor(pattern="RRRR"), DngShot(), "RRRR"),
        ((40, 40), DngColor(pattern=None), DngShot(), "needs its CFA pattern"),
        ((40, 40, 3), DngColor(), DngShot(), "has no CFA pattern"),
        ((40, 40, 4), DngColor(), DngShot(), "linear RGB"),
        ((21, 40), DngColor(), DngShot(), "22"),
        ((40, 40), DngColor(black=100, white=100), DngShot(), "black < white"),
        ((40, 40), DngColor(black=-1.0), DngShot(), "black"),
        ((40, 40), DngColor(black=(1.0, 2.0)), DngShot(), "4 finite"),
        ((40, 40), DngColor(black=float("nan")), DngShot(), "finite"),
        ((40, 40), DngColor(white=70_000), DngShot(), "65535"),
        ((40, 40), DngColor(white_balance=(0.0, 1.0, 1.0)), DngShot(), "positive"),
        ((40, 40), DngColor(matrix=((1.0, 0.0, 0.0),) * 3), DngShot(), "singular"),
        ((40, 40), DngColor(), DngShot(camera=""), "camera"),
        ((40, 40), DngColor(), DngShot(camera="Ä"), "ASCII"),
        ((40, 40), DngColor(), DngShot(orientation=9), "1 to 8"),
        ((40, 40), DngColor(), DngShot(iso=0), "ISO"),
        ((40, 40), DngColor(), DngShot(shutter=0.0), "shutter"),
        ((40, 40), DngColor(), DngShot(active_area=(0, 0, 41, 40)), "active area"),
        ((40, 40), DngColor(), DngShot(crop=(0, 0, 40, 41)), "crop"),
        ((40, 40), DngColor(), DngShot(crop=(-1, 0, 10, 10)), "crop"),
    ],
)
def test_wrong_inputs_are_refused_by_name(
    tmp_path: Path, shape: tuple[int, ...], color: DngColor, shot: DngShot, said: str
) -> None:
    target = tmp_path / "wrong.dng"
    with pytest.raises(ValueError, match=said):
        write_dng(target, _mosaic(shape), color=color, shot=shot)
    assert not target.exists()


def test_other_dtypes_are_refused(tmp_path: Path) -> None:
    wrong = np.zeros((40, 40), np.int32)
    with pytest.raises(ValueError, match="int32"):
        write_dng(tmp_path / "wrong.dng", wrong)  # type: ignore[arg-type]
