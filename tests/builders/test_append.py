"""--append: new files become new shards, and nothing old is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from build_process import (
    LAYOUT,
    build_whole,
    digests,
    finished_shards,
    identities,
    planned,
    run_build,
)
from raw_folder import make_raw_folder


@pytest.fixture
def begun(sources: Path, reference: Callable[[str], Path], tmp_path: Path) -> tuple[Path, Path]:
    """(sources, finished dataset) of one's own, at the place the dataset was planned for."""
    raw, out = tmp_path / "raw", tmp_path / "set"
    shutil.copytree(sources, raw)
    shutil.copytree(reference("hdf5"), out)
    plan = out / ".build" / "plan.json"
    plan.write_text(plan.read_text().replace(str(sources), str(raw)))
    return raw, out


def _splits(out: Path) -> dict[str, str]:
    return {scene.path: scene.split for scene in planned(out).scenes}


def test_new_files_become_new_shards(begun: tuple[Path, Path]) -> None:
    raw, out = begun
    old = finished_shards(out)
    kept, bytes_before = identities(old), digests(out)
    splits = _splits(out)
    make_raw_folder(raw / "later", count=5, first=3)  # stems that are taken already

    said = run_build(raw, out, *LAYOUT, "--workers", "1")
    assert said.returncode == 1
    assert "5 sources new since the plan: later/shot-003.dng" in said.stderr
    assert digests(out) == bytes_before

    build_whole(raw, out, *LAYOUT, "--workers", "2", "--append")
    assert identities(old) == kept
    after = digests(out)
    assert {name: after[name] for name in bytes_before if name.startswith("data/")} == {
        name: digest for name, digest in bytes_before.items() if name.startswith("data/")
    }
    new = {name for name in after if name.startswith("data/")} - bytes_before.keys()
    assert new == {"data/train-00000-of-00001-add01.h5", "data/val-00000-of-00001-add01.h5"}
    assert {path: split for path, split in _splits(out).items() if path in splits} == splits
    manifest = json.loads((out / "dataset.json").read_text())
    assert manifest["scenes"] == 14 + 5
    assert sum(manifest["splits"].values()) == 4 * 19

    build_whole(raw, out, *LAYOUT, "--workers", "2", "--append")  # nothing new: nothing done
    assert digests(out) == after

    build_whole(raw, out, *LAYOUT, "--workers", "1")  # the plain command still names this dataset
    assert digests(out) == after
    make_raw_folder(raw / "last", count=1, first=90)
    said = run_build(raw, out, *LAYOUT, "--workers", "1")
    assert said.returncode == 1
    assert "1 sources are new, gone or changed: last/shot-090.dng" in said.stderr


@pytest.mark.slow
def test_append_gives_the_same_bytes_whatever_the_workers(
    begun: tuple[Path, Path], tmp_path: Path
) -> None:
    raw, out = begun
    other = tmp_path / "other" / "set"
    shutil.copytree(out, other)
    make_raw_folder(raw, count=3, first=50)
    build_whole(raw, out, *LAYOUT, "--workers", "1", "--append")
    for index in (1, 0):
        build_whole(raw, other, *LAYOUT, "--workers", "1", "--append", "--shard", f"{index}/2")
    assert digests(other) == digests(out)


def test_append_with_other_arguments_is_refused(begun: tuple[Path, Path]) -> None:
    raw, out = begun
    before = digests(out), (out / ".build" / "plan.json").read_bytes()
    make_raw_folder(raw, count=1, first=50)
    for options, named in (
        (("--size", "64"), "argument size: 512 was planned, now 64"),
        (("--ev", "1", "--ev", "2"), "argument ev: [-1.5, -1.0, 0.0, 1.0, 1.5] was planned"),
        (("--seed", "7"), "seed: 0 was planned, now 7"),
        (("--split", "train=1"), "split rule: 'train=0.7,val=0.3' was planned, now 'train=1'"),
    ):
        refused = run_build(raw, out, *LAYOUT, *options, "--append")
        assert refused.returncode != 0
        assert named in refused.stderr
        assert "--append adds files and changes nothing else" in refused.stderr
    assert (digests(out), (out / ".build" / "plan.json").read_bytes()) == before


def test_append_without_a_build_is_refused(sources: Path, tmp_path: Path) -> None:
    refused = run_build(sources, tmp_path / "set", "--append")
    assert refused.returncode != 0
    assert "holds no build to add to" in refused.stderr
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_group_keeps_its_split(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "set"
    make_raw_folder(raw, count=6)
    groups = {f"shot-{index:03d}.dng": f"group {index % 3}" for index in range(12)}

    def note(count: int) -> None:
        listed = {name: {"group": group} for name, group in list(groups.items())[:count]}
        (raw / "sources.json").write_text(json.dumps(listed))

    note(6)
    build_whole(raw, out, *LAYOUT, "--workers", "1")
    first = {groups[path]: split for path, split in _splits(out).items()}
    assert set(first.values()) == {"train", "val"}
    make_raw_folder(raw, count=6, first=6)
    note(12)
    build_whole(raw, out, *LAYOUT, "--workers", "1", "--append")
    splits = _splits(out)
    assert len(splits) == 12
    assert splits == {path: first[groups[path]] for path in splits}
