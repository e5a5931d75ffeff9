"""Parts: what one source has become, coded and on disk, until its shard is put together.

A worker leaves one file per source in OUT/.build/parts/<shard>/. A kill loses only the sources in
flight: the next run finds the parts and goes on from there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from builders.atomic import write_whole
from builders.plan import BUILD_FOLDER, PlannedShard
from degrade.images import CODECS, Picture, decode_picture, encode_picture


class Coded(msgspec.Struct, frozen=True, array_like=True):
    """One coded picture: codec (key of `CODECS`), [H,W,3], 'uint8'|'uint16', the bytes.

    A shape () and dtype '' mean that the container does not state them (parquet); the bytes do.
    """

    codec: str
    shape: tuple[int, ...]
    dtype: str
    data: bytes

    def sha256(self) -> str:
        """Of the coded bytes, 64 hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    def suffix(self) -> str:
        """The file suffix of its codec, with the dot."""
        return CODECS[self.codec][0]

    def picture(self) -> Picture:
        """The decoded picture [H,W,3]; raises ValueError if bytes and header do not agree."""
        if self.codec != "raw":
            picture = decode_picture(self.data)
        else:
            samples: NDArray = np.frombuffer(self.data, np.dtype(self.dtype).newbyteorder("<"))
            if samples.size != np.prod(self.shape):
                raise ValueError(f"{samples.size} samples where {list(self.shape)} were stored")
            picture = samples.astype(self.dtype).reshape(self.shape)
        if self.shape and (picture.shape != self.shape or picture.dtype != self.dtype):
            raise ValueError(
                f"a {picture.dtype} {list(picture.shape)} picture where a "
                f"{self.dtype} {list(self.shape)} was stored"
            )
        return picture

    def described(self) -> Coded:
        """Itself with shape and dtype, decoded from the bytes where the container had none."""
        if self.shape:
            return self
        picture = self.picture()
        return Coded(self.codec, picture.shape, str(picture.dtype), self.data)


def code_picture(picture: Picture, *, codec: str) -> Coded:
    """`picture` [H,W,3] coded by `codec`, a key of `CODECS`."""
    data = encode_picture(picture, codec=codec)
    return Coded(codec, picture.shape, str(picture.dtype), data)


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One pair as it is stored: names, record (JSON text) and two coded pictures.

    `gt_name` tells the gts of a scene apart ('gt' where it has one).
    """

    key: str
    scene: str
    variant: str
    record: str
    identical: bool
    gt_name: str
    lq: Coded
    gt: Coded


class Dropped(msgspec.Struct, frozen=True):
    """One input not used: its path, a slug of `drops.REASONS` and a sentence for people."""

    path: str
    reason: str
    message: str


class PartRow(msgspec.Struct, frozen=True, array_like=True):
    """A `Row` whose gt is a name in its part, so that a gt of five pairs is held once."""

    variant: str
    record: str
    identical: bool
    gt_name: str
    lq: Coded


class Part(msgspec.Struct, frozen=True):
    """All that came of one source: its gts by name, its pairs, what was dropped and why.

    `extras` are further targets of the scene that no pair points to (the other experts of MSEC's
    test set); only the folder format stores them.
    """

    scene: str
    gts: dict[str, Coded]
    rows: list[PartRow]
    drops: list[Dropped]
    extras: dict[str, Coded] = {}

    def pairs(self) -> Iterator[Row]:
        """Its pairs as rows, in the order of the variants."""
        for row in self.rows:
            yield Row(
                f"{self.scene}/{row.variant}", self.scene, row.variant, row.record, row.identical,
                row.gt_name, row.lq, self.gts[row.gt_name],
            )  # fmt: skip

    def size(self) -> int:
        """Bytes of its pictures."""
        held = [*self.gts.values(), *self.extras.values(), *(row.lq for row in self.rows)]
        return sum(len(coded.data) for coded in held)


def part_path(out: Path, *, shard: PlannedShard, index: int) -> Path:
    """Where the part of the plan's scene number `index` lies."""
    return out / BUILD_FOLDER / "parts" / shard.name / f"{index:07d}.part"


def save_part(part: Part, *, path: Path) -> None:
    """Writes a part, whole or not at all."""
    write_whole(path, msgspec.msgpack.encode(part))


def load_part(path: Path) -> Part:
    """The part in `path`; its presence means that it is whole."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Part)


def remove_parts(out: Path, *, shard: PlannedShard) -> None:
    """Removes the parts of a shard that is whole."""
    shutil.rmtree(out / BUILD_FOLDER / "parts" / shard.name, ignore_errors=True)
