"""Pairing by name: by path first, then by stem, never by guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.layouts.partners import match_partners


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_by_stem_whatever_folder_and_case(tmp_path: Path) -> None:
    touch(tmp_path, "A.TIF", "deep/er/b.png", "unused.jpg", "a.txt")
    sources = ["x/a.dng", "y/b.nef", "c.dng"]
    assert match_partners(sources, folder=tmp_path) == ["A.TIF", "deep/er/b.png", None]


def test_the_same_subfolder_decides_where_stems_repeat(tmp_path: Path) -> None:
    touch(tmp_path, "one/IMG.jpg", "two/IMG.jpg")
    sources = ["one/IMG.dng", "two/IMG.dng"]
    assert match_partners(sources, folder=tmp_path) == ["one/IMG.jpg", "two/IMG.jpg"]
    with pytest.raises(ValueError, match=r"one/IMG\.jpg and two/IMG\.jpg could both be the target"):
        match_partners(["IMG.dng"], folder=tmp_path)


def test_two_kinds_of_one_picture_are_no_choice_of_ours(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.tif")
    with pytest.raises(ValueError, match=r"a\.jpg and a\.tif could both .*; keep one, or lay the"):
        match_partners(["a.dng"], folder=tmp_path)
    assert match_partners(["b.dng"], folder=tmp_path) == [None]


def test_dots_belong_to_the_stem(tmp_path: Path) -> None:
    touch(tmp_path, "a.1.png", "a.2.png")
    assert match_partners(["a.2.dng", "a.dng"], folder=tmp_path) == ["a.2.png", None]


def test_a_folder_without_pictures_says_so(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "b.dng")
    with pytest.raises(FileNotFoundError, match=r"no target picture .* \(2 other files\); looked"):
        match_partners(["a.dng"], folder=tmp_path)


@given(st.sets(st.text("abc", min_size=1, max_size=3), min_size=1))
def test_every_picture_finds_its_source_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    folder = touch(tmp_path_factory.mktemp("t"), *(f"{name}.png" for name in names))
    sources = [f"{name}.dng" for name in sorted({*names, "other"})]
    found = match_partners(sources, folder=folder)
    assert [partner for partner in found if partner] == [f"{name}.png" for name in sorted(names)]
