"""Fake trees of benchmark sets: what a download leaves, by the folders that `download` names."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

# Sets without targets.
ALONE = ("lime", "npe", "mef", "dicm", "vv")


def both(folder: str, names: str, *, sides: tuple[str, str]) -> list[tuple[list[str], list[str]]]:
    """Rows of inputs and targets of the same names in two folders."""
    return [([f"{folder}/{sides[0]}/{n}"], [f"{folder}/{sides[1]}/{n}"]) for n in names.split()]


def _gopro(blur: str) -> list[tuple[list[str], list[str]]]:
    return both("GoPro/test/GOPR0384_11_00", "000001 000002", sides=(blur, "sharp"))


def realblur(kind: str) -> list[tuple[list[str], list[str]]]:
    """Rows of one of RealBlur's two folders."""
    top = f"RealBlur/{kind}_ECC_IMCORR_centroid_itensity_ref/scene230"
    return [([f"{top}/blur/blur_{i}"], [f"{top}/gt/gt_{i}"]) for i in (1, 2)]


def _msec(experts: str) -> list[tuple[list[str], list[str]]]:
    top = "MSEC/testing"
    return [
        ([f"{top}/INPUT_IMAGES/a1-b_{ev}"], [f"{top}/expert_{x}_testing_set/a1-b" for x in experts])
        for ev in ("0", "P1", "P1.5", "N1", "N1.5")
    ]


def _realsr(scale: int) -> list[tuple[list[str], list[str]]]:
    return [
        ([f"{top}_LR{scale}"], [f"{top}_HR"])
        for camera in ("Canon", "Nikon")
        for top in [f"RealSR(V3)/{camera}/Test/{scale}/{camera}_001"]
    ]


def _drealsr(scale: int) -> list[tuple[list[str], list[str]]]:
    top = f"DRealSR/Test_x{scale}"
    return [
        ([f"{top}/test_LR/{n}_x1"], [f"{top}/test_HR/{n}_x{scale}"]) for n in ("Canon_1", "DSC_2")
    ]


def _div2k(folder: str, end: str) -> list[tuple[list[str], list[str]]]:
    return [
        ([f"DIV2K/DIV2K_valid_LR_{folder}/{n}{end}"], [f"DIV2K/DIV2K_valid_HR/{n}"])
        for n in ("0801", "0802")
    ]


_LOL2 = "LOL-v2/Real_captured/Test"
# What a download leaves, in the order of the rows: inputs of a row, then its targets.
TREES: dict[str, list[tuple[list[str], list[str]]]] = {
    "sidd": both("SIDD/val", "0001_01 0001_02", sides=("input_crops", "gt_crops")),
    "gopro": _gopro("blur"),
    "gopro-gamma": _gopro("blur_gamma"),
    "hide": [(["HIDE/test/test-close-ups/1"], ["HIDE/GT/1"]),
             (["HIDE/test/test-long-shot/2"], ["HIDE/GT/2"])],
    "realblur-j": realblur("RealBlur-J"),
    "realblur-r": realblur("RealBlur-R_BM3D"),
    **{
        folder.lower(): both(folder, "1 2 10", sides=("input", "target"))
        for folder in ("Rain100H", "Rain100L", "Test100", "Test1200", "Test2800")
    },
    "dpdd-single": [([f"DPDD/test_c/source/1P0A{n + 1}"], [f"DPDD/test_c/target/1P0A{n}"])
                    for n in (1000, 1002)],
    "dpdd-dual": [([f"DPDD/test_{v}/source/1P0A{n + 1}" for v in "lr"],
                   [f"DPDD/test_c/target/1P0A{n}"]) for n in (1000, 1002)],
    "lol-v1": both("LOL/eval15", "1 22", sides=("low", "high")),
    "lol-v2-real": [([f"{_LOL2}/Low/low0069{i}"], [f"{_LOL2}/Normal/normal0069{i}"])
                    for i in (0, 1)],
    "lol-v2-syn": both("LOL-v2/Synthetic/Test", "r1 r2", sides=("Low", "Normal")),
    "lsrw": [pair for camera in ("Huawei", "Nikon")
             for pair in both(f"LSRW/Eval/{camera}", "1", sides=("low", "high"))],
    "msec": _msec("abcde"),
    "msec-c": _msec("c"),
    **{f"realsr-x{scale}": _realsr(scale) for scale in (2, 3, 4)},
    **{f"drealsr-x{scale}": _drealsr(scale) for scale in (2, 3, 4)},
    "pirm-val": both("PIRM_dataset/Validation", "1 2", sides=("4x_downsampled", "Original")),
    "pirm-test": both("PIRM_dataset/Test", "201 202", sides=("4x_downsampled", "Original")),
    **{f"div2k-unknown-x{scale}": _div2k(f"unknown/X{scale}", f"x{scale}") for scale in (2, 3, 4)},
    "div2k-mild-x4": _div2k("mild", "x4m"),
    "div2k-difficult-x4": _div2k("difficult", "x4d"),
    "div2k-wild-x4": _div2k("wild", "x4w"),
    **{name: [([f"{name.upper()}/{n}"], []) for n in ("1", "2", "10")] for name in ALONE},
}  # fmt: skip


def plant(root: Path, paths: list[str]) -> None:
    """A picture of 8x8 at each path, which nobody opens."""
    data = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    for path in paths:
        (root / f"{path}.png").parent.mkdir(parents=True, exist_ok=True)
        (root / f"{path}.png").write_bytes(data)


def write_lists(root: Path) -> None:
    """RealBlur's lists of test pictures, beside its folders."""
    for letter, kind in (("J", "RealBlur-J"), ("R", "RealBlur-R_BM3D")):
        lines = [f"{gt[0]}.png {lq[0]}.png" for lq, gt in realblur(kind)]
        text = "\n".join(lines).replace("RealBlur/", "")
        (root / "RealBlur").mkdir(exist_ok=True)
        (root / f"RealBlur/RealBlur_{letter}_test_list.txt").write_text(text)
