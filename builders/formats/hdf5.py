"""HDF5 shards: the pictures of a shard in two flat arrays, found by offset and length.

Layout (libver earliest: HDF5 1.8 and MATLAB read it):
    /lq_bytes, /gt_bytes   uint8, contiguous: coded pictures one after another, each gt once
    /lq, /gt    int64 [n,5]: offset into that array, length, H, W, C of each pair's picture
    /key, /scene, /variant, /record, /gt_name   UTF-8 strings [n];   /identical  bool [n]
    attributes  format_version, lq_codec, gt_codec, dtype
With codec 'raw' and one size for all, /lq_bytes is /lq_array [n,H,W,C] of the sample type instead
(and /gt_bytes is /gt_array [m,H,W,C]); offsets still count bytes from its start.
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

from builders.formats.shape import ShardPlace
from builders.parts import Coded, Part, Row

FORMAT_VERSION = 1
_TEXTS = ("key", "scene", "variant", "record", "gt_name")


@dataclass
class _Column:
    """One side of the pairs ('lq' or 'gt'): its table and what its byte array will hold."""

    table: list[tuple[int, ...]] = field(default_factory=list)
    stored: list[Coded] = field(default_factory=list)  # headers only: the bytes are dropped
    length: int = 0

    def add(self, coded: Coded) -> tuple[int, ...]:
        entry = (self.length, len(coded.data), *coded.shape)
        self.stored.append(Coded(coded.codec, coded.shape, coded.dtype, b""))
        self.length += len(coded.data)
        return entry

    def create(self, h5: h5py.File, name: str) -> h5py.Dataset:
        """The byte array, or the array of samples where all pictures are raw and of one shape."""
        first = self.stored[0]
        kinds = {(coded.codec, coded.shape, coded.dtype) for coded in self.stored}
        if first.codec == "raw" and len(kinds) == 1:
            shape = (len(self.stored), *first.shape)
            dtype = np.dtype(first.dtype).newbyteorder("<")
            return h5.create_dataset(f"{name}_array", shape, dtype, track_times=False)
        return h5.create_dataset(f"{name}_bytes", (self.length,), np.uint8, track_times=False)


def write(file: Path, parts: Iterable[Part], place: ShardPlace) -> int:
    """Writes one shard to `file`; returns its rows. `parts` is walked twice: sizes, then bytes.

    Same parts and same h5py give the same bytes: no times are tracked.
    """
    del place  # one file, whatever the split
    columns = {"lq": _Column(), "gt": _Column()}
    texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
    identical: list[bool] = []
    for part in parts:
        entries: dict[str, tuple[int, ...]] = {}
        for row in part.pairs():
            if row.gt_name not in entries:
                entries[row.gt_name] = columns["gt"].add(row.gt)
            columns["gt"].table.append(entries[row.gt_name])
            columns["lq"].table.append(columns["lq"].add(row.lq))
            identical.append(row.identical)
            for name in _TEXTS:
                texts[name].append(getattr(row, name))
    with h5py.File(file, "w", libver="earliest") as h5:
        _fill(columns["gt"].create(h5, "gt"), _distinct_gts(parts))
        _fill(columns["lq"].create(h5, "lq"), (row.lq for part in parts for row in part.rows))
        for name, column in columns.items():
            h5.create_dataset(name, data=np.array(column.table, np.int64), track_times=False)
        for name, lines in texts.items():
            text = h5py.string_dtype()
            h5.create_dataset(name, data=np.array(lines, object), dtype=text, track_times=False)
        h5.create_dataset("identical", data=np.array(identical, bool), track_times=False)
        h5.attrs["format_version"] = FORMAT_VERSION
        h5.attrs["lq_codec"] = columns["lq"].stored[0].codec
        h5.attrs["gt_codec"] = columns["gt"].stored[0].codec
        h5.attrs["dtype"] = columns["lq"].stored[0].dtype
    return len(identical)


def _distinct_gts(parts: Iterable[Part]) -> Iterable[Coded]:
    for part in parts:
        for name in dict.fromkeys(row.gt_name for row in part.rows):
            yield part.gts[name]


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


class Hdf5Shard:
    """A finished HDF5 shard. The index is read once; pictures are read straight from the file
    at their offset, so many workers and threads may read at once."""

    def __init__(self, file: Path, out: Path) -> None:
        del out
        self.file = file
        try:
            with h5py.File(file, "r", locking=False) as h5:
                self._read_index(h5)
        except (OSError, KeyError) as error:
            raise ValueError(f"{file}: not a whole pairsmith HDF5 shard ({error})") from error
        self._descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def _read_index(self, h5: Any) -> None:
        self._texts: dict[str, Any] = {name: h5[name].asstr()[:] for name in _TEXTS}
        self._identical: NDArray[np.bool_] = h5["identical"][:]
        self._tables: dict[str, tuple[NDArray[np.int64], int, str]] = {}
        for name in ("lq", "gt"):
            bulk = h5[f"{name}_bytes"] if f"{name}_bytes" in h5 else h5[f"{name}_array"]
            start = bulk.id.get_offset()
            self._tables[name] = (h5[name][:], start, str(h5.attrs[f"{name}_codec"]))
        self._dtype = str(h5.attrs["dtype"])

    def __len__(self) -> int:
        return len(self._identical)

    def keys(self) -> list[str]:
        return list(self._texts["key"])

    def _picture(self, name: str, index: int) -> Coded:
        table, start, codec = self._tables[name]
        offset, length, *shape = (int(value) for value in table[index])
        data = os.pread(self._descriptor, length, start + offset)
        if len(data) != length:
            raise ValueError(f"{self.file}: pair {index}: {len(data)} of {length} {name} bytes")
        return Coded(codec, (shape[0], shape[1], shape[2]), self._dtype, data)

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
