"""Layouts and pairing by name, without a build: every name that does not agree is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trees
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.layouts.layout import LISTED, fill, pattern
from builders.layouts.pairing import list_key, pair_files
from builders.layouts.plain import FOLDERS, folders, unpaired
from builders.layouts.published import LAYOUTS
from builders.sources import list_files
from degrade.reading.clean import PICTURE_SUFFIXES

NAMES = (
    "sidd gopro hide realblur-j realblur-r dpdd dpdd-dual rain13k lol-v1 lol-v2-real lol-v2-syn "
    "lsrw msec div2k unpaired folders"
).split()


def names_in(top: Path) -> list[str]:
    return [path for path, _ in list_files(top, suffixes=PICTURE_SUFFIXES)[0]]


def test_the_layouts_are_these() -> None:
    assert list(LAYOUTS) == NAMES
    assert all(layout.name == name for name, layout in LAYOUTS.items())


@pytest.mark.parametrize("layout", NAMES)
def test_every_layout_is_whole(layout: str) -> None:
    """Its templates compile, its scene's and variants' fields are there, its counts name splits."""
    made = LAYOUTS[layout]
    assert made.citation or layout in ("folders", "unpaired")
    assert set(made.counts) <= set(made.splits())
    if made.group:
        re.compile(made.group)
    for branch in (branch for form in made.forms for branch in form):
        lq = set(pattern(branch.lq, anchored=made.anchored).groupindex)
        gt = set(pattern(branch.gt, anchored=made.anchored).groupindex)
        assert {"name", "id", "number"} & lq & gt, "nothing tells which pair it is"
        assert set(re.findall(r"\{(\w+)\}", branch.variant)) <= lq
        assert branch.split in (*made.splits(), LISTED)


# Not msec, whose target is chosen first (test_import), nor those that take folders as they are.
@pytest.mark.parametrize("layout", [n for n in NAMES if n not in ("folders", "unpaired", "msec")])
def test_a_set_is_found_from_above_and_from_inside(layout: str, tmp_path: Path) -> None:
    """The same pairs whether the folder given is the set's own or one above it."""
    top = tmp_path / "some" / "folder"
    trees.TREES[layout](top)
    here = pair_files(names_in(top), layout=LAYOUTS[layout])
    above = pair_files(names_in(tmp_path), layout=LAYOUTS[layout])
    assert [pair.gt for pair in above.partners] == [f"some/folder/{p.gt}" for p in here.partners]
    assert here.alone == above.alone == []
    (inner,) = [path.name for path in top.iterdir() if path.is_dir()][:1]
    part = pair_files(names_in(top), layout=LAYOUTS[layout], above=f"x/{inner}")
    assert len(part.partners) == len(here.partners)


def test_a_split_folder_alone_is_known_by_its_name(tmp_path: Path) -> None:
    trees.gopro(tmp_path)
    found = pair_files(names_in(tmp_path / "test"), layout=LAYOUTS["gopro"], above="GOPRO/test")
    assert {pair.split for pair in found.partners} == {"test"}
    assert found.partners[0].gt == "GOPR0384_11_00/sharp/000047.png"


def test_both_forms_of_a_set_are_known_but_not_at_once(tmp_path: Path) -> None:
    trees.gopro_collected(tmp_path)
    found = pair_files(names_in(tmp_path), layout=LAYOUTS["gopro"])
    assert [(p.split, p.name, p.group) for p in found.partners] == [
        ("train", "GOPR0372_07_00-000047", "gopr0372"),
        ("test", "GOPR0384_11_00-000001", "gopr0384"),
    ]
    trees.gopro(tmp_path)
    with pytest.raises(ValueError, match="two forms of gopro are there"):
        pair_files(names_in(tmp_path), layout=LAYOUTS["gopro"])


def test_order_never_pairs(tmp_path: Path) -> None:
    """Sorted lists of the same length with other names give no pair."""
    for index in range(3):
        trees.save(tmp_path / "our485/low" / f"{index}.png", trees.flat(1, trees.LQ))
        trees.save(tmp_path / "our485/high" / f"{index + 10}.png", trees.flat(1, trees.GT))
    with pytest.raises(FileNotFoundError, match="no input has a target of its own name"):
        pair_files(names_in(tmp_path), layout=LAYOUTS["lol-v1"])


def test_two_copies_of_a_set_are_not_mixed() -> None:
    paths = [f"{top}/our485/{side}/1.png" for top in ("a", "b") for side in ("low", "high")]
    found = pair_files(paths, layout=LAYOUTS["lol-v1"])
    assert [(pair.lqs["low"][0], (pair.gt or "")[0]) for pair in found.partners] == [
        ("a", "a"),
        ("b", "b"),
    ]


def test_targets_of_a_split_that_is_not_here_are_no_drops(tmp_path: Path) -> None:
    """HIDE keeps all its targets in one folder, whichever inputs are there."""
    trees.hide(tmp_path)
    paths = [path for path in names_in(tmp_path) if not path.startswith("train/")]
    found = pair_files(paths, layout=LAYOUTS["hide"])
    assert len(found.partners) == 2
    assert found.alone == found.strangers == []
    assert found.spare == ["GT/1fromGOPR0950.png", "GT/2fromGOPR0950.png"]


