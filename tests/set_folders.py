"""Small trees of benchmark sets, of pictures that differ from each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from degrade.images import encode_picture
from degrade.resize import resize_matlab


def scene(number: int, *, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A smooth picture [h,w,3] uint8 that no other number's thumbnail resembles."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return resize_matlab(coarse, size=size)


def save(path: Path, picture: np.ndarray) -> Path:
    """The picture as PNG; gray [h,w] too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.ndim == 2:
        import cv2

        assert cv2.imwrite(str(path), picture)
    else:
        path.write_bytes(encode_picture(picture, codec="png"))
    return path


def dark(picture: np.ndarray) -> np.ndarray:
    """As a short exposure shows it, with noise."""
    noise = np.random.default_rng(0).normal(0, 3, picture.shape)
    return np.clip(picture / 8.0 + noise, 0, 255).astype(np.uint8)


def make_pairs(
    root: Path, *, lq: str, gt: str, count: int, size: tuple[int, int] = (48, 64)
) -> None:
    """`count` pairs, numbered from 1: dark inputs beside their targets."""
    for number in range(1, count + 1):
        target = scene(number, size=size)
        save(root / gt / f"{number}.png", target)
        save(root / lq / f"{number}.png", dark(target))
