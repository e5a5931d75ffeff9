"""What is wrong with a set's files is named before a model runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from set_folders import make_pairs, save, scene

from evaluation.benchmarks.table import BENCHMARKS
from evaluation.sets.check import check_set
from evaluation.sets.find import find_set

SIZES = {"baby": (512, 512), "bird": (288, 288), "butterfly": (256, 256), "head": (280, 280),
         "woman": (344, 228)}  # fmt: skip


def make_set5(root: Path, *, lr: bool = False) -> Path:
    """Set5's names and sizes, other contents; lr: with EDSR's inputs."""
    for number, (name, size) in enumerate(SIZES.items()):
        picture = scene(number, size=size)
        save(root / "Set5" / "HR" / f"{name}.png", picture)
        if lr:
            small = scene(number, size=(size[0] // 4, size[1] // 4))
            save(root / "Set5" / "LR_bicubic" / "X4" / f"{name}x4.png", small)
    return root / "Set5"


def faults(root: Path, *, name: str = "set5-x4") -> str:
    """The message of the check, '' where nothing is wrong."""
    benchmark = BENCHMARKS[name]
    try:
        check_set(benchmark, find_set(benchmark, roots=[root]), report=lambda _done, _total: None)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("lr", [False, True])
def test_a_right_set_passes(tmp_path: Path, lr: bool) -> None:
    make_set5(tmp_path, lr=lr)
    assert faults(tmp_path) == ""


def test_targets_cropped_to_the_scale_pass_too(tmp_path: Path) -> None:
    make_set5(tmp_path)
    cropped = scene(3, size=(280 - 280 % 3, 279))
    save(tmp_path / "Set5" / "HR" / "head.png", cropped)
    assert faults(tmp_path, name="set5-x3") == ""


def test_half_size_is_named_with_what_is_missing(tmp_path: Path) -> None:
    make_set5(tmp_path)
    save(tmp_path / "Set5" / "HR" / "woman.png", scene(4, size=(172, 114)))
    found = faults(tmp_path)
    assert "woman.png: 114x172" in found and "missing: 228x344" in found


def test_a_picture_too_few_and_one_too_many(tmp_path: Path) -> None:
    folder = make_set5(tmp_path)
    (folder / "HR" / "bird.png").unlink()
    assert "4 pictures (baby, butterfly, head ...), the set has 5" in faults(tmp_path)
    save(folder / "HR" / "bird.png", scene(1, size=(288, 288)))
    save(folder / "HR" / "holiday.png", scene(9))
    assert "6 pictures" in faults(tmp_path)


def test_an_input_of_another_scale_is_named(tmp_path: Path) -> None:
    folder = make_set5(tmp_path, lr=True)
    save(folder / "LR_bicubic" / "X4" / "babyx4.png", scene(0, size=(256, 256)))
    assert "babyx4.png: 256x256" in faults(tmp_path)
    assert "asks for 128x128" in faults(tmp_path)


def test_swapped_contents_are_named(tmp_path: Path) -> None:
    make_pairs(tmp_path, lq="eval15/low", gt="eval15/high", count=15, size=(400, 600))
    assert faults(tmp_path, name="lol-v1") == ""
    low = tmp_path / "eval15" / "low"
    (low / "3.png").rename(low / "spare.png")
    (low / "7.png").rename(low / "3.png")
    (low / "spare.png").rename(low / "7.png")
    found = faults(tmp_path, name="lol-v1")
    assert "low/3.png: shows what 7.png shows" in found
    assert "low/7.png: shows what 3.png shows" in found
    assert "1.png" not in found


def test_wrong_channels_are_named(tmp_path: Path) -> None:
    for number in range(12):
        side = 256 if number < 7 else 512
        gray = scene(number, size=(side, side))[..., 0]
        save(tmp_path / "Set12" / f"{number + 1:02d}.png", gray)
    assert faults(tmp_path, name="set12-gray-25") == ""
    save(tmp_path / "Set12" / "03.png", scene(2, size=(256, 256)))
    assert "03.png: 3 channels, the set's pictures have 1" in faults(tmp_path, name="set12-gray-25")


def test_kodak_originals_are_not_the_published_crops(tmp_path: Path) -> None:
    for number in range(24):
        save(tmp_path / "Kodak24" / f"kodim{number + 1:02d}.png", scene(number, size=(512, 768)))
    assert "768x512" in faults(tmp_path, name="kodak24-color-25")


def test_many_faults_are_counted(tmp_path: Path) -> None:
    for number in range(100):
        size = (512, 340) if number % 2 else (680, 1024)
        save(tmp_path / "Urban100" / f"img_{number + 1:03d}.png", scene(number, size=size))
    found = faults(tmp_path, name="urban100-x2")
    assert "img_002.png: 340x512" in found and "and 45 more" in found


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = make_set5(tmp_path)
    (folder / "HR" / "bird.png").write_bytes(b"<html>not found</html>")
    assert "bird.png: no picture" in faults(tmp_path)


def test_a_set_too_large_to_compare_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluation.sets import check

    monkeypatch.setattr(check, "CONTENT_PIXELS", 1e6)
    make_pairs(tmp_path, lq="eval15/low", gt="eval15/high", count=15, size=(400, 600))
    found = find_set(BENCHMARKS["lol-v1"], roots=[tmp_path])
    (note,) = check_set(BENCHMARKS["lol-v1"], found, report=lambda _done, _total: None)
    assert "7 megapixels: contents were not looked at" in note


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    folder = make_set5(tmp_path)
    path = folder / "HR" / "head.png"
    path.write_bytes(path.read_bytes()[:5000])
    assert "head.png: no whole picture" in faults(tmp_path)


def test_gray_where_colour_is_published_is_named(tmp_path: Path) -> None:
    folder = make_set5(tmp_path, lr=True)
    save(folder / "HR" / "head.png", scene(3, size=(280, 280))[..., 0])
    assert "head.png: 1 channel, the set's pictures have 3" in faults(tmp_path)
    make_set5(tmp_path, lr=True)
    save(folder / "LR_bicubic" / "X4" / "headx4.png", scene(3, size=(70, 70))[..., 0])
    assert "headx4.png: 1 channel(s), its target head.png has 3" in faults(tmp_path)


def test_whole_targets_beside_inputs_of_cropped_ones(tmp_path: Path) -> None:
    """EDSR keeps HR as it is and makes LR of what is cropped: 344 = 3 * 114 + 2."""
    for number, (name, size) in enumerate(SIZES.items()):
        save(tmp_path / "Set5" / "HR" / f"{name}.png", scene(number, size=size))
        small = scene(number, size=(size[0] // 3, size[1] // 3))
        save(tmp_path / "Set5" / "LR_bicubic" / "X3" / f"{name}x3.png", small)
    assert faults(tmp_path, name="set5-x3") == ""
    save(tmp_path / "Set5/LR_bicubic/X3/womanx3.png", scene(4, size=(115, 76)))
    assert "asks for 76x114" in faults(tmp_path, name="set5-x3")
