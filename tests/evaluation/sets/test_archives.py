"""Sets in MATLAB files: the right blocks under the right names, and faults before any model."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mat_files
import numpy as np
import pytest

from evaluation.benchmarks.real_denoise import REAL_DENOISE
from evaluation.sets.archives import (
    ARCHIVES,
    DND_FORM,
    SIDD_FORM,
    SIDD_GT,
    SIDD_NOISY,
    BlockForm,
    dnd_boxes,
    find_archive,
    sidd_benchmark,
    sidd_validation,
)

FORM = BlockForm(3, 4, (6, 8))
SHAPE = (3, 4, 6, 8, 3)
SIDD = REAL_DENOISE["sidd"]


def blocks(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def sidd(folder: Path, *, version: str = "5") -> tuple[np.ndarray, np.ndarray]:
    """Both files of SIDD's validation data; what is in them, (noisy, gt)."""
    noisy, gt = blocks(1), blocks(2)
    for name, array in ((SIDD_NOISY, noisy), (SIDD_GT, gt)):
        mat_files.save(folder / f"{name}.mat", array, name=name, version=version)
    return noisy, gt


def test_the_official_forms() -> None:
    """What the command line reads: 40 x 32 blocks of 256x256, 50 x 20 boxes of 512x512."""
    assert (SIDD_FORM.rows, DND_FORM.rows) == (1280, 1000)
    assert SIDD_FORM.name(0) == DND_FORM.name(0) == "0001-01"
    assert SIDD_FORM.name(1279) == "0040-32"
    assert DND_FORM.name(20) == "0002-01"
    defaults = {
        name: inspect.signature(reader).parameters["form"].default
        for name, reader in ARCHIVES.items()
    }
    assert defaults == {"sidd-mat": SIDD_FORM, "sidd-benchmark": SIDD_FORM, "dnd": DND_FORM}


@pytest.mark.parametrize("version", mat_files.VERSIONS)
def test_blocks_of_the_validation_data(version: str, tmp_path: Path) -> None:
    noisy, gt = sidd(tmp_path, version=version)
    cases = sidd_validation(tmp_path, SIDD, form=FORM)
    assert [case.name for case in cases][3:6] == ["0001-04", "0002-01", "0002-02"]
    assert len(cases) == FORM.rows
    for index in (11, 0, 5):  # in any order
        shown = cases[index].show()
        picture, block = divmod(index, 4)
        np.testing.assert_array_equal(shown.targets[""], gt[picture, block])
        assert shown.lq.dtype == np.float32
        np.testing.assert_array_equal(
            shown.lq, noisy[picture, block].astype(np.float32) / np.float32(255)
        )
        assert cases[index].stored
        assert cases[index].files == tuple(
            str(tmp_path / f"{name}.mat") for name in (SIDD_NOISY, SIDD_GT)
        )


def test_nothing_is_decoded_before_the_first_block(tmp_path: Path) -> None:
    """The files may go away between listing and showing: then showing fails, not listing."""
    sidd(tmp_path)
    cases = sidd_validation(tmp_path, SIDD, form=FORM)
    (tmp_path / f"{SIDD_GT}.mat").unlink()
    with pytest.raises(ValueError, match=rf"{SIDD_GT}\.mat: damaged or not whole"):
        cases[0].show()


def test_faults_of_the_validation_data_are_told_at_once(tmp_path: Path) -> None:
    sidd(tmp_path)
    wrong = replace(FORM, blocks=5)
    with pytest.raises(ValueError, match=r"is 3x4x6x8x3 uint8; wanted 3x5x6x8x3 uint8"):
        sidd_validation(tmp_path, SIDD, form=wrong)
    with pytest.raises(ValueError, match="wanted 40x32x256x256x3 uint8: download"):
        ARCHIVES["sidd-mat"](tmp_path, SIDD)
    gt = tmp_path / f"{SIDD_GT}.mat"
    mat_files.save(gt, blocks(2) / 255.0, name=SIDD_GT, version="5")
    with pytest.raises(ValueError, match="is 3x4x6x8x3 double; wanted 3x4x6x8x3 uint8"):
        sidd_validation(tmp_path, SIDD, form=FORM)
    mat_files.save(gt, blocks(2), name="blocks", version="5")
    with pytest.raises(ValueError, match=f"no variable {SIDD_GT}; it holds blocks"):
        sidd_validation(tmp_path, SIDD, form=FORM)
    gt.unlink()
    with pytest.raises(FileNotFoundError, match=rf"no {SIDD_GT}\.mat in it; it belongs beside"):
        sidd_validation(tmp_path, SIDD, form=FORM)


def test_the_benchmark_s_blocks_have_no_targets(tmp_path: Path) -> None:
    name = "BenchmarkNoisyBlocksSrgb"
    mat_files.save(tmp_path / f"{name}.mat", blocks(3), name=name, version="7.3")
    cases = sidd_benchmark(tmp_path, REAL_DENOISE["sidd-benchmark"], form=FORM)
    shown = cases[6].show()
    assert shown.targets == {}
    np.testing.assert_array_equal(np.rint(shown.lq * 255), blocks(3)[1, 2])


