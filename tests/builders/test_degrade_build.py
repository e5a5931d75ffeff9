"""Degraded datasets: every pair follows from seed, key and recipe, however the build went."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from build_process import (
    RunningBuild,
    build_whole,
    digests,
    finished_shards,
    finished_sources,
    identities,
    wait_for,
)
from clean_folder import (
    DARKEN,
    HEIGHT,
    SHRINK,
    WIDTH,
    clean_picture,
    degrade_here,
    make_clean_folder,
    save_picture,
    step,
    write_recipe,
)

from builders.export import export
from builders.formats import FORMATS
from builders.kinds.degrade import patch_corner
from builders.manifest import load_manifest
from builders.pairs import Pair, open_pairs
from builders.planning import Store
from builders.rebuild import rebuild
from builders.sources import Root
from builders.verify import verify
from degrade.apply import degrade_picture
from degrade.images import read_picture
from degrade.recipe_file import read_recipe
from degrade.record import Record, draw_record

VERB = ("degrade", "--gt")
LAYOUT = ("--split", "train=0.7,val=0.3", "--scenes-per-shard", "4", "--copies", "2")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures, one of 16 bits, and an empty file; nobody changes them."""
    folder = make_clean_folder(tmp_path_factory.mktemp("clean") / "gt", count=7, empty=True)
    return make_clean_folder(folder, count=1, first=7, bits=16)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipe") / "my.json")


def made_of(pair: Pair, clean: Path, recipe: Path, *, seed: int = 0) -> tuple[Any, Any, Record]:
    """(gt, lq, record) made again from seed, key and recipe alone."""
    source = read_picture(clean / pair.record["source"]["path"])
    if "patch" in pair.record:
        top, left, side = pair.record["patch"]
        source = source[top : top + side, left : left + side]
    record = draw_record(read_recipe(recipe), seed=seed, key=pair.key, folder=recipe.parent)
    return degrade_picture(source, record)


@pytest.mark.parametrize("patch", [None, 16])
def test_every_pair_follows_from_seed_key_and_recipe(
    patch: int | None, clean: Path, recipe: Path, tmp_path: Path
) -> None:
    out = degrade_here(
        clean, tmp_path / "set", recipe=recipe, copies=3, patch=patch, store=Store(seed=5)
    )
    pairs = list(open_pairs(out))
    assert len(pairs) == 24
    assert [pair.variant for pair in pairs[:3]] == ["copy-00", "copy-01", "copy-02"]
    for pair in pairs:
        gt, lq, record = made_of(pair, clean, recipe, seed=5)
        assert np.array_equal(pair.gt, gt)
        assert np.array_equal(pair.lq, lq)
        assert pair.gt.dtype == pair.lq.dtype
        assert pair.gt.itemsize == (2 if pair.scene == "view-007" else 1) == pair.record["bits"] / 8
        assert msgspec.convert(pair.record["degradation"], Record) == record
        assert pair.record["degradation"]["recipe"] == "mine"
        assert pair.record["degradation"]["digest"] == read_recipe(recipe).digest
    noises = {json.dumps(pair.record["degradation"]["steps"]["noise"]) for pair in pairs}
    assert len(noises) == 24, "two samples drew the same noise"


def test_the_record_alone_makes_the_pair_again(clean: Path, recipe: Path, tmp_path: Path) -> None:
    out = degrade_here(clean, tmp_path / "set", recipe=recipe)
    pair = open_pairs(out)[3]
    record = msgspec.convert(pair.record["degradation"], Record)
    gt, lq, again = degrade_picture(read_picture(clean / pair.record["source"]["path"]), record)
    assert np.array_equal(pair.gt, gt)
    assert np.array_equal(pair.lq, lq)
    assert again == record


