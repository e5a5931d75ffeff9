"""Sources and reference datasets that the tests of the builds compare against."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from build_process import EXPOSURE, LAYOUT, RunningBuild, Verb, build_whole, digests
from raw_folder import make_raw_folder


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `raw` of 14 small DNGs and one empty file; nobody changes it."""
    folder = tmp_path_factory.mktemp("sources") / "raw"
    make_raw_folder(folder, count=14, empty=True)
    return folder


@pytest.fixture(scope="session")
def reference(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The dataset of `sources` in a format, built once by one worker; nobody changes it."""
    built: dict[str, Path] = {}

    def of(storage: str) -> Path:
        if storage not in built:
            built[storage] = tmp_path_factory.mktemp(storage) / "set"
            build_whole(sources, built[storage], *LAYOUT, "--format", storage, "--workers", "1")
        return built[storage]

    return of


@pytest.fixture(scope="session")
def expected(reference: Callable[[str], Path]) -> Callable[[str], dict[str, str]]:
    """sha256 of every file of the reference dataset in a format."""
    return lambda storage: digests(reference(storage))


@pytest.fixture
def begin() -> Iterator[Callable[..., RunningBuild]]:
    """Starts builds in the background; whatever a failed test leaves of them is ended."""
    if sys.platform != "linux":
        pytest.skip("processes are watched through /proc")
    begun: list[RunningBuild] = []

    def start(raw: Path, out: Path, *options: str, verb: Verb = EXPOSURE) -> RunningBuild:
        begun.append(RunningBuild(raw, out, *options, verb=verb))
        return begun[-1]

    yield start
    for build in begun:
        build.end()
