"""Small folder trees laid out as published sets are, with pictures that tell who belongs to whom.

A picture is one colour: red says which pair it is of, green whether it is an input or a target,
blue which of several inputs. So a wrong pair is seen in the pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from built import run_here

from builders.kinds.imported_plan import plan_import
from builders.kinds.imported_wishes import ImportWishes
from builders.pairs import Pair
from builders.plan import Plan
from builders.planning import Planned, Store
from builders.start import start_build
from degrade.images import Picture, encode_picture

STEP = 8  # between two codes: JPEG moves a flat colour by 2 at most
LQ, GT = 10, 20  # green


def flat(pair: int, side: int, variant: int = 0, *, size: tuple[int, int] = (24, 32)) -> Picture:
    """A picture [h,w,3] uint8 of one colour."""
    colour = np.array([pair, side, variant], np.uint8) * STEP
    return np.broadcast_to(colour, (*size, 3)).copy()


def codes(picture: Picture) -> tuple[int, int, int]:
    """(pair, side, variant) of a picture, 8 or 16 bit."""
    deep = picture.dtype == np.uint16
    red, green, blue = (np.asarray(picture[0, 0], float) / (257 if deep else 1)).tolist()
    return round(red / STEP), round(green / STEP), round(blue / STEP)


def save(path: Path, picture: Picture, *, bits: int = 8) -> None:
    """The picture as PNG or JPEG, by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = "png" if path.suffix.lower() == ".png" else "jpeg100"
    deep = picture.astype(np.uint16) * 257 if bits == 16 else picture
    path.write_bytes(encode_picture(deep, codec=codec))


def holds(pair: Pair) -> bool:
    """Whether lq and gt belong together and are on the right sides."""
    lq, gt = codes(pair.lq), codes(pair.gt)
    return lq[0] == gt[0] and (lq[1], gt[1]) == (LQ, GT)


def sidd(top: Path) -> None:
    for number, scene in enumerate(("001", "001", "002", "003"), start=1):
        folder = top / "Data" / f"{number:04d}_{scene}_S6_00100_00060_3200_L"
        for shot in (10, 11):
            code = 2 * number + shot - 10
            save(folder / f"{number:04d}_NOISY_SRGB_{shot:03d}.PNG", flat(code, LQ))
            save(folder / f"{number:04d}_GT_SRGB_{shot:03d}.PNG", flat(code, GT))


GOPRO = {
    "train": ("GOPR0372_07_00", "GOPR0372_07_01", "GOPR0374_11_00"),
    "test": ("GOPR0384_11_00",),
}


def gopro(top: Path) -> None:
    code = 0
    for split, videos in GOPRO.items():
        for video in videos:
            for frame in (47, 48):
                code += 1
                folder = top / split / video
                save(folder / "blur" / f"{frame:06d}.png", flat(code, LQ))
                save(folder / "blur_gamma" / f"{frame:06d}.png", flat(code, LQ, 5))
                save(folder / "sharp" / f"{frame:06d}.png", flat(code, GT))


def gopro_collected(top: Path) -> None:
    for code, (split, name) in enumerate(
        (("train", "GOPR0372_07_00-000047"), ("test", "GOPR0384_11_00-000001")), start=1
    ):
        save(top / split / "GoPro" / "input" / f"{name}.png", flat(code, LQ))
        save(top / split / "GoPro" / "target" / f"{name}.png", flat(code, GT))


def hide(top: Path) -> None:
    places = ("train", "train", "test/test-close-ups", "test/test-long-shot")
    names = ("1fromGOPR0950", "2fromGOPR0950", "10fromGOPR1085", "1fromGOPR1096")
    for code, (place, name) in enumerate(zip(places, names, strict=True), start=1):
        save(top / place / f"{name}.png", flat(code, LQ))
        save(top / "GT" / f"{name}.png", flat(code, GT))


