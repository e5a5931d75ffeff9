"""HDF5 shards: the pictures of a shard in two flat arrays, found by offset and length.

Layout (libver earliest: HDF5 1.8 and MATLAB read it):
    /lq_bytes, /gt_bytes   uint8, contiguous: coded pictures one after another, each gt once
    /lq, /gt    int64 [n,5]: offset into that array, length, H, W, C of each pair's picture
    /lq_codec, /gt_codec   its container: 'png', 'jpeg', 'raw';  ASCII, fixed length [n]
    /lq_dtype, /gt_dtype   its samples: 'uint8', 'uint16', 'float32';  ASCII, fixed length [n]
    /key, /scene, /variant, /record, /gt_name   UTF-8 strings [n];   /identical  bool [n]
    attribute   format_version
Where all pictures of a side are raw and of one shape and type, /lq_bytes is /lq_array [n,H,W,C] of
that type instead (/gt_bytes is /gt_array [m,H,W,C]); offsets still count bytes from its start.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from builders.containers import CONTAINERS, SAMPLE_TYPES
from builders.formats.shape import Outline, ShardPlace, Written
from builders.parts import Coded, Part, Row

# 2: container and sample type stand beside each picture, no longer once for the file.
FORMAT_VERSION = 1
_SIDES = ("lq", "gt")
_TEXTS = ("key", "scene", "variant", "record", "gt_name")
# What h5py raises for a broken file depends on where it is broken: an entry of another type has
# other attributes, a heap that cannot be walked is a RuntimeError.
_BROKEN = (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError)
# What a picture's container and sample type may be, by the name of their column.
_NAMES: dict[str, tuple[str, ...]] = {"codec": CONTAINERS, "dtype": SAMPLE_TYPES}


@dataclass
class _Column:
    """One side of the pairs ('lq' or 'gt'): its index, and what its byte array will hold."""

    table: list[tuple[int, ...]] = field(default_factory=list)
    headers: list[Coded] = field(default_factory=list)  # a pair's each, without the bytes
    stored: int = 0
    length: int = 0

    def store(self, coded: Coded) -> tuple[tuple[int, ...], Coded]:
        """Room for a picture behind those before it; its line in the index, and its header."""
        entry = (self.length, len(coded.data), *coded.shape)
        self.stored += 1
        self.length += len(coded.data)
        return entry, Coded(coded.codec, coded.shape, coded.dtype, b"")

    def point_to(self, place: tuple[tuple[int, ...], Coded]) -> None:
        """One more pair, whose picture lies at `place`."""
        self.table.append(place[0])
        self.headers.append(place[1])

    def create(self, h5: h5py.File, side: str) -> h5py.Dataset:
        """Writes the index and makes the byte array, or the array of samples where all pictures
        are raw and of one shape and type."""
        h5.create_dataset(side, data=np.array(self.table, np.int64), track_times=False)
        for name, allowed in _NAMES.items():
            text = f"S{max(map(len, allowed))}"
            column = np.array([getattr(header, name) for header in self.headers], text)
            h5.create_dataset(f"{side}_{name}", data=column, track_times=False)
        first = self.headers[0]
        if first.codec == "raw" and all(header == first for header in self.headers):
            shape = (self.stored, *first.shape)
            dtype = np.dtype(first.dtype).newbyteorder("<")
            return h5.create_dataset(f"{side}_array", shape, dtype, track_times=False)
        return h5.create_dataset(f"{side}_bytes", (self.length,), np.uint8, track_times=False)


def write(file: Path, parts: Iterable[Part], place: ShardPlace) -> Written:
    """Writes one shard to `file`. `parts` is walked three times: sizes, then the bytes of a side
    each. Same parts and same h5py give the same bytes: no times are tracked."""
    del place  # one file, whatever the split
    lq, gt = _Column(), _Column()
    texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
    identical: list[bool] = []
    for part in parts:
        places = {name: gt.store(part.gts[name]) for name in _gt_names(part)}
        for row in part.pairs():
            lq.point_to(lq.store(row.lq))
            gt.point_to(places[row.gt_name])
            identical.append(row.identical)
            for name in _TEXTS:
                texts[name].append(getattr(row, name))
    with h5py.File(file, "w", libver="earliest") as h5:
        gts = (part.gts[name] for part in parts for name in _gt_names(part))
        _fill(gt.create(h5, "gt"), gts)
        _fill(lq.create(h5, "lq"), (row.lq for part in parts for row in part.rows))
        for name, lines in texts.items():
            text = h5py.string_dtype()
            h5.create_dataset(name, data=np.array(lines, object), dtype=text, track_times=False)
        h5.create_dataset("identical", data=np.array(identical, bool), track_times=False)
        h5.attrs["format_version"] = FORMAT_VERSION
    return Written(len(identical), file.stat().st_size)


def _gt_names(part: Part) -> Iterable[str]:
    """The gts that a part's pairs point to, in the order of the pairs."""
    return dict.fromkeys(row.gt_name for row in part.rows)


