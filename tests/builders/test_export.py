"""export: the same pairs in another format, every coded byte as it was."""

from __future__ import annotations

import json
import shutil
from itertools import permutations
from pathlib import Path

import pytest
from built import build_here, retouch, save_prophoto, take_raws

from builders.export import export
from builders.formats import FORMATS
from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.parts import Row
from builders.planning import Store
from builders.rebuild import rebuild
from builders.verify import verify


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = take_raws(tmp_path_factory.mktemp("sources") / "raw")
    (folder / "nothing.dng").touch()
    return folder


@pytest.fixture(scope="module")
def built(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same pairs in each format: two shards in train, inputs JPEG, targets PNG."""
    folder = tmp_path_factory.mktemp("built")
    return {
        storage: build_here(
            raw,
            folder / storage,
            wishes=Wishes(size=64, encode="jpeg75"),
            store=Store(format=storage, split="train=0.7,val=0.3", scenes_per_shard=2),
        )
        for storage in FORMATS
    }


def rows_of(out: Path) -> list[Row]:
    pairs = open_pairs(out)
    return [pairs.row(index) for index in range(len(pairs))]


@pytest.mark.parametrize(("first", "second"), list(permutations(FORMATS, 2)))
def test_every_format_into_every_other(
    first: str, second: str, built: dict[str, Path], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    manifest = export(
        built[first],
        storage=second,
        target=tmp_path / second,
        report=lambda done, total: seen.append((done, total)),
    )
    assert verify(tmp_path / second) == []
    assert rows_of(tmp_path / second) == rows_of(built[second])
    assert load_manifest(tmp_path / second) == manifest
    assert manifest.splits == load_manifest(built[second]).splits
    assert manifest.drops == {"empty-file": 1}
    assert seen[-1] == (len(manifest.shards), len(manifest.shards))


@pytest.mark.parametrize("storage", FORMATS)
def test_the_export_is_byte_for_byte_what_a_build_would_be(
    storage: str, built: dict[str, Path], tmp_path: Path
) -> None:
    """Shards, sizes, card and sheet: nothing tells an export from a build in that format."""
    other = next(name for name in FORMATS if name != storage)
    out = tmp_path / storage
    export(built[other], storage=storage, target=out)
    for name in ("dataset.json", "README.md", "preview.png", "drops.jsonl"):
        assert (out / name).read_bytes() == (built[storage] / name).read_bytes(), name


def test_jpegs_of_other_qualities_keep_their_bytes(raw: Path, tmp_path: Path) -> None:
    for part in ("cup", "cat"):
        save_prophoto(tmp_path / "t" / f"{part}.tif", retouch(raw / f"{part}.dng", bits=16))
    release = build_here(raw, tmp_path / "msec", target=tmp_path / "t",
                         wishes=Wishes(preset="msec"), store=Store(split="train=1"))  # fmt: skip
    export(release, storage="hf", target=tmp_path / "hf")
    export(tmp_path / "hf", storage="hdf5", target=tmp_path / "h5")
    for out in (release, tmp_path / "hf", tmp_path / "h5"):
        row = open_pairs(out).row(0)
        assert (row.lq.codec, row.gt.codec) == ("jpeg", "jpeg")
        record = json.loads(row.record)
        assert (record["encode"], record["gt_encode"]) == ("jpeg75", "jpeg100")
    assert rows_of(tmp_path / "hf") == rows_of(release)
    assert rows_of(tmp_path / "h5") == rows_of(release)


def test_it_may_be_repeated_and_goes_on_where_it_was(
    built: dict[str, Path], tmp_path: Path
) -> None:
    target = tmp_path / "set"
    export(built["hdf5"], storage="hf", target=target)
    before = (target / "dataset.json").read_bytes()
    (target / "dataset.json").unlink()
    kept = sorted((target / "data").iterdir())[0]
    stamp = kept.stat().st_mtime_ns
    export(built["hdf5"], storage="hf", target=target)
    assert (target / "dataset.json").read_bytes() == before
    assert kept.stat().st_mtime_ns == stamp, "written a second time"


@pytest.mark.parametrize("first", FORMATS)
def test_a_damaged_source_is_refused(first: str, built: dict[str, Path], tmp_path: Path) -> None:
    """One bit of the last shard's pictures: nothing damaged is passed on with a fresh hash."""
    out = shutil.copytree(built[first], tmp_path / "damaged")
    last = load_manifest(out).shards[-1].file
    victim = out / last
    if first == "folder":
        victim = next((out / "data" / load_manifest(out).shards[-1].split / "gt").iterdir())
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    target = tmp_path / "target"
    with pytest.raises(ValueError, match=f"{victim.name}: its sha256 is not the one in "):
        export(out, storage="hdf5", target=target)
    assert not (target / "dataset.json").exists()
    assert not (target / "data" / f"{Path(last).stem}.h5").exists()
    victim.unlink()
    with pytest.raises(ValueError, match=f"{victim.name}: missing"):
        export(out, storage="hdf5", target=target)


@pytest.mark.parametrize("storage", FORMATS)
@pytest.mark.parametrize("damage", ["delete", "cut"])
def test_what_verify_says_to_do_mends_an_export(
    damage: str, storage: str, built: dict[str, Path], tmp_path: Path
) -> None:
    source = built["hf" if storage == "hdf5" else "hdf5"]
    target = tmp_path / "set"
    manifest = export(source, storage=storage, target=target)
    victim = target / manifest.shards[1].file
    kept = (target / manifest.shards[0].file).stat().st_ino
    if damage == "delete":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-99])
    (fault,) = verify(target)
    assert fault.startswith(str(victim))
    assert "run the build (or export) command again" in fault
    assert export(source, storage=storage, target=target) == manifest
    assert verify(target) == []
    assert (target / manifest.shards[0].file).stat().st_ino == kept, "written a second time"