def realblur(top: Path, *, letter: str = "J", lists: bool = True) -> None:
    kind = {"J": "RealBlur-J", "R": "RealBlur-R_BM3D"}[letter]
    folder = f"{kind}_ECC_IMCORR_centroid_itensity_ref"
    code = 0
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for scene, split in (("scene001", "train"), ("scene002", "train"), ("scene230", "test")):
        for index in (1, 10):
            code += 1
            blur, gt = (f"{folder}/{scene}/{s}/{s}_{index}.png" for s in ("blur", "gt"))
            save(top / blur, flat(code, LQ))
            save(top / gt, flat(code, GT))
            lines[split].append(f"{gt} {blur} ")
    for split, text in lines.items():
        if lists:
            (top / f"RealBlur_{letter}_{split}_list.txt").write_text("\n".join(text) + "\n")


def realblur_r(top: Path) -> None:
    realblur(top, letter="R")


def dpdd(top: Path, *, size: tuple[int, int] = (24, 32), apart: int = 1) -> None:
    """Targets 0916, 0918 ..., sources a shot later; the two views beside the combined one."""
    code = 0
    for split in ("train", "val", "test"):
        for _ in range(2):
            code += 1
            shot = 900 + 2 * code
            save(top / f"{split}_c/target/1P0A{shot:04d}.png", flat(code, GT, size=size), bits=16)
            for view, variant in (("c", 0), ("l", 1), ("r", 2)):
                end = "" if view == "c" else f"_{view.upper()}"
                save(
                    top / f"{split}_{view}/source/1P0A{shot + apart:04d}{end}.png",
                    flat(code, LQ, variant, size=size),
                    bits=16,
                )


def rain13k(top: Path) -> None:
    code = 0
    for place in ("train/Rain13K", "test/Rain100H", "test/Test1200"):
        for name in ("1", "2", "10"):
            code += 1
            heavy = place.endswith("100H")
            suffix = "jpg" if place.endswith("13K") else "png"
            lq, gt = (f"rain-{name}", f"norain-{name}") if heavy else (name, name)
            save(top / place / "input" / f"{lq}.{suffix}", flat(code, LQ))
            save(top / place / "target" / f"{gt}.{suffix}", flat(code, GT))


def _two_sides(top: Path, names: dict[str, tuple[str, str]], suffix: str = "png") -> None:
    for code, (lq, gt) in enumerate(names.values(), start=1):
        save(top / f"{lq}.{suffix}", flat(code, LQ))
        save(top / f"{gt}.{suffix}", flat(code, GT))


def lol_v1(top: Path) -> None:
    places = {"2": "our485", "10": "our485", "1": "eval15"}
    _two_sides(top, {n: (f"{p}/low/{n}", f"{p}/high/{n}") for n, p in places.items()})


def lol_v2_real(top: Path) -> None:
    places = {"00001": "Train", "00002": "Train", "00690": "Test"}
    names = {
        n: (f"Real_captured/{p}/Low/low{n}", f"Real_captured/{p}/Normal/normal{n}")
        for n, p in places.items()
    }
    _two_sides(top, names)


def lol_v2_syn(top: Path) -> None:
    places = {"r00816405t": "Train", "r1a0b": "Train", "r2": "Test"}
    names = {n: (f"Synthetic/{p}/Low/{n}", f"Synthetic/{p}/Normal/{n}") for n, p in places.items()}
    _two_sides(top, names)


def lsrw(top: Path) -> None:
    names = {
        f"{place}{camera}{n}": (f"{place}/{camera}/low/{n}", f"{place}/{camera}/high/{n}")
        for place in ("Training data", "Eval")
        for camera in ("Huawei", "Nikon")
        for n in (1, 2)
    }
    _two_sides(top, names, suffix="jpg")


EVS = ("N1.5", "N1", "0", "P1", "P1.5")


