"""A build run in any way gives the same bytes; what goes wrong with one file stays with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from build_process import (
    LAYOUT,
    RunningBuild,
    begin_gated,
    build_whole,
    command,
    digests,
    drops,
    finished_shards,
    finished_sources,
    identities,
    memory_peak,
    parts,
    run_build,
    wait_for,
)
from raw_folder import make_raw_folder

from builders.formats import FORMATS
from builders.run import worker_pool

Expected = Callable[[str], dict[str, str]]
Begin = Callable[..., RunningBuild]


@pytest.mark.parametrize("storage", FORMATS)
@pytest.mark.parametrize("workers", [pytest.param(2, marks=pytest.mark.slow), 4])
def test_any_number_of_workers_gives_the_same_bytes(
    workers: int, storage: str, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    build_whole(sources, out, *LAYOUT, "--format", storage, "--workers", str(workers))
    assert digests(out) == expected(storage)  # which one worker made
    held = expected(storage)
    assert {"dataset.json", "drops.jsonl", "README.md", "preview.png"} < set(held)
    assert sum(name.endswith(FORMATS[storage].suffix) for name in held if "data/" in name) == 3
    assert [drop["reason"] for drop in drops(out)] == ["empty-file"]


@pytest.mark.parametrize("order", [(2, 0, 1), pytest.param((1, 2, 0), marks=pytest.mark.slow)])
def test_slices_run_in_any_order_give_the_same_bytes(
    order: tuple[int, ...], sources: Path, expected: Expected, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    for turn, index in enumerate(order):
        assert not (out / "dataset.json").exists(), f"whole after {turn} slices of {len(order)}"
        said = build_whole(sources, out, *LAYOUT, "--workers", "1", "--shard", f"{index}/3")
        assert (f"{2 - turn} of 3 shards are missing" in said) == (turn < 2)
    assert digests(out) == expected("hdf5")


def test_slices_run_at_once_give_the_same_bytes(
    sources: Path, expected: Expected, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    options = (*LAYOUT, "--format", "folder", "--workers", "1", "--shard")
    running = [
        subprocess.Popen(command(sources, out, *options, f"{i}/3"), stderr=subprocess.PIPE)
        for i in range(3)
    ]
    ends = [process.communicate(timeout=180)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ends
    assert digests(out) == expected("folder")


def test_source_that_hangs_twice_is_a_counted_drop(
    begin: Begin, sources: Path, tmp_path: Path
) -> None:
    build, _ = begin_gated(begin, sources, tmp_path, "--workers", "2", "--timeout", "4")
    code, stdout, stderr = build.finish()
    assert code == 0, stderr
    assert "2 dropped (1 empty-file, 1 timeout)" in stdout
    drop = next(drop for drop in drops(build.out) if drop["reason"] == "timeout")
    assert drop["message"] == "shot-003.dng: took longer than 4 s, twice"
    assert build.leaves_nothing()


@pytest.mark.slow
def test_stopped_worker_is_replaced_and_its_source_tried_again(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    # A stopped process does not answer SIGTERM either, as one that hangs within C code does not.
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "2", "--timeout", "6")
    assert wait_for(gate.reader_waits)
    os.kill(build.reader_of(gate.path), signal.SIGSTOP)
    gate.open_again()
    code, _, stderr = build.finish()
    gate.close()
    assert code == 0, stderr
    assert digests(build.out) == expected("hdf5")
    assert build.leaves_nothing()


@pytest.mark.parametrize("whole_group", [True, False], ids=["group", "parent"])
@pytest.mark.parametrize("moment", ["start-up", "decoding"])
def test_interrupt_stops_everything_in_one_line(
    moment: str, whole_group: bool, begin: Begin, sources: Path, tmp_path: Path
) -> None:
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "2")
    assert wait_for(build.workers if moment == "start-up" else gate.reader_waits)
    if moment == "decoding":
        assert wait_for(lambda: len(finished_sources(build.out)) == 14)
    (os.killpg if whole_group else os.kill)(build.pid, signal.SIGINT)
    code, stdout, stderr = build.finish()
    assert code == 1
    assert stdout == ""
    said = [line for line in stderr.splitlines() if not line.startswith("note: ")]
    assert len(said) == 1, stderr
    assert said[0].startswith("stopped. ")
    assert "the same command goes on" in said[0]
    assert build.leaves_nothing()
    assert not (build.out / "dataset.json").exists()
    gate.open_again()
    gate.close()


def test_interrupted_build_is_resumed(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    build, gate = begin_gated(begin, sources, tmp_path, "--workers", "2")
    assert wait_for(lambda: len(finished_sources(build.out)) == 14)
    os.killpg(build.pid, signal.SIGINT)
    assert build.finish()[0] == 1
    gate.open_again()
    kept = identities([*parts(build.out), *finished_shards(build.out)])
    build_whole(tmp_path / "raw", build.out, *LAYOUT, "--workers", "2")
    assert digests(build.out) == expected("hdf5")
    still = [path for path in kept if path.exists()]
    assert still
    assert identities(still) == {path: kept[path] for path in still}


def test_second_builder_is_refused_by_name_and_a_dead_one_is_not_feared(
    begin: Begin, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    build = begin(sources, out, *LAYOUT, "--workers", "1")
    assert wait_for(lambda: parts(out))
    os.kill(build.pid, signal.SIGSTOP)  # it holds OUT for as long as we like
    for options in ((), ("--shard", "0/2"), ("--overwrite",)):
        refused = run_build(sources, out, *LAYOUT, *options)
        assert refused.returncode == 1
        assert f"host {socket.gethostname()} pid {build.pid}" in refused.stderr
        assert "Traceback" not in refused.stderr
    build.kill()
    assert f"pid {build.pid}" in (out / ".build" / "lock").read_text()
    build_whole(sources, out, *LAYOUT, "--workers", "2")
    assert digests(out) == expected("hdf5")


def test_another_plan_is_refused_with_the_difference_named(
    sources: Path, reference: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "set"
    shutil.copytree(reference("hdf5"), out)
    before = digests(out)
    for options, named in (
        (("--size", "64"), "argument size: 512 was planned, now 64"),
        (("--seed", "1"), "seed: 0 was planned, now 1"),
        (("--format", "hf"), "format: 'hdf5' was planned, now 'hf'"),
        (("--limit", "9"), "6 sources gone since the plan: "),
    ):
        refused = run_build(sources, out, *LAYOUT, *options)
        assert refused.returncode == 1
        assert named in refused.stderr
        assert "--overwrite to begin again" in refused.stderr
    assert digests(out) == before


@pytest.mark.parametrize("storage", FORMATS)
def test_missing_shard_file_is_made_again(
    storage: str, sources: Path, reference: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "set"
    shutil.copytree(reference(storage), out)
    before = digests(out)
    lost, *others = finished_shards(out)
    lost.unlink()
    kept = identities(others)
    build_whole(sources, out, *LAYOUT, "--format", storage, "--workers", "1")
    assert digests(out) == before
    assert identities(others) == kept


def test_memory_of_the_parent_does_not_grow_with_the_files(begin: Begin, tmp_path: Path) -> None:
    peaks = []
    for count in (200, 2000):
        raw = tmp_path / f"raw{count}"
        make_raw_folder(raw, count=1)
        for index in range(count):
            (raw / f"empty-{index:04d}.dng").touch()
        build = begin(raw, tmp_path / f"set{count}", "--workers", "2")
        peak = 0
        while build.running():
            peak = max(peak, memory_peak(build.pid))
            time.sleep(0.02)
        code, stdout, stderr = build.finish()
        assert code == 0, stderr
        assert f"{count} dropped ({count} empty-file)" in stdout
        peaks.append(peak)
    small, large = peaks
    # The plan itself takes about 1 kB a file. Holding one small picture a file would take 60 MB.
    assert large - small < 16 * 2**20, f"{(large - small) / 2**20:.1f} MiB more for 1800 files"


def test_workers_use_one_thread_each() -> None:
    with worker_pool(1) as pool:
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            assert pool.schedule(os.getenv, [variable]).result() == "1"