def test_more_copies_or_pictures_leave_the_others_alone(
    clean: Path, recipe: Path, tmp_path: Path
) -> None:
    few = make_clean_folder(tmp_path / "few", count=2)
    one = {p.key: p for p in open_pairs(degrade_here(few, tmp_path / "a", recipe=recipe, patch=16))}
    two = degrade_here(clean, tmp_path / "b", recipe=recipe, copies=2, patch=16)
    more = {p.key: p for p in open_pairs(two)}
    assert len(one) == 2
    for key, pair in one.items():
        assert np.array_equal(pair.lq, more[key].lq)
        assert pair.record["degradation"] == more[key].record["degradation"]


def test_patches_lie_anywhere_and_differ_by_copy(tmp_path: Path) -> None:
    picture = clean_picture(seed=1)
    corners = {patch_corner(0, key=f"a/copy-{i}", picture=picture, side=36) for i in range(400)}
    assert corners == {(y, x) for y in range(HEIGHT - 35) for x in range(WIDTH - 35)}
    recipe = write_recipe(tmp_path / "my.json")
    save_picture(tmp_path / "gt" / "fits.png", clean_picture(seed=1, height=16, width=16))
    save_picture(tmp_path / "gt" / "small.png", clean_picture(seed=2, height=15, width=99))
    out = degrade_here(tmp_path / "gt", tmp_path / "set", recipe=recipe, copies=3, patch=16)
    assert [pair.record["patch"] for pair in open_pairs(out)] == [[0, 0, 16]] * 3
    assert load_manifest(out).drops == {"too-small": 1}
    assert "small.png: 99x15 pixels, 16 are needed" in (out / "drops.jsonl").read_text()


def test_a_target_that_all_copies_share_is_stored_once(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "gt", count=1)
    sharpen = step("sharpen", "usm_sharpen", weight=0.5, radius=5)
    held = {}
    for name, target in (("none", ()), ("same", [sharpen]), ("own", [DARKEN])):
        recipe = write_recipe(tmp_path / f"{name}.json", target=target)
        out = degrade_here(
            folder, tmp_path / name, recipe=recipe, copies=2, store=Store("folder", split="train=1")
        )
        held[name] = sorted(path.name for path in (out / "data/train/gt").iterdir())
        for pair in open_pairs(out):
            gt, lq, _ = made_of(pair, folder, recipe)
            assert np.array_equal(pair.gt, gt)
            assert np.array_equal(pair.lq, lq)
        assert verify(out) == []
    assert held == {
        "none": ["view-000.png"],
        "same": ["view-000.png"],
        "own": ["view-000.png", "view-000_gt-copy-01.png"],
    }


def test_gt_is_cut_to_the_scale_and_too_small_is_a_drop(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "my.json", scale=4, steps=[
        step("shrink", "resize", method="matlab-bicubic", scale=0.25, base="input")
    ])  # fmt: skip
    save_picture(tmp_path / "gt" / "a.png", clean_picture(seed=1, height=23, width=18))
    save_picture(tmp_path / "gt" / "b.png", clean_picture(seed=1, height=3, width=80))
    out = degrade_here(tmp_path / "gt", tmp_path / "set", recipe=recipe)
    (pair,) = open_pairs(out)
    assert (pair.gt.shape, pair.lq.shape) == ((20, 16, 3), (5, 4, 3))
    assert pair.record["source_size"] == [23, 18]
    assert load_manifest(out).drops == {"too-small": 1}


def test_a_copy_that_the_recipe_cannot_make_is_a_counted_drop(tmp_path: Path) -> None:
    sometimes = {"law": "choice", "values": [1.0, 0.5], "weights": [4.0, 1.0]}
    recipe = write_recipe(tmp_path / "my.json", steps=[SHRINK, step("n", "resize",
                                                                    scale=sometimes)])  # fmt: skip
    folder = make_clean_folder(tmp_path / "gt", count=30)
    plan = degrade_here(folder, tmp_path / "set", recipe=recipe)
    drops = [json.loads(line) for line in (plan / "drops.jsonl").read_text().splitlines()]
    assert 1 <= len(drops) <= 15
    for drop in drops:
        assert drop["reason"] == "recipe"
        assert "/copy-00: recipe 'mine' has scale 2, and makes" in drop["message"]


