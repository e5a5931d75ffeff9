"""baselines.restoring.inputs: what inputs stand for, and where results go."""

from __future__ import annotations

from pathlib import Path

import pytest

from baselines.restoring.inputs import find_jobs
from baselines.restoring.options import RestoreOptions
from degrade.option_error import OptionError

PLAIN = RestoreOptions()


def _touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def _names(texts: list[str], out: Path, options: RestoreOptions = PLAIN) -> list[str]:
    return [job.name for job in find_jobs(texts, out=out, options=options)]


def test_a_folder_keeps_its_tree_and_leaves_out_the_rest(tmp_path: Path) -> None:
    folder = _touch(
        tmp_path / "in", "b.JPG", "a/c.png", "a/deep/d.tiff", "notes.txt", ".hidden.png", "m.bin",
        "e.dng", "film.mp4", "old.avi",
    )  # fmt: skip
    out = tmp_path / "out"
    assert _names([str(folder)], out) == [
        "a/c.png", "a/deep/d.png", "b.png", "e.png", "film.mp4", "old.mkv",
    ]  # fmt: skip
    options = RestoreOptions(format="tiff", suffix="_x4", limit=2)
    assert _names([str(folder)], out, options) == ["a/c_x4.tiff", "a/deep/d_x4.tiff"]
    (job,) = find_jobs([str(folder / "b.JPG")], out=out, options=PLAIN)
    assert (job.source, job.target) == (folder / "b.JPG", out / "b.png")


def test_patterns_keep_the_tree_below_their_plain_part(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "in", "x/1.png", "y/1.png", "y/2.txt", "y/z/3.png")
    assert _names([f"{folder}/*/1.png"], tmp_path / "o") == ["x/1.png", "y/1.png"]
    assert _names([f"{folder}/**/*.png"], tmp_path / "o") == ["x/1.png", "y/1.png", "y/z/3.png"]
    # a file whose name has such signs is that file
    odd = _touch(tmp_path, "a[1].png") / "a[1].png"
    assert _names([str(odd)], tmp_path / "o") == ["a[1].png"]
    with pytest.raises(FileNotFoundError, match=r"\*\.tif: no picture"):
        _names([f"{folder}/*.tif"], tmp_path / "o")


def test_two_of_one_stem_keep_their_suffixes(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "o"
    _touch(folder, "a.CR2", "a.JPG", "b.png", "sub/a.png", "film.avi", "film.flv", "film.mp4")
    jobs = find_jobs([str(folder)], out=out, options=RestoreOptions(suffix="_r"))
    assert {job.name: job.own_suffix for job in jobs} == {
        "a.cr2_r.png": True, "a.jpg_r.png": True, "b_r.png": False, "sub/a_r.png": False,
        "film.avi_r.mkv": True, "film.flv_r.mkv": True, "film_r.mp4": False,
    }  # fmt: skip
    assert all(job.target == out / job.name for job in jobs)
    assert jobs[0].source == folder / "a.CR2"
    # a suffix that is kept may meet a third
    third = _touch(tmp_path / "third", "a.jpg", "a.jpg.tiff", "a.png")
    assert _names([str(third)], out) == ["a.jpg.png", "a.jpg.tiff.png", "a.png.png"]


def test_two_that_would_become_one_are_named(tmp_path: Path) -> None:
    one, two = _touch(tmp_path / "one", "p.png"), _touch(tmp_path / "two", "p.png")
    with pytest.raises(ValueError, match=r"one/p\.png and .*two/p\.png"):
        _names([str(one), str(two)], tmp_path / "o")
    five = [str(_touch(tmp_path / n, *(f"{i}.png" for i in range(5)))) for n in ("x", "y")]
    with pytest.raises(ValueError, match=r"to 5 results .*x/2\.png and .*y/2\.png; and 2 more\. "):
        _names(five, tmp_path / "o")
    # the same file twice is once
    assert _names([str(one), str(one / "p.png")], tmp_path / "o") == ["p.png"]


def test_results_feed_nothing_and_replace_no_input(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "in", "a.png", "out/a.png", "out/restored.jsonl")
    assert _names([str(folder)], folder / "out") == ["a.png"]
    assert _names([f"{folder}/**/*.png"], folder / "out") == ["a.png"]
    with pytest.raises(OptionError, match=r"a\.png is an input, and inputs are never"):
        _names([str(folder / "a.png")], folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(OptionError, match="is an input"):
        _names([str(folder / "a.png")], link)
    assert _names([str(folder / "a.png")], folder, RestoreOptions(suffix="_n")) == ["a_n.png"]
    with pytest.raises(ValueError, match="no picture, camera file or video in it outside of --out"):
        _names([str(folder)], folder)


def test_a_file_is_no_folder_of_results(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "in", "a.png")
    for out, said in (("a.png", "a.png: is a file"), ("a.png/x", r"a.png/x: .*in/a.png is a file")):
        with pytest.raises(OptionError, match=f"^--out .*{said}; give a folder"):
            _names([str(folder)], folder / out)


def test_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: no picture"):
        _names([str(tmp_path / "empty")], tmp_path / "o")
    with pytest.raises(FileNotFoundError, match=r"gone\.png: no such file or folder"):
        _names([str(tmp_path / "gone.png")], tmp_path / "o")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format": "pgn"}, "--format pgn: .* did you mean 'png'"),
        ({"format": "gif"}, "--format gif: one of png, jpg, tiff, webp$"),
        ({"format": "jpeg"}, "--format jpeg: .* did you mean 'jpg'"),
        ({"max_side": 3}, "--max-side 3"),
        ({"limit": 0}, "--limit 0"),
        ({"suffix": "../x"}, "--suffix"),
    ],
)
def test_wrong_options_are_named(values: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        RestoreOptions(**values)  # type: ignore[arg-type]


def test_demo_is_there_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = find_jobs(["demo"], out=tmp_path / "out", options=RestoreOptions())
    assert jobs and all(job.source.is_file() for job in jobs)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.png").write_bytes(jobs[0].source.read_bytes())
    jobs = find_jobs(["demo"], out=tmp_path / "out", options=RestoreOptions())
    assert [job.name for job in jobs] == ["mine.png"], "a folder of that name comes first"
