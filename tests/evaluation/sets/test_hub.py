"""Sets fetched from the hub: unpacked by names alone, once, and a hub out of reach is said soon."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from set_folders import scene

from degrade.images import encode_picture
from evaluation import reachable
from evaluation.benchmarks.table import BENCHMARKS
from evaluation.sets.find import find_set
from evaluation.sets.hub import fetch_set
from evaluation.sets.places import sets_cache

SET5 = BENCHMARKS["set5-x4"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return sets_cache()


def make_tar(path: Path, names: list[str]) -> Path:
    """A tar of one picture under these names, and of a script."""
    data = encode_picture(scene(1), codec="png")
    with tarfile.open(path, "w:gz") as packed:
        for name in [*names, "Set5_HR/run.sh"]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return path


def test_pictures_are_unpacked_by_their_names_alone_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    names = ["Set5_HR/baby.png", "Set5_HR/../../escape.png", "/Set5_HR/bird.PNG"]
    tar = make_tar(tmp_path / "x.tar.gz", names)
    asked: list[tuple] = []

    def download(repository: str, file: str, *, repo_type: str) -> str:
        asked.append((repository, file, repo_type))
        return str(tar)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(reachable, "reach", lambda _address: None)
    assert fetch_set(SET5) == fetch_set(SET5) == cache
    assert asked == [("eugenesiow/Set5", "data/Set5_HR.tar.gz", "dataset")]
    held = sorted(path.name for path in (cache / "Set5" / "HR").iterdir())
    assert held == ["baby.png", "bird.PNG", "escape.png"]
    assert not list(tmp_path.glob("escape.png")) and not list(cache.rglob("*.sh"))
    found = find_set(SET5, roots=[cache])
    np.testing.assert_array_equal(found.cases[0].show().targets[""], scene(1))


def test_a_hub_out_of_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_address: str) -> None:
        raise OSError("no route")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(reachable, "reach", gone)
    with pytest.raises(ConnectionError, match="set5-x4: not found, and eugenesiow/Set5 on the"):
        fetch_set(SET5)


@pytest.mark.parametrize("name", sorted(n for n, b in BENCHMARKS.items() if b.hub))
def test_every_hub_names_repository_and_tar(name: str) -> None:
    repository, _, file = BENCHMARKS[name].hub.partition(":")
    assert repository.count("/") == 1 and file.endswith(".tar.gz")