def test_two_candidates_are_refused_by_name() -> None:
    paths = ["our485/low/1.png", "our485/high/1.png", "our485/high/1.jpg"]
    with pytest.raises(ValueError, match=r"high/1\.png and our485/high/1\.jpg: each two could"):
        pair_files(paths, layout=LAYOUTS["lol-v1"])
    paths = ["our485/low/1.png", "our485/low/1.JPG", "our485/high/1.png"]
    with pytest.raises(ValueError, match=r"low/1\.png and our485/low/1\.JPG"):
        pair_files(paths, layout=LAYOUTS["lol-v1"])


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ([], "there are no pictures"),
        (["a/1.png", "b/2.png"], "there are 1 in a, 1 in b"),
        (["our485/low/1.png"], "1 inputs such as our485/low/1.png, but no target"),
        (["our485/high/1.png"], "1 targets such as our485/high/1.png, but no input"),
    ],
)
def test_what_does_not_fit_is_said(paths: list[str], said: str) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(said)) as refused:
        pair_files(paths, layout=LAYOUTS["lol-v1"])
    assert "wanted our485/low/<name> beside our485/high/<name>" in str(refused.value)


def test_case_does_not_matter() -> None:
    paths = ["Our485/LOW/A.PNG", "Our485/High/a.png"]
    (pair,) = pair_files(paths, layout=LAYOUTS["lol-v1"]).partners
    assert pair.lqs == {"low": "Our485/LOW/A.PNG"}


@pytest.mark.parametrize(("apart", "shift"), [(0, {}), (1, -1), (-1, 1)])
def test_consecutive_shots_are_partners(apart: int, shift: object, tmp_path: Path) -> None:
    trees.dpdd(tmp_path, apart=apart)
    found = pair_files(names_in(tmp_path), layout=LAYOUTS["dpdd"])
    assert len(found.partners) == 6
    assert found.alone == []
    for pair in found.partners:
        source, target = (int(f"{path}"[-8:-4]) for path in (pair.lqs["defocus"], pair.gt))
        assert source - target == apart
    assert set(found.shift.values()) == ({shift} if shift else set())


def test_shots_further_apart_are_not_partners() -> None:
    paths = ["train_c/source/1P0A0003.png", "train_c/target/1P0A0001.png"]
    with pytest.raises(FileNotFoundError, match="no pair of dpdd"):
        pair_files(paths, layout=LAYOUTS["dpdd"])


def test_lists_decide_the_split(tmp_path: Path) -> None:
    trees.realblur(tmp_path)
    paths = names_in(tmp_path)
    lists = {list_key(path): "test" if "scene002" in path else "train" for path in paths}
    lists = {key: split for key, split in lists.items() if "scene230" not in key}
    found = pair_files(paths, layout=LAYOUTS["realblur-j"], lists=lists)
    assert [pair.split for pair in found.partners] == ["train", "train", "test", "test"]
    assert [path for pair in found.alone for path in pair.lqs.values()] == [
        path for path in paths if "scene230/blur" in path
    ]


@pytest.mark.parametrize(("lq", "gt"), FOLDERS)
def test_known_folders_need_no_option(lq: str, gt: str) -> None:
    paths = [f"{side}/{name}" for side in (lq, gt) for name in ("1.png", "deep/1.png", "10.png")]
    found = pair_files(paths, layout=folders())
    assert [(pair.lqs["lq"], pair.gt) for pair in found.partners] == [
        (f"{lq}/{name}", f"{gt}/{name}") for name in ("1.png", "deep/1.png", "10.png")
    ]


def test_splits_above_or_below_the_two_folders() -> None:
    paths = [f"{place}/1.png" for place in (
        "train/lq", "train/gt", "lq/test", "gt/test", "Validation/lq", "validation/GT", "lq", "gt",
    )]  # fmt: skip
    found = pair_files(paths, layout=folders())
    assert {pair.gt: pair.split for pair in found.partners} == {
        "train/gt/1.png": "train", "gt/test/1.png": "test", "validation/GT/1.png": "val",
        "gt/1.png": "train",
    }  # fmt: skip
    assert found.alone == []


def test_folders_of_other_names_are_named() -> None:
    paths = ["mine/1.png", "a/yours/1.png"]
    with pytest.raises(FileNotFoundError):
        pair_files(paths, layout=folders())
    (pair,) = pair_files(paths, layout=folders("mine", "a/yours")).partners
    assert pair.lqs == {"lq": "mine/1.png"}


@pytest.mark.parametrize(
    ("low", "high"), [("low", "high"), ("trainA", "trainB"), ("train/low", "train/high")]
)
def test_unpaired_sides_are_splits(low: str, high: str) -> None:
    found = pair_files([f"{low}/1.png", f"{high}/2.png"], layout=unpaired())
    assert [(p.split, p.gt, p.lqs) for p in found.partners] == [
        ("train_low", f"{low}/1.png", {"low": f"{low}/1.png"}),
        ("train_high", f"{high}/2.png", {"high": f"{high}/2.png"}),
    ]


WORDS = st.text(st.characters(categories=("L", "N"), include_characters="._- "), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, unique_by=str.lower), st.randoms())
def test_any_names_pair_with_themselves(names: list[str], random: object) -> None:
    """Whatever the names and the order of the files, each input has the target of its name."""
    paths = [f"our485/{side}/{name}.png" for side in ("low", "high") for name in names]
    random.shuffle(paths)  # type: ignore[attr-defined]
    stems = {name.lower() for name in names}
    if len({stem.encode() for stem in stems}) < len(names):
        return
    found = pair_files(paths, layout=LAYOUTS["lol-v1"])
    assert len(found.partners) == len(names)
    for pair in found.partners:
        assert pair.gt == pair.lqs["low"].replace("/low/", "/high/")


def test_a_template_says_what_it_fills() -> None:
    template = "X{scale:[234]}/{name}x{scale}{:(_L)?}"
    found = pattern(template, anchored=True).fullmatch("X4/a/bx4")
    assert found is None, "a field holds no folder"
    found = pattern(template, anchored=True).fullmatch("X4/0001x4_L")
    assert found is not None
    assert fill("{name} at {scale}", found.groupdict()) == "0001 at 4"
    assert pattern(template, anchored=True).fullmatch("X4/0001x3") is None
