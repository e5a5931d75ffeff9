"""Folders of small synthetic RAW files: real DNGs that decode in milliseconds."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from builders.dng import DngColor, write_dng

HEIGHT, WIDTH = 96, 128
COLOR = DngColor(black=256, white=60000, white_balance=(2.0, 1.0, 1.5))


def synthetic_mosaic(*, seed: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint16]:
    """An RGGB mosaic [height,width] uint16 of waves and noise; every seed gives another one."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x / (3 + seed % 5) + y / 7)
    return (15_400 + 15_000 * waves + rng.integers(0, 3000, (height, width))).astype(np.uint16)


def make_raw_folder(
    folder: Path, *, count: int, first: int = 0, empty: bool = False, side: int = 0
) -> list[Path]:
    """`count` DNGs shot-<first>.dng ... in `folder`, and with `empty` a file without a byte.

    side: height and width in pixels instead of 96x128. Returns the DNGs' paths, sorted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(first, first + count):
        path = folder / f"shot-{index:03d}.dng"
        mosaic = synthetic_mosaic(seed=index, height=side or HEIGHT, width=side or WIDTH)
        write_dng(path, mosaic, color=COLOR)
        paths.append(path)
    if empty:
        (folder / "shot-000-empty.dng").touch()
    return paths


class Gate:
    """A source that cannot be read to its end: a named pipe in the place of a listed file.

    Whoever reads it waits until `open_again` puts the file back; the one that reads already waits
    on. Set it between a build's plan and its first decode: a pipe is not listed as a source.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = path.with_name(f".{path.name}")
        pipe = path.with_name(f".pipe-{path.name}")
        os.mkfifo(pipe)
        os.link(path, self._kept)
        pipe.replace(path)
        self._writers: list[int] = []

    def reader_waits(self) -> bool:
        """Whether a process has begun to read since the last time this was True."""
        try:
            self._writers.append(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # ENXIO: nobody has it open
            return False
        return True

    def open_again(self) -> None:
        """Puts the real file back for the next reader; the present one stays where it is."""
        self._kept.replace(self.path)

    def close(self) -> None:
        for descriptor in self._writers:
            os.close(descriptor)
        self._writers.clear()
