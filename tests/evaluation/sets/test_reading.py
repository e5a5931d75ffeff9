"""Files read as the papers' scripts read them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from evaluation.sets.reading import Header, read_header, read_stored

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (9, 13, 3), np.uint8)
DEEP = RNG.integers(0, 65536, (9, 13, 3), np.uint16)


def write(path: Path, picture: np.ndarray) -> Path:
    """The picture, RGB or gray, in a file of OpenCV's making."""
    swapped = picture[..., ::-1] if picture.ndim == 3 else picture
    assert cv2.imwrite(str(path), np.ascontiguousarray(swapped))
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_colour_is_rgb_and_gray_stays_one_channel(tmp_path: Path, suffix: str) -> None:
    np.testing.assert_array_equal(read_stored(write(tmp_path / f"c.{suffix}", RGB)), RGB)
    gray = read_stored(write(tmp_path / f"g.{suffix}", RGB[..., 0]))
    np.testing.assert_array_equal(gray, RGB[..., :1])


def test_sixteen_bits_are_cut_to_their_high_byte_or_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "deep.png", DEEP)
    np.testing.assert_array_equal(read_stored(path), DEEP >> 8)
    # what the scripts call: cv2.imread cuts to 8 bits
    cut = cv2.imread(str(path))
    assert cut is not None
    np.testing.assert_array_equal(read_stored(path), cut[..., ::-1])
    np.testing.assert_array_equal(read_stored(path, bits=16), DEEP)
    with pytest.raises(ValueError, match="8 bits; this set is scored at 16"):
        read_stored(write(tmp_path / "shallow.png", RGB), bits=16)


def test_gray_is_opencvs(tmp_path: Path) -> None:
    path = write(tmp_path / "c.png", RGB)
    want = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(read_stored(path, gray=True)[..., 0], want)


def test_orientation_is_not_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_stored(tmp_path / "turned.png"), RGB)


def test_opaque_alpha_is_dropped_and_transparency_refused(tmp_path: Path) -> None:
    opaque = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    Image.fromarray(opaque).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_stored(tmp_path / "a.png"), RGB)
    opaque[0, 0, 3] = 254
    Image.fromarray(opaque).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match=r"b\.png: transparent"):
        read_stored(tmp_path / "b.png")


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "no.png").write_bytes(data)
    for read in (read_stored, read_header):
        with pytest.raises(ValueError, match=r"no\.png: no (whole )?picture"):
            read(tmp_path / "no.png")
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "gone.png")


def test_headers_say_size_channels_and_depth(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "c.png", RGB)) == Header(9, 13, 3, 8)
    assert read_header(write(tmp_path / "d.png", DEEP)) == Header(9, 13, 3, 16)
    assert read_header(write(tmp_path / "g.png", RGB[..., 0])) == Header(9, 13, 1, 8)
    assert read_header(write(tmp_path / "h.png", DEEP[..., 0])) == Header(9, 13, 1, 16)
    Image.fromarray(RGB).save(tmp_path / "j.jpg")
    assert read_header(tmp_path / "j.jpg") == Header(9, 13, 3, 8)
