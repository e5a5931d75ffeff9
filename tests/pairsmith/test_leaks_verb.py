"""The verb leaks, as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import typer
from built import build_here, take_raws

from builders.kinds.exposure_arguments import Wishes
from builders.pairs import open_pairs
from builders.planning import Store
from degrade.images import encode_picture
from evaluation.leaks.search import Listed
from pairsmith.leaks import leaks, list_pictures, search

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `leaks ...` in this process: exit code, standard output, standard error."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(leaks)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            app([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("leaks")
    a, b = root / "train[bold]", root / "test"
    for folder in (a / "deep" / "er", b):
        folder.mkdir(parents=True)
    coffee, cat = skimage.data.coffee(), skimage.data.chelsea()
    (a / "deep" / "er" / "coffee.png").write_bytes(encode_picture(coffee, codec="png"))
    (a / "rocket.jpg").write_bytes(encode_picture(skimage.data.rocket(), codec="jpeg75"))
    (b / "cat.png").write_bytes(encode_picture(cat, codec="png"))
    crop = cv2.resize(coffee[90:330, 200:560], None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    (b / "cup.jpg").write_bytes(encode_picture(np.asarray(crop, np.uint8), codec="jpeg75"))
    (b / "broken.png").write_bytes(b"nothing")
    return a, b


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    raw = take_raws(tmp_path_factory.mktemp("sources") / "raw")
    out = tmp_path_factory.mktemp("built") / "set"
    return build_here(
        raw, out, wishes=Wishes(size=96, ev=[-1.0, 1.0]), store=Store(split="train=0.5,test=0.5")
    )


def test_finds_and_reports(folders: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    a, b = folders
    code, out, err = run(a, b, "--out", tmp_path / "report")
    assert code == 1
    first, files, summary = out.splitlines()
    relation, score, *names = first.split("  ")
    assert relation == "crop + resized" and 0.9 < float(score) <= 1.0
    assert names == ["deep/er/coffee.png", "cup.jpg"]
    assert files == f"{tmp_path / 'report'}: leaks.csv, leaks.json, sheet.png"
    assert summary == (f"1 leaking pair between {a} and {b} (2 x 2 pictures; 1 could not be read)")
    assert err.startswith("left out: ") and "broken.png" in err and len(err.splitlines()) == 1
    report = json.loads((tmp_path / "report" / "leaks.json").read_text())
    assert report["found"][0]["a"] == "deep/er/coffee.png"


def test_none_found_is_exit_0(folders: tuple[Path, Path], run: Run) -> None:
    for arguments in ((folders[0],), (folders[0], folders[0])):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        assert out == f"0 leaking pairs within {folders[0]} (2 pictures)\n"


def test_says_what_is_wrong(folders: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    a, _ = folders
    code, _, err = run(a, "--side", "gt2")
    assert (code, err) == (2, "error: --side gt2: one of gt, lq, both; did you mean 'gt'?\n")
    file = tmp_path / "file"
    file.touch()
    code, _, err = run(a, "--out", file)
    assert (code, err) == (2, f"error: --out {file}: a file, not a folder\n")
    code, _, err = run(a, tmp_path / "absent")
    assert (code, err) == (1, f"error: {tmp_path / 'absent'}: no such folder\n")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.png").touch()
    code, _, err = run(tmp_path / "bad")
    assert code == 1 and "not one of 1 pictures could be read, the first: " in err


def test_datasets_splits_and_sides(dataset: Path, run: Run) -> None:
    splits = {split: open_pairs(dataset, split=split) for split in ("train", "test")}
    names = {split: {item.name for item in list_pictures(f"{dataset}:{split}")} for split in splits}
    assert names["train"] and names["test"] and not names["train"] & names["test"]
    assert len(list_pictures(str(dataset))) == 4, "a gt that pairs share counts once"
    assert len(list_pictures(str(dataset), side="lq")) == sum(map(len, splits.values())) == 8
    both = list_pictures(str(dataset), side="both")
    assert len({item.name for item in both}) == 12
    for item in both:
        assert item.read().ndim == 3 and item.data is not None and item.data()
    code, out, _ = run(f"{dataset}:train", f"{dataset}:test")
    assert (code, out.splitlines()[-1][:16]) == (0, "0 leaking pairs ")
    code, _, _ = run(dataset, "--side", "both")
    assert code == 0, "the views of one scene are alike by nature"
    code, out, _ = run(f"{dataset}:train", dataset)
    assert code == 1 and out.count("identical bytes") == len(names["train"])
    code, _, err = run(f"{dataset}:val")
    assert code == 1 and "no split 'val'; it has " in err


def test_another_way_to_list_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    cat = skimage.data.chelsea()
    asked: list[str] = []

    def list_any(text: str) -> list[Listed]:
        asked.append(text)
        return [Listed(f"of {text}", read=lambda: cat if text == "one" else cat[:, ::-1])]

    found = search("one", "other", list_pictures=list_any)
    assert asked == ["one", "other"]
    assert [(leak.relation, leak.a, leak.b) for leak in found.found] == [
        ("mirrored", "of one", "of other")
    ]
    assert "1 leaking pair between one and other" in capsys.readouterr().out
