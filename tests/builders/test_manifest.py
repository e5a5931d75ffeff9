"""dataset.json: true, strict, and the same for equal builds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from built import build_here, take_raws

from builders.atomic import sha256_file
from builders.kinds.exposure_arguments import Wishes
from builders.manifest import encode_manifest, load_manifest
from builders.plan import load_plan
from builders.planning import Store


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = take_raws(tmp_path_factory.mktemp("sources") / "raw")
    (folder / "nothing.dng").touch()
    return folder


def made(raw: Path, out: Path, *, storage: str = "hdf5") -> Path:
    store = Store(format=storage, split="train=0.6,val=0.4", scenes_per_shard=2, seed=3)
    return build_here(raw, out, wishes=Wishes(size=64, ev=[-1.0, 1.0]), store=store)


@pytest.mark.parametrize("storage", ["hdf5", "hf", "folder"])
def test_what_it_says_is_so(storage: str, raw: Path, tmp_path: Path) -> None:
    out = made(raw, tmp_path / "set", storage=storage)
    manifest, plan = load_manifest(out), load_plan(out)
    assert plan is not None
    assert (manifest.name, manifest.kind, manifest.seed) == ("set", "exposure", 3)
    assert manifest.recipe_digest == plan.recipe_digest()
    assert manifest.versions == plan.versions
    assert manifest.split_rule == "train=0.6,val=0.4"
    assert (manifest.scenes, manifest.drops) == (4, {"empty-file": 1})
    assert sum(manifest.splits.values()) == sum(shard.rows for shard in manifest.shards) == 8
    for shard in manifest.shards:
        path = out / shard.file
        assert shard.sha256 == sha256_file(path)
        if storage != "folder":
            assert shard.bytes == path.stat().st_size
    if storage == "folder":
        pictures = sum(p.stat().st_size for p in (out / "data").rglob("*.png"))
        assert sum(shard.bytes for shard in manifest.shards) == pictures


def test_equal_builds_have_equal_files_wherever_they_lie(raw: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(raw, tmp_path / "moved" / "raw")
    one, two = made(raw, tmp_path / "a" / "set"), made(elsewhere, tmp_path / "b" / "set")
    for path in sorted(one.rglob("*")):
        if path.is_file() and ".build" not in path.parts:
            assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name


def test_json_round_trip_and_form(raw: Path, tmp_path: Path) -> None:
    out = made(raw, tmp_path / "set")
    data = (out / "dataset.json").read_bytes()
    assert encode_manifest(load_manifest(out)) == data
    text = json.loads(data)
    assert text["splits"] == {"train": 4, "val": 4} or sum(text["splits"].values()) == 8
    assert list(text)[:4] == ["version", "name", "kind", "arguments"]


def test_a_split_and_a_shard_without_rows_are_left_out(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"train": ["cup"], "test": ["nothing"]}')
    store = Store(split_file=tmp_path / "split.json")
    out = build_here(raw, tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]), store=store)
    manifest = load_manifest(out)
    assert manifest.splits == {"train": 1}
    assert [shard.split for shard in manifest.shards] == ["train"]
    assert [path.name for path in (out / "data").iterdir()] == ["train-00000-of-00001.h5"]
    assert manifest.drops == {"empty-file": 1}


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b'{"version": "1"}'])
def test_damage_is_named(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_bytes(damage)
    with pytest.raises(ValueError, match=r"dataset\.json: damaged or of another version"):
        load_manifest(tmp_path)
