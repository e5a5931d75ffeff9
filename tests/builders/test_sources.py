"""Listing sources: what is found, what is refused, and the names scenes get."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from built import build_here, take_raw
from hypothesis import given
from hypothesis import strategies as st

from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from builders.sources import (
    RAW_SUFFIXES,
    Root,
    SourceNote,
    list_files,
    list_sources,
    parse_root,
    read_notes,
    unique_scenes,
)

NAMES = st.text("aAb.-1é", min_size=1, max_size=4).filter(lambda name: not name.startswith("."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/".join([*parts]) + ".dng")
FILES = st.lists(st.tuples(st.integers(0, 2), PATHS), min_size=1, max_size=12, unique=True)


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def found(folder: Path) -> list[str]:
    return [path for path, _ in list_files(folder, suffixes=RAW_SUFFIXES)[0]]


def test_every_level_and_case_of_suffix_sorted_by_path(tmp_path: Path) -> None:
    fill(tmp_path, "b.NEF", "a/z.dng", "a/b/c.CR3", "a.txt", "no-suffix")
    files, others = list_files(tmp_path, suffixes=RAW_SUFFIXES)
    assert files == [("a/b/c.CR3", 1), ("a/z.dng", 1), ("b.NEF", 1)]
    assert others == {".txt": 1, "no suffix": 1}


def test_hidden_names_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, ".a.dng", ".trash/b.dng", "c.dng")
    assert found(tmp_path) == ["c.dng"]


def test_a_loop_of_links_ends_and_no_file_is_found_twice(tmp_path: Path) -> None:
    fill(tmp_path, "a/b/one.dng")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone.dng").symlink_to(tmp_path / "nothing")
    assert found(tmp_path) == ["a/b/one.dng", "gone.dng"]  # a link to nothing becomes a drop


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    fill(tmp_path / "disk", "one.dng")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "card").symlink_to(tmp_path / "disk")
    assert found(tmp_path / "raw") == ["card/one.dng"]


def test_what_a_folder_is_instead_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such folder"):
        list_files(tmp_path / "nowhere", suffixes=RAW_SUFFIXES)
    fill(tmp_path, "a.dng")
    with pytest.raises(NotADirectoryError, match=r"a\.dng: a file; give the folder that holds it"):
        list_files(tmp_path / "a.dng", suffixes=RAW_SUFFIXES)


def test_an_empty_folder_says_what_it_holds_instead(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    roots = [Root(tmp_path / "empty")]
    with pytest.raises(FileNotFoundError, match=r"no camera RAW file .* holds no file at all"):
        list_sources(roots, suffixes=RAW_SUFFIXES, what="camera RAW file")
    fill(tmp_path / "empty", "a.jpg", "b.jpg", "c.txt")
    with pytest.raises(FileNotFoundError, match=r"it holds 2 \.jpg, 1 \.txt. Looked for \.3fr"):
        list_sources(roots, suffixes=RAW_SUFFIXES, what="camera RAW file")


def test_an_unreadable_folder_is_named(tmp_path: Path) -> None:
    closed = fill(tmp_path / "raw", "open.dng", "closed/a.dng") / "closed"
    closed.chmod(0)
    # Nothing is closed to root: a child gives its rights up first. pytest's folders are closed to
    # others, so it stands in the folder already when it does.
    drop = "import os; os.setuid(65534)\n" if os.getuid() == 0 else ""
    code = (
        "from pathlib import Path\nfrom builders.sources import RAW_SUFFIXES, list_files\n"
        f"{drop}list_files(Path('.'), suffixes=RAW_SUFFIXES)"
    )
    tmp_path.joinpath("raw").chmod(0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path / "raw",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        closed.chmod(0o755)
    last = done.stderr.strip().splitlines()[-1]
    assert "closed: this folder cannot be listed (Permission denied)" in last


def test_non_ascii_names_are_kept_and_names_that_are_no_text_refused(tmp_path: Path) -> None:
    fill(tmp_path, "Straße/été 日本.dng")
    assert found(tmp_path) == ["Straße/été 日本.dng"]
    (tmp_path / os.fsdecode(b"\xff\xfe.dng")).write_bytes(b"x")
    with pytest.raises(ValueError, match=r"the name '\\udcff\\udcfe\.dng' is not UTF-8; rename"):
        found(tmp_path)


def test_names_of_all_alphabets_become_keys_and_empty_files_counted_drops(tmp_path: Path) -> None:
    take_raw(tmp_path / "raw" / "Straße" / "été 日本.dng")
    fill(tmp_path / "raw").joinpath("nothing.dng").touch()
    out = build_here(tmp_path / "raw", tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]))
    assert open_pairs(out).keys() == ["été 日本/ev+1"]
    assert load_manifest(out).drops == {"empty-file": 1}
    assert b'"path":"nothing.dng","reason":"empty-file"' in (out / "drops.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("paths", "scenes"),
    [
        (["a.dng", "b/c.dng"], ["a", "c"]),
        (["x/IMG_1.dng", "y/IMG_1.dng", "z.dng"], ["x-IMG_1", "y-IMG_1", "z"]),
        (["a.dng", "a.nef", "b.dng"], ["a-dng", "a-nef", "b"]),
        (["x/a.dng", "X/A.dng"], ["a-5f0168c3", "A-9a010968"]),
        (["a/b.dng", "c/b.dng", "a-b.dng"], ["b-354fff5e", "c-b", "a-b-cfc5e09d"]),
    ],
)
def test_scene_names(paths: list[str], scenes: list[str]) -> None:
    assert unique_scenes([(0, path) for path in paths]) == scenes


def test_two_cameras_folders_are_told_apart_by_their_number() -> None:
    assert unique_scenes([(0, "a.dng"), (1, "a.dng")]) == ["a-dng-0", "a-dng-1"]


def test_taken_names_are_kept_clear_of() -> None:
    assert unique_scenes([(0, "x/a.dng")], taken=["A"]) == ["x-a"]
    with pytest.raises(ValueError, match=r"cannot be told apart: a-[0-9a-f]{8}; rename one"):
        unique_scenes([(0, "a.dng"), (0, "a.dng")])


@given(FILES, st.randoms())
def test_scene_names_are_unique_and_do_not_depend_on_the_order(
    files: list[tuple[int, str]], random: object
) -> None:
    names = unique_scenes(files)
    assert len({name.lower() for name in names}) == len(files)
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = dict(zip(shuffled, unique_scenes(shuffled), strict=True))
    assert [again[file] for file in files] == names


@given(FILES, st.sets(NAMES, max_size=3))
def test_scene_names_avoid_all_that_are_taken(
    files: list[tuple[int, str]], taken: set[str]
) -> None:
    names = unique_scenes(files, taken=taken)
    assert not {name.lower() for name in names} & {name.lower() for name in taken}


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("raw", Root(Path("raw"))),
        ("raw:2", Root(Path("raw"), 2.0)),
        ("raw:0.25", Root(Path("raw"), 0.25)),
        ("C:raw", Root(Path("C:raw"))),
    ],
)
def test_weights(text: str, root: Root) -> None:
    assert parse_root(text) == root


def test_a_folder_named_like_a_weight_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "shoot:2").mkdir()
    assert parse_root(f"{tmp_path}/shoot:2") == Root(tmp_path / "shoot:2")


@pytest.mark.parametrize("weight", ["0", "-1", "inf", "nan"])
def test_a_weight_is_above_0_and_finite(weight: str) -> None:
    with pytest.raises(ValueError, match=f"the weight is {weight}, it must be above 0 and finite"):
        parse_root(f"raw:{weight}")


def test_weights_and_roots_stay_with_the_pairs(tmp_path: Path) -> None:
    take_raw(tmp_path / "one" / "a.dng")
    take_raw(tmp_path / "two" / "a.dng", part="cat")
    roots = [Root(tmp_path / "one"), Root(tmp_path / "two", 3.0)]
    out = build_here(
        roots, tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]), store=Store(split="train=1")
    )
    pairs = open_pairs(out)
    assert [pair.record["source"]["root"] for pair in pairs] == [0, 1]
    held = [(source.name, source.weight, source.files) for source in load_manifest(out).sources]
    assert held == [("one", 1.0, 1), ("two", 3.0, 1)]


def test_notes_are_strict(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == {}
    notes = tmp_path / "sources.json"
    notes.write_text('{"a.dng": {"licence": "CC0-1.0", "group": "g"}}')
    assert read_notes(tmp_path) == {"a.dng": SourceNote(licence="CC0-1.0", group="g")}
    notes.write_text('{"a.dng": {"license": "CC0-1.0"}}')
    with pytest.raises(ValueError, match=r"sources\.json: .*`license`.* maps file names to"):
        read_notes(tmp_path)
