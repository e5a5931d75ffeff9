"""kill -9 of a worker or of the build at any moment: nothing stays running, nothing is done twice,
the bytes are the same."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from build_process import (
    LAYOUT,
    RunningBuild,
    begin_gated,
    build_whole,
    digests,
    drops,
    finished_shards,
    finished_sources,
    identities,
    planned,
    wait_for,
)

from builders.formats import FORMATS
from builders.parts import part_path

Expected = Callable[[str], dict[str, str]]
Begin = Callable[..., RunningBuild]


def test_source_whose_worker_is_killed_once_is_tried_again(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "2")
    assert wait_for(gate.reader_waits)
    worker = build.reader_of(gate.path)
    gate.open_again()
    os.kill(worker, signal.SIGKILL)
    code, _, stderr = build.finish()
    gate.close()
    assert code == 0, stderr
    assert digests(build.out) == expected("hdf5")


def test_source_whose_worker_is_killed_twice_is_a_counted_drop(
    begin: Begin, sources: Path, tmp_path: Path
) -> None:
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "2")
    readers: list[int] = []
    for _ in range(2):
        assert wait_for(gate.reader_waits)
        readers.append(build.reader_of(gate.path))
        os.kill(readers[-1], signal.SIGKILL)
        assert wait_for(lambda: readers[-1] not in build.workers())
        gate.close()
    code, stdout, stderr = build.finish()
    assert code == 0, stderr
    assert readers[0] != readers[1]
    assert "2 dropped (1 crashed, 1 empty-file)" in stdout
    drop = next(drop for drop in drops(build.out) if drop["reason"] == "crashed")
    assert drop["path"] == "shot-003.dng"
    assert "died, twice (exit code -9)" in drop["message"]
    kept = json.loads((build.out / "dataset.json").read_text())
    assert kept["scenes"] == 13
    assert kept["drops"] == {"crashed": 1, "empty-file": 1}


def test_worker_killed_at_start_up_stops_nothing(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    build = begin(sources, tmp_path / "set", *LAYOUT, "--workers", "1")
    assert wait_for(build.workers)
    os.kill(build.workers()[0], signal.SIGKILL)
    code, _, stderr = build.finish()
    assert code == 0, stderr
    assert digests(build.out) == expected("hdf5")


@pytest.mark.slow
def test_idle_workers_killed_stop_nothing(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "3")
    assert wait_for(gate.reader_waits)
    busy = build.reader_of(gate.path)
    assert wait_for(lambda: len(finished_sources(build.out)) == 14)
    for pid in build.workers():
        os.kill(pid, signal.SIGKILL)
    gate.open_again()
    gate.close()
    code, _, stderr = build.finish()
    assert busy
    assert code == 0, stderr
    assert digests(build.out) == expected("hdf5")


def test_worker_killed_while_it_puts_a_shard_together_stops_nothing(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    build = begin(sources, out, *LAYOUT, "--format", "folder", "--workers", "2")
    assert wait_for(lambda: [*out.glob("data/**/.tmp-*")], step=0)
    for worker in build.workers():
        os.kill(worker, signal.SIGKILL)
    code, _, stderr = build.finish()
    assert code == 0, stderr
    assert digests(out) == expected("folder")


@dataclass
class Victim:
    """One dataset that is killed and resumed again and again.

    Before it is resumed, the sources that are done are overwritten by zeros of the same length: if
    one of them were made again, the finished dataset could not have the expected bytes.
    """

    begin: Begin
    raw: Path
    out: Path
    options: tuple[str, ...]
    interrupted: int = 0
    with_workers: int = 0
    kept: int = 0

    def kill_at(self, moment: Callable[[RunningBuild], object]) -> bool:
        """Starts or resumes, kills the parent when `moment` has come; False if it ended before."""
        before = identities(finished_shards(self.out))
        build = self.begin(self.raw, self.out, *self.options)
        wait_for(lambda: not build.running() or moment(build), step=0.001)
        workers = build.workers()
        build.kill()
        assert build.leaves_nothing(), f"alive 5 s after the kill: {build.members()}"
        if build.process.returncode != -9:  # it was quicker than the kill
            assert build.process.returncode == 0, build.finish()[2]
            return False
        assert identities(list(before)) == before, "a finished shard was written again"
        whole = (self.out / "dataset.json").exists()
        self.interrupted += not whole
        self.with_workers += bool(workers) and not whole
        done = finished_sources(self.out)
        self.kept += bool(done) and not whole
        for path in done:
            path.write_bytes(bytes(path.stat().st_size))
        return True

    def resume(self) -> dict[str, str]:
        """Runs the same command to its end; the bytes of the dataset."""
        before = identities(finished_shards(self.out))
        build_whole(self.raw, self.out, *self.options)
        assert identities(list(before)) == before, "a finished shard was written again"
        return digests(self.out)


def _after(seconds: float) -> Callable[[RunningBuild], object]:
    end = time.monotonic() + seconds
    return lambda _: time.monotonic() > end


def _sources_done(count: int) -> Callable[[RunningBuild], object]:
    return lambda build: len(finished_sources(build.out)) >= count


def _putting_together(build: RunningBuild) -> object:
    return [*build.out.glob("data/**/.tmp-*")]


def _merging(build: RunningBuild) -> object:
    return [*build.out.glob(".tmp-*"), *build.out.glob("drops.jsonl")]


def _victim(begin: Begin, sources: Path, folder: Path, storage: str) -> Victim:
    shutil.copytree(sources, folder / "raw")
    options = (*LAYOUT, "--format", storage, "--workers", "2")
    return Victim(begin, folder / "raw", folder / "set", options)


def test_killed_at_random_and_resumed(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    rng = np.random.default_rng(20)
    victim = _victim(begin, sources, tmp_path, "hdf5")
    assert victim.kill_at(_after(rng.uniform(0.0, 0.3)))
    assert not finished_sources(victim.out), "meant to be too early for any source"
    victim.kill_at(_sources_done(int(rng.integers(1, 7))))
    victim.kill_at(_after(rng.uniform(0.5, 1.5)))
    assert victim.resume() == expected("hdf5")
    assert victim.interrupted >= 2
    assert victim.with_workers >= 1
    assert victim.kept >= 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_worker_that_hangs_ends_with_its_parent(
    number: signal.Signals, begin: Begin, sources: Path, tmp_path: Path
) -> None:
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "2")
    assert wait_for(gate.reader_waits)
    assert build.reader_of(gate.path) in build.members()
    os.kill(build.pid, number)
    assert build.process.wait(60) == -number
    assert build.leaves_nothing(), f"alive 5 s later: {build.members()}"
    gate.close()


def test_killed_while_shards_are_put_together_and_merged(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    victim = _victim(begin, sources, tmp_path, "folder")
    assert victim.kill_at(_putting_together)
    assert victim.kill_at(_merging)
    assert victim.resume() == expected("folder")
    assert victim.interrupted == 2


@pytest.mark.slow
@pytest.mark.parametrize("storage", FORMATS)
def test_killed_many_times_and_resumed(
    storage: str, begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    rng = np.random.default_rng(list(storage.encode()))
    kills = kept = turn = 0
    while kills < 10:
        turn += 1
        victim = _victim(begin, sources, tmp_path / str(turn), storage)
        for moment in (
            _after(rng.uniform(0.0, 0.4)),
            _sources_done(int(rng.integers(1, 5))),
            _sources_done(int(rng.integers(6, 14))),
            _putting_together,
            _merging,
        ):
            if not victim.kill_at(moment):
                break
        for _ in range(2):
            victim.kill_at(_after(rng.uniform(0.3, 2.0)))
        assert victim.resume() == expected(storage), f"turn {turn}"
        kills += victim.interrupted
        kept += victim.kept
    assert kept >= 3


def test_parts_left_beside_a_finished_shard_are_removed(
    sources: Path, reference: Callable[[str], Path], expected: Expected, tmp_path: Path
) -> None:
    # What a kill leaves that comes between the shard's state and the removal of its last parts.
    out = tmp_path / "set"
    shutil.copytree(reference("hdf5"), out)
    shard = planned(out).shards[0]
    left = part_path(out, shard=shard, index=shard.first)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"not to be read")
    kept = identities(finished_shards(out))
    build_whole(sources, out, *LAYOUT, "--workers", "1")
    assert not left.exists()
    assert identities(finished_shards(out)) == kept
    assert digests(out) == expected("hdf5")
