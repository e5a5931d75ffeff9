"""Benchmarks other than bicubic super-resolution and Gaussian noise: whole, told apart, and found
in the folders that their `download` names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import set_trees
from set_trees import ALONE, both, plant, write_lists

from builders.layouts.layout import LISTED
from evaluation.benchmark import Benchmark
from evaluation.benchmarks.deblur import DEBLUR
from evaluation.benchmarks.defocus import DEFOCUS
from evaluation.benchmarks.derain import DERAIN
from evaluation.benchmarks.exposure import EXPOSURE
from evaluation.benchmarks.lowlight import LOWLIGHT
from evaluation.benchmarks.real_denoise import REAL_DENOISE
from evaluation.benchmarks.real_sr import REAL_SR
from evaluation.inputs import Stored
from evaluation.runs.submission import SUBMISSIONS
from evaluation.sets.archives import ARCHIVES
from evaluation.sets.find import find_set

TABLES: tuple[Mapping[str, Benchmark], ...] = (
    REAL_DENOISE, DEBLUR, DERAIN, DEFOCUS, LOWLIGHT, EXPOSURE, REAL_SR,
)  # fmt: skip
ALL = {name: one for table in TABLES for name, one in table.items()}

# (pictures, scale, channel, border, output, ssim, alignment) of the sets with targets.
PROTOCOLS = {
    "sidd": (1280, 1, "rgb", 0, "float", "matlab-3d", "none"),
    "gopro": (1111, 1, "rgb", 0, "u8", "matlab-3d", "none"),
    "gopro-gamma": (1111, 1, "rgb", 0, "u8", "matlab-3d", "none"),
    "hide": (2025, 1, "rgb", 0, "u8", "matlab-3d", "none"),
    "realblur-j": (980, 1, "rgb", 0, "u8", "skimage-gauss", "ecc"),
    "realblur-r": (980, 1, "rgb", 0, "u8", "skimage-gauss", "ecc"),
    "rain100h": (100, 1, "y-round", 0, "u8", "wang", "none"),
    "rain100l": (100, 1, "y-round", 0, "u8", "wang", "none"),
    "test100": (100, 1, "y-round", 0, "u8", "wang", "none"),
    "test1200": (1200, 1, "y-round", 0, "u8", "wang", "none"),
    "test2800": (2800, 1, "y-round", 0, "u8", "wang", "none"),
    "dpdd-single": (76, 1, "rgb", 0, "float", "skimage-uniform", "none"),
    "dpdd-dual": (76, 1, "rgb", 0, "float", "skimage-uniform", "none"),
    "lol-v1": (15, 1, "rgb", 0, "u8", "wang", "none"),
    "lol-v2-real": (100, 1, "rgb", 0, "u8", "wang", "none"),
    "lol-v2-syn": (100, 1, "rgb", 0, "u8", "wang", "none"),
    "lsrw": (50, 1, "rgb", 0, "u8", "wang", "none"),
    "msec": (5905, 1, "rgb", 0, "u8", "matlab-3d", "none"),
    "msec-c": (5905, 1, "rgb", 0, "u8", "matlab-3d", "none"),
    "realsr-x2": (100, 2, "y-float", 2, "u8", "wang", "none"),
    "realsr-x3": (100, 3, "y-float", 3, "u8", "wang", "none"),
    "realsr-x4": (100, 4, "y-float", 4, "u8", "wang", "none"),
    "drealsr-x2": (83, 2, "y-float", 2, "u8", "wang", "none"),
    "drealsr-x3": (84, 3, "y-float", 3, "u8", "wang", "none"),
    "drealsr-x4": (93, 4, "y-float", 4, "u8", "wang", "none"),
    "pirm-val": (100, 4, "y-round", 4, "u8", "wang", "none"),
    "pirm-test": (100, 4, "y-round", 4, "u8", "wang", "none"),
    "div2k-unknown-x2": (100, 2, "rgb", 8, "u8", "wang", "none"),
    "div2k-unknown-x3": (100, 3, "rgb", 9, "u8", "wang", "none"),
    "div2k-unknown-x4": (100, 4, "rgb", 10, "u8", "wang", "none"),
    "div2k-mild-x4": (100, 4, "rgb", 10, "u8", "wang", "none"),
    "div2k-difficult-x4": (100, 4, "rgb", 10, "u8", "wang", "none"),
    "div2k-wild-x4": (100, 4, "rgb", 10, "u8", "wang", "none"),
}
TOLD = {f"{name}-gt-mean": name for name in ("lol-v1", "lol-v2-real", "lol-v2-syn", "lsrw")}
HIDDEN = ("sidd-benchmark", "dnd")


def test_the_benchmarks_are_these() -> None:
    assert set(ALL) == {*PROTOCOLS, *TOLD, *ALONE, *HIDDEN}
    assert sum(map(len, TABLES)) == len(ALL)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols_are_those_of_the_scripts(name: str) -> None:
    made, p = ALL[name], ALL[name].protocol
    assert isinstance(made.inputs, Stored)
    got = (made.count, made.inputs.scale, p.channel, p.border, p.output, p.ssim, p.alignment)
    assert got == PROTOCOLS[name]
    assert (p.brightness, made.inputs.gray) == ("none", False)


@pytest.mark.parametrize("name", TOLD)
def test_only_brightness_is_told(name: str) -> None:
    told, plain = ALL[name].choices(), ALL[TOLD[name]].choices()
    assert told["protocol"].pop("brightness") == "gt-mean"
    assert plain["protocol"].pop("brightness") == "none"
    assert (told.pop("set"), plain.pop("set")) == (name, TOLD[name])
    assert told == plain
    assert "brightness" in ALL[name].title


def test_metrics_are_those_that_papers_print() -> None:
    metrics = {name: one.protocol.metrics for name, one in ALL.items()}
    others = {
        **dict.fromkeys(ALONE, ("niqe", "loe")),
        **dict.fromkeys(HIDDEN, ()),
        **dict.fromkeys(("dpdd-single", "dpdd-dual"), ("psnr", "ssim", "mae", "lpips")),
        **dict.fromkeys(("pirm-val", "pirm-test"), ("pi", "rmse")),
    }
    assert metrics == {name: others.get(name, ("psnr", "ssim")) for name in ALL}


@pytest.mark.parametrize("name", ALL)
def test_every_benchmark_is_whole(name: str) -> None:
    made = ALL[name]
    assert made.name == name
    assert made.title
    assert made.citation
    assert made.folders
    assert re.search(r"ROOT/\w", made.download)
    assert sum(made.sizes.counts.values()) in (0, made.count)
    assert made.archive in ("", *ARCHIVES)
    assert made.submission in ("", *SUBMISSIONS)
    assert bool(made.submission) == (name in HIDDEN)
    assert (made.count == 0) == (name in ALONE)
    if made.layout is None:
        assert made.archive
        return
    assert made.split in made.layout.splits()
    branches = [b for form in made.layout.forms for b in form if b.split in (made.split, LISTED)]
    variants = {branch.variant for branch in branches}
    # what is taken by name is a variant of the layout, or of its fields
    for variant in (*made.only, *made.joined):
        shape = [re.sub(r"\{\w+\}", ".*", one) for one in variants]
        assert any(re.fullmatch(one, variant) for one in shape), variant
    assert set(made.references) <= set(made.layout.targets)


def test_digests_and_titles_tell_all_of_them_apart() -> None:
    assert len({one.digest for one in ALL.values()}) == len(ALL)
    assert len({one.title for one in ALL.values()}) == len(ALL)


def test_msec_s_groups_are_the_paper_s() -> None:
    """3,543 properly and over-exposed inputs and 2,362 under-exposed, of 1,181 scenes."""
    scenes = 5905 // 5
    sizes = {group: scenes * len(evs) for group, evs in ALL["msec"].groups.items()}
    assert sizes == {"over": 3543, "under": 2362}


TREES = {**set_trees.TREES, **{name: set_trees.TREES[plain] for name, plain in TOLD.items()}}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One root with all sets, as somebody has who evaluates on all of them."""
    root = tmp_path_factory.mktemp("sets")
    plant(root, [path for rows in TREES.values() for lqs, gts in rows for path in (*lqs, *gts)])
    write_lists(root)
    return root