DND = BlockForm(2, 3, (4, 5))
SIZES = ((30, 40), (25, 50))
BOXES = [
    np.array([[1, 1, 4, 5], [27, 36, 30, 40], [7, 9, 10, 13]], float),
    np.array([[1, 46, 4, 50], [22, 1, 25, 5], [3, 3, 6, 7]], float),
]


def dnd(folder: Path) -> list[np.ndarray]:
    """A small DND; its pictures."""
    mat_files.save_info(folder / "info.mat", BOXES)
    pictures = []
    for index, size in enumerate(SIZES):
        # double in the first, single in the second: releases and copies differ
        kind = (np.float64, np.float32)[index]
        pictures.append(np.random.default_rng(index).random((*size, 3)).astype(kind))
        path = folder / "images_srgb" / f"{index + 1:04d}.mat"
        mat_files.save(path, pictures[-1], name="InoisySRGB", version="7.3")
    return pictures


def test_boxes_of_dnd(tmp_path: Path) -> None:
    """Boxes count from 1 and hold their last row and column."""
    first, second = dnd(tmp_path)
    cases = dnd_boxes(tmp_path, REAL_DENOISE["dnd"], form=DND)
    names = ["0001-01", "0001-02", "0001-03", "0002-01", "0002-02", "0002-03"]
    assert [case.name for case in cases] == names
    wanted = (
        first[:4, :5], first[26:30, 35:40], first[6:10, 8:13],
        second[:4, 45:50], second[21:25, :5], second[2:6, 2:7],
    )  # fmt: skip
    for case, box in zip(cases, wanted, strict=True):
        shown = case.show()
        assert shown.targets == {}
        assert shown.lq.dtype == np.float32
        np.testing.assert_array_equal(shown.lq, box.astype(np.float32))


def test_faults_of_dnd_are_told_at_once(tmp_path: Path) -> None:
    dnd(tmp_path)
    made = REAL_DENOISE["dnd"]
    with pytest.raises(ValueError, match=r"boxes of 2 pictures, the first of shape \[3, 4\]; want"):
        ARCHIVES["dnd"](tmp_path, made)
    with pytest.raises(ValueError, match=r"box \[1, 1, 4, 5\] of 0001.mat \(30x40\); a box is 5x5"):
        dnd_boxes(tmp_path, made, form=replace(DND, size=(5, 5)))
    beyond = [BOXES[0] + [0, 1, 0, 1], BOXES[1]]
    mat_files.save_info(tmp_path / "info.mat", beyond)
    with pytest.raises(ValueError, match=r"box \[27, 37, 30, 41\].*4x5 within its picture"):
        dnd_boxes(tmp_path, made, form=DND)
    mat_files.save_info(tmp_path / "info.mat", BOXES)
    (tmp_path / "images_srgb" / "0002.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"images_srgb: no 0002\.mat in it"):
        dnd_boxes(tmp_path, made, form=DND)


def test_archives_are_found_from_above_and_from_inside(tmp_path: Path) -> None:
    inner = tmp_path / "Datasets/test/SIDD"
    sidd(inner)
    dnd(tmp_path / "DND")
    for start in (tmp_path, tmp_path / "Datasets", inner):
        assert find_archive("sidd-mat", start) == inner
    assert find_archive("dnd", tmp_path) == tmp_path / "DND"
    assert find_archive("sidd-benchmark", tmp_path) is None
    deep = tmp_path / "a/b/c/d/e"
    sidd(deep)
    assert find_archive("sidd-mat", tmp_path / "a") == deep
    assert find_archive("sidd-mat", deep.parents[4]) == inner  # the nearer one


def test_two_copies_are_not_chosen_from(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sidd(tmp_path / name)
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path / 'a'} and {tmp_path / 'b'} both")):
        find_archive("sidd-mat", tmp_path)


def test_file_names_of_any_case(tmp_path: Path) -> None:
    sidd(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.lower()))
    assert find_archive("sidd-mat", tmp_path) == tmp_path
    assert len(sidd_validation(tmp_path, SIDD, form=FORM)) == FORM.rows


_MEASURE = """
import re, sys
from pathlib import Path
import torch
from evaluation.sets.archives import ARCHIVES
from evaluation.benchmarks.real_denoise import REAL_DENOISE
cases = ARCHIVES["sidd-mat"](Path(sys.argv[1]), REAL_DENOISE["sidd"])
total = sum(int(next(iter(case.show().targets.values())).sum(dtype="int64")) for case in cases)
# not getrusage: that keeps the peak of the process that started this one
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())
print(len(cases), total, peak[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("version", mat_files.VERSIONS)
def test_official_arrays_fit_into_memory(version: str, tmp_path: Path) -> None:
    """Both arrays of 252 MB are read within 2 GB, torch's half a gigabyte included."""
    array = blocks(0, (40, 32, 256, 256, 3))
    for name in (SIDD_NOISY, SIDD_GT):
        mat_files.save(tmp_path / f"{name}.mat", array, name=name, version=version)
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(tmp_path)],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, total, kilobytes = map(int, done.stdout.split())
    assert (count, total) == (1280, int(array.sum(dtype=np.int64)))
    assert kilobytes < 2_000_000
