"""Headerless dumps: only with a sidecar, never by LibRaw's guess."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from builders.demosaic import demosaic
from builders.drops import Drop
from builders.headerless import container
from builders.raw import read_raw

SIDECAR: dict[str, Any] = {
    "shape": [512, 768],
    "dtype": "uint16",
    "pattern": "RGGB",
    "black": 600,
    "white": 15520,
    "wb": [1.94921875, 1.0, 1.34375],
    "matrix": [[0.902, -0.289, -0.0715], [-0.4535, 1.2436, 0.2348], [-0.0934, 0.1919, 0.7086]],
}


def _dump(folder: Path, *, name: str = "rose.raw", **changes: Any) -> Path:
    """A dump that has the size of a camera which LibRaw would guess (768x1024, 8 bit)."""
    path = folder / name
    values = np.random.default_rng(0).integers(600, 15_000, (512, 768))
    kind = {"uint8": "u1", "uint16-be": ">u2"}.get(changes.get("dtype", ""), "<u2")
    path.write_bytes((values % 256 if kind == "u1" else values).astype(kind).tobytes())
    text = json.dumps({**SIDECAR, **changes})
    (folder / f"{name}.json").write_text(text)
    return path


def _drop(path: Path) -> Drop:
    with pytest.raises(Drop) as caught:
        read_raw(path)
    return caught.value


def test_the_sidecar_says_everything(tmp_path: Path) -> None:
    frame = read_raw(_dump(tmp_path, black=[600, 600.5, 601, 600]))
    wanted = np.random.default_rng(0).integers(600, 15_000, (512, 768))
    assert np.array_equal(frame.mosaic, wanted)
    assert frame.black.tolist() == [[600, 600.5], [601, 600]]
    assert (frame.white == 15_520).all()
    assert frame.white_balance_source == frame.matrix_source == "sidecar"
    assert frame.white_balance.tolist() == pytest.approx(SIDECAR["wb"], rel=1e-5)
    assert frame.camera is None
    assert frame.name == "rose.raw"


@pytest.mark.parametrize("dtype", ["uint8", "uint16-be"])
def test_other_sample_types(tmp_path: Path, dtype: str) -> None:
    got = read_raw(_dump(tmp_path, dtype=dtype, black=0, white=15_520)).mosaic
    wanted = np.random.default_rng(0).integers(600, 15_000, (512, 768))
    assert np.array_equal(got, wanted % 256 if dtype == "uint8" else wanted)


def test_colour_may_be_left_out_and_the_suffix_replaced(tmp_path: Path) -> None:
    path = _dump(tmp_path, name="a.bin", wb=None, matrix=None)
    (tmp_path / "a.bin.json").rename(tmp_path / "a.json")
    frame = read_raw(path)
    assert frame.white_balance_source == "unit"
    assert frame.matrix_source == "identity"


def test_a_changed_sidecar_can_be_told_apart(tmp_path: Path) -> None:
    path = _dump(tmp_path)
    sidecar = tmp_path / "rose.raw.json"
    first = read_raw(path).sidecar_sha256
    assert first == hashlib.sha256(sidecar.read_bytes()).hexdigest()
    sidecar.write_text(json.dumps({**SIDECAR, "black": 601}))
    assert read_raw(path).sidecar_sha256 not in (None, first)


def test_without_a_sidecar_libraw_is_not_asked(tmp_path: Path) -> None:
    path = _dump(tmp_path)
    (tmp_path / "rose.raw.json").unlink()
    drop = _drop(path)
    assert drop.reason == "no-sidecar"
    assert "rose.raw.json" in str(drop)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shape": [512, 767]}, "needs 785408 bytes, the file has 786432"),
        ({"blakc": 600}, "blakc"),
        ({"dtype": "float32"}, "float32"),
        ({"pattern": "RGGX"}, "RGGX"),
        ({"black": 20_000}, "black < white"),
        ({"black": [1, 2]}, "4 finite"),
        ({"shape": [512]}, "shape"),
        ({"white": "x"}, "white"),
        ({"wb": [0, 1, 1]}, "positive"),
    ],
)
def test_a_wrong_sidecar_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    drop = _drop(_dump(tmp_path, **changes))
    assert drop.reason == "unreadable"
    assert said in str(drop)
    assert "rose.raw.json" in str(drop)


def test_the_first_bytes_decide_not_the_suffix(tmp_path: Path) -> None:
    assert container(b"IIU\0" + bytes(60)) == "Panasonic RW2"
    assert container(b"\0\0\0\x18ftypcrx " + bytes(52)) == "Canon CR3"
    assert container(bytes(64)) is None
    path = tmp_path / "picture.raw"
    path.write_bytes(b"\xff\xd8\xff" + bytes(1000))
    assert "JPEG" in str(_drop(path))


def test_the_real_dump_equals_its_dng(tmp_path: Path, testdata: Path) -> None:
    dng = testdata / "raw" / "rose_rggb.dng"
    (tmp_path / "rose.raw").write_bytes(tifffile.imread(dng).astype("<u2").tobytes())
    (tmp_path / "rose.raw.json").write_text(json.dumps(SIDECAR))
    one, two = read_raw(dng), read_raw(tmp_path / "rose.raw")
    assert np.array_equal(one.mosaic, two.mosaic)
    first, second = demosaic(one), demosaic(two)
    # the DNG's gains are rounded to a millionth, which may turn one direction of AHD
    assert (first.pixels != second.pixels).mean() < 1e-3
    assert np.array_equal(first.clipped, second.clipped)
    assert np.allclose(first.matrix, second.matrix)