def rows_of(benchmark: Benchmark, root: Path) -> list[tuple[list[str], list[str]]]:
    """What is found: inputs and targets of each row, below `root`, without suffix."""

    def shown(path: Path) -> str:
        return path.relative_to(root).with_suffix("").as_posix()

    return [
        ([shown(path) for path in entry.lqs], [shown(entry.targets[r]) for r in entry.targets])
        for entry in find_set(benchmark, roots=[root]).entries
    ]


@pytest.mark.parametrize("name", TREES)
def test_downloads_are_found_beside_all_others(name: str, everything: Path) -> None:
    assert rows_of(ALL[name], everything) == TREES[name]


@pytest.mark.parametrize("name", [n for n in TREES if n not in ("msec", "msec-c")])
def test_a_set_that_is_not_there_says_what_to_download(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(ALL[name].download[:40])):
        find_set(ALL[name], roots=[tmp_path])


@pytest.mark.parametrize(
    ("name", "folder"),
    [("gopro", "GoPro"), ("hide", "HIDE"), ("realblur-j", "RealBlur_J"),
     ("realblur-r", "RealBlur_R"), ("sidd", "SIDD")],
)  # fmt: skip
def test_restormer_s_collection_is_found(name: str, folder: str, tmp_path: Path) -> None:
    rows = both(f"Datasets/test/{folder}", "1 2", sides=("input", "target"))
    plant(tmp_path, [path for lqs, gts in rows for path in (*lqs, *gts)])
    assert rows_of(ALL[name], tmp_path) == rows


def test_restormer_s_dpdd_with_its_lists(tmp_path: Path) -> None:
    """Numbers of the lists count from 1 in natural order: 2, 10, 100."""
    top = tmp_path / "test/DPDD"
    names = ("2", "10", "100")
    sides = ("inputC", "inputL", "inputR", "target")
    plant(top, [f"{side}/{name}" for side in sides for name in names])
    for made in DEFOCUS.values():
        found = find_set(made, roots=[tmp_path])
        assert [case.groups for case in found.cases] == [(), (), ()]
        assert len(found.notes) == 2
    np.save(top / "indoor_labels.npy", np.array([1, 3]))
    np.save(top / "outdoor_labels.npy", np.array([2]))
    for made in DEFOCUS.values():
        found = find_set(made, roots=[tmp_path])
        assert [case.groups for case in found.cases] == [("indoor",), ("outdoor",), ("indoor",)]
        assert found.notes == []


def test_msec_s_rows_are_in_their_groups(everything: Path) -> None:
    cases = find_set(ALL["msec"], roots=[everything]).cases
    assert [(case.name, case.groups) for case in cases] == [
        ("a1-b-ev+0", ("over",)), ("a1-b-ev+1", ("over",)), ("a1-b-ev+1.5", ("over",)),
        ("a1-b-ev-1", ("under",)), ("a1-b-ev-1.5", ("under",)),
    ]  # fmt: skip