@pytest.mark.parametrize("storage", FORMATS)
def test_verified_rebuilt_and_exported(
    storage: str, clean: Path, recipe: Path, tmp_path: Path
) -> None:
    out = degrade_here(clean, tmp_path / "set", recipe=recipe, copies=2, store=Store(storage))
    assert verify(out) == []
    elsewhere = shutil.copytree(clean, tmp_path / "moved")
    for key in open_pairs(out).keys()[::5]:
        result = rebuild(out, key=key, sources=[elsewhere])
        assert (result.verdict, result.changes) == ("bytes", [])
    other = next(name for name in FORMATS if name != storage)
    export(out, storage=other, target=tmp_path / "other")
    assert verify(tmp_path / "other") == []
    for one, two in zip(open_pairs(out), open_pairs(tmp_path / "other"), strict=True):
        assert (one.key, one.record) == (two.key, two.record)
        assert np.array_equal(one.lq, two.lq)


def test_the_manifest_holds_the_recipe_and_the_weights(recipe: Path, tmp_path: Path) -> None:
    roots = [Root(make_clean_folder(tmp_path / "a", count=2), 2.0),
             Root(make_clean_folder(tmp_path / "b", count=1, first=5))]  # fmt: skip
    out = degrade_here(roots, tmp_path / "set", recipe=recipe)
    manifest = load_manifest(out)
    assert [(s.name, s.weight, s.files) for s in manifest.sources] == [("a", 2.0, 2), ("b", 1.0, 1)]
    assert {p.scene: p.record["source"]["root"] for p in open_pairs(out)}["view-005"] == 1
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(manifest.arguments["recipe"]))
    assert read_recipe(kept) == read_recipe(recipe)
    assert manifest.arguments["digest"] == read_recipe(recipe).digest
    assert "torch" in manifest.versions
    assert "Recipe `mine`: a test. nobody." in (out / "README.md").read_text()


def test_appended_pictures_leave_the_old_shards_alone(recipe: Path, tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "gt", count=3)
    out = degrade_here(folder, tmp_path / "set", recipe=recipe, copies=2)
    before = digests(out / "data")
    make_clean_folder(folder, count=2, first=8)
    degrade_here(folder, out, recipe=recipe, copies=2, append=True)
    assert load_manifest(out).scenes == 5
    assert before.items() <= digests(out / "data").items()
    assert rebuild(out, key="view-009/copy-01").verdict == "bytes"


@pytest.mark.parametrize("storage", [
    pytest.param(storage, marks=[] if storage == "hdf5" else [pytest.mark.slow])
    for storage in FORMATS
])  # fmt: skip
def test_killed_and_resumed_with_any_workers_gives_the_same_bytes(
    storage: str,
    begin: Callable[..., RunningBuild],
    clean: Path,
    recipe: Path,
    tmp_path: Path,
) -> None:
    store = Store(storage, split="train=0.7,val=0.3", scenes_per_shard=4)
    alone = degrade_here(clean, tmp_path / "alone" / "set", recipe=recipe, copies=2, store=store)
    sources = shutil.copytree(clean, tmp_path / "gt")
    out = tmp_path / "set"
    options = (*LAYOUT, "--recipe", str(recipe), "--format", storage, "--workers")
    running = begin(sources, out, *options, "2", verb=VERB)
    assert wait_for(lambda: finished_sources(out) or not running.running())
    running.kill()
    assert running.leaves_nothing()
    assert not (out / "dataset.json").exists(), "it was quicker than the kill"
    done, kept = finished_sources(out), identities(finished_shards(out))
    assert done
    for path in done:  # were one made again, the dataset could not have the expected bytes
        path.write_bytes(bytes(path.stat().st_size))
    assert "16 pairs of 8 scenes" in build_whole(sources, out, *options, "1", verb=VERB)
    assert digests(out) == digests(alone)
    assert identities(list(kept)) == kept
    assert verify(out) == []
