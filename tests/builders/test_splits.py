"""Splits: by scene, by group, by largest remainder, and by file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from built import PARTS, build_here, make_plan, take_raws
from hypothesis import given
from hypothesis import strategies as st

from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.planning import Store
from builders.splits import (
    largest_remainder,
    parse_split,
    read_split_file,
    split_by_file,
    split_groups,
)

WEIGHTS = st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any)
GROUPS = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=40)
EVEN = {"train": 0.9, "val": 0.05, "test": 0.05}


def fractions_of(weights: list[int]) -> dict[str, float]:
    return {f"s{index}": weight / sum(weights) for index, weight in enumerate(weights)}


@given(WEIGHTS, st.integers(0, 20_000))
def test_counts_sum_and_every_split_gets_one(weights: list[int], total: int) -> None:
    fractions = fractions_of(weights)
    counts = largest_remainder(fractions, total)
    wanted = [name for name, fraction in fractions.items() if fraction > 0]
    assert list(counts) == list(fractions)
    assert sum(counts.values()) == total
    assert all(counts[name] == 0 for name in fractions if name not in wanted)
    if total >= len(wanted):
        assert all(counts[name] >= 1 for name in wanted)


@given(WEIGHTS, st.integers(1000, 20_000))
def test_counts_are_within_one_of_their_share(weights: list[int], total: int) -> None:
    fractions = fractions_of(weights)
    counts = largest_remainder(fractions, total)
    assert all(abs(counts[name] - fractions[name] * total) < 1 + 1e-6 for name in fractions)


@pytest.mark.parametrize(
    ("total", "counts"),
    [
        (0, [0, 0, 0]), (1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (7, [5, 1, 1]),
        (20, [18, 1, 1]), (30, [27, 2, 1]), (4866, [4380, 243, 243]),
    ],
)  # fmt: skip
def test_known_counts(total: int, counts: list[int]) -> None:
    assert list(largest_remainder(EVEN, total).values()) == counts


@given(GROUPS, st.integers(0, 99), st.randoms())
def test_groups_stay_together_in_any_order(groups: list[str], seed: int, random: object) -> None:
    splits = split_groups(groups, fractions=EVEN, seed=seed)
    place = dict(zip(groups, splits, strict=True))
    assert [place[group] for group in groups] == splits
    shuffled = list(groups)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = split_groups(shuffled, fractions=EVEN, seed=seed)
    assert dict(zip(shuffled, again, strict=True)) == place


def test_the_seed_decides_who_goes_where() -> None:
    scenes = [f"scene{index}" for index in range(100)]
    first = split_groups(scenes, fractions=EVEN, seed=0)
    assert first == split_groups(scenes, fractions=EVEN, seed=0)
    assert first != split_groups(scenes, fractions=EVEN, seed=1)
    assert Counter(first) == {"train": 90, "val": 5, "test": 5}


@pytest.mark.parametrize(
    "text", ["train=1", "a=0.5,b=0.5", "train=0.9,val=0.05,test=0.05", "x_1=1"]
)
def test_split_texts(text: str) -> None:
    assert sum(parse_split(text).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train", "'train' is not NAME=FRACTION"),
        ("train=0.5,val=0.4", "the fractions sum to 0.9, not 1"),
        ("train=2,val=-1", "'train=2' is not"),
        ("train=0.5,train=0.5", "a new name"),
        ("a/b=1", "'a/b=1' is not"),
        ("train=x", "'train=x' is not"),
        ("train=nan", "'train=nan' is not"),
    ],
)
def test_wrong_split_texts(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^--split {text}: .*{said}"):
        parse_split(text)


def test_split_files(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text('{"train": ["a"], "test": ["b", "c"]}')
    splits = read_split_file(path)
    assert split_by_file(["a", "b", "c", "d"], splits=splits) == ["train", "test", "test", None]
    with pytest.raises(ValueError, match="2 scenes that are not among the 1 sources: b, c"):
        split_by_file(["a"], splits=splits)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"train": ["a"], "test": ["a"]}', "scene 'a' is in 'train' and 'test'"),
        ('{"train": ["a", "a"]}', "scene 'a' is in 'train' and 'train'"),
        ('{"my split": ["a"]}', "split 'my split': letters, digits and '_' only"),
        ('{"train": "a"}', "it must be {split: \\[scene, ...\\]}"),
        ("no json", "it must be {split: \\[scene, ...\\]}"),
    ],
)
def test_wrong_split_files(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"split\.json: .*{said}"):
        read_split_file(path)


def test_a_split_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.json: no such file"):
        read_split_file(tmp_path / "none.json")


def test_a_drop_moves_nobody(tmp_path: Path) -> None:
    """The split is decided before any file is read: broken files keep their place in it."""
    raw = take_raws(tmp_path / "raw")
    store = Store(split="train=0.5,test=0.5", format="folder")
    before = {scene.scene: scene.split for scene in make_plan(raw, store=store).scenes}
    for part in ("cup", "cat"):
        (raw / f"{part}.dng").write_bytes(b"")
    plan = make_plan(raw, store=store)
    assert {scene.scene: scene.split for scene in plan.scenes} == before
    out = build_here(raw, tmp_path / "set", wishes=Wishes(size=64, ev=[1.0]), store=store)
    held = {line["scene"]: split for split in ("train", "test")
            for path in (out / "data").glob(f"{split}-*.jsonl")
            for line in map(json.loads, path.read_text().splitlines())}  # fmt: skip
    assert held == {scene: before[scene] for scene in ("face", "helmet")}
    assert load_manifest(out).drops == {"empty-file": 2}


def test_scenes_of_one_group_never_part(tmp_path: Path) -> None:
    raw = take_raws(tmp_path / "raw")
    notes = {f"{part}.dng": {"group": "same" if part != "cat" else "cat"} for part in PARTS}
    (raw / "sources.json").write_text(json.dumps(notes))
    for seed in range(8):
        plan = make_plan(raw, store=Store(split="train=0.5,test=0.5", seed=seed))
        splits = {scene.scene: scene.split for scene in plan.scenes}
        assert splits["cup"] == splits["face"] == splits["helmet"] != splits["cat"]


def test_limit_takes_the_first_sources_before_they_are_split(tmp_path: Path) -> None:
    raw = take_raws(tmp_path / "raw")
    plan = make_plan(raw, store=Store(limit=3))
    assert {scene.path for scene in plan.scenes} == {"cat.dng", "cup.dng", "face.dng"}
    assert {scene.split for scene in plan.scenes} == {"train", "val", "test"}
