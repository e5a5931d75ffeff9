"""A dataset of more shards than one process may have open: read right, never many at once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from builders.atomic import write_whole
from builders.formats import FORMATS
from builders.formats.shape import ShardReader
from builders.manifest import ShardEntry
from builders.pairs import Pairs
from builders.parts import Part, PartRow, code_picture
from builders.shards import land_shard, open_shard

SHARDS, ROWS = 5, 3


@pytest.fixture(params=FORMATS)
def shards(request: pytest.FixtureRequest, tmp_path: Path) -> list[ShardEntry]:
    """Five shards of three pairs in `tmp_path`; each gt tells its shard by its colour."""
    entries = []
    for number in range(SHARDS):
        gt = code_picture(np.full((4, 6, 3), number, np.uint8), codec="png")
        rows = [PartRow(f"x{row}", "{}", True, "gt", gt) for row in range(ROWS)]
        landed = land_shard(
            tmp_path, name=f"train-{number:05d}-of-{SHARDS:05d}", split="train",
            parts=[Part(f"scene{number}", {"gt": gt}, rows, [])], storage=request.param,
            naming="pairs",
        )  # fmt: skip
        entries.append(ShardEntry(landed.file, "train", landed.rows, landed.bytes, landed.sha256))
    return entries


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two shards may be open at once; the files of those that were opened, in order."""
    files: list[str] = []

    def count(out: Path, *, file: str) -> ShardReader:
        files.append(file)
        return open_shard(out, file=file)

    monkeypatch.setattr("builders.pairs.OPEN_SHARDS", 2)
    monkeypatch.setattr("builders.pairs.open_shard", count)
    return files


def held_open(folder: Path) -> int:
    """How many files below `folder` this process has open."""
    names = set()
    for link in Path("/proc/self/fd").glob("*"):
        with suppress(FileNotFoundError):  # the descriptor of the listing itself
            names.add(str(link.readlink()))
    return sum(name.startswith(str(folder)) for name in names)


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted through /proc")
def test_never_more_open_than_allowed(
    shards: list[ShardEntry], opened: list[str], tmp_path: Path
) -> None:
    pairs = Pairs(tmp_path, split=None, shards=shards)
    assert pairs.keys() == [f"scene{n}/x{row}" for n in range(SHARDS) for row in range(ROWS)]
    assert opened == pairs.files()
    assert held_open(tmp_path) <= 2
    for index in (14, 0, 7, 3, 10, 13, 1, 6, -1):
        assert (pairs[index].gt == index % len(pairs) // ROWS).all()
        assert held_open(tmp_path) <= 2
    assert pairs.find("scene3/x2") == 11
    assert held_open(tmp_path) <= 2
    pairs.close()
    assert held_open(tmp_path) == 0


def test_the_least_recently_used_is_closed(
    shards: list[ShardEntry], opened: list[str], tmp_path: Path
) -> None:
    pairs = Pairs(tmp_path, split=None, shards=shards)
    for number in (0, 1, 0, 2, 0, 1, 1, 0):  # 2 closes 1, not 0; 1 closes 2
        pairs.row(number * ROWS)
    assert [pairs.files().index(file) for file in opened] == [0, 1, 2, 1]


@pytest.mark.usefixtures("opened")
def test_threads_may_read_at_once(shards: list[ShardEntry], tmp_path: Path) -> None:
    """No thread's shard is closed under it by another one's read."""
    pairs = Pairs(tmp_path, split=None, shards=shards)
    keys = pairs.keys()
    indices = [index * 7 % len(keys) for index in range(300)]
    with ThreadPoolExecutor(4) as pool:
        assert [row.key for row in pool.map(pairs.row, indices)] == [keys[i] for i in indices]


def test_a_shard_that_cannot_be_opened_leaves_the_others_readable(
    shards: list[ShardEntry], opened: list[str], tmp_path: Path
) -> None:
    pairs = Pairs(tmp_path, split=None, shards=shards)
    write_whole(tmp_path / shards[2].file, b"no shard")
    with pytest.raises(ValueError, match=Path(shards[2].file).name):
        pairs[2 * ROWS]
    assert pairs[0].scene == "scene0"
    assert opened == [shards[2].file, shards[0].file]
