"""`build-dataset pyramid` and `degrade` as a user types them: folders, messages, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from clean_folder import make_clean_folder

from builders.demo import PHOTOGRAPHS
from builders.demo_pictures import make_demo_pictures
from builders.sources import Root
from degrade.reading.clean import read_clean
from pairsmith.build_clean import clean_roots
from pairsmith.main import build_dataset

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `build-dataset ...` in this process: exit code and error output."""

    def call(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            build_dataset([str(argument) for argument in arguments])
        return int(stop.value.code or 0), capfd.readouterr().err

    return call


@pytest.mark.parametrize("place", ["set", "."])
def test_a_dataset_inside_its_own_sources_is_refused(place: str, run: Run, tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "gt", count=1)
    code, said = run("pyramid", "--gt", folder, "--out", folder / place)
    assert code == 2
    assert f"inside --gt {folder}, whose pictures are the sources; name a folder outside" in said
    assert [path.name for path in folder.iterdir()] == ["view-000.png"]


@pytest.mark.parametrize(("words", "code", "said"), [
    ("pyramid --gt GT:0", 2, "the weight is 0, it must be above 0"),
    ("pyramid --gt GT --scale 1", 2, "--scale 1: whole factors from 2 to 16"),
    ("pyramid --gt GT --gt GT", 2, "overlap; give one"),
    ("pyramid --gt NONE", 1, "NONE: no such folder"),
    ("degrade --gt GT", 2, "--recipe"),
    ("degrade --gt GT --recipe realesrgan-x5", 2, "did you mean 'realesrgan-x"),
    ("degrade --gt GT --recipe NONE.json", 1, "NONE.json: no such recipe file"),
    ("degrade --gt GT --recipe bicubic-x4 --patch 30", 2, "--patch 30: a multiple of 4, the scale"),
])  # fmt: skip
def test_what_is_wrong_is_named(words: str, code: int, said: str, run: Run, tmp_path: Path) -> None:
    make_clean_folder(tmp_path / "GT", count=1)
    typed = words.replace("GT", str(tmp_path / "GT")).replace("NONE", str(tmp_path / "NONE"))
    got, err = run(*typed.split(), "--out", tmp_path / "set")
    assert got == code
    assert said in err.replace("\n", " ")
    assert "Traceback" not in err


def test_the_default_folder_is_named_after_the_first_source(tmp_path: Path) -> None:
    roots, folder = clean_roots([f"{tmp_path}:3"], None, kind="pyramid")
    assert roots == [Root(tmp_path, 3.0)]
    assert folder == Path("datasets", f"pyramid-{tmp_path.name}")


def test_the_demo_is_the_photographs_with_their_terms(tmp_path: Path) -> None:
    (root,), folder = clean_roots(["demo"], tmp_path / "set", kind="degrade")
    assert (root.folder, folder) == (tmp_path / "demo-gt", tmp_path / "set")
    paths = make_demo_pictures(root.folder)  # a second time: nothing to do
    notes = json.loads((root.folder / "sources.json").read_text())
    assert {path.name for path in paths} == set(notes) == {p.file for p in PHOTOGRAPHS.values()}
    assert all(note["licence"] and note["attribution"] for note in notes.values())
    assert all(min(read_clean(path).shape[:2]) >= 300 for path in paths)
