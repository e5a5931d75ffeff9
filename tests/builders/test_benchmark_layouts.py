"""Layouts of benchmark sets: each distribution gives the right targets, and inputs where it has."""

from __future__ import annotations

import random

import pytest

from builders.layouts.denoise_sets import denoise_set
from builders.layouts.layout import Layout
from builders.layouts.pairing import pair_files
from builders.layouts.sr_sets import basicsr_set, classic_set, div2k_val, sr_set

NAMES = ("baby", "bird")
EDSR = [f"Set5/HR/{n}.png" for n in NAMES] + [
    f"Set5/LR_bicubic/X{x}/{n}x{x}.png" for x in (2, 4) for n in NAMES
]
RCAN = [
    path
    for n in NAMES
    for x in (2, 3)
    for path in (
        f"HR/Set5/x{x}/{n}_HR_x{x}.png",
        f"LR/LRBI/Set5/x{x}/{n}_LRBI_x{x}.png",
        f"SR/BI/RCAN/Set5/x{x}/{n}_RCAN_x{x}.png",
    )
]
BASICSR = [f"Set5/{folder}/{n}.png" for folder in ("GTmod12", "LRbicx2", "LRbicx4") for n in NAMES]
ORIGINAL = [f"Set5/original/{n}.png" for n in NAMES]
SELF = [
    f"Set5/image_SRF_{x}/img_00{i}_SRF_{x}_{side}.png"
    for x in (2, 4)
    for i in (1, 2)
    for side in ("HR", "LR")
]
FLAT = [f"Set5/{n}.bmp" for n in NAMES]
SRCNN = [f"Set5/{n}_GT.bmp" for n in NAMES]
HUB = [f"Set5_HR/{n}.png" for n in NAMES]


def modern(scale: int) -> Layout:
    return sr_set("set5", citation="c", folders=("Set5",), scale=scale)


def classic(scale: int) -> Layout:
    return classic_set("set5", citation="c", folders=("Set5",), scale=scale)


def basicsr(scale: int) -> Layout:
    return basicsr_set("set5", citation="c", folders=("Set5",), scale=scale)


def pairs(paths: list[str], layout: Layout, above: str = "") -> list[tuple[str, list[str], str]]:
    """(name, inputs, target) of each pair; whatever the order of the files."""
    shuffled = list(paths)
    random.Random(0).shuffle(shuffled)
    found = pair_files(shuffled, layout=layout, above=above)
    assert found.alone == []
    return sorted((p.name, list(p.lqs.values()), p.gt or "") for p in found.partners)


@pytest.mark.parametrize(
    ("paths", "scale", "expected"),
    [
        (EDSR, 2, [(n, [f"Set5/LR_bicubic/X2/{n}x2.png"], f"Set5/HR/{n}.png") for n in NAMES]),
        # no X3 in that copy: its inputs are made
        (EDSR, 3, [(n, [], f"Set5/HR/{n}.png") for n in NAMES]),
        (
            RCAN, 3,
            [(n, [f"LR/LRBI/Set5/x3/{n}_LRBI_x3.png"], f"HR/Set5/x3/{n}_HR_x3.png") for n in NAMES],
        ),
        (HUB, 4, [(n, [], f"Set5_HR/{n}.png") for n in NAMES]),
        (FLAT, 4, [(n, [], f"Set5/{n}.bmp") for n in NAMES]),
        (SRCNN, 4, [(n, [], f"Set5/{n}_GT.bmp") for n in NAMES]),
        # the inputs of GTmod12 are not those of the whole pictures
        (BASICSR + ORIGINAL, 4, [(n, [], f"Set5/original/{n}.png") for n in NAMES]),
        (["Set5/GTmod4/baby.png"], 4, [("baby", [], "Set5/GTmod4/baby.png")]),
    ],
)  # fmt: skip
def test_distributions_of_super_resolution(
    paths: list[str], scale: int, expected: list[tuple[str, list[str], str]]
) -> None:
    assert pairs(paths, modern(scale)) == expected


@pytest.mark.parametrize(("scale", "folder"), [(2, 2), (4, 4), (8, 4)])
def test_inputs_of_selfexsr_are_never_taken(scale: int, folder: int) -> None:
    """Its LR files are another reading of imresize; x8 is had of the crop to 4."""
    expected = [
        (f"img_00{i}", [], f"Set5/image_SRF_{folder}/img_00{i}_SRF_{folder}_HR.png") for i in (1, 2)
    ]
    assert pairs(SELF, modern(scale)) == pairs(SELF, classic(scale)) == expected


def test_inputs_are_preferred_to_targets_alone() -> None:
    """A folder with several distributions has one answer, not an error."""
    everything = [*FLAT, *SELF, *HUB, *RCAN, *BASICSR, *ORIGINAL, *EDSR]
    assert pairs(everything, modern(2)) == pairs(EDSR, modern(2))
    assert pairs([*FLAT, *HUB, *RCAN], modern(3)) == pairs(RCAN, modern(3))


