"""What the benchmarks are run on: photographs of any size, and DNGs made of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from builders import demo
from builders.dng import DngColor, DngShot, write_dng

_ISO = 400
_ENLARGED = 2  # a camera's picture is softer, pixel by pixel, than these small photographs


def photographs() -> list[NDArray[np.uint8]]:
    """The demo's photographs, enlarged and cut to one size: sRGB uint8 [h,w,3], sides even."""
    enlarged = [
        cv2.resize(
            getattr(skimage.data, name)(), None, fx=_ENLARGED, fy=_ENLARGED,
            interpolation=cv2.INTER_CUBIC,
        )
        for name in demo.PHOTOGRAPHS
    ]  # fmt: skip
    height, width = (min(p.shape[axis] for p in enlarged) // 2 * 2 for axis in (0, 1))
    return [np.asarray(p[:height, :width, :3], np.uint8) for p in enlarged]


def make_dng(path: Path, *, shape: tuple[int, int], seed: int = 0) -> None:
    """A 14-bit Bayer DNG of `shape`: the photographs unprocessed, side by side, with the shot and
    read noise of ISO 400, another at every site."""
    shot, read = demo.camera_noise(_ISO)
    tiles = [demo.take_mosaic(demo.unprocess(p), pattern="RGGB") for p in photographs()]
    height, width = tiles[0].shape
    rows = []
    for y in range(-(-shape[0] // height)):
        light = np.hstack([tiles[(x + y + y // 4) % 4] for x in range(-(-shape[1] // width))])
        rows.append(demo.expose(light, shot=shot, read=read, seed=seed * 1000 + y))
    color = DngColor(
        black=float(demo.BLACK), white=demo.WHITE, matrix=demo.MATRIX,
        white_balance=demo.daylight_gains(),
    )  # fmt: skip
    write_dng(path, np.vstack(rows)[: shape[0], : shape[1]], color=color, shot=DngShot(iso=_ISO))
