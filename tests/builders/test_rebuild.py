"""rebuild: one sample made again, held against what is stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from built import build_here, retouch, save_prophoto, take_raw, take_raws
from PIL import Image

from builders.atomic import sha256_file
from builders.kinds.exposure_arguments import Wishes
from builders.manifest import encode_manifest, load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from builders.rebuild import rebuild
from degrade.images import read_picture

WAYS: dict[str, tuple[Wishes, Store]] = {
    "plain": (Wishes(size=64), Store()),
    "patches": (Wishes(size=96, patch=32, ev=[1.0], screens=False), Store(format="folder")),
    "sixteen": (Wishes(size=64, bits=16, ev=[-1.5, 1.5]), Store(format="hf")),
    "jpeg75": (Wishes(size=64, encode="jpeg75", ev=[-1.0, 1.0]), Store(format="folder")),
    "raw-acr": (Wishes(size=64, encode="raw", style="acr-like", ev=[1.0]), Store()),
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_raws(tmp_path_factory.mktemp("sources") / "raw", parts=("cup", "cat"))


@pytest.fixture(scope="module")
def plain(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset in plain picture files; nobody changes it."""
    store = Store(format="folder", split="train=1")
    out = tmp_path_factory.mktemp("plain") / "set"
    return build_here(raw, out, wishes=Wishes(size=64, ev=[-1.0, 1.0]), store=store)


@pytest.fixture
def copy(plain: Path, tmp_path: Path) -> Path:
    """The same, for a test to change."""
    return shutil.copytree(plain, tmp_path / "copy")


@pytest.mark.parametrize("way", WAYS)
def test_every_key_of_a_clean_dataset_gives_its_bytes(way: str, raw: Path, tmp_path: Path) -> None:
    wishes, store = WAYS[way]
    out = build_here(raw, tmp_path / "set", wishes=wishes, store=store)
    keys = open_pairs(out).keys()
    assert len(keys) >= 2
    for key in keys[:: max(1, len(keys) // 4)]:
        result = rebuild(out, key=key)
        assert (result.verdict, result.changes) == ("bytes", [])
        assert result.remade.record == result.stored.record


def test_retouched_targets_are_rebuilt_too(raw: Path, tmp_path: Path) -> None:
    for part in ("cup", "cat"):
        save_prophoto(tmp_path / "t" / f"{part}.tif", retouch(raw / f"{part}.dng", bits=16))
    out = build_here(raw, tmp_path / "set", target=tmp_path / "t", wishes=Wishes(size=64))
    assert rebuild(out, key="cat/ev+0").verdict == "bytes"
    save_prophoto(tmp_path / "t" / "cat.tif", retouch(raw / "cat.dng", bits=16, ev=0.5))
    result = rebuild(out, key="cat/ev+0")
    assert result.verdict == "differs"
    assert "gt.sha256" in {line.partition(":")[0] for line in result.changes}


def test_moved_sources(raw: Path, copy: Path, tmp_path: Path) -> None:
    plan = copy / ".build" / "plan.json"
    plan.write_text(plan.read_text().replace(str(raw), "/moved/away"))
    with pytest.raises(FileNotFoundError, match=r"cat\.dng: not there any more; if the folders"):
        rebuild(copy, key="cat/ev+1")
    moved = shutil.copytree(raw, tmp_path / "elsewhere")
    assert rebuild(copy, key="cat/ev+1", sources=[moved]).verdict == "bytes"


def test_a_source_of_another_length_is_refused(raw: Path, copy: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(raw, tmp_path / "raw")
    with (moved / "cat.dng").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ValueError, match=r"cat: cannot be rebuilt: .*cat\.dng: \d+ bytes, \d+ wh"):
        rebuild(copy, key="cat/ev+1", sources=[moved])
    (moved / "cat.dng").write_bytes(b"")
    with pytest.raises(ValueError, match="cat: cannot be rebuilt"):
        rebuild(copy, key="cat/ev+1", sources=[moved])


def test_a_source_of_the_same_length_differs(raw: Path, copy: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(raw, tmp_path / "raw")
    data = bytearray((moved / "cat.dng").read_bytes())
    data[-1000] ^= 0xFF
    (moved / "cat.dng").write_bytes(data)
    result = rebuild(copy, key="cat/ev+1", sources=[moved])
    assert result.verdict == "differs"
    assert [line.partition(":")[0] for line in result.changes] == ["source.sha256"]
    assert rebuild(copy, key="cup/ev+1", sources=[moved]).verdict == "bytes"


def test_changed_versions_are_named(copy: Path) -> None:
    path = copy / ".build" / "plan.json"
    plan = json.loads(path.read_text())
    plan["versions"] |= {"rawpy": "0.0.1", "processor": "pdp-11"}
    path.write_text(json.dumps(plan))
    result = rebuild(copy, key="cat/ev+1")
    assert result.verdict == "bytes"
    assert [change.partition(", ")[0] for change in result.changes] == [
        "rawpy: 0.0.1 then", "processor: pdp-11 then"
    ]  # fmt: skip
    assert all(change.endswith(" now") for change in result.changes)


def edit_picture(out: Path, *, change: int) -> None:
    """Codes cat/ev+1's input otherwise, and makes index and manifest agree with it again."""
    path = out / "data" / "train" / "lq" / "cat_ev+1.png"
    before = sha256_file(path)
    picture = read_picture(path)
    picture[0, 0] ^= np.uint8(change)
    Image.fromarray(picture).save(path, compress_level=9)  # zlib at another level: other bytes
    index = out / "data" / "train-00000-of-00001.jsonl"
    index.write_text(index.read_text().replace(before, sha256_file(path)))
    manifest = load_manifest(out)
    shard = msgspec.structs.replace(manifest.shards[0], sha256=sha256_file(index))
    changed = msgspec.structs.replace(manifest, shards=[shard])
    (out / "dataset.json").write_bytes(encode_manifest(changed))


def test_other_bytes_of_the_same_picture_are_pixels(copy: Path) -> None:
    edit_picture(copy, change=0)
    assert rebuild(copy, key="cat/ev+1").verdict == "pixels"


def test_other_pixels_differ(copy: Path) -> None:
    edit_picture(copy, change=1)
    result = rebuild(copy, key="cat/ev+1")
    assert (result.verdict, result.changes) == ("differs", [])
    assert rebuild(copy, key="cat/ev-1").verdict == "bytes"


def test_unknown_key_and_missing_plan(copy: Path) -> None:
    with pytest.raises(ValueError, match=r"no pair 'cat/ev\+9' among 4; nearest: cat/ev"):
        rebuild(copy, key="cat/ev+9")
    shutil.rmtree(copy / ".build")
    with pytest.raises(FileNotFoundError, match=r"its \.build folder is not there"):
        rebuild(copy, key="cat/ev+1")


def test_subfolders_and_repeated_stems_are_found_again(tmp_path: Path) -> None:
    take_raw(tmp_path / "raw" / "one" / "IMG.dng")
    take_raw(tmp_path / "raw" / "two" / "IMG.dng", part="cat")
    out = build_here(tmp_path / "raw", tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]))
    assert sorted(open_pairs(out).keys()) == ["one-IMG/ev+1", "two-IMG/ev+1"]
    for key in open_pairs(out).keys():  # noqa: SIM118
        assert rebuild(out, key=key).verdict == "bytes"
