"""Every stored picture has its own container, shape and sample type, beside others of any kind."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from builders.containers import (
    CONTAINERS,
    SAMPLE_TYPES,
    SUFFIXES,
    pack_samples,
    read_header,
    unpack_samples,
)
from builders.formats import FORMATS
from builders.formats.shape import ShardPlace, ShardReader
from builders.parts import Coded, Part, PartRow, code_picture, coded_bytes
from builders.shards import is_there, land_shard, open_shard
from degrade.images import CODECS, decode_picture


def samples(dtype: str, *, channels: int = 3, size: tuple[int, int] = (6, 10)) -> np.ndarray:
    random = np.random.default_rng(channels)
    if dtype == "float32":
        return random.normal(size=(*size, channels)).astype(dtype)
    return random.integers(0, np.iinfo(dtype).max, (*size, channels)).astype(dtype)


def coded(codec: str, dtype: str = "uint8", **shape: int | tuple[int, int]) -> Coded:
    return code_picture(samples(dtype, **shape), codec=codec)  # type: ignore[arg-type]


# Bayer packed into four planes beside sRGB; imports of mixed containers, depths and sizes.
BAYER = Part(
    "bayer", {"gt": coded("png", size=(12, 20))},
    [PartRow("x2", "{}", False, "gt", coded("raw", "uint16", channels=4)),
     PartRow("x4", "{}", False, "gt", coded("raw", "uint16", channels=4))], [],
)  # fmt: skip
MIXED = Part(
    "mixed", {"a": coded("jpeg75"), "b": coded("png", "uint16")},
    [PartRow("one", "{}", False, "a", coded("png")),
     PartRow("two", "{}", False, "b", coded("jpeg100", size=(5, 7)))], [],
)  # fmt: skip
FLOATS = Part(
    "floats", {"gt": coded("raw", "uint8", channels=2)},
    [PartRow("one", "{}", False, "gt", coded("raw", "float32", channels=1))], [],
)  # fmt: skip


def land(parts: list[Part], out: Path, storage: str) -> ShardReader:
    landed = land_shard(out, name="train-00000-of-00001", split="train", parts=parts,
                        storage=storage, naming="pairs")  # fmt: skip
    assert is_there(out, file=landed.file, size=landed.bytes)
    return open_shard(out, file=landed.file)


@pytest.mark.parametrize(
    ("storage", "parts"),
    [
        ("hdf5", [BAYER]), ("hdf5", [MIXED]), ("hdf5", [FLOATS]), ("hdf5", [MIXED, BAYER, FLOATS]),
        ("folder", [MIXED, BAYER, FLOATS]), ("hf", [MIXED]),
    ],
)  # fmt: skip
def test_pictures_of_any_kind_lie_beside_each_other(
    storage: str, parts: list[Part], tmp_path: Path
) -> None:
    reader = land(parts, tmp_path, storage)
    wanted = [row for part in parts for row in part.pairs()]
    assert [reader.row(index) for index in range(len(reader))] == wanted
    for index, row in enumerate(wanted):
        for mine, other in ((reader.row(index).lq, row.lq), (reader.row(index).gt, row.gt)):
            assert np.array_equal(mine.picture(), other.picture())
            assert mine.picture().dtype == other.dtype
    reader.close()


@pytest.mark.parametrize("storage", ["hdf5", "folder"])
def test_the_same_mixed_parts_give_the_same_bytes(storage: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        land([MIXED, BAYER, FLOATS], tmp_path / name, storage).close()
    held = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert held
    for path in held:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_packed_bayer_is_an_array_beside_pngs(tmp_path: Path) -> None:
    land([BAYER], tmp_path, "hdf5").close()
    with h5py.File(tmp_path / "data" / "train-00000-of-00001.h5") as h5:
        array = h5["lq_array"]
        assert isinstance(array, h5py.Dataset)
        assert (array.shape, array.dtype) == ((2, 6, 10, 4), np.dtype("<u2"))
        assert np.array_equal(array[1], BAYER.rows[1].lq.picture())
        assert "gt_bytes" in h5


def test_hf_leaves_only_the_side_with_16_bit_pictures_undecoded(tmp_path: Path) -> None:
    import json

    import pyarrow.parquet as pq

    land([MIXED], tmp_path, "hf").close()
    file = tmp_path / "data" / "train-00000-of-00001.parquet"
    metadata = pq.read_schema(file).metadata
    assert list(metadata) == [b"huggingface"]
    kinds = json.loads(metadata[b"huggingface"])["info"]["features"]
    assert (kinds["lq"], kinds["gt"]) == ({"_type": "Image"}, {"_type": "Image", "decode": False})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h5: h5.attrs.__setitem__("format_version", 2), "format_version 2, .* reads 1"),
        (lambda h5: h5.attrs.__delitem__("format_version"), "not a whole"),
        (lambda h5: h5["lq_codec"].__setitem__(0, b"webp"), "/lq_codec holds webp; png, jpeg, raw"),
        (lambda h5: h5["gt_dtype"].__setitem__(1, b"int8"), "/gt_dtype holds int8; uint8, uint16"),
        (lambda h5: h5["lq"].__setitem__((0, 1), 10**6), "/lq points beyond the pictures' bytes"),
        (lambda h5: h5.__delitem__("gt_codec"), "not a whole"),
    ],
)  # fmt: skip
def test_an_index_that_cannot_be_true_is_refused(change: object, said: str, tmp_path: Path) -> None:
    land([MIXED], tmp_path, "hdf5").close()
    file = tmp_path / "data" / "train-00000-of-00001.h5"
    with h5py.File(file, "r+") as h5:
        change(h5)  # type: ignore[operator]
    with pytest.raises(ValueError, match=rf"train-00000-of-00001\.h5: .*{said}"):
        open_shard(tmp_path, file="data/train-00000-of-00001.h5")


def test_a_folder_index_with_an_unknown_container_is_refused(tmp_path: Path) -> None:
    land([MIXED], tmp_path, "folder").close()
    file = tmp_path / "data" / "train-00000-of-00001.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"codec":"jpeg"', b'"codec":"jpeg75"'))
    with pytest.raises(ValueError, match=r"of-00001\.jsonl: not a whole index .*jpeg75"):
        open_shard(tmp_path, file="data/train-00000-of-00001.jsonl")


@pytest.mark.parametrize("storage", FORMATS)
def test_a_shard_that_lost_bytes_is_not_there(storage: str, tmp_path: Path) -> None:
    form = FORMATS[storage]
    file = tmp_path / "data" / f"s{form.suffix}"
    file.parent.mkdir()
    size = form.write(file, [MIXED], ShardPlace(tmp_path, "train", "pairs")).bytes
    name = f"data/{file.name}"
    assert is_there(tmp_path, file=name, size=size)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    assert not is_there(tmp_path, file=name, size=size)
    file.unlink()
    assert not is_there(tmp_path, file=name, size=size)


def test_a_folder_shard_that_lost_a_picture_is_not_there(tmp_path: Path) -> None:
    reader = land([MIXED], tmp_path, "folder")
    size = FORMATS["folder"].size(tmp_path / "data" / "train-00000-of-00001.jsonl", tmp_path)
    assert size == MIXED.size()
    (tmp_path / "data" / "train" / "gt" / "mixed_a.jpg").unlink()
    assert not is_there(tmp_path, file="data/train-00000-of-00001.jsonl", size=size)
    reader.close()


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_writes_one_of_the_containers(codec: str) -> None:
    made = coded(codec)
    assert made.codec in CONTAINERS
    assert made.suffix() == SUFFIXES[made.codec] == CODECS[codec][0]
    assert (made.shape, made.dtype) == ((6, 10, 3), "uint8")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "I;16"])
@pytest.mark.parametrize("container", ["png", "jpeg"])
@pytest.mark.parametrize("extra", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + b"x" * 99}])
def test_a_header_says_what_the_bytes_decode_to(
    container: str, mode: str, extra: dict[str, object]
) -> None:
    if container == "jpeg" and mode not in ("RGB", "L"):
        mode = "CMYK"
    held = io.BytesIO()
    Image.new(mode, (11, 7)).save(held, container, **extra)
    picture = decode_picture(held.getvalue())
    assert read_header(held.getvalue()) == (container, picture.shape, str(picture.dtype))
    assert np.array_equal(coded_bytes(held.getvalue()).picture(), picture)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\4" * 2]
)
def test_bytes_that_are_no_picture(data: bytes) -> None:
    with pytest.raises(
        ValueError, match=rf"^{len(data)} bytes (that are neither|of a JPEG without)"
    ):
        read_header(data)


@given(st.sampled_from(SAMPLE_TYPES).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=3, max_dims=3, max_side=5))))  # fmt: skip
def test_raw_samples_of_any_shape_come_back(array: np.ndarray) -> None:
    back = unpack_samples(pack_samples(array), shape=array.shape, dtype=str(array.dtype))
    assert back.dtype == array.dtype
    assert np.array_equal(back, array, equal_nan=array.dtype == np.float32)
    assert back.flags.writeable


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((4, 4), np.uint8), r"raw samples are \[H,W,C\], got \[4, 4\]"),
        (np.zeros((4, 4, 0), np.uint8), r"raw samples are \[H,W,C\], got \[4, 4, 0\]"),
        (np.zeros((4, 4, 1), np.int16), "samples are one of uint8, uint16, float32, got int16"),
    ],
)
def test_samples_that_are_not_stored(array: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        code_picture(array, codec="raw")