def test_classic_inputs_are_made() -> None:
    """Inputs beside the targets are of another protocol, and RCAN's targets lack gray pictures."""
    assert pairs(EDSR, classic(2)) == [(n, [], f"Set5/HR/{n}.png") for n in NAMES]
    with pytest.raises(FileNotFoundError, match="wanted Set5/HR/<name>"):
        pair_files(RCAN, layout=classic(2))


def test_basicsr_takes_its_own_inputs_or_makes_them() -> None:
    assert pairs(BASICSR, basicsr(4)) == [
        (n, [f"Set5/LRbicx4/{n}.png"], f"Set5/GTmod12/{n}.png") for n in NAMES
    ]
    assert pairs(BASICSR, basicsr(3)) == [(n, [], f"Set5/GTmod12/{n}.png") for n in NAMES]
    assert pairs(EDSR, basicsr(2)) == [(n, [], f"Set5/HR/{n}.png") for n in NAMES]


def test_targets_cropped_to_twelve_are_no_whole_pictures() -> None:
    with pytest.raises(FileNotFoundError, match="no pair of set5"):
        pair_files(BASICSR, layout=modern(4))


@pytest.mark.parametrize("folder", ["B100", "BSD100", "bsds100"])
def test_a_set_of_several_names(folder: str) -> None:
    layout = sr_set("bsd100-x2", citation="c", folders=("B100", "BSD100", "BSDS100"), scale=2)
    paths = [f"benchmark/{folder}/HR/3096.png", f"benchmark/{folder}/LR_bicubic/X2/3096x2.png"]
    assert pairs(paths, layout) == [("3096", [paths[1]], paths[0])]
    assert "B100 may also be BSD100 or BSDS100" in layout.hint


def test_the_sets_own_folder_may_be_given() -> None:
    inner = [path.removeprefix("Set5/") for path in EDSR]
    found = pairs(inner, modern(4), above="data/Set5")
    assert found == [(n, [f"LR_bicubic/X4/{n}x4.png"], f"HR/{n}.png") for n in NAMES]


def test_two_copies_of_targets_are_refused() -> None:
    copies = [f"{top}/{path}" for top in ("a", "b") for path in HUB]
    with pytest.raises(ValueError, match=r"Set5_HR/baby\.png and b/Set5_HR/baby\.png"):
        pair_files(copies, layout=modern(4))


def test_what_is_looked_for_is_said() -> None:
    with pytest.raises(FileNotFoundError) as refused:
        pair_files(["other/baby.png"], layout=modern(4))
    assert "wanted Set5/LR_bicubic/X4/<name>x4 beside Set5/HR/<name>" in str(refused.value)
    assert "Targets are looked for in Set5/HR/, HR/Set5/x4/, Set5/original/" in str(refused.value)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_div2k_validation(scale: int) -> None:
    """The official inputs but for x8; training pictures and other tracks are no part of it."""
    lq = f"DIV2K_valid_LR_bicubic/X{scale}/0801x{scale}.png"
    paths = [
        "DIV2K_valid_HR/0801.png", "DIV2K_train_HR/0001.png", "DIV2K_valid_LR_x8/0801x8.png",
        "DIV2K_valid_LR_mild/0801x4m.png", f"DIV2K_train_LR_bicubic/X{scale}/0001x{scale}.png",
    ]  # fmt: skip
    layout = div2k_val("div2k-val", scale=scale)
    found = pair_files([*paths, *([lq] if scale < 8 else [])], layout=layout)
    assert [(p.split, p.name, p.lqs, p.gt) for p in found.partners] == [
        ("val", "0801", {"": lq} if scale < 8 else {}, "DIV2K_valid_HR/0801.png")
    ]
    assert [(p.lqs, p.gt) for p in pair_files(paths, layout=layout).partners] == [
        ({}, "DIV2K_valid_HR/0801.png")
    ]


@pytest.mark.parametrize(
    ("folders", "inside", "path"),
    [
        (("Set12",), ("",), "testsets/Set12/01.png"),
        (("BSD68", "Set68"), ("",), "data/Set68/test001.png"),
        (("CBSD68",), ("", "/original_png"), "CBSD68/101085.png"),
        (("CBSD68",), ("", "/original_png"), "CBSD68/original_png/0000.png"),
        (("Kodak24", "Kodak"), ("",), "Datasets/test/Kodak/kodim01.png"),
        (("McMaster",), ("",), "McMaster/1.tif"),
        (("Urban100",), ("", "/HR"), "benchmark/Urban100/HR/img_001.png"),
    ],
)
def test_distributions_of_denoising(
    folders: tuple[str, ...], inside: tuple[str, ...], path: str
) -> None:
    layout = denoise_set("some", citation="c", folders=folders, inside=inside)
    noisy = "CBSD68/noisy25/101085.png"
    found = pair_files([path, noisy], layout=layout)
    (pair,) = found.partners
    assert (pair.split, pair.lqs, pair.gt) == ("test", {}, path)
    assert found.strangers == [noisy]


def test_gray_and_colour_are_not_taken_for_each_other() -> None:
    """BSD68 is the end of CBSD68, and a template matches whole names of folders."""
    layout = denoise_set("bsd68", citation="c", folders=("BSD68",))
    with pytest.raises(FileNotFoundError, match="wanted BSD68/<name>"):
        pair_files(["CBSD68/101085.png"], layout=layout)
