"""Reading a dataset back: with open_pairs, in DataLoader workers, and with `datasets`."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from built import build_here, take_raws
from PIL import Image
from torch.utils.data import DataLoader

from builders.formats import FORMATS
from builders.kinds.exposure_arguments import Wishes
from builders.pairs import Pair, open_pairs, to_tensor
from builders.parts import Coded
from builders.planning import Store

SPLIT = "train=0.5,val=0.5"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_raws(tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def eight(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same 16 pairs in each format, two shards of each split."""
    folder = tmp_path_factory.mktemp("eight")
    return {
        storage: build_here(
            raw,
            folder / storage,
            wishes=Wishes(size=64),
            store=Store(format=storage, split=SPLIT, scenes_per_shard=1),
        )
        for storage in FORMATS
    }


@pytest.fixture(scope="module")
def sixteen(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sixteen") / "set"
    wishes = Wishes(size=64, bits=16, ev=[-1.0, 1.0])
    return build_here(raw, out, wishes=wishes, store=Store(format="hf", split=SPLIT))


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` without a network and with a cache that goes away."""
    from datasets import config

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(config, "HF_DATASETS_OFFLINE", True, raising=False)
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(config, "HF_MODULES_CACHE", str(tmp_path / "modules"))


def equal(one: Pair, other: Pair) -> bool:
    fields = (field.name for field in dataclasses.fields(Pair))
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in fields)


def test_rows_are_identical_across_formats(eight: dict[str, Path]) -> None:
    read = {storage: list(open_pairs(out)) for storage, out in eight.items()}
    assert len(read["hdf5"]) == 16
    for storage in ("hf", "folder"):
        assert all(equal(a, b) for a, b in zip(read["hdf5"], read[storage], strict=True))


@pytest.mark.parametrize("storage", FORMATS)
def test_indices_splits_and_lengths(storage: str, eight: dict[str, Path]) -> None:
    pairs, train = open_pairs(eight[storage]), open_pairs(str(eight[storage]), split="train")
    assert (len(pairs), len(train)) == (16, 8)
    assert pairs.keys() == [pair.key for pair in pairs]
    assert pairs.keys()[:8] == train.keys()
    assert pairs[-1].key == pairs[15].key == pairs.keys()[-1]
    assert equal(pairs[-16], pairs[0])
    assert pairs[np.int64(3)].key == pairs.keys()[3]  # type: ignore[index]
    assert len(set(pairs.keys())) == 16
    pair = pairs[2]
    assert pair.key == f"{pair.scene}/{pair.variant}"
    assert pair.lq.shape == pair.gt.shape == (51, 64, 3)
    assert pair.lq.dtype == np.uint8
    assert pair.record["ev"] == 1.0


def test_indices_out_of_range(eight: dict[str, Path]) -> None:
    pairs = open_pairs(eight["hdf5"], split="val")
    for index in (8, -9):
        with pytest.raises(IndexError, match=f"pair {index} of 8 in .*hdf5, split val"):
            pairs[index]


def test_unknown_split_and_key(eight: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match=r"no split 'tset'; it has train \(8\), val \(8\)"):
        open_pairs(eight["hf"], split="tset")
    pairs = open_pairs(eight["hf"])
    assert pairs[pairs.find("cup/ev+1.5")].key == "cup/ev+1.5"
    with pytest.raises(KeyError, match=r"no pair 'cup/ev\+15' among 16; nearest: cup/ev\+1.5, "):
        pairs.find("cup/ev+15")


def test_no_dataset_and_an_unfinished_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing; this folder holds no dataset"):
        open_pairs(tmp_path)
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build" / "plan.json").touch()
    with pytest.raises(FileNotFoundError, match="has not ended: run the same build command again"):
        open_pairs(tmp_path)
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(ValueError, match=r"dataset\.json: damaged or of another version"):
        open_pairs(tmp_path)


def test_closing_and_pickling_keep_nothing_open(eight: dict[str, Path]) -> None:
    for out in eight.values():
        pairs = open_pairs(out)
        first = pairs[0]
        copy = pickle.loads(pickle.dumps(pairs))  # noqa: S301
        pairs.close()
        assert equal(copy[0], first)
        assert equal(pairs[0], first)


# What spawn pickles is the same for each format, and each spawned worker loads torch for seconds.
@pytest.mark.parametrize(
    ("storage", "start"), [*((storage, "fork") for storage in FORMATS), ("hdf5", "spawn")]
)
def test_a_shuffled_dataloader_reads_what_one_process_reads(
    storage: str, start: str, eight: dict[str, Path]
) -> None:
    pairs = open_pairs(eight[storage])
    pairs.keys()  # opened before the fork: the workers must not share the parent's files
    tensors = pairs.torch()
    assert len(tensors) == 16
    loader = DataLoader(
        tensors,  # type: ignore[arg-type]
        batch_size=4,
        shuffle=True,
        num_workers=2,
        multiprocessing_context=start,
        generator=torch.Generator().manual_seed(1),
    )
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for batch in loader:
        for key, lq, gt in zip(batch["key"], batch["lq"], batch["gt"], strict=True):
            seen[key] = (lq, gt)
    assert list(seen) != pairs.keys(), "not shuffled"
    assert sorted(seen) == sorted(pairs.keys())
    for pair in pairs:
        assert torch.equal(seen[pair.key][0], to_tensor(pair.lq))
        assert torch.equal(seen[pair.key][1], to_tensor(pair.gt))


@pytest.mark.parametrize("bits", [8, 16])
def test_tensors_are_the_pictures_in_0_to_1(bits: int) -> None:
    kind = np.uint8 if bits == 8 else np.uint16
    picture = np.array([[[0, 1, 2**bits - 1], [7, 8, 9]]], kind)
    tensor = to_tensor(picture)
    assert (tensor.dtype, tuple(tensor.shape)) == (torch.float32, (3, 1, 2))
    assert tensor[:, 0, 0].tolist() == [0.0, pytest.approx(1 / (2**bits - 1)), 1.0]


def test_tensors_of_other_channels_and_floats() -> None:
    bayer = np.full((2, 3, 4), 65535, np.uint16)
    assert to_tensor(bayer).tolist() == torch.ones(4, 2, 3).tolist()
    floats = np.array([[[-0.5], [3.0]]], np.float32)
    assert to_tensor(floats).tolist() == [[[-0.5, 3.0]]]
    assert floats[0, 0, 0] == -0.5


def test_a_damaged_picture_names_its_file_and_key(tmp_path: Path, raw: Path) -> None:
    out = build_here(raw, tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]),
                     store=Store(format="folder", split="train=1"))  # fmt: skip
    (out / "data" / "train" / "lq" / "cat_ev+1.png").write_bytes(b"not a picture")
    pairs = open_pairs(out)
    with pytest.raises(ValueError, match=r"train-00000-of-00001\.jsonl: pair 'cat/ev\+1': 13 byte"):
        pairs[pairs.find("cat/ev+1")]


def test_a_shard_that_lost_its_last_lines_is_named(tmp_path: Path, raw: Path) -> None:
    out = build_here(raw, tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]),
                     store=Store(format="folder", split="train=1"))  # fmt: skip
    index = out / "data" / "train-00000-of-00001.jsonl"
    index.write_bytes(b"".join(index.read_bytes().splitlines(keepends=True)[:3]))
    with pytest.raises(ValueError, match=r"of-00001\.jsonl: 3 pairs, dataset\.json says 4"):
        open_pairs(out)[0]


def test_stored_samples_must_agree_with_their_header() -> None:
    with pytest.raises(ValueError, match=r"5 bytes where \[1, 2, 3\] uint8 samples take 6"):
        Coded("raw", (1, 2, 3), "uint8", b"12345").picture()


def test_a_dataset_without_pairs_opens(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.dng").touch()
    pairs = open_pairs(build_here(tmp_path / "raw", tmp_path / "set"))
    assert (len(pairs), pairs.keys(), pairs.files(), list(pairs)) == (0, [], [], [])
    with pytest.raises(IndexError):
        pairs[0]


@pytest.mark.usefixtures("offline")
def test_load_dataset_gives_pil_pictures_at_8_bit(eight: dict[str, Path]) -> None:
    from datasets import Dataset, DatasetDict, load_dataset

    loaded = load_dataset(str(eight["hf"]))
    assert isinstance(loaded, DatasetDict)
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 8, "val": 8}
    for split in ("train", "val"):
        rows = loaded[split]
        assert isinstance(rows, Dataset)
        for row, pair in zip(rows, open_pairs(eight["hf"], split=split), strict=True):
            assert isinstance(row, dict)
            assert sorted(row) == sorted(field.name for field in dataclasses.fields(Pair))
            assert isinstance(row["lq"], Image.Image)
            assert np.array_equal(np.asarray(row["lq"]), pair.lq)
            assert np.array_equal(np.asarray(row["gt"]), pair.gt)
            assert (row["key"], row["identical"]) == (pair.key, pair.identical)
            assert json.loads(row["record"]) == pair.record


@pytest.mark.usefixtures("offline")
def test_load_dataset_leaves_16_bit_pictures_undecoded(sixteen: Path) -> None:
    from datasets import DatasetDict, load_dataset

    loaded = load_dataset(str(sixteen))
    assert isinstance(loaded, DatasetDict)
    pairs = open_pairs(sixteen, split="train")
    for row, pair in zip(loaded["train"], pairs, strict=True):
        assert isinstance(row, dict)
        assert row["lq"]["bytes"][:8] == b"\x89PNG\r\n\x1a\n"
        assert pair.lq.dtype == pair.gt.dtype == np.uint16
        assert len(np.unique(pair.gt)) > 256


@pytest.mark.usefixtures("offline")
def test_load_dataset_loads_where_a_split_is_empty(tmp_path: Path, raw: Path) -> None:
    """The test split's only scene is dropped: no file of it, no word of it in the card."""
    from datasets import DatasetDict, load_dataset

    folder = tmp_path / "raw"
    folder.mkdir()
    for path in raw.iterdir():
        (folder / path.name).write_bytes(b"" if path.stem == "cat" else path.read_bytes())
    names = tmp_path / "split.json"
    names.write_text('{"test": ["cat"], "train": ["cup", "face"], "val": ["helmet"]}')
    store = Store(format="hf", split_file=names)
    out = build_here(folder, tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]), store=store)
    assert "split: test" not in (out / "README.md").read_text()
    loaded = load_dataset(str(out))
    assert isinstance(loaded, DatasetDict)
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 2, "val": 1}