def test_a_lost_picture_of_an_exported_folder_is_made_again(
    built: dict[str, Path], tmp_path: Path
) -> None:
    target = tmp_path / "set"
    export(built["hdf5"], storage="folder", target=target)
    victim = next((target / "data" / "train" / "lq").iterdir())
    data = victim.read_bytes()
    victim.unlink()
    assert "run the build (or export) command again" in verify(target)[0]
    export(built["hdf5"], storage="folder", target=target)
    assert victim.read_bytes() == data


def test_the_export_of_a_dataset_that_has_changed_is_refused(
    built: dict[str, Path], tmp_path: Path
) -> None:
    export(built["hdf5"], storage="hf", target=tmp_path / "set")
    with pytest.raises(ValueError, match="the export of another dataset, or of this one before"):
        export(built["folder"], storage="hf", target=tmp_path / "set")


def test_a_folder_that_holds_something_else_is_left_as_it_is(
    built: dict[str, Path], tmp_path: Path
) -> None:
    taken = tmp_path / "photos"
    taken.mkdir()
    (taken / "holiday.jpg").touch()
    with pytest.raises(ValueError, match=r"^--out .*photos: holds something else already"):
        export(built["hdf5"], storage="hf", target=taken)
    assert [path.name for path in taken.iterdir()] == ["holiday.jpg"]
    with pytest.raises(ValueError, match=r"^--out .*holiday\.jpg: a file, not a folder"):
        export(built["hdf5"], storage="hf", target=taken / "holiday.jpg")
    other = shutil.copytree(built["folder"], tmp_path / "other")
    with pytest.raises(ValueError, match="holds something else already"):
        export(built["hdf5"], storage="hf", target=other)


def test_wrong_wishes(built: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^--format lmdb: one of hdf5, hf, folder"):
        export(built["hdf5"], storage="lmdb", target=tmp_path / "x")
    with pytest.raises(ValueError, match="that is the dataset itself"):
        export(built["hdf5"], storage="hf", target=built["hdf5"] / ".." / "hdf5")
    with pytest.raises(FileNotFoundError, match="holds no dataset"):
        export(tmp_path, storage="hf", target=tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_rebuild_belongs_to_the_original(built: dict[str, Path], tmp_path: Path) -> None:
    export(built["hdf5"], storage="hf", target=tmp_path / "set")
    with pytest.raises(FileNotFoundError, match="rebuild from the dataset it was made of"):
        rebuild(tmp_path / "set", key=open_pairs(built["hdf5"]).keys()[0])
