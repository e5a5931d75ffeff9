"""What is no clean picture is refused by name: which file, why, and what to do."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from icc_bytes import desc, profile
from numpy.typing import NDArray
from picture_files import EIGHT, SIXTEEN, add_chunk, save_deep
from PIL import Image

from degrade.reading.clean import read_clean
from degrade.reading.stored import MAX_PIXELS, UnsupportedPicture


def _frames(path: Path) -> None:
    image = Image.fromarray(EIGHT)
    image.save(path, save_all=True, append_images=[image.rotate(180)])


def _bomb(path: Path) -> None:
    side = int(MAX_PIXELS**0.5) + 1
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"0")), (b"IEND", b"")):
        chunk = name + body
        with path.open("ab") as file:
            file.write(struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk)))


def _tiff_bomb(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((4, 4, 3), np.uint8), photometric="rgb")
    with tifffile.TiffFile(path) as file:
        places = [file.pages.first.tags[tag].valueoffset for tag in (256, 257)]
    data = bytearray(path.read_bytes())
    for place in places:
        data[place : place + 2] = struct.pack("<H", 60_000)
    path.write_bytes(bytes(data))


def _twelve_bits(path: Path) -> None:
    tifffile.imwrite(path, SIXTEEN, photometric="rgb")
    with tifffile.TiffFile(path) as file:
        place = file.pages.first.tags[258].valueoffset
    data = bytearray(path.read_bytes())
    data[place : place + 6] = struct.pack("<3H", 12, 12, 12)
    path.write_bytes(bytes(data))


LUT = profile({"desc": desc("film look"), "A2B0": bytes(40)})
INK = profile({"desc": desc("press")}, space="CMYK")
REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "ink.jpg": (lambda p: Image.fromarray(EIGHT).convert("CMYK").save(p), "JPEG of mode CMYK"),
    "ink.tif": (lambda p: Image.fromarray(EIGHT).convert("CMYK").save(p), "TIFF of CMYK.*again"),
    "lab.tif": (lambda p: Image.fromarray(EIGHT).convert("LAB").save(p), "CIELAB.*again"),
    "look.png": (
        lambda p: Image.fromarray(EIGHT).save(p, icc_profile=LUT),
        "'film look' is a lookup-table profile.*export the picture again",
    ),
    "press.png": (
        lambda p: Image.fromarray(EIGHT).save(p, icc_profile=INK), "'press' is for CMYK.*export"
    ),
    "float.tif": (
        lambda p: tifffile.imwrite(p, EIGHT.astype(np.float32), photometric="rgb"),
        "float32; unsigned RGB or grey of 8 or 16 bits",
    ),
    "twelve.tif": (_twelve_bits, "RGB of 12 bits"),
    "pages.tif": (
        lambda p: tifffile.imwrite(p, np.stack([EIGHT, EIGHT]), photometric="rgb"), "TIFF of 2 fr"
    ),
    "moving.gif": (_frames, "GIF of 2 frames; one picture a file.*files of their own"),
    "moving.png": (_frames, "PNG of 2 frames"),
    "moving.webp": (_frames, "WEBP of 2 frames"),
    "bomb.png": (_bomb, "178,956,970 .*decoded: cut it into parts"),
    "bomb.tif": (_tiff_bomb, "60000x60000 pixels; at most 178,956,970 are decoded"),
    "ten.ppm": (lambda p: p.write_bytes(b"P6 1 1 1023 abcdef"), "maximum 1023; 255 and 65535"),
    "hdr.png": (
        lambda p: add_chunk(save_deep(p, SIXTEEN), b"cICP", bytes([9, 16, 0, 1])),
        "primaries 9 and transfer 16",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_by_name(name: str, tmp_path: Path) -> None:
    write, said = REFUSED[name]
    write(tmp_path / name)
    with pytest.raises(UnsupportedPicture, match=f"{name}: .*{said}"):
        read_clean(tmp_path / name)


def test_an_srgb_cicp_chunk_is_srgb(tmp_path: Path) -> None:
    path = add_chunk(save_deep(tmp_path / "a.png", SIXTEEN), b"cICP", bytes([1, 13, 0, 1]))
    assert np.array_equal(read_clean(path), SIXTEEN)


@pytest.mark.parametrize(("name", "picture"), [
    ("a.png", EIGHT), ("a.png", SIXTEEN), ("a.tif", SIXTEEN), ("a.ppm", SIXTEEN), ("a.ppm", EIGHT),
    ("a.bmp", EIGHT), ("a.jpg", EIGHT), ("a.webp", EIGHT),
])  # fmt: skip
@settings(max_examples=12, deadline=None)
@given(kept=st.floats(0.0, 0.9))
def test_a_file_cut_short_is_said_to_be(name: str, picture: NDArray[Any], kept: float) -> None:
    done, whole = cv2.imencode(Path(name).suffix, picture)
    assert done
    data = whole.tobytes()[: int(kept * len(whole))]
    with pytest.raises(ValueError, match=f"{name}: no whole picture .*copy or export it again"):
        read_clean(Path(name), data=data)


def test_empty_other_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "words.png").write_text("dear diary")
    for name, said in (("empty", "holds no bytes"), ("words", "cannot identify image file")):
        with pytest.raises(ValueError, match=rf"{name}\.png: no whole picture \(.*{said}\); copy"):
            read_clean(tmp_path / f"{name}.png")
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        read_clean(tmp_path / "none.png")
