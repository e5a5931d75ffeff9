"""Pictures in and out of bytes: what each codec keeps, and what it refuses."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from degrade.images import CODECS, Picture, decode_picture, encode_picture, read_picture

# Annex K of ITU-T T.81 at libjpeg's quality 75: each entry (x * 50 + 50) // 100, zigzag undone.
# First row of the luminance table and of the chrominance table.
LUMA_75 = [8, 6, 5, 8, 12, 20, 26, 31]
CHROMA_75 = [9, 9, 12, 24, 50, 50, 50, 50]


def noise(*, bits: int, shape: tuple[int, int] = (24, 40)) -> Picture:
    rng = np.random.default_rng(bits)
    kind = np.uint8 if bits == 8 else np.uint16
    return rng.integers(0, 2**bits, (*shape, 3)).astype(kind)


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
    )
)
@settings(max_examples=50, deadline=None)
def test_png_keeps_every_sample_of_8_and_16_bits(picture: Picture) -> None:
    back = decode_picture(encode_picture(picture, codec="png"))
    assert back.dtype == picture.dtype
    assert np.array_equal(back, picture)


def test_raw_is_the_samples_little_endian() -> None:
    picture = noise(bits=16)
    data = encode_picture(picture, codec="raw")
    assert data[:2] == int(picture[0, 0, 0]).to_bytes(2, "little")
    assert np.array_equal(np.frombuffer(data, "<u2").reshape(picture.shape), picture)


def test_png_is_rgb_for_other_readers() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[..., 0] = 200
    with Image.open(io.BytesIO(encode_picture(picture, codec="png"))) as opened:
        assert opened.getpixel((0, 0)) == (200, 0, 0)


def test_jpeg75_has_libjpegs_tables_and_halved_chroma() -> None:
    with Image.open(io.BytesIO(encode_picture(noise(bits=8), codec="jpeg75"))) as opened:
        tables = opened.quantization  # type: ignore[attr-defined]
        assert tables[0][:8] == LUMA_75
        assert tables[1][:8] == CHROMA_75
        assert [layer[1:3] for layer in opened.layer] == [(2, 2), (1, 1), (1, 1)]  # type: ignore[attr-defined]


def test_jpeg100_has_full_chroma_and_unit_tables() -> None:
    with Image.open(io.BytesIO(encode_picture(noise(bits=8), codec="jpeg100"))) as opened:
        assert set(opened.quantization[0]) == {1}  # type: ignore[attr-defined]
        assert [layer[1:3] for layer in opened.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("codec", ["jpeg75", "jpeg100"])
def test_jpeg_refuses_16_bits(codec: str) -> None:
    with pytest.raises(ValueError, match=rf"'{codec}' holds 8 bits, the picture has 16: use png"):
        encode_picture(noise(bits=16), codec=codec)


def test_unknown_codec_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=f"'webp': one of {', '.join(CODECS)}"):
        encode_picture(noise(bits=8), codec="webp")


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((4, 4), np.uint8), r"\[4, 4\]"),
        (np.zeros((4, 4, 4), np.uint8), r"\[4, 4, 4\]"),
        (np.zeros((0, 4, 3), np.uint8), r"\[0, 4, 3\]"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
    ],
)
def test_what_is_no_picture_is_refused(picture: Picture, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        encode_picture(picture, codec="png")


def test_grey_png_becomes_rgb_and_orientation_is_not_applied() -> None:
    held = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("L", (6, 4), 90).save(held, "PNG", exif=exif)
    picture = decode_picture(held.getvalue())
    assert picture.shape == (4, 6, 3)
    assert (picture == 90).all()


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_broken_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=f"{len(data)} bytes that are not a picture"):
        decode_picture(data)


def test_a_flipped_byte_in_a_png_is_a_value_error() -> None:
    data = bytearray(encode_picture(noise(bits=8), codec="png"))
    data[len(data) // 2] ^= 0x40
    with pytest.raises(ValueError, match="not a picture"):
        decode_picture(bytes(data))


def test_read_picture_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "half.png"
    path.write_bytes(encode_picture(noise(bits=8), codec="png")[:200])
    with pytest.raises(ValueError, match=r"half\.png: 200 bytes that are not a picture"):
        read_picture(path)
    path.write_bytes(encode_picture(noise(bits=16), codec="png"))
    assert np.array_equal(read_picture(path), noise(bits=16))
