"""Clean pictures: every kind of file is read rightly, or refused by name with what to do."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from icc_bytes import ADOBE_RGB, PROPHOTO, SRGB, curv, matrix_profile, para
from numpy.typing import NDArray
from picture_files import BLOCKS, EIGHT, SIXTEEN, add_chunk, save_deep, with_alpha
from PIL import Image, ImageOps

from degrade.color import PROPHOTO_TO_SRGB, prophoto_decode, srgb_encode
from degrade.reading.clean import PICTURE_SUFFIXES, read_clean
from degrade.reading.orientation import upright
from degrade.reading.stored import UnsupportedPicture


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "ppm"])
def test_formats_without_loss(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(EIGHT).save(path)
    picture = read_clean(path)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, EIGHT)
    assert np.array_equal(read_clean(Path("elsewhere"), data=path.read_bytes()), EIGHT)
    assert path.suffix in PICTURE_SUFFIXES


@pytest.mark.parametrize(("suffix", "options"), [
    ("jpg", {"quality": 95}), ("webp", {"quality": 95}), ("webp", {"lossless": True}), ("gif", {}),
])  # fmt: skip
def test_formats_that_lose(suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(BLOCKS).save(path, **options)
    with Image.open(path) as stored:
        assert np.array_equal(read_clean(path), np.asarray(stored.convert("RGB")))
    assert np.abs(read_clean(path).astype(int) - BLOCKS).mean() < 6


@pytest.mark.parametrize("name", ["a.png", "a.ppm"])
def test_sixteen_bits_are_kept(name: str, tmp_path: Path) -> None:
    picture = read_clean(save_deep(tmp_path / name, SIXTEEN))
    assert picture.dtype == np.uint16
    assert np.array_equal(picture, SIXTEEN)


def test_deep_tiff_without_a_profile_is_srgb(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SIXTEEN, photometric="rgb")
    assert np.array_equal(read_clean(tmp_path / "a.tif"), SIXTEEN)


@pytest.mark.parametrize("name", ["a.png", "a.pgm", "a.tif"])
@pytest.mark.parametrize("picture", [EIGHT[..., 0], SIXTEEN[..., 0]], ids=["8", "16"])
def test_grey_becomes_three_equal_channels(
    name: str, picture: NDArray[Any], tmp_path: Path
) -> None:
    read = read_clean(save_deep(tmp_path / name, picture))
    assert read.dtype == picture.dtype
    assert np.array_equal(read, np.repeat(picture[:, :, None], 3, axis=2))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_palettes_are_expanded(suffix: str, tmp_path: Path) -> None:
    few = Image.fromarray(BLOCKS).quantize(16)
    few.save(tmp_path / f"a.{suffix}")
    assert np.array_equal(read_clean(tmp_path / f"a.{suffix}"), np.asarray(few.convert("RGB")))


@pytest.mark.parametrize("suffix", ["png", "tif", "pbm"])
def test_one_bit_is_black_and_white(suffix: str, tmp_path: Path) -> None:
    bits = Image.fromarray(EIGHT[..., 0] > 100)
    bits.save(tmp_path / f"a.{suffix}")
    grey = (EIGHT[..., :1] > 100) * np.uint8(255)
    assert np.array_equal(read_clean(tmp_path / f"a.{suffix}"), np.repeat(grey, 3, axis=2))


@pytest.mark.parametrize(("name", "deep"), [
    *((name, deep) for name in ("a.png", "a.tif", "lzw.tif") for deep in (False, True)),
    ("grey.png", False),
])  # fmt: skip
def test_opaque_alpha_is_dropped_and_transparency_refused(
    name: str, deep: bool, tmp_path: Path
) -> None:
    path, picture = tmp_path / name, SIXTEEN if deep else EIGHT
    if name == "grey.png":
        picture = np.repeat(picture[..., :1], 3, axis=2)

    def save(clear: int) -> None:
        full = with_alpha(picture, clear=clear)
        if name == "grey.png":
            Image.fromarray(full).convert("LA").save(path)
        elif name == "a.tif":
            tifffile.imwrite(path, full, photometric="rgb", extrasamples=["unassalpha"])
        else:  # OpenCV's TIFFs are LZW
            save_deep(path, full)

    save(0)
    assert np.array_equal(read_clean(path), picture)
    save(7)
    with pytest.raises(UnsupportedPicture, match=rf"{name}: 7 of its 240 pixels .* flatten it on"):
        read_clean(path)


@pytest.mark.parametrize("deep", [False, True])
def test_a_colour_that_stands_for_nothing(deep: bool, tmp_path: Path) -> None:
    picture = SIXTEEN if deep else EIGHT
    for value, clear in ((picture[3, 4], True), (picture[3, 4] ^ 1, False)):
        path = save_deep(tmp_path / "a.png", picture)
        add_chunk(path, b"tRNS", struct.pack(">3H", *value.tolist()))
        if clear:
            with pytest.raises(UnsupportedPicture, match="1 of its 240 pixels are transparent"):
                read_clean(path)
        else:
            assert np.array_equal(read_clean(path), picture)


@pytest.mark.parametrize("used", [True, False])
def test_a_transparent_palette_entry(used: bool, tmp_path: Path) -> None:
    few = Image.fromarray(BLOCKS).quantize(16)
    few.save(tmp_path / "a.png", transparency=int(np.asarray(few)[0, 0]) if used else 200)
    if used:
        with pytest.raises(UnsupportedPicture, match="are transparent"):
            read_clean(tmp_path / "a.png")
    else:
        assert np.array_equal(read_clean(tmp_path / "a.png"), np.asarray(few.convert("RGB")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(orientation: int, tmp_path: Path) -> None:
    expected = upright(EIGHT, orientation=orientation)
    image, exif = Image.fromarray(EIGHT), Image.Exif()
    exif[274] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as stored:
        assert np.array_equal(expected, np.asarray(ImageOps.exif_transpose(stored)))
    for compression in (None, "tiff_lzw", "tiff_deflate", "packbits"):
        for mode in ("RGB", "RGBA", "P"):
            path = tmp_path / f"{compression}-{mode}.tif"
            one = image.quantize(256) if mode == "P" else image.convert(mode)
            one.save(path, compression=compression, tiffinfo={274: orientation})
            colours = np.asarray(one.convert("RGB"))
            assert np.array_equal(read_clean(path), upright(colours, orientation=orientation)), path
    assert np.array_equal(read_clean(tmp_path / "a.png"), expected)
    image.save(tmp_path / "a.jpg", exif=exif)
    assert read_clean(tmp_path / "a.jpg").shape == expected.shape


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "webp"])
def test_a_profile_is_obeyed(suffix: str, tmp_path: Path) -> None:
    flat = np.full((16, 16, 3), (200, 60, 90), np.uint8)
    icc = matrix_profile(PROPHOTO, curve=curv([461]))
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    options |= {"quality": 100, "subsampling": 0} if suffix == "jpg" else {}
    Image.fromarray(flat).save(tmp_path / f"a.{suffix}", icc_profile=icc, **options)
    linear = prophoto_decode(flat[0, 0] / 255) @ PROPHOTO_TO_SRGB.T
    exact = srgb_encode(np.clip(linear, 0, 1)) * 255
    read = read_clean(tmp_path / f"a.{suffix}")
    assert read.dtype == np.uint8
    assert np.abs(read[8, 8] - exact).max() < (3.0 if suffix == "jpg" else 1.0)
    assert np.abs(read[8, 8] - flat[0, 0].astype(float)).max() > 20


def test_an_srgb_profile_leaves_deep_numbers_alone(tmp_path: Path) -> None:
    curve = para(3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    icc = matrix_profile(SRGB, curve=curve)
    tifffile.imwrite(tmp_path / "a.tif", SIXTEEN, photometric="rgb", iccprofile=icc)
    assert np.array_equal(read_clean(tmp_path / "a.tif"), SIXTEEN)
    wide = matrix_profile(ADOBE_RGB, curve=curv([563]))
    tifffile.imwrite(tmp_path / "b.tif", SIXTEEN, photometric="rgb", iccprofile=wide)
    assert read_clean(tmp_path / "b.tif").dtype == np.uint16
    assert not np.array_equal(read_clean(tmp_path / "b.tif"), SIXTEEN)


def test_the_suffix_is_not_asked(tmp_path: Path) -> None:
    Image.fromarray(EIGHT).save(tmp_path / "a.jpg", format="PNG")
    assert np.array_equal(read_clean(tmp_path / "a.jpg"), EIGHT)
