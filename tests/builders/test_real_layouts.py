"""Layouts of photographed super-resolution sets, SIDD's blocks, and pictures without targets."""

from __future__ import annotations

import random

import pytest

from builders.layouts import unreferenced
from builders.layouts.denoise import SIDD_BLOCKS
from builders.layouts.layout import Layout, pattern
from builders.layouts.pairing import pair_files
from builders.layouts.real_sr import DREALSR, PIRM, REALSR

ALONE = (
    unreferenced.LIME,
    unreferenced.NPE,
    unreferenced.MEF,
    unreferenced.DICM,
    unreferenced.VV,
)


def pairs(paths: list[str], layout: Layout) -> list[tuple[str, str, dict[str, str], str | None]]:
    """(split, name, inputs, target) of each pair, whatever the order of the files."""
    shuffled = list(paths)
    random.Random(0).shuffle(shuffled)
    found = pair_files(shuffled, layout=layout)
    assert found.alone == []
    return sorted((p.split, p.name, p.lqs, p.gt) for p in found.partners)


@pytest.mark.parametrize("layout", [REALSR, DREALSR, PIRM, SIDD_BLOCKS, *ALONE])
def test_every_layout_is_whole(layout: Layout) -> None:
    assert layout.citation
    assert set(layout.counts) <= set(layout.splits())
    for branch in (branch for form in layout.forms for branch in form):
        for template in (branch.lq, branch.gt):
            assert not template or "name" in pattern(template, anchored=False).groupindex


def realsr(top: str) -> list[str]:
    return [
        f"{top}{camera}/{split}/{scale}/{camera}_00{i}_{side}.png"
        for camera in ("Canon", "Nikon")
        for split in ("Train", "Test")
        for scale in (2, 4)
        for i in (1, 2)
        for side in ("HR", f"LR{scale}")
    ]


def test_realsr_is_paired_within_a_camera_and_a_scale() -> None:
    found = pairs(realsr("RealSR(V3)/"), REALSR)
    assert len(found) == 16
    assert found[0] == (
        "test",
        "Canon_001-x2",
        {"x2": "RealSR(V3)/Canon/Test/2/Canon_001_LR2.png"},
        "RealSR(V3)/Canon/Test/2/Canon_001_HR.png",
    )
    assert all(str(target)[:-6] == next(iter(lqs.values()))[:-7] for _, _, lqs, target in found)


def test_realsr_with_sides_in_folders_of_their_own() -> None:
    paths = ["Test/4/LR/Canon_001_LR4.png", "Test/4/HR/Canon_001_HR.png"]
    assert pairs(paths, REALSR) == [("test", "Canon_001-x4", {"x4": paths[0]}, paths[1])]


def test_drealsr_is_paired_without_the_sizes_behind_the_names() -> None:
    paths = [
        f"DRealSR/x{scale}/Test_x{scale}/test_{side}/{name}_x{size}.png"
        for scale in (3, 4)
        for side, size in (("LR", 1), ("HR", scale))
        for name in ("Canon_10", "Canon_1", "DSC_1412")
    ]
    found = pairs(paths, DREALSR)
    assert [name for _, name, _, _ in found] == [
        f"{name}-x{scale}" for name in ("Canon_1", "Canon_10", "DSC_1412") for scale in (3, 4)
    ]
    assert found[1][2:] == (
        {"x4": "DRealSR/x4/Test_x4/test_LR/Canon_1_x1.png"},
        "DRealSR/x4/Test_x4/test_HR/Canon_1_x4.png",
    )


def test_pirm_by_both_of_its_names() -> None:
    for top, folder in (("PIRM_dataset/Test", "test"), ("x/PIRM_valset", "val")):
        paths = [f"{top}/4x_downsampled/201.png", f"{top}/Original/201.png"]
        assert pairs(paths, PIRM) == [(folder, "201", {"x4": paths[0]}, paths[1])]


@pytest.mark.parametrize(
    ("lq", "gt"),
    [
        ("SIDD/val/input_crops", "SIDD/val/gt_crops"),
        ("Datasets/val/SIDD/input_crops", "Datasets/val/SIDD/target_crops"),
        ("test/SIDD/input", "test/SIDD/target"),
        ("SIDD/input_crops", "SIDD/gt_crops"),
    ],
)
def test_blocks_of_sidd_as_pictures(lq: str, gt: str) -> None:
    paths = [f"{lq}/0001_01.png", f"{gt}/0001_01.png"]
    assert pairs(paths, SIDD_BLOCKS) == [("val", "0001_01", {"noisy": paths[0]}, paths[1])]


def test_training_patches_of_sidd_are_no_blocks_of_its_validation() -> None:
    train = [f"train/SIDD/{side}/0001_NOISY.png" for side in ("input_crops", "target_crops")]
    with pytest.raises(FileNotFoundError, match="no pair of sidd-blocks"):
        pair_files(train, layout=SIDD_BLOCKS)
    val = [f"val/SIDD/{side}/1.png" for side in ("input_crops", "target_crops")]
    assert [name for _, name, _, _ in pairs([*train, *val], SIDD_BLOCKS)] == ["1"]


@pytest.mark.parametrize("layout", ALONE)
def test_pictures_without_targets_stand_alone(layout: Layout) -> None:
    folder = layout.name.upper()
    for below in ("", "low/"):
        paths = [f"x/{folder}/{below}{name}" for name in ("1.bmp", "a.JPG", "10.png")]
        found = pairs(paths, layout)
        assert [(name, gt) for _, name, _, gt in found] == [("1", None), ("10", None), ("a", None)]
        assert [lqs["low"] for _, _, lqs, _ in found] == [paths[0], paths[2], paths[1]]


def test_pictures_of_another_set_are_not_taken() -> None:
    with pytest.raises(FileNotFoundError, match="wanted LIME/<name>"):
        pair_files(["NPE/1.png"], layout=unreferenced.LIME)
