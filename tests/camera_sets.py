"""Synthetic RAW files with known light, and small datasets of the kinds that simulate a camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from built import run_here
from numpy.typing import NDArray

from builders.dng import DngColor, DngShot, write_dng
from builders.kinds.camera_arguments import (
    CameraWishes,
    resolve_lowlight,
    resolve_noise,
    resolve_rawsr,
)
from builders.kinds.camera_plan import plan_lowlight, plan_noise, plan_rawsr
from builders.planning import Planned, Store
from builders.sources import Root
from builders.start import start_build
from degrade.color import SRGB_TO_XYZ, srgb_decode

BLACK, WHITE = 512, 16383
# XYZ -> camera of a camera whose colours are those of linear sRGB: nothing is left to a matrix.
_MATRIX = tuple((float(a), float(b), float(c)) for a, b, c in np.linalg.inv(SRGB_TO_XYZ))
ALL_TRAIN = Store(split="train=1")


def write_light(
    path: Path,
    light: NDArray,
    *,
    pattern: str = "RGGB",
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0),
    shot: DngShot | None = None,
) -> Path:
    """A DNG whose mosaic holds `light` [H,W] (0 black, 1 white), with a colour matrix of identity.
    One corner is changed: a file whose samples are all equal is not a picture."""
    numbers = np.clip(np.rint(BLACK + light * (WHITE - BLACK)), 0, WHITE).astype(np.uint16)
    numbers[0, 0] ^= 1
    color = DngColor(
        pattern=pattern, black=float(BLACK), white=WHITE, white_balance=balance, matrix=_MATRIX
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dng(path, numbers, color=color, shot=shot)
    return path


def plan_camera(kind: str, raw: Path, wishes: CameraWishes, *, store: Store = ALL_TRAIN,
                amplify: bool = True, darker: tuple[float, float] = (2.0, 6.0),
                scales: tuple[int, ...] = (2,)) -> Planned:  # fmt: skip
    """The plan of a noise, clean (noise from clean pictures), lowlight or rawsr build."""
    roots = [Root(raw)]
    if kind == "lowlight":
        dark = resolve_lowlight(wishes, darker=darker, amplify=amplify)
        return plan_lowlight(roots, arguments=dark, store=store)
    if kind == "rawsr":
        coarse = resolve_rawsr(wishes, scales=scales)
        return plan_rawsr(roots, arguments=coarse, store=store)
    noisy = resolve_noise(wishes, clean=kind == "clean")
    return plan_noise(roots, arguments=noisy, store=store)


def build_camera(planned: Planned, out: Path, *, store: Store = ALL_TRAIN) -> Path:
    """A finished dataset in `out`, made in this process."""
    run_here(start_build(planned.plan, out=out, store=store), out)
    return out


def linear_of(picture: NDArray) -> NDArray[np.float64]:
    """The linear light of an sRGB picture."""
    return srgb_decode(picture / np.iinfo(picture.dtype).max)
