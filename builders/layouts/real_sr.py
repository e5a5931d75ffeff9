"""Layouts of super-resolution sets whose inputs are photographs, and of the PIRM challenge."""

from __future__ import annotations

from builders.layouts.layout import Branch, Layout, both

_SPLITS = {"train": "Train", "test": "Test"}

# RealSR(V3)/Canon/Test/4/{Canon_001_LR4,Canon_001_HR}.png and Nikon beside it; collections put the
# two sides into folders of their own, Test/4/{LR,HR}. In version 3 an LR picture has 1/scale of
# the size of its HR; in versions 1 and 2 both have one size (the authors' README), under the same
# names.
REALSR = Layout(
    name="realsr",
    citation="Cai, Zeng, Yong, Cao, Zhang: Toward Real-World Single Image Super-Resolution: A New "
    "Benchmark and A New Model, ICCV 2019 (RealSR, version 3)",
    forms=(
        both(_SPLITS, lq="<split>/{scale:[234]}/{:(LR/)?}{name}_LR{scale}",
             gt="<split>/{scale:[234]}/{:(HR/)?}{name}_HR", variant="x{scale}"),
    ),
    counts={"test": 300},
    scene="{name}-x{scale}",
    scaled=True,
)  # fmt: skip

# Test_x4/{test_LR/Canon_10_x1,test_HR/Canon_10_x4}.png: the numbers behind the names are sizes
# relative to the input. x2 83, x3 84, x4 93 for testing; 884, 783, 840 for training.
_SIZE = "{:(_x[1-4])?}"
DREALSR = Layout(
    name="drealsr",
    citation="Wei, Xie, Lu, Zhan, Ye, Zuo, Lin: Component Divide-and-Conquer for Real-World Image "
    "Super-Resolution, ECCV 2020 (DRealSR)",
    forms=(
        both(_SPLITS, lq=f"<split>_x{{scale:[234]}}/<split>_LR/{{name:[^/]+?}}{_SIZE}",
             gt=f"<split>_x{{scale:[234]}}/<split>_HR/{{name:[^/]+?}}{_SIZE}",
             variant="x{scale}"),
    ),
    counts={"train": 2507, "test": 260},
    scene="{name}-x{scale}",
    scaled=True,
)  # fmt: skip


def _pirm(split: str, folder: str) -> Branch:
    return Branch(split, f"{folder}/4x_downsampled/{{name}}", f"{folder}/Original/{{name}}", "x4")


# PIRM_dataset/{Validation,Test}/{4x_downsampled,Original}/201.png: 100 pictures each, those for
# testing 201 to 300. The two were also given one by one, as PIRM_valset and PIRM_testset.
PIRM = Layout(
    name="pirm",
    citation="Blau, Mechrez, Timofte, Michaeli, Zelnik-Manor: The 2018 PIRM Challenge on "
    "Perceptual Image Super-Resolution, ECCVW 2018",
    forms=(
        (_pirm("val", "Validation"), _pirm("test", "Test")),
        (_pirm("val", "PIRM_valset"), _pirm("test", "PIRM_testset")),
    ),
    counts={"val": 100, "test": 100},
    scaled=True,
)
