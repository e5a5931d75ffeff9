"""Retouched targets: what the numbers of TIFF, JPEG and PNG files mean, and the way to sRGB."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from icc_bytes import (
    ADOBE_RGB,
    PROPHOTO,
    SRGB,
    curv,
    desc,
    matrix_profile,
    para,
    profile,
)
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from builders.drops import Drop
from builders.retouch import read_retouch
from degrade.color import PROPHOTO_TO_SRGB, prophoto_decode, srgb_encode

SRGB_CURVE = para(3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))


def ramp(dtype: type, *, shape: tuple[int, int] = (48, 40)) -> NDArray[Any]:
    """Every kind of colour, corners of the cube among them; the same each time."""
    top = int(np.iinfo(dtype).max)
    rng = np.random.Generator(np.random.Philox(1))
    picture = rng.integers(0, top + 1, (*shape, 3)).astype(dtype)
    corners = np.stack(np.meshgrid([0, top], [0, top], [0, top])).reshape(3, 8).T
    picture[0, :8] = corners
    picture[1, :, :] = np.linspace(0, top, shape[1]).astype(dtype)[:, None]
    return picture


def tiff(path: Path, picture: NDArray[Any], *, icc: bytes | None = None, **options: Any) -> Path:
    photometric = "rgb" if picture.ndim == 3 else "minisblack"
    tifffile.imwrite(
        path, picture, photometric=photometric, metadata=None, iccprofile=icc, **options
    )
    return path


def prophoto_by_definition(picture: NDArray[Any], bits: int) -> NDArray[np.float64]:
    linear = prophoto_decode(picture / np.iinfo(picture.dtype).max)
    return srgb_encode(np.clip(linear @ PROPHOTO_TO_SRGB.T, 0, 1)) * (2**bits - 1)


@pytest.mark.parametrize("bits", [8, 16])
def test_deep_tiff_without_profile_is_prophoto(tmp_path: Path, bits: int) -> None:
    picture = ramp(np.uint16)
    result = read_retouch(tiff(tmp_path / "a.tif", picture), bits=bits)
    assert result.dtype == (np.uint8 if bits == 8 else np.uint16)
    exact = prophoto_by_definition(picture, bits)
    assert np.abs(result - exact).max() <= 0.5 + 1e-3
    assert np.array_equal(result[0, :8][[0, 7]], [[0, 0, 0], [2**bits - 1] * 3])


def test_the_published_prophoto_matrix(tmp_path: Path) -> None:
    """One colour by hand: ProPhoto 18 % grey and a mild red, with Lindbloom-style numbers."""
    linear = np.array([[0.18, 0.18, 0.18], [0.4, 0.3, 0.3]])
    picture = np.rint(65535 * linear ** (256 / 461)).astype(np.uint16)[None]
    result = read_retouch(tiff(tmp_path / "a.tif", picture), bits=8)
    # 0.4*2.034076 - 0.3*0.727334 - 0.3*0.306742 = 0.50341, and so on; then the sRGB curve.
    expected = srgb_encode(np.array([[0.18] * 3, [0.503408, 0.277119, 0.299143]])) * 255
    assert np.abs(result[0] - expected).max() < 0.51


def test_shallow_tiff_without_profile_is_srgb(tmp_path: Path) -> None:
    picture = ramp(np.uint8)
    path = tiff(tmp_path / "a.tif", picture)
    assert np.array_equal(read_retouch(path, bits=8), picture)
    assert np.array_equal(read_retouch(path, bits=16), picture.astype(np.uint16) * 257)


def test_deep_srgb_is_rounded_not_cut(tmp_path: Path) -> None:
    picture = ramp(np.uint16)
    path = tiff(tmp_path / "a.tif", picture, icc=matrix_profile(SRGB, curve=SRGB_CURVE))
    assert np.array_equal(read_retouch(path, bits=16), picture)
    expected = np.floor(picture / 257 + 0.5).astype(np.uint8)
    assert np.array_equal(read_retouch(path, bits=8), expected)


def test_an_embedded_profile_beats_the_rules(tmp_path: Path) -> None:
    icc = matrix_profile(PROPHOTO, curve=curv([461]))
    shallow = ramp(np.uint8)
    result = read_retouch(tiff(tmp_path / "a.tif", shallow, icc=icc), bits=8)
    assert np.abs(result - prophoto_by_definition(shallow, 8)).max() < 1.5
    deep = ramp(np.uint16)
    result = read_retouch(tiff(tmp_path / "b.tif", deep, icc=icc), bits=16)
    # Colorants rounded to 5 places: up to 1e-3 of full scale where the sRGB curve is steep.
    assert np.abs(result - prophoto_by_definition(deep, 16)).max() < 70


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
@pytest.mark.parametrize(
    "icc",
    [
        matrix_profile(PROPHOTO, curve=curv([461])),
        matrix_profile(ADOBE_RGB, curve=curv([563])),
        matrix_profile(SRGB, curve=curv([256])),
        matrix_profile(SRGB, curve=para(0, (2.2,))),
    ],
    ids=["prophoto", "adobe-rgb", "linear-srgb", "gamma-2.2"],
)
def test_against_littlecms(tmp_path: Path, icc: bytes, suffix: str) -> None:
    image = Image.fromarray(cv2.GaussianBlur(ramp(np.uint8), (0, 0), 1.5))
    path = tmp_path / f"a.{suffix}"
    image.save(path, icc_profile=icc)
    with Image.open(path) as stored:
        assert stored.info["icc_profile"] == icc
        expected = ImageCms.profileToProfile(
            stored.convert("RGB"),
            ImageCms.ImageCmsProfile(io.BytesIO(icc)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.NOOPTIMIZE,
        )
    assert expected is not None
    result = read_retouch(path, bits=8).astype(int)
    assert np.abs(result - np.asarray(expected)).max() <= 1


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_srgb_profiles_leave_the_numbers_alone(tmp_path: Path, suffix: str) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(ramp(np.uint8))
    path = tmp_path / f"a.{suffix}"
    image.save(path, icc_profile=icc)
    with Image.open(path) as stored:
        assert np.array_equal(read_retouch(path, bits=8), np.asarray(stored))


def test_deep_png(tmp_path: Path) -> None:
    picture = ramp(np.uint16)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    assert np.array_equal(read_retouch(path, bits=16), picture)
    # A profile goes into an iCCP chunk after IHDR (PNG third edition, 11.3.2.3).
    data = path.read_bytes()
    body = b"iCCP" + b"p\0\0" + zlib.compress(matrix_profile(PROPHOTO, curve=curv([461])))
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(data[:33] + chunk + data[33:])
    result = read_retouch(path, bits=16)
    assert np.abs(result - prophoto_by_definition(picture, 16)).max() < 70


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path: Path, orientation: int) -> None:
    picture = ramp(np.uint8, shape=(9, 14))
    image = Image.fromarray(picture)
    exif = Image.Exif()
    exif[274] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    tag = (274, "H", 1, orientation, True)
    tiff(tmp_path / "a.tif", picture, extratags=[tag])
    with Image.open(tmp_path / "a.png") as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored))
    for name in ("a.png", "a.tif"):
        assert np.array_equal(read_retouch(tmp_path / name, bits=8), expected)


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_means_nothing_is_upright(tmp_path: Path, orientation: int) -> None:
    picture = ramp(np.uint8, shape=(9, 14))
    path = tiff(tmp_path / "a.tif", picture, extratags=[(274, "H", 1, orientation, True)])
    assert np.array_equal(read_retouch(path, bits=8), picture)


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"planarconfig": "separate"},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True},
        {"rowsperstrip": 5},
        {"tile": (16, 16)},
        {"bigtiff": True},
    ],
)
def test_tiff_encodings(tmp_path: Path, options: dict[str, Any]) -> None:
    picture = ramp(np.uint16)
    plain = read_retouch(tiff(tmp_path / "a.tif", picture), bits=16)
    stored = picture
    if "planarconfig" in options:
        stored = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    assert np.array_equal(read_retouch(tiff(tmp_path / "b.tif", stored, **options), bits=16), plain)


def test_lzw_tiff(tmp_path: Path) -> None:
    picture = ramp(np.uint16)
    plain = read_retouch(tiff(tmp_path / "a.tif", picture), bits=16)
    cv2.imwrite(str(tmp_path / "b.tif"), picture[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages.first.compression == 5
    assert np.array_equal(read_retouch(tmp_path / "b.tif", bits=16), plain)


def test_grey_and_alpha(tmp_path: Path) -> None:
    picture = ramp(np.uint8)
    grey = read_retouch(tiff(tmp_path / "g.tif", picture[..., 0]), bits=8)
    assert np.array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    alpha = np.concatenate([picture, picture[..., :1]], axis=2)
    path = tiff(tmp_path / "a.tif", alpha, extrasamples=["unassalpha"])
    assert np.array_equal(read_retouch(path, bits=8), picture)
    Image.fromarray(alpha).save(tmp_path / "a.png")
    assert np.array_equal(read_retouch(tmp_path / "a.png", bits=8), picture)


def test_grey_jpeg_with_a_grey_profile(tmp_path: Path) -> None:
    icc = profile({"desc": desc("grey"), "kTRC": curv([256])}, space="GRAY")
    image = Image.fromarray(np.full((16, 16), 55, np.uint8))
    image.save(tmp_path / "a.jpg", icc_profile=icc, quality=100)
    result = read_retouch(tmp_path / "a.jpg", bits=8)
    assert np.all(result == np.floor(srgb_encode(55 / 255) * 255 + 0.5))


def write_bad(folder: Path) -> dict[str, Path]:
    """Files that cannot be targets, by what their message has to say."""
    picture = ramp(np.uint8)
    files = {name: folder / f"{index}.bin" for index, name in enumerate((
        "holds no bytes", "cannot identify", "No such file", "CMYK", "float32", "'lut' is a lookup",
        "export the picture again", "of mode", "truncated",
    ))}  # fmt: skip
    files["holds no bytes"].write_bytes(b"")
    files["cannot identify"].write_bytes(b"no picture at all")
    Image.fromarray(picture).convert("CMYK").save(files["CMYK"], format="JPEG")
    tiff(files["float32"], picture.astype(np.float32))
    lut = profile({"desc": desc("lut"), "A2B0": bytes(40)})
    tiff(files["'lut' is a lookup"], picture, icc=lut)
    tiff(files["export the picture again"], picture, icc=b"not a profile")
    Image.fromarray(picture).save(files["of mode"], format="GIF")
    Image.fromarray(picture).save(files["truncated"], format="JPEG")
    files["truncated"].write_bytes(files["truncated"].read_bytes()[:-600])
    return files


def test_what_cannot_be_read_is_a_drop(tmp_path: Path) -> None:
    for message, path in write_bad(tmp_path).items():
        with pytest.raises(Drop) as caught:
            read_retouch(path, bits=8)
        assert caught.value.reason == "target-unreadable"
        assert message in str(caught.value), message
        assert path.name in str(caught.value)


@pytest.mark.parametrize("keep", [8, 100, 3000, -1000])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_cut_tiff_is_a_drop(tmp_path: Path, keep: int, compression: str | None) -> None:
    path = tiff(tmp_path / "a.tif", ramp(np.uint16), compression=compression)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(Drop) as caught:
        read_retouch(path, bits=8)
    assert caught.value.reason == "target-unreadable"


@pytest.mark.parametrize("deep", [False, True])
def test_a_cut_png_is_a_drop(tmp_path: Path, deep: bool) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), ramp(np.uint16 if deep else np.uint8))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(Drop):
        read_retouch(path, bits=8)


def test_other_bits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bits is 12"):
        read_retouch(tmp_path / "a.tif", bits=12)
