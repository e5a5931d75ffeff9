"""Pyramids: every input is what MATLAB's imresize makes of the cut picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from build_process import build_whole, digests
from clean_folder import (
    HEIGHT,
    WIDTH,
    clean_picture,
    make_clean_folder,
    pyramid_here,
    save_picture,
)
from PIL import Image

from builders.export import export
from builders.formats import FORMATS
from builders.kinds.clean_plan import plan_pyramid
from builders.kinds.pyramid import modcrop
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store, planned_counts
from builders.rebuild import rebuild
from builders.sheet import CELL, GAP
from builders.sources import Root
from builders.verify import verify
from degrade.images import read_picture
from degrade.option_error import OptionError
from degrade.resize import READINGS, resize_matlab

VERB = ("pyramid", "--gt")
LAYOUT = ("--split", "train=0.7,val=0.3", "--scenes-per-shard", "2", "--scale", "2", "--scale", "3")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures, one of 16 bits, and an empty file; nobody changes them."""
    folder = make_clean_folder(tmp_path_factory.mktemp("clean") / "gt", count=4, empty=True)
    make_clean_folder(folder, count=1, first=4, bits=16)
    return folder


@pytest.mark.parametrize("kernel", READINGS)
def test_every_pair_is_imresize_of_the_cut_picture(
    kernel: str, clean: Path, tmp_path: Path
) -> None:
    out = pyramid_here(clean, tmp_path / "set", kernel=kernel)
    pairs = list(open_pairs(out))
    assert len(pairs) == 15
    for pair in pairs:
        source = read_picture(clean / pair.record["source"]["path"])
        scale = int(pair.variant.removeprefix("x"))
        gt = source[: HEIGHT // scale * scale, : WIDTH // scale * scale]
        assert np.array_equal(pair.gt, gt)
        assert np.array_equal(pair.lq, resize_matlab(gt, scale=1 / scale, reading=kernel))
        assert pair.lq.dtype == pair.gt.dtype == source.dtype
        said = {name: pair.record[name] for name in ("scale", "modcrop", "size", "kernel", "bits")}
        size, bits = list(gt.shape[:2]), 8 * source.itemsize
        assert said == {"scale": scale, "modcrop": scale, "size": size, "kernel": kernel,
                        "bits": bits}  # fmt: skip
    assert load_manifest(out).drops == {"empty-file": 1}


def test_scales_with_the_same_cut_share_their_target(tmp_path: Path) -> None:
    save_picture(tmp_path / "gt" / "odd.png", clean_picture(seed=1, height=26, width=24))
    save_picture(tmp_path / "gt" / "even.png", clean_picture(seed=2, height=24, width=36))
    out = pyramid_here(tmp_path / "gt", tmp_path / "set", store=Store("folder", split="train=1"))
    names = sorted(path.name for path in (out / "data" / "train" / "gt").iterdir())
    # 26 is 26, 24 and 24 rows at x2, x3 and x4; 24x36 is a multiple of all
    assert names == ["even.png", "odd_gt-x2.png", "odd_gt-x3.png"]
    assert sorted(path.name for path in (out / "data" / "train" / "lq").iterdir()) == [
        f"{scene}_x{scale}.png" for scene in ("even", "odd") for scale in (2, 3, 4)
    ]


def test_the_sheet_shows_a_scene_in_a_line_at_one_size(tmp_path: Path) -> None:
    make_clean_folder(tmp_path / "gt", count=2, side=50)
    out = pyramid_here(tmp_path / "gt", tmp_path / "set", store=Store(split="train=1"))
    sheet = read_picture(out / "preview.png")
    assert sheet.shape[1] == GAP + 4 * (CELL + GAP)
    cells = [GAP + column * (CELL + GAP) + CELL // 2 for column in range(4)]
    for x in cells:  # 50 pixels are shown as they are, and so is what was 25, 16 and 12
        column = sheet[GAP : GAP + 48, x - 22 : x + 22]
        assert column.max(axis=2).min() < 250
        assert column.std() > 20


def test_a_picture_too_small_for_a_scale(tmp_path: Path) -> None:
    save_picture(tmp_path / "gt" / "thin.png", clean_picture(seed=1, height=3, width=30))
    save_picture(tmp_path / "gt" / "dot.png", clean_picture(seed=1, height=1, width=1))
    out = pyramid_here(tmp_path / "gt", tmp_path / "set", scales=(2, 4))
    assert [key for key in open_pairs(out).keys()] == ["thin/x2"]  # noqa: C416, SIM118
    said = [json.loads(line) for line in (out / "drops.jsonl").read_text().splitlines()]
    assert {(drop["path"], drop["reason"]) for drop in said} == {
        ("thin.png", "too-small"), ("dot.png", "too-small")
    }  # fmt: skip
    assert "thin.png: 30x3 pixels, none is left at 1/4" in {drop["message"] for drop in said}


def test_what_is_refused_is_a_counted_drop(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "gt", count=1)
    image = Image.fromarray(clean_picture(seed=0))
    image.convert("CMYK").save(folder / "ink.jpg")
    image.save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-300])
    out = pyramid_here(folder, tmp_path / "set")
    assert load_manifest(out).drops == {"unreadable": 1, "unsupported": 1}
    messages = (out / "drops.jsonl").read_text()
    assert '"ink.jpg: a JPEG of mode CMYK; ' in messages
    assert '"cut.jpg: no whole picture (' in messages
    assert str(tmp_path) not in messages


