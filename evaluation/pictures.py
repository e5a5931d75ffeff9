"""The pictures of one case, and what a folder, a .mat or a generator must give for each."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builders.atomic import sha256_file

# [H,W,C], C 1, 3 or more: uint8, uint16, or float in [0,1] (noise may leave that range).
Samples = NDArray[Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shown:
    """The pictures of a case. lq: what the model gets, float32 or float64 [H,W,C], 1 is white.

    targets: reference -> picture [H,W,C] uint8, uint16 or float in [0,1]; '' where there is one,
    nothing where a set has none.
    """

    lq: Samples
    targets: Mapping[str, Samples]


@dataclass(frozen=True)
class Case:
    """One row of an evaluation. name: unique in the set. groups: the parts of the set whose means
    it counts in (indoor, under ...). show: reads or makes its pictures; errors name the file.
    stored: whether its input was read from the set, not made. has_target: whether it has one.
    files: that it was read from."""

    name: str
    show: Callable[[], Shown] = field(compare=False)
    groups: tuple[str, ...] = ()
    stored: bool = True
    has_target: bool = True
    files: tuple[str, ...] = ()


def to_unit(picture: Samples) -> Samples:
    """Float32 in [0,1] from uint8 (by 255) or uint16 (by 65535); floats as they are."""
    if picture.dtype == np.uint8:
        return picture.astype(np.float32) / np.float32(255)
    if picture.dtype == np.uint16:
        return picture.astype(np.float32) / np.float32(65535)
    return picture


def to_u8(picture: Samples) -> NDArray[np.uint8]:
    """8 bits: floats clipped to [0,1], times 255, rounded half to even; 16 bits by 257, rounded."""
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype == np.uint16:
        return ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def to_rgb8(picture: Samples) -> NDArray[np.uint8]:
    """[H,W,3] of 8 bits, to show or store: gray three times, of more channels the first three."""
    eight = to_u8(picture)
    return eight[..., :3] if eight.shape[2] >= 3 else np.repeat(eight[..., :1], 3, axis=2)


def contents_digest(cases: Sequence[Case]) -> list[str]:
    """What tells cases of equal names apart: of each, a digest of its files' bytes. Files that are
    not there (bundled ones) count by name."""
    known: dict[str, bytes] = {}
    digests = []
    for case in cases:
        total = hashlib.sha256()
        for path in case.files:
            if path not in known:
                known[path] = _file_digest(Path(path)).encode()
            total.update(known[path])
        digests.append(total.hexdigest()[:12])
    return digests


def _file_digest(path: Path) -> str:
    """A file's sha256, or its name where it is not there. A set of one's own is asked twice: for
    its benchmark and for its run."""
    if not path.is_file():
        return str(path)
    status = path.stat()
    return _read_digest(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=1 << 16)
def _read_digest(path: Path, size: int, changed: int) -> str:  # noqa: ARG001 parts of the key
    return sha256_file(path)