def _fill(dataset: h5py.Dataset, pictures: Iterable[Coded]) -> None:
    """Lays the pictures' bytes one after another into a byte array or an array of samples."""
    at = 0
    for coded in pictures:
        if dataset.ndim == 1:
            dataset[at : at + len(coded.data)] = np.frombuffer(coded.data, np.uint8)
            at += len(coded.data)
        else:
            dataset[at] = np.frombuffer(coded.data, dataset.dtype).reshape(coded.shape)
            at += 1


@dataclass(frozen=True)
class _Side:
    """The index of one side as it is read: where its bytes start in the file, and per pair the
    line of the table, container and sample type."""

    start: int
    table: NDArray[np.int64]
    codec: list[str]
    dtype: list[str]

    @classmethod
    def read(cls, h5: Any, side: str) -> _Side:
        """Raises KeyError or ValueError where the index is not what `_Column` writes."""
        bulk = h5[f"{side}_bytes"] if f"{side}_bytes" in h5 else h5[f"{side}_array"]
        table = h5[side][:]
        names: dict[str, list[str]] = {}
        for name, allowed in _NAMES.items():
            names[name] = [text.decode() for text in h5[f"{side}_{name}"][:].tolist()]
            if unknown := set(names[name]) - set(allowed):
                held = ", ".join(sorted(unknown))
                raise ValueError(f"/{side}_{name} holds {held}; {', '.join(allowed)} are known")
        if len(table) and (table.min() < 0 or table[:, :2].sum(axis=1).max() > bulk.nbytes):
            raise ValueError(f"/{side} points beyond the pictures' bytes")
        return cls(bulk.id.get_offset(), table, names["codec"], names["dtype"])


class Hdf5Shard:
    """A finished HDF5 shard. The index is read once; pictures are read straight from the file
    at their offset, so many workers and threads may read at once."""

    def __init__(self, file: Path, out: Path) -> None:
        del out
        self.file = file
        try:
            with h5py.File(file, "r", locking=False) as h5:
                self._read_index(h5)
        except _BROKEN as error:
            raise ValueError(f"{file}: not a whole pairsmith HDF5 shard ({error})") from error
        self._descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def _read_index(self, h5: Any) -> None:
        if (version := h5.attrs["format_version"]) != FORMAT_VERSION:
            raise ValueError(f"format_version {version}, this pairsmith reads {FORMAT_VERSION}")
        self._texts: dict[str, Any] = {name: h5[name].asstr()[:] for name in _TEXTS}
        self._identical: NDArray[np.bool_] = h5["identical"][:]
        self._sides = {side: _Side.read(h5, side) for side in _SIDES}
        columns = [*self._texts.values(), self._identical]
        for side in self._sides.values():
            columns += [side.table, side.codec, side.dtype]
        if len({len(column) for column in columns}) != 1:
            raise ValueError("its columns are not of one length")

    def __len__(self) -> int:
        return len(self._identical)

    def keys(self) -> list[str]:
        return list(self._texts["key"])

    def outlines(self) -> list[Outline]:
        text, (lq, gt) = self._texts, (self._sides[side] for side in _SIDES)
        shapes = zip(lq.table[:, 2:].tolist(), gt.table[:, 2:].tolist(), strict=True)
        return [
            Outline(
                str(text["key"][i]), str(text["scene"][i]), str(text["variant"][i]),
                bool(self._identical[i]), str(text["gt_name"][i]),
                tuple(small), lq.dtype[i], tuple(large), gt.dtype[i],  # type: ignore[arg-type]
            )
            for i, (small, large) in enumerate(shapes)
        ]  # fmt: skip

    def _picture(self, name: str, index: int) -> Coded:
        side = self._sides[name]
        offset, length, height, width, channels = (int(value) for value in side.table[index])
        data = os.pread(self._descriptor, length, side.start + offset)
        if len(data) != length:
            raise ValueError(f"{self.file}: pair {index}: {len(data)} of {length} {name} bytes")
        header = (side.codec[index], (height, width, channels), side.dtype[index])
        return Coded(*header, data)  # type: ignore[arg-type]

    def row(self, index: int) -> Row:
        text = {name: str(self._texts[name][index]) for name in _TEXTS}
        return Row(
            text["key"], text["scene"], text["variant"], text["record"],
            bool(self._identical[index]), text["gt_name"],
            self._picture("lq", index), self._picture("gt", index),
        )  # fmt: skip

    def faults(self) -> list[str]:
        """None beyond what the shard's own sha256 shows."""
        return []

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
