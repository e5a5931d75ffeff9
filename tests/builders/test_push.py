"""push: what reaches the hub, tried on a stand-in that keeps files as the hub does."""

from __future__ import annotations

import fnmatch
import inspect
import shutil
from pathlib import Path

import pytest
from built import build_here, take_raws
from huggingface_hub import HfApi

from builders.kinds.exposure_arguments import Wishes
from builders.pairs import open_pairs
from builders.planning import Store
from builders.push import Hub, push


class LocalHub:
    """A hub in a folder: <folder>/datasets/<user>/<name>/<files>."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[tuple[str, bool]] = []
        self.messages: list[str] = []

    def create_repo(self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool) -> None:
        (self.folder / f"{repo_type}s" / repo_id).mkdir(parents=True, exist_ok=exist_ok)
        self.made.append((repo_id, private))

    def upload_folder(
        self,
        *,
        repo_id: str,
        repo_type: str,
        folder_path: str,
        allow_patterns: list[str],
        commit_message: str,
    ) -> None:
        there = self.folder / f"{repo_type}s" / repo_id
        assert there.is_dir(), "uploaded before the repository was made"
        for path in sorted(Path(folder_path).rglob("*")):
            name = path.relative_to(folder_path).as_posix()
            if path.is_file() and any(fnmatch.fnmatch(name, p) for p in allow_patterns):
                (there / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, there / name)
        self.messages.append(commit_message)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("built")
    raw = take_raws(folder / "raw", parts=("cup", "cat"))
    wishes = Wishes(size=64, ev=[1.0])
    return {
        storage: build_here(raw, folder / f"set-{storage}", wishes=wishes,
                            store=Store(format=storage, split="train=0.5,val=0.5"))
        for storage in ("hf", "hdf5")
    }  # fmt: skip


def test_what_the_hub_gets_loads_from_there(
    built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import config, load_dataset

    hub = LocalHub(tmp_path / "hub")
    assert push(built["hf"], repository="me/pairs", private=True, hub=hub) == "datasets/me/pairs"
    assert hub.made == [("me/pairs", True)]
    assert hub.messages[0].startswith("pairsmith ")
    there = tmp_path / "hub" / "datasets" / "me" / "pairs"
    held = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert held == {
        "README.md", "dataset.json", "drops.jsonl", "preview.png",
        "data/train-00000-of-00001.parquet", "data/val-00000-of-00001.parquet",
    }  # fmt: skip
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "cache")
    loaded = load_dataset(str(there))
    assert set(loaded) == {"train", "val"}
    assert len(open_pairs(there)) == 2


def test_pushing_twice_is_one_repository(built: dict[str, Path], tmp_path: Path) -> None:
    hub = LocalHub(tmp_path)
    push(built["hf"], repository="me/pairs", hub=hub)
    push(built["hf"], repository="me/pairs", hub=hub)
    assert len(hub.messages) == 2


def test_other_formats_are_told_how_to_become_hf(built: dict[str, Path], tmp_path: Path) -> None:
    out = built["hdf5"]
    hub = LocalHub(tmp_path)
    with pytest.raises(ValueError, match=rf"format hdf5; .* export {out} --format hf --out {out}-"):
        push(out, repository="me/pairs", hub=hub)
    assert hub.made == []


@pytest.mark.parametrize("name", ["pairs", "me/", "/pairs", "me/pairs/1", ""])
def test_a_repository_is_user_slash_name(name: str, built: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"repository '{name}': write user/name"):
        push(built["hf"], repository=name, hub=LocalHub(tmp_path))


@pytest.mark.parametrize("call", ["create_repo", "upload_folder"])
def test_the_real_hub_takes_the_same_arguments(call: str) -> None:
    ours = set(inspect.signature(getattr(Hub, call)).parameters)
    assert ours <= set(inspect.signature(getattr(HfApi, call)).parameters)