def test_bits_8_rounds_what_is_deeper(clean: Path, tmp_path: Path) -> None:
    out = pyramid_here(clean, tmp_path / "set", scales=[2], bits=8)
    deep = next(pair for pair in open_pairs(out) if pair.scene == "view-004")
    whole = read_picture(clean / "view-004.png")
    assert deep.gt.dtype == np.uint8
    assert np.array_equal(deep.gt, modcrop(np.floor(whole / 257 + 0.5).astype(np.uint8), scale=2))


@pytest.mark.parametrize("storage", [
    pytest.param(storage, marks=[] if storage == "hdf5" else [pytest.mark.slow])
    for storage in FORMATS
])  # fmt: skip
def test_any_number_of_workers_gives_the_same_bytes(
    storage: str, clean: Path, tmp_path: Path
) -> None:
    store = Store(storage, split="train=0.7,val=0.3", scenes_per_shard=2)
    alone = pyramid_here(clean, tmp_path / "alone" / "set", scales=(2, 3), store=store)
    both = tmp_path / "both" / "set"
    options = (*LAYOUT, "--format", storage, "--workers", "2")
    assert "10 pairs of 5 scenes" in build_whole(clean, both, *options, verb=VERB)
    assert digests(both) == digests(alone)
    assert verify(both) == []


@pytest.mark.parametrize("storage", FORMATS)
def test_verified_rebuilt_and_exported(storage: str, clean: Path, tmp_path: Path) -> None:
    out = pyramid_here(clean, tmp_path / "set", store=Store(storage))
    assert verify(out) == []
    for key in open_pairs(out).keys()[::4]:
        result = rebuild(out, key=key)
        assert (result.verdict, result.changes) == ("bytes", [])
    other = next(name for name in FORMATS if name != storage)
    export(out, storage=other, target=tmp_path / "other")
    assert verify(tmp_path / "other") == []
    for one, two in zip(open_pairs(out), open_pairs(tmp_path / "other"), strict=True):
        assert (one.key, one.record) == (two.key, two.record)
        assert np.array_equal(one.gt, two.gt)


def test_new_pictures_are_appended(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "gt", count=2)
    out = pyramid_here(folder, tmp_path / "set")
    before = digests(out / "data")
    make_clean_folder(folder, count=1, first=7)
    pyramid_here(folder, out, append=True)
    assert load_manifest(out).scenes == 3
    assert before.items() <= digests(out / "data").items()
    assert rebuild(out, key="view-007/x3").verdict == "bytes"


def test_the_plan_reads_no_file_and_counts_pairs(tmp_path: Path) -> None:
    folder = tmp_path / "gt"
    folder.mkdir()
    for index in range(5):
        (folder / f"{index}.webp").touch()
    roots = [Root(folder, 2.5)]
    planned = plan_pyramid(
        roots, scales=[2, 8], kernel="matlab-bicubic", bits=None, store=Store(split="train=1")
    )
    assert planned_counts(planned.plan) == {"train": 10}
    assert planned.plan.roots[0].weight == 2.5
    assert "torch" not in planned.plan.versions


@pytest.mark.parametrize(("scales", "kernel", "bits", "said"), [
    ((), "matlab-bicubic", None, "--scale : at least one"),
    ((2, 3, 2), "matlab-bicubic", None, "--scale 2 3 2: at least one, and each once"),
    ((1,), "matlab-bicubic", None, "--scale 1: whole factors from 2 to 16"),
    ((2,), "bicubic", None, "--kernel bicubic: one of matlab-bicubic, matlab-bicubic-double, "),
    ((2,), "matlab-bicubic", 16, "--bits 16: 8, or leave it out"),
])  # fmt: skip
def test_wrong_options_are_named(
    scales: tuple[int, ...], kernel: str, bits: int | None, said: str, clean: Path
) -> None:
    with pytest.raises(OptionError, match=said):
        plan_pyramid([Root(clean)], scales=scales, kernel=kernel, bits=bits, store=Store())


def test_wrong_folders_are_named(clean: Path, tmp_path: Path) -> None:
    def plan(*folders: Path) -> object:
        roots = [Root(folder) for folder in folders]
        return plan_pyramid(roots, scales=[2], kernel=READINGS[0], bits=None, store=Store())

    with pytest.raises(FileNotFoundError, match="no picture in it or below it; it holds no file"):
        plan(tmp_path)
    with pytest.raises(OptionError, match=r"--gt .*gt: it and .* overlap; give one"):
        plan(clean.parent, clean)


def test_set5_vector_equals_the_files_that_matlab_made(testdata: Path, tmp_path: Path) -> None:
    """The low resolution pictures of Set5 as SR papers share them, pixel for pixel."""
    out = pyramid_here(testdata / "set5" / "HR", tmp_path / "set", scales=(2, 4))
    pairs = list(open_pairs(out))
    assert len(pairs) == 10
    for pair in pairs:
        name = f"{pair.scene}{pair.variant}.png"
        made = read_picture(testdata / "set5" / "LR_bicubic" / pair.variant.upper() / name)
        assert np.array_equal(pair.lq, made), name
