"""The verbs for a dataset that is built, as a user types them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from built import build_here, take_raws

from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from degrade.images import read_picture
from pairsmith.main import app

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = take_raws(tmp_path_factory.mktemp("sources") / "raw", parts=("cup", "cat"))
    (folder / "nothing.dng").touch()
    return folder


@pytest.fixture(scope="module")
def whole(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset whose name would be markup to rich."""
    out = tmp_path_factory.mktemp("built") / "set[bold]:smile:"
    store = Store(split="train=1")
    return build_here(raw, out, wishes=Wishes(size=64, ev=[-1.0, 1.0]), store=store)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "copy")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `pairsmith ...` in this process: exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            app([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


def test_verify(whole: Path, copy: Path, run: Run) -> None:
    assert run("verify", whole) == (0, f"{whole}: 4 pairs, each as it was built\n", "")
    shard = next((copy / "data").iterdir())
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    code, out, err = run("verify", copy)
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert lines[0].startswith(f"{shard}: its sha256 is not the one in dataset.json")
    assert lines[1:] == [f"error: {copy}: 1 faults"]


def test_rebuild(whole: Path, raw: Path, run: Run, tmp_path: Path) -> None:
    code, out, err = run("rebuild", whole, "cat/ev+1")
    assert (code, out, err) == (
        0, "bytes: cat/ev+1 made again is the stored bytes, exactly\n", ""
    )  # fmt: skip
    moved = shutil.copytree(raw, tmp_path / "moved")
    data = bytearray((moved / "cat.dng").read_bytes())
    data[-999] ^= 0xFF
    (moved / "cat.dng").write_bytes(data)
    code, out, err = run("rebuild", whole, "cat/ev+1", "--raw", moved)
    assert (code, err) == (1, ""), "a verdict is no error message"
    first, *changes = out.splitlines()
    assert first == "differs: cat/ev+1 made again is not the stored pixels"
    assert [line.partition(":")[0] for line in changes] == ["  source.sha256"]


def test_rebuild_names_versions_that_changed(copy: Path, run: Run) -> None:
    plan = copy / ".build" / "plan.json"
    text = json.loads(plan.read_text())
    text["versions"]["libraw"] = "0.1.0"
    plan.write_text(json.dumps(text))
    code, out, _ = run("rebuild", copy, "cat/ev+1")
    assert code == 0
    assert "  libraw: 0.1.0 then, " in out


def test_info(whole: Path, run: Run) -> None:
    code, out, err = run("info", whole)
    assert (code, err) == (0, "")
    manifest = load_manifest(whole)
    for text in (
        "kind:     exposure, format hdf5, seed 0", "pairs:    train 4", "scenes:   2",
        "in 1 shards", "sources:  raw (3 files)", "dropped:  1 empty-file",
        manifest.recipe_digest, f"libraw {manifest.versions['libraw']}", "cat/ev-1",
        "  ev = [-1.0, 1.0]", "  size = 64",
    ):  # fmt: skip
        assert text in out


def test_info_and_preview_of_a_dataset_without_pairs(tmp_path: Path, run: Run) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.dng").touch()
    out = build_here(tmp_path / "raw", tmp_path / "set")
    code, said, _ = run("info", out)
    assert code == 0
    assert "dropped:  1 empty-file" in said
    assert run("preview", out, "--out", tmp_path / "a.png")[::2] == (
        1, f"error: {out}: holds no pair\n"
    )  # fmt: skip


def test_preview(whole: Path, tmp_path: Path, run: Run) -> None:
    sheet = tmp_path / "new" / "sheet.png"
    assert run("preview", whole, "--out", sheet) == (0, f"{sheet}\n", "")
    assert np.array_equal(read_picture(sheet), read_picture(whole / "preview.png"))
    assert run("preview", whole, "--out", sheet, "--scenes", "1", "--split", "train")[0] == 0
    assert read_picture(sheet).shape[0] < read_picture(whole / "preview.png").shape[0]


def test_export(whole: Path, tmp_path: Path, run: Run) -> None:
    target = tmp_path / "hf"
    assert run("export", whole, "--format", "hf", "--out", target) == (
        0, f"{target}: 4 pairs, format hf\n", ""
    )  # fmt: skip
    assert open_pairs(target).keys() == open_pairs(whole).keys()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("verify NOWHERE", 1, "dataset.json: missing; this folder holds no dataset of pairsmith"),
        ("info NOWHERE", 1, "this folder holds no dataset of pairsmith"),
        ("rebuild SET cat/ev+9", 1, "no pair 'cat/ev+9' among 4; nearest: cat/ev"),
        ("rebuild SET cat/ev+1 --raw NOWHERE", 1, "say where with --raw DIR"),
        ("preview SET --out sheet.jpg", 2, "--out sheet.jpg: a sheet is a .png"),
        ("preview SET --split vla", 1, "no split 'vla'; it has train (4)"),
        ("export SET --format zip --out NOWHERE", 2, "--format zip: one of hdf5, hf, folder"),
        ("export SET --format hf --out SET", 2, "that is the dataset itself"),
        ("push SET me/pairs", 1, "format hdf5; the hub reads hf: pairsmith export"),
    ],
)
def test_mistakes_are_one_line(
    arguments: str, code: int, said: str, whole: Path, tmp_path: Path, run: Run
) -> None:
    words = [
        {"SET": str(whole), "NOWHERE": str(tmp_path / "nowhere")}.get(word, word)
        for word in arguments.split()
    ]
    got, out, err = run(*words)
    assert (got, out) == (code, "")
    assert err.startswith("error: ")
    assert said in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    assert not (tmp_path / "nowhere").exists()


def test_debug_shows_the_traceback(tmp_path: Path, run: Run) -> None:
    with pytest.raises(FileNotFoundError, match="holds no dataset"):
        app(["--debug", "verify", str(tmp_path)])
    code, _, err = run("verify", tmp_path)
    assert (code, err.count("\n")) == (1, 1), "--debug outlived its command"
