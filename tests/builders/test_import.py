"""Importing published pairs: right by content, split as published, nothing lost without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trees
from trees import build, make, tree

from builders.kinds.imported_wishes import ImportWishes
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store, planned_counts
from builders.verify import verify
from degrade.option_error import OptionError


@pytest.mark.parametrize("layout", sorted(trees.TREES))
def test_pairs_are_right_by_content(layout: str, tmp_path: Path) -> None:
    planned = make(tree(tmp_path, layout), layout)
    out = build(planned.plan, tmp_path / "out")
    manifest = load_manifest(out)
    assert manifest.splits == trees.ROWS[layout] == planned_counts(planned.plan)
    assert list(manifest.splits) == list(trees.ROWS[layout])
    assert manifest.drops == {}
    assert manifest.split_rule == "official"
    pairs = open_pairs(out)
    assert all(trees.holds(pair) for pair in pairs)
    assert len({trees.codes(pair.gt)[0] for pair in pairs}) == manifest.scenes
    assert verify(out) == []


@pytest.mark.parametrize("layout", ["gopro", "lol-v1", "rain13k"])
def test_a_published_test_picture_is_never_in_train(layout: str, tmp_path: Path) -> None:
    plan = make(tree(tmp_path, layout), layout).plan
    for scene in plan.scenes:
        assert (scene.split == "train") == ("train" in scene.path or "our485" in scene.path)


def test_variants_of_a_target_are_one_scene(tmp_path: Path) -> None:
    out = build(make(tree(tmp_path, "msec"), "msec").plan, tmp_path / "out")
    pairs = open_pairs(out, split="train")
    evs = ("ev-1.5", "ev-1", "ev+0", "ev+1", "ev+1.5")
    assert pairs.keys()[5:] == [f"tr-a0002-dgw/{ev}" for ev in evs]
    pair = pairs[pairs.find("tr-a0002-dgw/ev-1.5")]
    assert trees.codes(pair.lq) == (2, trees.LQ, trees.EVS.index("N1.5"))
    assert pair.record["input"]["path"].endswith("_N1.5.JPG")
    assert pair.record["source"]["path"] == "training/GT_IMAGES/tr-a0002-dgw.jpg"


@pytest.mark.parametrize(("target", "blue"), [("", 2), ("expert_e", 4)])
def test_the_expert_is_c_unless_another_is_asked_for(
    target: str, blue: int, tmp_path: Path
) -> None:
    out = build(
        make(tree(tmp_path, "msec"), ImportWishes("msec", target=target)).plan, tmp_path / "out"
    )
    assert {trees.codes(pair.gt)[2] for pair in open_pairs(out, split="test")} == {blue}


def test_one_input_of_several_is_taken_where_asked_for(tmp_path: Path) -> None:
    top = tree(tmp_path, "gopro")
    out = build(make(top, ImportWishes("gopro", inputs=["blur_gamma"])).plan, tmp_path / "out")
    assert {trees.codes(pair.lq)[2] for pair in open_pairs(out)} == {5}
    with pytest.raises(OptionError, match="--input x4: gopro holds blur, blur_gamma here"):
        make(top, ImportWishes("gopro", inputs=["x4"]))


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    out = build(make(tree(tmp_path, "dpdd-dual"), "dpdd-dual").plan, tmp_path / "out")
    pairs = open_pairs(out, split="train")
    assert pairs.keys()[:2] == ["1P0A0903/left", "1P0A0903/right"]
    assert [trees.codes(pair.lq)[2] for pair in pairs] == [1, 2, 1, 2]
    assert all(pair.lq.dtype == pair.gt.dtype == np.uint16 for pair in pairs)


def test_scales_are_kept_and_a_wrong_one_is_a_drop(tmp_path: Path) -> None:
    top = tree(tmp_path, "div2k")
    wrong = trees.flat(1, trees.LQ, size=(16, 32))
    trees.save(top / "DIV2K_train_LR_bicubic/X4/0001x4.png", wrong)
    out = build(make(top, "div2k").plan, tmp_path / "out")
    pairs = open_pairs(out, split="train")
    for pair in pairs:
        assert pair.gt.shape[0] == pair.lq.shape[0] * pair.record["scale"]
        assert pair.variant.startswith(f"x{pair.record['scale']}")
    assert len(pairs) == 19
    assert load_manifest(out).drops == {"target-size": 1}
    (line,) = (out / "drops.jsonl").read_text().splitlines()
    assert "X4/0001x4.png: 32x16 pixels, its target has 96x48" in line


def test_a_wrong_size_is_a_drop(tmp_path: Path) -> None:
    top = tree(tmp_path, "gopro")
    small = trees.flat(1, trees.LQ, size=(12, 16))
    trees.save(top / "train/GOPR0372_07_00/blur/000047.png", small)
    out = build(make(top, "gopro").plan, tmp_path / "out")
    assert load_manifest(out).drops == {"target-size": 1}
    assert "the same size" in (out / "drops.jsonl").read_text()


def test_eight_bit_copies_of_a_16_bit_set_are_not_that_set(tmp_path: Path) -> None:
    top = tree(tmp_path, "dpdd")
    for side, shot, code in (("target", 902, trees.GT), ("source", 903, trees.LQ)):
        trees.save(top / f"train_c/{side}/1P0A0{shot}.png", trees.flat(1, code))
    out = build(make(top, "dpdd").plan, tmp_path / "out")
    assert load_manifest(out).drops == {"unsupported": 1}
    assert "8 bits, dpdd is published with 16" in (out / "drops.jsonl").read_text()


def test_partners_have_one_depth(tmp_path: Path) -> None:
    top = tmp_path / "set"
    trees.folders(top)
    trees.save(top / "lq/10.png", trees.flat(3, trees.LQ), bits=16)
    out = build(make(top, "folders").plan, tmp_path / "out")
    assert load_manifest(out).drops == {"unsupported": 1}
    assert "lq/10.png: 16 bits, its target has 8" in (out / "drops.jsonl").read_text()


def test_a_file_without_a_partner_is_named_and_is_a_drop(tmp_path: Path) -> None:
    top = tree(tmp_path, "lol-v1")
    (top / "our485/high/10.png").unlink()
    (top / "eval15/low/1.png").unlink()
    trees.save(top / "eval15/low/7.png", trees.flat(7, trees.LQ))
    trees.save(top / "eval15/high/7.png", trees.flat(7, trees.GT))
    trees.save(top / "sheet.png", trees.flat(9, trees.LQ))
    planned = make(top, "lol-v1")
    said = "\n".join(planned.notes)
    assert "1 inputs without a target, each a drop: our485/low/10.png" in said
    assert "1 targets without an input, each a drop: eval15/high/1.png" in said
    assert "1 pictures are no part of lol-v1 and are left out: sheet.png" in said
    assert "here: train 1, test 1; published: train 485, test 15" in said
    out = build(planned.plan, tmp_path / "out")
    assert load_manifest(out).drops == {"no-target": 2}
    assert load_manifest(out).splits == {"train": 1, "test": 1}


def test_groups_stay_together_when_train_is_divided(tmp_path: Path) -> None:
    top = tree(tmp_path, "gopro")
    for seed in range(6):
        store = Store(split="train=0.5,val=0.5", seed=seed)
        plan = make(top, "gopro", store=store).plan
        found: dict[str, set[str]] = {}
        for scene in plan.scenes:
            if scene.split != "test":
                found.setdefault(scene.path.split("/")[1][:8], set()).add(scene.split)
            assert (scene.split == "test") == scene.path.startswith("test/")
        assert all(len(splits) == 1 for splits in found.values())
        assert set.union(*found.values()) == {"train", "val"}
        assert plan.split_rule == "official, train divided train=0.5,val=0.5"


def test_sidd_divides_by_scene(tmp_path: Path) -> None:
    plan = make(tree(tmp_path, "sidd"), "sidd", store=Store(split="train=0.7,val=0.3")).plan
    assert {scene.note.group for scene in plan.scenes} == {"001", "002", "003"}
    by_group: dict[str, set[str]] = {}
    for scene in plan.scenes:
        by_group.setdefault(scene.note.group, set()).add(scene.split)
    assert all(len(splits) == 1 for splits in by_group.values())


def test_a_split_that_the_set_has_cannot_be_made_of_its_train(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="has its own test; divide its train into other names"):
        make(tree(tmp_path, "gopro"), "gopro", store=Store(split="train=0.5,test=0.5"))


def test_a_split_file_overrules_the_published_splits(tmp_path: Path) -> None:
    top = tree(tmp_path, "lol-v1")
    names = tmp_path / "split.json"
    names.write_text('{"mine": ["1", "2"], "yours": ["10"]}')
    plan = make(top, "lol-v1", store=Store(split="official", split_file=names)).plan
    assert {s.scene: s.split for s in plan.scenes} == {"1": "mine", "2": "mine", "10": "yours"}


def test_realblur_needs_its_lists_or_a_split(tmp_path: Path) -> None:
    top = tmp_path / "set"
    trees.realblur(top, lists=False)
    with pytest.raises(FileNotFoundError, match=r"RealBlur_J_train_list\.txt and RealBlur_J_test"):
        make(top, "realblur-j")
    plan = make(top, "realblur-j", store=Store(split="train=0.5,test=0.5")).plan
    by_scene = {scene.path.split("/")[1]: scene.split for scene in plan.scenes}
    assert set(by_scene.values()) == {"train", "test"}
    assert all(by_scene[s.path.split("/")[1]] == s.split for s in plan.scenes)


def test_unpaired_pictures_are_rows_of_their_own(tmp_path: Path) -> None:
    top = tmp_path / "set"
    for code, (side, name) in enumerate((("low", "1"), ("low", "2"), ("high", "1")), start=1):
        trees.save(top / side / f"{name}.png", trees.flat(code, trees.LQ))
    planned = make(top, "unpaired")
    out = build(planned.plan, tmp_path / "out")
    manifest = load_manifest(out)
    assert manifest.splits == {"train_low": 2, "train_high": 1}
    assert manifest.identical == 3
    assert planned.notes == []
    low = open_pairs(out, split="train_low")
    assert low.keys() == ["train_low-1/low", "2/low"]
    divided = make(top, "unpaired", store=Store(split="train=0.5,test=0.5")).plan
    assert {s.split for s in divided.scenes} == {"train_low", "test_low", "train_high"}


GRID = {(0, 0), (0, 16), (8, 0), (8, 16)}


def test_patches_are_cut_of_train_only_and_cover_the_border(tmp_path: Path) -> None:
    top = tree(tmp_path, "gopro")
    out = build(make(top, ImportWishes("gopro", patch="16", stride=16)).plan, tmp_path / "out")
    assert load_manifest(out).splits == {"train": 24, "test": 2}
    train = open_pairs(out, split="train")
    assert {tuple(pair.record["patch"]) for pair in train} == {(*p, 16) for p in GRID}
    assert {pair.lq.shape for pair in train} == {(16, 16, 3)}
    assert {pair.gt.shape for pair in open_pairs(out, split="test")} == {(24, 32, 3)}
    assert all(trees.holds(pair) for pair in train)


def test_patches_of_scaled_inputs_show_the_same_place(tmp_path: Path) -> None:
    top = tmp_path / "set"
    marks = np.arange(48 * 96, dtype=np.int64).reshape(48, 96) // 8 % 251
    picture = np.repeat(marks[..., None], 3, axis=2).astype(np.uint8)
    trees.save(top / "DIV2K_train_HR/0001.png", picture)
    trees.save(top / "DIV2K_train_LR_bicubic/X2/0001x2.png", picture[::2, ::2])
    out = build(make(top, ImportWishes("div2k", patch="32", stride=20)).plan, tmp_path / "out")
    pairs = open_pairs(out)
    assert {tuple(p.record["patch"][:2]) for p in pairs} == {
        (y, x) for y in (0, 16) for x in (0, 20, 40, 60, 64)
    }
    assert all(np.array_equal(pair.gt[::2, ::2], pair.lq) for pair in pairs)
    with pytest.raises(OptionError, match="both must be multiples of 2"):
        make(top, ImportWishes("div2k", patch="33"))


def test_the_authors_cutting_is_theirs(tmp_path: Path) -> None:
    planned = make(tree(tmp_path, "dpdd"), ImportWishes("dpdd", patch="authors"))
    arguments = planned.plan.arguments
    assert (arguments["patch"], arguments["stride"], arguments["leave_out"]) == (512, 204, 0.3)
    # 4 x 7 places in 1120x1680, of which int(0.3 * 28) = 8 are left out
    assert planned_counts(planned.plan) == {"train": 40, "val": 2, "test": 2}
    with pytest.raises(OptionError, match="no published cutting of lol-v1"):
        make(tree(tmp_path / "lol", "lol-v1"), ImportWishes("lol-v1", patch="authors"))
    for patch, stride in (("", 4), ("4", None), ("x", None), ("16", 0)):
        wrong = ImportWishes("dpdd", patch=patch, stride=stride)
        with pytest.raises(OptionError, match=r"--patch|--stride"):
            make(tmp_path / "set", wrong)


def test_a_picture_smaller_than_the_patch_is_a_drop(tmp_path: Path) -> None:
    out = build(
        make(tree(tmp_path, "gopro"), ImportWishes("gopro", patch="64")).plan, tmp_path / "out"
    )
    assert load_manifest(out).splits == {"test": 2}
    assert load_manifest(out).drops == {"too-small": 6}
