"""Reading RAW files: geometry, levels and colour against the tags, and every refusal by name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rawpy
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from builders.dng import DngColor, DngShot, cfa_tile, write_dng
from builders.drops import Drop
from builders.frame import Crop, RawFrame
from builders.raw import read_raw
from builders.tags import read_tags
from degrade.color import SRGB_TO_XYZ

NIKON = ((0.902, -0.289, -0.0715), (-0.4535, 1.2436, 0.2348), (-0.0934, 0.1919, 0.7086))
ROSE_BALANCE = (1.94921875, 1.0, 1.34375)  # what the test photograph's tags say


def _mosaic(shape: tuple[int, ...] = (60, 70), *, top: int = 16_000) -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, top, shape, dtype=np.uint16)


def _frame(mosaic: NDArray[np.uint16], *, color: DngColor, shot: DngShot | None = None) -> RawFrame:
    buffer = io.BytesIO()
    write_dng(buffer, mosaic, color=color, shot=shot)
    return _read(buffer.getvalue())


def _read(data: bytes) -> RawFrame:
    return read_raw("made.dng", data=data)


def _tiff(
    mosaic: NDArray[Any], *, photometric: int = 32803, tags: dict[int, tuple[int, int, Any]]
) -> bytes:
    """A DNG written by tifffile alone: the least tags, then those given (code: type, count)."""
    least: dict[int, tuple[int, int, Any]] = {
        33421: (3, 2, (2, 2)),
        33422: (1, 4, b"\x00\x01\x01\x02"),
        50706: (1, 4, b"\x01\x04\x00\x00"),
        50708: (2, 0, "Least"),
        50717: (4, 1, 16_383),
    }
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        mosaic,
        photometric=photometric,
        metadata=None,
        extratags=[(code, *rest, True) for code, rest in {**least, **tags}.items() if rest[0]],
    )
    return buffer.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    pattern=st.sampled_from(["RGGB", "GRBG", "GBRG", "BGGR"]),
    area=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(40, 60), st.integers(40, 70)),
    crop=st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 20), st.integers(1, 20)),
    black=st.tuples(*[st.integers(0, 20_000).map(lambda n: n / 10)] * 4),
)
def test_active_area_crop_and_black_are_where_the_tags_say(
    pattern: str,
    area: tuple[int, int, int, int],
    crop: tuple[int, int, int, int],
    black: tuple[float, float, float, float],
) -> None:
    mosaic = _mosaic()
    color = DngColor(pattern=pattern, black=black, white=16_000)
    frame = _frame(mosaic, color=color, shot=DngShot(active_area=area, crop=crop))
    top, left, bottom, right = area
    assert np.array_equal(frame.mosaic, mosaic[top:bottom, left:right])
    assert frame.pattern is not None
    assert np.array_equal(frame.pattern, cfa_tile(pattern))
    assert frame.black.ravel().tolist() == pytest.approx(list(black), abs=1e-4)
    assert (frame.white == 16_000).all()
    assert frame.crop == Crop(*crop)


@pytest.mark.parametrize("area", [(7, 3, 60, 70), (8, 3, 60, 69), (7, 4, 59, 70), (2, 6, 60, 70)])
def test_the_pattern_agrees_with_libraw_where_libraw_moves_the_margins(
    area: tuple[int, int, int, int],
) -> None:
    mosaic = _mosaic()
    buffer = io.BytesIO()
    write_dng(buffer, mosaic, color=DngColor(pattern="GRBG"), shot=DngShot(active_area=area))
    frame = _read(buffer.getvalue())
    with rawpy.RawPy() as raw:
        raw.open_buffer(io.BytesIO(buffer.getvalue()))
        raw.unpack()
        down, along = raw.sizes.top_margin - area[0], raw.sizes.left_margin - area[1]
        assert (down, along) == (area[0] % 2, area[1] % 2)  # LibRaw rounds odd margins up
        visible = np.where(raw.raw_colors_visible == 3, 1, raw.raw_colors_visible)
        assert np.array_equal(raw.raw_image_visible, frame.mosaic[down:, along:])
    assert frame.pattern is not None
    assert np.array_equal(np.roll(frame.pattern, (-down, -along), (0, 1)), visible[:2, :2])


@pytest.mark.parametrize("camera", ["FUJIFILM X-T1", "Acme One"])
def test_an_xtrans_active_area_keeps_its_phase(camera: str) -> None:
    # of Fujifilm's, LibRaw moves the margins to multiples of 6
    pattern = "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG"
    mosaic = _mosaic()
    shot = DngShot(camera=camera, active_area=(5, 7, 60, 70), crop=(1, 3, 50, 51))
    frame = _frame(mosaic, color=DngColor(pattern=pattern), shot=shot)
    assert frame.kind == "xtrans"
    assert frame.pattern is not None
    assert np.array_equal(frame.pattern, cfa_tile(pattern))
    assert np.array_equal(frame.mosaic, mosaic[5:, 7:])
    assert frame.crop == Crop(1, 3, 50, 51)


def test_a_raw_in_a_sub_directory_is_found() -> None:
    mosaic = _mosaic()
    buffer = io.BytesIO()
    version = (50706, 1, 4, b"\x01\x04\x00\x00", True)
    with tifffile.TiffWriter(buffer) as tiff:
        tiff.write(
            np.zeros((24, 32, 3), np.uint8),
            photometric="rgb",
            subifds=1,
            subfiletype=1,
            metadata=None,
            extratags=[version, (50708, 2, 0, "Sub", True)],
        )
        tiff.write(
            mosaic,
            photometric=32803,
            subfiletype=0,
            metadata=None,
            extratags=[
                (33421, 3, 2, (2, 2), True),
                (33422, 1, 4, b"\x01\x00\x02\x01", True),
                (50714, 5, 1, (1025, 2), True),
                (50717, 4, 1, 15_000, True),
                (50719, 5, 2, (15, 1, 9, 1), True),
                (50720, 4, 2, (31, 20), True),
                (50829, 4, 4, (3, 5, 59, 69), True),
            ],
        )
    frame = _read(buffer.getvalue())
    assert frame.crop == Crop(9, 15, 20, 31)
    assert np.array_equal(frame.mosaic, mosaic[3:59, 5:69])
    assert (frame.black == 512.5).all()
    assert frame.camera == "Sub"


def test_black_and_white_of_the_spec_when_tags_are_missing() -> None:
    frame = _read(_tiff(_mosaic(), tags={50717: (0, 0, None)}))
    assert (frame.black == 0).all()
    assert (frame.white == 65_535).all()
    frame = _read(_tiff(_mosaic(), tags={50715: (10, 70, (7, 2) * 70)}))
    assert (frame.black == 3.5).all()  # the mean of BlackLevelDeltaH


def test_a_lossy_or_floating_file_keeps_librawlevels() -> None:
    values = _mosaic().astype(np.float32) / 16_000
    frame = _read(_tiff(values, tags={50717: (4, 1, 1)}))
    with rawpy.RawPy() as raw:
        raw.open_buffer(io.BytesIO(_tiff(values, tags={50717: (4, 1, 1)})))
        raw.unpack()
        assert (frame.white == raw.white_level).all()
    assert frame.white[0, 0] > 1000


def test_white_balance_falls_back_in_the_stated_order() -> None:
    mosaic = _mosaic()
    camera = _frame(mosaic, color=DngColor(white_balance=ROSE_BALANCE, matrix=NIKON))
    assert camera.white_balance_source == "camera"
    assert camera.white_balance.tolist() == pytest.approx(ROSE_BALANCE, rel=1e-5)
    assert camera.matrix_source == "libraw"
    daylight = _frame(mosaic, color=DngColor(white_balance=None, matrix=NIKON))
    assert daylight.white_balance_source == "daylight-matrix"
    # 1 / row sums of the matrix times sRGB -> XYZ, the least set to 1
    assert daylight.white_balance.tolist() == pytest.approx([2.1779, 1.0, 1.2213], abs=2e-3)
    unit = _frame(mosaic, color=DngColor(white_balance=None))
    assert unit.white_balance_source == "unit"
    assert unit.white_balance.tolist() == [1.0, 1.0, 1.0]
    assert unit.matrix_source == "identity"
    assert np.array_equal(unit.matrix, np.eye(3))
    insane = _frame(mosaic, color=DngColor(white_balance=(90.0, 1.0, 1.0)))
    assert insane.white_balance_source == "unit"


def test_the_matrix_is_the_inverse_of_the_normalised_one() -> None:
    frame = _frame(_mosaic(), color=DngColor(matrix=NIKON))
    mixed = np.array(NIKON) @ SRGB_TO_XYZ
    wanted = np.linalg.inv(mixed / mixed.sum(axis=1, keepdims=True))
    assert np.abs(frame.matrix - wanted).max() < 1e-4
    assert frame.matrix.sum(axis=1).tolist() == pytest.approx([1.0] * 3, abs=1e-6)


def test_exposure_and_camera_are_read_and_zero_means_unknown() -> None:
    shot = DngShot(camera="Acme One", iso=400, shutter=0.004)
    known = _frame(_mosaic(), color=DngColor(), shot=shot)
    assert (known.camera, known.iso) == ("Acme One", 400.0)
    assert known.shutter == pytest.approx(0.004)
    unknown = _frame(_mosaic(), color=DngColor())
    assert (unknown.iso, unknown.shutter) == (None, None)


def test_canon_cr3_and_olympus_name_their_camera_in_the_tags() -> None:
    block = _tiff(_mosaic((30, 30)), tags={271: (2, 0, "Canon"), 272: (2, 0, "Canon EOS R6")})
    box = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + b"\0\0\xff\xffCMT1" + block
    assert read_tags(box, name="a.cr3").camera == "Canon EOS R6"
    olympus = block.replace(b"II*\0", b"IIRO", 1)
    assert read_tags(olympus, name="a.orf").make == "Canon"
    fuji = b"FUJIFILMCCD-RAW 0201FF000000" + b"X-T5".ljust(32, b"\0")
    assert read_tags(fuji, name="a.raf").camera == "FUJIFILM X-T5"


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (b"", "empty-file", "no bytes"),
        (b"FOVb" + bytes(5000), "unsupported", "Foveon"),
        (b"IIIITwaR" + bytes(5000), "unsupported", "Phase One"),
        (b"\xff\xd8\xff\xe1" + bytes(5000), "unreadable", "JPEG"),
        (b"no RAW at all" * 50, "unreadable", "does not begin"),
        (b"II*\0" + bytes(300), "unreadable", "made.dng"),
        (_tiff(_mosaic(), tags={50718: (5, 2, (2, 1, 1, 1))}), "unsupported", "not square"),
        (_tiff(_mosaic(), tags={50711: (3, 1, 2)}), "unsupported", "Super CCD"),
        (_tiff(_mosaic(), tags={33422: (1, 4, b"\x03\x04\x05\x04")}), "unsupported", "colo"),
        (_tiff(_mosaic(), tags={33422: (1, 4, b"\x00\x01\x02\x03")}), "unsupported", "4 colours"),
        (_tiff(_mosaic(), tags={33422: (0, 0, None)}), "unsupported", "monochrome"),
        (_tiff(_mosaic(), photometric=1, tags={}), "unsupported", "without a CFA"),
        (_tiff(np.full((40, 40), 7, np.uint16), tags={}), "no-picture-data", "are 7"),
        (_tiff(_mosaic(), tags={50714: (4, 1, 16_383)}), "unreadable", "not below white"),
        (_tiff(_mosaic(), tags={50714: (4, 3, (1, 2, 3))}), "unreadable", "BlackLevel"),
        (_tiff(_mosaic(), tags={50829: (4, 4, (0, 0, 61, 70))}), "unreadable", "ActiveArea"),
        (_tiff(_mosaic((20, 40)), tags={}), "unreadable", "Unsupported"),
        (_tiff(_mosaic(), tags={})[:4000], "unreadable", "LibRaw cannot decode"),
    ],
)
def test_what_cannot_be_used_is_dropped_by_name(data: bytes, reason: str, said: str) -> None:
    with pytest.raises(Drop, match=said) as caught:
        _read(data)
    assert caught.value.reason == reason
    assert "made.dng" in str(caught.value)


def test_a_plain_tiff_is_no_raw() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((64, 64, 3), np.uint8), photometric="rgb", metadata=None)
    with pytest.raises(Drop, match="not a RAW") as caught:
        _read(buffer.getvalue())
    assert caught.value.reason == "unsupported"


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        read_raw(tmp_path / "none.dng")
    with pytest.raises(Drop) as folder:
        read_raw(tmp_path)
    assert folder.value.reason == "unreadable"

    def refused(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(Drop, match="Permission denied") as caught:
        read_raw(tmp_path / "a.dng")
    assert caught.value.reason == "no-permission"
