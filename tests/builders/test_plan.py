"""The plan: written whole, read strictly, and compared field by field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from built import make_plan, take_raws
from hypothesis import given
from hypothesis import strategies as st

from builders.kinds.exposure_arguments import Wishes
from builders.plan import (
    Plan,
    PlannedRoot,
    PlannedScene,
    cut_shards,
    differences,
    load_plan,
    plan_path,
    present_versions,
    save_plan,
)
from builders.planning import Store


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    raw = take_raws(tmp_path_factory.mktemp("raw"))
    return make_plan(raw, store=Store(split="train=0.5,val=0.5", scenes_per_shard=1))


def test_json_round_trip(plan: Plan, tmp_path: Path) -> None:
    assert load_plan(tmp_path) is None
    save_plan(plan, out=tmp_path)
    assert load_plan(tmp_path) == plan
    assert differences(plan, plan) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-40],
        lambda data: data.replace(b'"seed"', b'"sead"'),
        lambda data: data.replace(b'"seed": 0', b'"seed": "0"'),
        lambda _: b"\xff\xfe",
    ],
)
def test_a_damaged_or_foreign_plan_is_named(
    damage: Callable[[bytes], bytes], plan: Plan, tmp_path: Path
) -> None:
    save_plan(plan, out=tmp_path)
    path = plan_path(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"plan\.json: .*another version .* or is damaged"):
        load_plan(tmp_path)


def changed(plan: Plan, name: str, value: Any) -> Plan:
    return msgspec.structs.replace(plan, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("kind", "noise", "kind: 'exposure' was planned, now 'noise'"),
        ("format", "hf", "format: 'hdf5' was planned, now 'hf'"),
        ("naming", "msec", "naming: 'pairs' was planned, now 'msec'"),
        ("seed", 7, "seed: 0 was planned, now 7"),
        ("split_rule", "a=1", "split rule: 'train=0.5,val=0.5' was planned, now 'a=1'"),
        ("licence", "MIT", "licence: '' was planned, now 'MIT'"),
        ("attribution", "me", "attribution: '' was planned, now 'me'"),
        ("target_folders", {"t": "/t"}, "target folder t: None was planned, now '/t'"),
    ],
)
def test_each_difference_is_named(name: str, value: object, said: str, plan: Plan) -> None:
    assert differences(plan, changed(plan, name, value)) == [said]


def test_changed_arguments_and_versions_are_named(plan: Plan) -> None:
    arguments = changed(plan, "arguments", plan.arguments | {"size": 64, "bits": 16})
    assert differences(plan, arguments) == [
        "argument bits: 8 was planned, now 16",
        "argument size: 512 was planned, now 64",
    ]
    versions = changed(plan, "versions", plan.versions | {"libraw": "0.1"})
    assert differences(plan, versions) == [
        f"version of libraw: {plan.versions['libraw']!r} was planned, now '0.1'"
    ]


def test_changed_sources_are_named(plan: Plan) -> None:
    first, *others = plan.scenes
    assert differences(plan, changed(plan, "scenes", others)) == [
        f"1 sources gone since the plan: {first.path}"
    ]
    assert differences(changed(plan, "scenes", others), plan) == [
        f"1 sources new since the plan: {first.path}"
    ]
    grown = msgspec.structs.replace(first, size=first.size + 1)
    assert differences(plan, changed(plan, "scenes", [grown, *others])) == [
        f"1 sources changed since the plan: {first.path}"
    ]
    (line,) = differences(plan, changed(plan, "scenes", []))
    assert line.startswith("4 sources gone since the plan: cat.dng, cup.dng, face.dng ...")
    roots = changed(plan, "roots", [PlannedRoot("/elsewhere", 2.0)])
    (line,) = differences(plan, roots)
    assert line.endswith("now [('/elsewhere', 2.0)]")


def test_another_cut_into_shards_is_named(plan: Plan) -> None:
    scenes, shards = cut_shards(plan.scenes, per_shard=4)
    assert scenes == plan.scenes
    assert differences(plan, changed(plan, "shards", shards)) == [
        "the scenes are cut into shards differently: 4 shards were planned, now 2 "
        "(see --scenes-per-shard)"
    ]


def test_the_recipes_digest_is_of_kind_and_arguments_alone(plan: Plan) -> None:
    digest = plan.recipe_digest()
    assert digest == changed(plan, "seed", 3).recipe_digest()
    turned = dict(reversed(plan.arguments.items()))
    assert digest == changed(plan, "arguments", turned).recipe_digest()
    assert digest != changed(plan, "kind", "noise").recipe_digest()
    assert digest != changed(plan, "arguments", plan.arguments | {"bits": 16}).recipe_digest()


@given(st.lists(st.sampled_from(["train", "val", "test"]), max_size=60), st.integers(1, 9))
def test_shards_hold_every_scene_once_and_one_split_each(splits: list[str], most: int) -> None:
    scenes = [PlannedScene(f"s{i}", 0, f"s{i}.dng", 1, split) for i, split in enumerate(splits)]
    ordered, shards = cut_shards(scenes, per_shard=most, offset=100)
    assert sorted(scene.scene for scene in ordered) == sorted(scene.scene for scene in scenes)
    at = 100
    for shard in shards:
        assert shard.first == at
        assert 1 <= shard.last - shard.first <= most
        mine = ordered[shard.first - 100 : shard.last - 100]
        assert {scene.split for scene in mine} == {shard.split}
        assert shard.name.startswith(f"{shard.split}-")
        at = shard.last
    assert at == 100 + len(scenes)
    assert len({shard.name for shard in shards}) == len(shards)
    for split in set(splits):
        sizes = [shard.last - shard.first for shard in shards if shard.split == split]
        assert max(sizes) - min(sizes) <= 1


def test_versions_name_what_renders_and_stores() -> None:
    versions = present_versions()
    assert {"pairsmith", "rawpy", "libraw", "numpy", "processor"} <= set(versions)
    assert "absent" not in (versions["rawpy"], versions["h5py"], versions["pyarrow"])


def test_the_plan_says_what_a_machine_needs_and_reads_no_source(tmp_path: Path) -> None:
    for name in ("a.dng", "b.nef"):
        (tmp_path / name).write_bytes(b"no RAW at all")
    plan = make_plan(tmp_path, wishes=Wishes(ev=[2.0]), store=Store(split="all=1"))
    assert [(scene.scene, scene.size) for scene in plan.scenes] == [("a", 13), ("b", 13)]
    assert plan.roots == [PlannedRoot(str(tmp_path))]
    assert plan.arguments["ev"] == [2.0]
