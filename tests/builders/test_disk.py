"""A full disk: the build stops and says so, keeps what is done, and goes on when there is room."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from build_process import (
    LAYOUT,
    build_whole,
    digests,
    finished_sources,
    identities,
    parts,
    planned,
    run_build,
)

from builders.formats import FORMATS
from builders.kinds.scene import scene_task
from builders.parts import part_path
from builders.shards import load_state
from builders.worker import make_part

Expected = Callable[[str], dict[str, str]]
MIB = 2**20
SLOW = pytest.mark.slow
OTHERS = [name for name in FORMATS if name != "hdf5"]


class SmallDisk:
    """A file system in memory of a given size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def mount(self, size: int) -> bool:
        """Whether it could be mounted: that needs root, and not every container allows it."""
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)

    def free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def fill(self, *, leave: int) -> None:
        """Other people's data: all room is taken but `leave` bytes."""
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.free() - leave)

    def empty(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    small = SmallDisk(folder)
    if sys.platform != "linux" or os.geteuid() or not small.mount(100 * MIB):
        pytest.skip("only root may mount a small disk, on Linux")
    yield small
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _refused(sources: Path, out: Path, *options: str) -> str:
    """Runs a build that must stop for want of room; what it says in its one line."""
    done = run_build(sources, out, *LAYOUT, *options)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert len(said) == 1, done.stderr
    assert not (out / "dataset.json").exists()
    return said[0]


def test_full_disk_stops_the_build_and_loses_nothing(
    disk: SmallDisk, sources: Path, expected: Expected
) -> None:
    disk.resize(256 * 1024)  # the plan fits and a part or two
    out = disk.folder / "set"
    said = _refused(sources, out, "--workers", "2")
    assert f"{out}: not enough room on the disk" in said
    assert "make room and run the same command again" in said
    kept = identities(parts(out))
    disk.resize(100 * MIB)
    build_whole(sources, out, *LAYOUT, "--workers", "2")
    assert digests(out) == expected("hdf5")
    assert len(kept) < 14


def test_too_small_a_disk_is_refused_early(
    disk: SmallDisk, sources: Path, expected: Expected
) -> None:
    disk.resize(65 * MIB)  # 64 are kept free, 2 are needed
    out = disk.folder / "set"
    said = _refused(sources, out, "--workers", "1")
    found = re.search(r"the other (\d+) sources need about .* are free\). (\d+) of 15", said)
    assert found, said
    assert int(found[1]) + int(found[2]) == 15
    assert len(finished_sources(out)) <= 7
    assert disk.free() > 60 * MIB, "refused before the disk was full"
    kept = identities(parts(out))
    disk.resize(100 * MIB)
    build_whole(sources, out, *LAYOUT, "--workers", "1")
    assert digests(out) == expected("hdf5")
    assert kept


@pytest.mark.parametrize("storage", ["hdf5", *(pytest.param(s, marks=SLOW) for s in OTHERS)])
def test_disk_full_while_a_shard_is_put_together(
    storage: str, disk: SmallDisk, sources: Path, expected: Expected
) -> None:
    out = disk.folder / "set"
    options = ("--format", storage, "--workers", "1")
    build_whole(sources, out, *LAYOUT, *options, "--shard", "9/10")  # a slice without a shard
    plan = planned(out)
    for shard in plan.shards:
        for index in range(shard.first, shard.last):
            path = part_path(out, shard=shard, index=index)
            make_part(scene_task(plan, index), kind=plan.kind, path=path, last_try=True)
    kept = identities(parts(out))
    assert len(kept) == 15
    disk.fill(leave=300 * 1024)
    said = _refused(sources, out, *options)
    assert "not enough room on the disk" in said
    assert [load_state(out, shard=shard) for shard in plan.shards] == [None] * len(plan.shards)
    assert identities(parts(out)) == kept
    disk.empty()
    build_whole(sources, out, *LAYOUT, *options)
    assert digests(out) == expected(storage)


def test_disk_full_while_merging(
    disk: SmallDisk, sources: Path, reference: Callable[[str], Path], expected: Expected
) -> None:
    out = disk.folder / "set"
    shutil.copytree(reference("hdf5"), out)
    for name in ("dataset.json", "README.md", "preview.png"):
        (out / name).unlink()
    disk.fill(leave=0)
    assert "No space left on device" in _refused(sources, out, "--workers", "1")
    disk.empty()
    build_whole(sources, out, *LAYOUT, "--workers", "1")
    assert digests(out) == expected("hdf5")
