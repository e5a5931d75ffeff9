"""A build on a real Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from build_process import LAYOUT, RunningBuild, digests, run_build, wait_for

pytest.importorskip("distributed")

Expected = Callable[[str], dict[str, str]]


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers of one thread each, on free local ports."""
    folder = tmp_path_factory.mktemp("dask")
    port = _free_port()
    address = f"tcp://127.0.0.1:{port}"
    common = ["--host", "127.0.0.1", "--no-dashboard"]
    worker = [address, *common, "--nthreads", "1", "--nworkers", "1", "--no-nanny"]
    commands = [
        ["scheduler", "--port", str(port), *common],
        ["worker", *worker, "--local-directory", str(folder / "one")],
        ["worker", *worker, "--local-directory", str(folder / "two")],
    ]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for arguments in commands:
            log = (folder / f"{len(running)}.log").open("wb")
            with log:
                running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "dask", *arguments],
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
            assert wait_for(lambda: _listens(port), seconds=60, step=0.05)
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(60)


def test_cluster_gives_the_same_bytes(
    scheduler: str, sources: Path, expected: Expected, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    done = run_build(sources, out, *LAYOUT, "--dask", scheduler)
    assert done.returncode == 0, done.stderr
    assert "1 dropped (1 empty-file)" in done.stdout
    assert digests(out) == expected("hdf5")


@pytest.mark.slow
def test_driver_killed_and_resumed_gives_the_same_bytes(
    scheduler: str,
    begin: Callable[..., RunningBuild],
    sources: Path,
    expected: Expected,
    tmp_path: Path,
) -> None:
    out = tmp_path / "set"
    build = begin(sources, out, *LAYOUT, "--dask", scheduler)
    assert wait_for(lambda: [*(out / ".build" / "parts").glob("*/*.part")])
    os.kill(build.pid, signal.SIGKILL)
    assert build.leaves_nothing()
    assert not (out / "dataset.json").exists()
    # A task that runs on the cluster is not the driver's child and may still hold its shard.
    refusals = []

    def resumed() -> bool:
        done = run_build(sources, out, *LAYOUT, "--dask", scheduler)
        if done.returncode:
            refusals.append(done.stderr)
        return done.returncode == 0

    assert wait_for(resumed, seconds=60, step=0.5), refusals
    assert all("another build is at work on it" in refusal for refusal in refusals), refusals
    assert digests(out) == expected("hdf5")


def test_cluster_takes_no_slice(sources: Path, tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{_free_port()}"
    done = run_build(sources, tmp_path / "set", *LAYOUT, "--dask", address, "--shard", "0/2")
    assert done.returncode == 2
    assert "--dask" in done.stderr
    assert "--shard" in done.stderr
