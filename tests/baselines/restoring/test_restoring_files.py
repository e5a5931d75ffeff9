"""baselines.restoring.{reading,writing}: depth, gray, alpha, profile and orientation are kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from picture_files import BLOCKS, EIGHT, SIXTEEN, with_alpha
from PIL import Image, ImageCms

from baselines.restoring.reading import Opened, read_input, reduced
from baselines.restoring.writing import encode
from builders.sources import RAW_SUFFIXES
from degrade.resize import resize_matlab

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _read(path: Path) -> Opened:
    return read_input(path, data=path.read_bytes())


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("pixels", [EIGHT, SIXTEEN, EIGHT[..., :1], SIXTEEN[..., :1]])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("profile", [None, PROFILE])
def test_what_is_written_is_read_again(
    tmp_path: Path, kind: str, pixels: NDArray[Any], alpha: bool, profile: bytes | None
) -> None:
    clear = with_alpha(np.repeat(pixels[..., :1], 3, axis=2), clear=7)[..., 3]
    path = tmp_path / f"p.{kind}"
    path.write_bytes(encode(Opened(pixels, clear if alpha else None, profile), kind=kind))
    back = _read(path)
    assert back.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(back.pixels, pixels)
    assert back.profile == profile
    if alpha:
        np.testing.assert_array_equal(back.alpha, clear)
    else:
        assert back.alpha is None
    if kind == "png":  # a reader that is not ours
        other = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert other is not None and other.dtype == pixels.dtype


@pytest.mark.parametrize("kind", ["jpg", "webp"])
def test_lossy_kinds_hold_eight_bits(tmp_path: Path, kind: str) -> None:
    deep = BLOCKS.astype(np.uint16) * 257
    path = tmp_path / f"p.{kind}"
    path.write_bytes(encode(Opened(deep, None, PROFILE), kind=kind))
    back = _read(path)
    assert back.pixels.dtype == np.uint8
    assert back.profile == PROFILE
    apart = np.abs(back.pixels.astype(int) - BLOCKS).mean()
    assert apart < (1.5 if kind == "jpg" else 8)  # WebP halves chroma
    gray = Opened(np.ascontiguousarray(deep[..., :1]), None, None)
    path.write_bytes(encode(gray, kind=kind))
    assert _read(path).pixels.shape[2] == (1 if kind == "jpg" else 3)  # WebP has no gray


def test_what_jpeg_cannot_hold_is_named() -> None:
    alpha = with_alpha(EIGHT, clear=1)[..., 3]
    with pytest.raises(ValueError, match="transparent in places, which JPEG cannot hold"):
        encode(Opened(EIGHT, alpha, None), kind="jpg")
    opaque = encode(Opened(EIGHT, with_alpha(EIGHT)[..., 3], None), kind="jpg")
    with Image.open(io.BytesIO(opaque)) as image:
        assert image.mode == "RGB"
    flat = np.zeros((1, 20000, 1), np.uint8)
    with pytest.raises(ValueError, match="a side of 20000; webp holds 16383"):
        encode(Opened(flat, None, None), kind="webp")


def test_orientation_is_applied_to_alpha_too(tmp_path: Path) -> None:
    picture = with_alpha(EIGHT, clear=30)
    path = tmp_path / "turned.tiff"
    tifffile.imwrite(
        path, picture, photometric="rgb", extrasamples=["unassalpha"],
        extratags=[(274, "H", 1, 6, True)],
    )  # fmt: skip
    back = _read(path)
    np.testing.assert_array_equal(back.pixels, np.rot90(EIGHT, -1))
    np.testing.assert_array_equal(back.alpha, np.rot90(picture[..., 3], -1))


def test_gray_is_what_the_file_holds_not_what_it_shows(tmp_path: Path) -> None:
    gray = EIGHT[..., 0]
    shown = np.repeat(gray[..., None], 3, axis=2)
    for name, array in (("l.png", gray), ("rgb.png", shown)):
        Image.fromarray(array).save(tmp_path / name)
    Image.fromarray(gray > 99).save(tmp_path / "bits.png")
    cv2.imwrite(str(tmp_path / "deep.png"), SIXTEEN[..., 0])
    Image.fromarray(shown).convert("P").save(tmp_path / "palette.png")
    found = {p.name: _read(p).pixels.shape[2] for p in tmp_path.iterdir()}
    assert found == {"l.png": 1, "rgb.png": 3, "bits.png": 1, "deep.png": 1, "palette.png": 3}


def test_what_is_refused_is_named(tmp_path: Path) -> None:
    Image.fromarray(EIGHT).convert("CMYK").save(tmp_path / "ink.jpg")
    Image.fromarray(EIGHT).save(
        tmp_path / "two.tiff", save_all=True, append_images=[Image.fromarray(EIGHT)]
    )
    (tmp_path / "cut.png").write_bytes(encode(Opened(BLOCKS, None, None), kind="png")[:300])
    for name, said in (("ink.jpg", "CMYK"), ("two.tiff", "2 frames"), ("cut.png", "no whole")):
        with pytest.raises(ValueError, match=f"{name}: .*{said}"):
            _read(tmp_path / name)


def test_a_longer_side_is_reduced_by_matlabs_bicubic() -> None:
    opened = Opened(BLOCKS, BLOCKS[..., 0], PROFILE)  # 48 x 80
    small = reduced(opened, max_side=40)
    np.testing.assert_array_equal(small.pixels, resize_matlab(BLOCKS, size=(24, 40)))
    assert small.alpha is not None and small.alpha.shape == (24, 40)
    assert small.profile == PROFILE
    assert reduced(opened, max_side=80) is opened
    assert reduced(opened, max_side=None) is opened


def test_a_camera_file_is_rendered(testdata: Path) -> None:
    names = sorted((testdata / "raw").glob("*.*"), key=lambda path: path.stat().st_size)
    path = next(p for p in names if p.suffix.lower() in RAW_SUFFIXES and "zero" not in p.name)
    opened = _read(path)
    assert opened.pixels.dtype == np.uint16 and opened.pixels.shape[2] == 3
    assert 0 < opened.pixels.mean() < 65535