def msec(top: Path) -> None:
    code = 0
    for place in ("training", "validation", "testing"):
        for name in ("a0001-MB_2003_030", "a0002-dgw"):
            code += 1
            stem = f"{place[:2]}-{name}"
            for index, ev in enumerate(EVS):
                save(top / place / "INPUT_IMAGES" / f"{stem}_{ev}.JPG", flat(code, LQ, index))
            experts = [f"expert_{x}_testing_set" for x in "abcde"]
            for index, gt in enumerate(experts if place == "testing" else ["GT_IMAGES"]):
                save(top / place / gt / f"{stem}.jpg", flat(code, GT, index))


def div2k(top: Path) -> None:
    code = 0
    for split, names in (("train", ("0001", "0002")), ("valid", ("0801",))):
        for name in names:
            code += 1
            save(top / f"DIV2K_{split}_HR/{name}.png", flat(code, GT, size=(48, 96)))
            for track in ("bicubic", "unknown"):
                for scale in (2, 3, 4):
                    small = flat(code, LQ, scale, size=(48 // scale, 96 // scale))
                    folder = top / f"DIV2K_{split}_LR_{track}" / f"X{scale}"
                    save(folder / f"{name}x{scale}.png", small)
            for index in range(1, 5 if split == "train" else 2):
                small = flat(code, LQ, 4 + index, size=(12, 24))
                end = f"x4w{index}" if split == "train" else "x4w"
                save(top / f"DIV2K_{split}_LR_wild/{name}{end}.png", small)


def folders(top: Path, *, lq: str = "lq", gt: str = "gt") -> None:
    for code, name in enumerate(("1", "2", "10", "deep/1"), start=1):
        save(top / lq / f"{name}.png", flat(code, LQ))
        save(top / gt / f"{name}.png", flat(code, GT))


TREES: dict[str, Callable[[Path], None]] = {
    "sidd": sidd, "gopro": gopro, "hide": hide, "realblur-j": realblur, "realblur-r": realblur_r,
    "dpdd": dpdd, "dpdd-dual": dpdd, "rain13k": rain13k, "lol-v1": lol_v1,
    "lol-v2-real": lol_v2_real, "lol-v2-syn": lol_v2_syn, "lsrw": lsrw, "msec": msec,
    "div2k": div2k, "folders": folders,
}  # fmt: skip
# Rows by split of each tree.
ROWS: dict[str, dict[str, int]] = {
    "sidd": {"train": 8},
    "gopro": {"train": 6, "test": 2},
    "hide": {"train": 2, "test": 2},
    "realblur-j": {"train": 4, "test": 2},
    "realblur-r": {"train": 4, "test": 2},
    "dpdd": {"train": 2, "val": 2, "test": 2},
    "dpdd-dual": {"train": 4, "val": 4, "test": 4},
    "rain13k": {"train": 3, "rain100h": 3, "test1200": 3},
    "lol-v1": {"train": 2, "test": 1},
    "lol-v2-real": {"train": 2, "test": 1},
    "lol-v2-syn": {"train": 2, "test": 1},
    "lsrw": {"train": 4, "test": 4},
    "msec": {"train": 10, "val": 10, "test": 10},
    "div2k": {"train": 20, "val": 7},
    "folders": {"train": 4},
}


def tree(folder: Path, layout: str) -> Path:
    """The tree of a layout in `folder`/set."""
    TREES[layout](folder / "set")
    return folder / "set"


def make(top: Path, wishes: ImportWishes | str, *, store: Store | None = None) -> Planned:
    """The plan of an import; a layout's name for no wishes, official splits for no store."""
    wanted = ImportWishes(wishes) if isinstance(wishes, str) else wishes
    return plan_import(top, wishes=wanted, store=store or Store(split="official"))


def build(plan: Plan, out: Path) -> Path:
    """The dataset of a plan, made in this process."""
    run_here(start_build(plan, out=out, store=Store()), out)
    return out
