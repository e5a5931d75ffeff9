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

from builders.atomic import write_whole
from builders.containers import (
    SUFFIXES,
    Container,
    Samples,
    SampleType,
    Shape,
    pack_samples,
    read_header,
    sample_type,
    unpack_samples,
)
from builders.plan import BUILD_FOLDER, PlannedShard
from degrade.images import CODECS, decode_picture, encode_picture

# Several codecs write one container: the qualities of JPEG.
_CONTAINERS: dict[str, Container] = {suffix: name for name, suffix in SUFFIXES.items()}


class Coded(msgspec.Struct, frozen=True, array_like=True):
    """One stored picture: its container, [H,W,C], sample type and bytes, all its own.

    PNG and JPEG decode to RGB, a PNG of four 16-bit planes to these (a packed mosaic); 'raw'
    samples may have any number of channels.
    """

    codec: Container
    shape: Shape
    dtype: SampleType
    data: bytes

    def sha256(self) -> str:
        """Of the coded bytes, 64 hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    def suffix(self) -> str:
        """The file suffix of its container, with the dot."""
        return SUFFIXES[self.codec]

    def picture(self) -> Samples:
        """The decoded picture [H,W,C]; raises ValueError if bytes and header do not agree."""
        if self.codec == "raw":
            return unpack_samples(self.data, shape=self.shape, dtype=self.dtype)
        picture = decode_picture(self.data, planes=4 if self.shape[2] == 4 else 3)
        if picture.shape != self.shape or picture.dtype != self.dtype:
            raise ValueError(
                f"a {picture.dtype} {list(picture.shape)} picture where a "
                f"{self.dtype} {list(self.shape)} was stored"
            )
        return picture


def code_picture(picture: Samples, *, codec: str) -> Coded:
    """`picture` coded by `codec`, a key of `CODECS`: [H,W,3] uint8 or uint16, [H,W,4] uint16, for
    'raw' [H,W,C] uint8, uint16 or float32. Raises ValueError for another codec, shape or type."""
    raw = codec == "raw"
    data = pack_samples(picture) if raw else encode_picture(picture, codec=codec)
    height, width, channels = picture.shape
    container = _CONTAINERS[CODECS[codec][0]]
    return Coded(container, (height, width, channels), sample_type(picture), data)


def coded_bytes(data: bytes) -> Coded:
    """PNG or JPEG bytes as they are; raises ValueError for others."""
    return Coded(*read_header(data), data)


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


def parts_folder(out: Path, *, shard: PlannedShard) -> Path:
    """The folder of a shard's parts; the digest in its name keeps other plans' parts apart."""
    return out / BUILD_FOLDER / "parts" / f"{shard.name}.{shard.digest[:16]}"


def part_path(out: Path, *, shard: PlannedShard, index: int) -> Path:
    """Where the part of the plan's scene number `index` lies."""
    return parts_folder(out, shard=shard) / f"{index:07d}.part"


def save_part(part: Part, *, path: Path) -> None:
    """Writes a part, whole or not at all."""
    write_whole(path, msgspec.msgpack.encode(part))


def load_part(path: Path) -> Part:
    """The part in `path`; its presence means that it is whole."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Part)


def remove_parts(out: Path, *, shard: PlannedShard) -> None:
    """Removes the parts of a shard that is whole."""
    shutil.rmtree(parts_folder(out, shard=shard), ignore_errors=True)
