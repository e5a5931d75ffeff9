"""One contract for every storage format: what is written comes back, whatever the format."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from builders.formats import FORMATS
from builders.formats.naming import NAMINGS, extra_name
from builders.formats.shape import ShardPlace, ShardReader
from builders.parts import Coded, Part, PartRow, Row, code_picture
from degrade.images import Picture, decode_picture

EVS = ("ev-1", "ev+0", "ev+1.5")
# (storage, lq codec, gt codec, bits) of every combination that a build allows.
WAYS = [
    (storage, lq, gt, bits)
    for storage in FORMATS
    for lq, gt, bits in (
        ("png", "png", 8), ("png", "png", 16), ("jpeg75", "png", 8), ("jpeg75", "jpeg100", 8),
        ("raw", "raw", 8), ("raw", "raw", 16),
    )
    if not (storage == "hf" and "raw" in (lq, gt))
]  # fmt: skip


def picture(seed: int, *, bits: int = 8, shape: tuple[int, int] = (16, 24)) -> Picture:
    kind = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 2**bits, (*shape, 3)).astype(kind)


def made_part(scene: str, *, lq: str = "png", gt: str = "png", bits: int = 8,
              shape: tuple[int, int] = (16, 24)) -> Part:  # fmt: skip
    """A scene of three variants and one gt; the second variant is the gt itself."""
    seed = sum(map(ord, scene))
    target = picture(seed, bits=bits, shape=shape)
    rows = [
        PartRow(
            ev, f'{{"ev":{index},"name":"été"}}', ev == "ev+0", "gt",
            code_picture(target if ev == "ev+0" else picture(seed + 1 + index, bits=bits,
                                                             shape=shape), codec=lq),
        )
        for index, ev in enumerate(EVS)
    ]  # fmt: skip
    return Part(scene, {"gt": code_picture(target, codec=gt)}, rows, [])


def store(parts: list[Part], out: Path, storage: str, *, naming: str = "pairs") -> ShardReader:
    """The parts written to a shard in `out`, and the shard opened."""
    form = FORMATS[storage]
    file = out / "data" / f"train-00000-of-00001{form.suffix}"
    file.parent.mkdir(parents=True, exist_ok=True)
    written = form.write(file, parts, ShardPlace(out, "train", naming))
    assert written.rows == sum(len(part.rows) for part in parts)
    assert written.bytes == form.size(file, out)
    return form.read(file, out)


def rows_of(reader: ShardReader) -> Iterator[Row]:
    return (reader.row(index) for index in range(len(reader)))


def same(one: Coded, other: Coded) -> None:
    assert one == other
    assert np.array_equal(one.picture(), other.picture())
    assert one.picture().dtype == other.picture().dtype


@pytest.mark.parametrize(("storage", "lq", "gt", "bits"), WAYS)
def test_what_is_written_comes_back(
    storage: str, lq: str, gt: str, bits: int, tmp_path: Path
) -> None:
    parts = [made_part(scene, lq=lq, gt=gt, bits=bits) for scene in ("one", "été 日本")]
    reader = store(parts, tmp_path, storage)
    wanted = [row for part in parts for row in part.pairs()]
    assert len(reader) == 6
    assert reader.keys() == [row.key for row in wanted]
    assert reader.faults() == []
    for row, want in zip(rows_of(reader), wanted, strict=True):
        for name in ("key", "scene", "variant", "record", "identical", "gt_name"):
            assert getattr(row, name) == getattr(want, name)
        same(row.lq, want.lq)
        same(row.gt, want.gt)
        assert row.lq.picture().dtype == (np.uint8 if bits == 8 else np.uint16)
    assert [row.identical for row in rows_of(reader)] == [False, True, False] * 2
    reader.close()


@pytest.mark.parametrize("storage", FORMATS)
def test_the_same_parts_give_the_same_bytes(storage: str, tmp_path: Path) -> None:
    parts = [made_part("one"), made_part("two")]
    files = []
    for name in ("a", "b"):
        store(parts, tmp_path / name, storage).close()
        held = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        files.append({path.relative_to(tmp_path / name): path.read_bytes() for path in held})
    assert files[0] == files[1]


@pytest.mark.parametrize("storage", FORMATS)
def test_pictures_of_several_sizes(storage: str, tmp_path: Path) -> None:
    parts = [made_part("one"), made_part("two", shape=(9, 7)), made_part("tall", shape=(33, 5))]
    reader = store(parts, tmp_path, storage)
    shapes = [row.gt.picture().shape[:2] for row in rows_of(reader)]
    assert shapes == [(16, 24)] * 3 + [(9, 7)] * 3 + [(33, 5)] * 3
    reader.close()


@pytest.mark.parametrize("storage", FORMATS)
def test_rows_are_read_out_of_order_and_twice(storage: str, tmp_path: Path) -> None:
    parts = [made_part(f"scene{index}") for index in range(8)]
    reader = store(parts, tmp_path, storage)  # 24 rows: three row groups of a parquet file
    wanted = [row for part in parts for row in part.pairs()]
    for index in (23, 0, 11, 11, 9, 10, 1):
        assert reader.row(index).key == wanted[index].key
        assert reader.row(index).lq.data == wanted[index].lq.data
    reader.close()


@pytest.mark.parametrize("storage", FORMATS)
def test_patches_point_to_their_own_gt(storage: str, tmp_path: Path) -> None:
    gts = {f"gt-p{i:02d}": code_picture(picture(i), codec="png") for i in range(3)}
    rows = [
        PartRow(f"{ev}-p{i:02d}", "{}", False, f"gt-p{i:02d}", made_part(ev).rows[0].lq)
        for ev in EVS
        for i in range(3)
    ]
    reader = store([Part("one", gts, rows, [])], tmp_path, storage)
    assert [row.gt.data for row in rows_of(reader)] == [c.data for c in gts.values()] * 3
    reader.close()


@pytest.mark.parametrize("storage", ["hdf5", "folder"])
def test_a_gt_of_several_pairs_is_stored_once(storage: str, tmp_path: Path) -> None:
    part = made_part("one", lq="raw", gt="raw")
    reader = store([part], tmp_path, storage)
    held = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert held.count(part.gts["gt"].data) == 2  # the gt, and the variant that is the gt itself
    reader.close()


def test_hf_repeats_the_gt(tmp_path: Path) -> None:
    part = made_part("one")
    reader = store([part], tmp_path, "hf")
    held = (tmp_path / "data" / "train-00000-of-00001.parquet").read_bytes()
    assert held.count(part.gts["gt"].data) == 4
    reader.close()


def test_hf_refuses_raw_samples(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="these are raw samples: build with --encode png"):
        store([made_part("one", lq="raw", gt="raw")], tmp_path, "hf")


@pytest.mark.parametrize("storage", FORMATS)
def test_a_damaged_file_is_a_value_error_that_names_it(storage: str, tmp_path: Path) -> None:
    store([made_part("one")], tmp_path, storage).close()
    form = FORMATS[storage]
    file = tmp_path / "data" / f"train-00000-of-00001{form.suffix}"
    data = file.read_bytes()
    for damaged in (b"", data[: len(data) // 2], b"\0" * len(data)):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=file.name):
            reader = form.read(file, tmp_path)
            assert len(reader) == 3, "a shard that lost its rows passes for whole"
            list(rows_of(reader))


def test_a_folders_missing_picture_is_named(tmp_path: Path) -> None:
    reader = store([made_part("one")], tmp_path, "folder")
    lost = tmp_path / "data" / "train" / "lq" / "one_ev-1.png"
    lost.unlink()
    with pytest.raises(ValueError, match=r"one_ev-1\.png: missing, though train-00000-of-00001"):
        reader.row(0)
    assert [fault.partition(": ")[0] for fault in reader.faults()] == [str(lost)]


def test_hdf5_opens_with_plain_h5py_as_its_layout_says(tmp_path: Path) -> None:
    parts = [made_part("one"), made_part("two", shape=(9, 7))]
    store(parts, tmp_path, "hdf5").close()
    wanted = [row for part in parts for row in part.pairs()]
    with h5py.File(tmp_path / "data" / "train-00000-of-00001.h5", "r") as h5:
        held: dict[str, h5py.Dataset] = {name: h5[name] for name in h5}  # type: ignore[misc]
        assert sorted(held) == sorted(
            "lq_bytes gt_bytes lq gt lq_codec gt_codec lq_dtype gt_dtype "
            "key scene variant record gt_name identical".split()
        )
        assert dict(h5.attrs) == {"format_version": 1}
        assert held["lq_bytes"].dtype == np.uint8
        assert held["lq_bytes"].chunks is None, "not contiguous"
        for index, want in enumerate(wanted):
            assert held["key"].asstr()[index] == want.key
            assert held["record"].asstr()[index] == want.record
            assert held["identical"][index] == want.identical
            for side in ("lq", "gt"):
                offset, length, *shape = held[side][index]
                data = held[f"{side}_bytes"][offset : offset + length].tobytes()
                assert data == getattr(want, side).data
                assert list(decode_picture(data).shape) == shape
                assert held[f"{side}_codec"][index] == b"png"
                assert held[f"{side}_dtype"].asstr()[index] == "uint8"
        assert held["gt_bytes"].size == sum(len(part.gts["gt"].data) for part in parts)


@pytest.mark.parametrize("bits", [8, 16])
def test_raw_samples_of_one_size_are_an_array(bits: int, tmp_path: Path) -> None:
    parts = [made_part(scene, lq="raw", gt="raw", bits=bits) for scene in ("one", "two")]
    store(parts, tmp_path, "hdf5").close()
    with h5py.File(tmp_path / "data" / "train-00000-of-00001.h5", "r") as h5:
        lq, gt = h5["lq_array"], h5["gt_array"]
        assert isinstance(lq, h5py.Dataset)
        assert isinstance(gt, h5py.Dataset)
        assert (lq.shape, gt.shape) == ((6, 16, 24, 3), (2, 16, 24, 3))
        assert lq.dtype == f"<u{bits // 8}"
        assert np.array_equal(lq[4], parts[1].rows[1].lq.picture())
        assert np.array_equal(gt[1], parts[1].gts["gt"].picture())
        assert "lq_bytes" not in h5


def test_raw_samples_of_several_sizes_are_bytes(tmp_path: Path) -> None:
    parts = [made_part("one", lq="raw", gt="raw"), made_part("b", lq="raw", gt="raw", shape=(9, 7))]
    reader = store(parts, tmp_path, "hdf5")
    with h5py.File(tmp_path / "data" / "train-00000-of-00001.h5", "r") as h5:
        assert "lq_bytes" in h5
        assert "lq_array" not in h5
    assert reader.row(5).lq.picture().shape == (9, 7, 3)
    reader.close()


def test_default_names_of_the_folder_format(tmp_path: Path) -> None:
    part = made_part("x-one", lq="jpeg75")
    part = Part(part.scene, part.gts, part.rows, [], {"expert_a": part.gts["gt"]})
    store([part], tmp_path, "folder").close()
    held = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert held == [
        "data/train-00000-of-00001.jsonl",
        "data/train/expert_a/x-one.png",
        "data/train/gt/x-one.png",
        *(f"data/train/lq/x-one_{ev}.jpg" for ev in sorted(EVS)),
    ]


def test_names_of_the_msec_release() -> None:
    row = next(made_part("a0001-jmac", lq="jpeg75", gt="jpeg100").pairs())
    names = NAMINGS["msec"]

    def variant(name: str) -> Row:
        return Row(row.key, row.scene, name, "", False, "gt", row.lq, row.gt)

    lq = [names("train", variant(name))[0] for name in ("ev-1.5", "ev-1", "ev+0", "ev+1", "ev+1.5")]
    assert lq == [
        f"training/INPUT_IMAGES/a0001-jmac_{ev}.JPG" for ev in ("N1.5", "N1", "0", "P1", "P1.5")
    ]
    assert names("val", row)[1] == "validation/GT_IMAGES/a0001-jmac.jpg"
    assert names("test", row)[1] == "testing/expert_c_testing_set/a0001-jmac.jpg"
    assert extra_name("msec", "test", "a0001-jmac", "expert_e", ".jpg") == (
        "testing/expert_e_testing_set/a0001-jmac.jpg"
    )


@pytest.mark.parametrize("storage", FORMATS)
def test_a_row_travels_between_processes(storage: str, tmp_path: Path) -> None:
    reader = store([made_part("one")], tmp_path, storage)
    row = reader.row(1)
    assert pickle.loads(pickle.dumps(row)) == row  # noqa: S301
    reader.close()
    form = FORMATS[storage]
    again = form.read(tmp_path / "data" / f"train-00000-of-00001{form.suffix}", tmp_path)
    assert again.row(1) == row
    again.close()
