"""Parquet shards that `datasets.load_dataset(OUT)` reads as they are.

Columns are the fields of a pair: key, scene, variant, lq, gt (HF images: struct of bytes and path),
record (JSON text), identical, gt_name. A column with 16-bit pictures is declared
`Image(decode=False)`, because the hub library's own decoder cuts them to 8 bits without a word;
`open_pairs` decodes them. What a picture is, PNG or JPEG, how large and how deep, its bytes say.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from builders.containers import SampleType, Shape, read_header
from builders.formats.shape import Outline, ShardPlace, Written
from builders.parts import Coded, Part, Row, coded_bytes

# Rows that are read together. Few, so that one random pair costs few others; the hub's viewer
# wants groups below 300 MB, which ten pictures of 24 MP still are.
ROW_GROUP = 10
# Bytes within which a picture's size stands: past the segments that a JPEG may carry before it
# (each of them is at most 65,535 long, ITU-T T.81, B.1.1.4).
_HEAD = 2**18
_SIDES = ("lq", "gt")
_TEXTS = ("key", "scene", "variant", "record", "gt_name")
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def features(*, deep: Collection[str]) -> dict[str, dict[str, object]]:
    """The HF feature types of the columns, as `datasets` writes them into a parquet file.

    deep: those of 'lq' and 'gt' that hold 16-bit pictures.
    """
    text: dict[str, object] = {"dtype": "string", "_type": "Value"}
    image: dict[str, object] = {"_type": "Image"}
    undecoded = image | {"decode": False}
    lq, gt = (undecoded if side in deep else image for side in _SIDES)
    return {
        "key": text, "scene": text, "variant": text, "lq": lq, "gt": gt, "record": text,
        "identical": {"dtype": "bool", "_type": "Value"}, "gt_name": text,
    }  # fmt: skip


def _schema(parts: Iterable[Part]) -> pa.Schema:
    """The columns, as the shard's pictures need them; raises ValueError for raw samples."""
    deep: set[str] = set()
    for row in (row for part in parts for row in part.pairs()):
        if "raw" in (row.lq.codec, row.gt.codec):
            raise ValueError(
                "the hf format holds coded pictures, these are raw samples: build with --encode png"
            )
        deep |= {side for side in _SIDES if getattr(row, side).dtype == "uint16"}
    described = features(deep=deep)
    # The key `huggingface` is what makes load_dataset restore Image columns from bytes.
    hub = {"huggingface": json.dumps({"info": {"features": described}})}
    return pa.schema([(name, _arrow_type(kind)) for name, kind in described.items()], hub)


def _arrow_type(kind: dict[str, object]) -> pa.DataType:
    types = {"Image": _IMAGE, "string": pa.string(), "bool": pa.bool_()}
    return types[str(kind.get("dtype", kind["_type"]))]


def write(file: Path, parts: Iterable[Part], place: ShardPlace) -> Written:
    """Writes one shard to `file`; gt is repeated in each row of its scene. `parts` is walked
    twice: for the sample types, then for the bytes.

    Raises ValueError for raw samples: HF images are coded pictures.
    """
    del place
    rows = 0
    with pq.ParquetWriter(
        file,
        _schema(parts),
        compression="none",
        use_dictionary=False,
        write_statistics=False,  # copies of the least and the greatest picture
    ) as writer:
        cells = (_cells(row) for part in parts for row in part.pairs())
        while batch := list(islice(cells, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(batch, schema=writer.schema))
            rows += len(batch)
    return Written(rows, file.stat().st_size)


def _cells(row: Row) -> dict[str, object]:
    cells: dict[str, object] = {name: getattr(row, name) for name in _TEXTS}
    for side in _SIDES:
        coded: Coded = getattr(row, side)
        path = f"{row.scene}_{row.variant}_{side}{coded.suffix()}"
        cells[side] = {"bytes": coded.data, "path": path}
    return cells | {"identical": row.identical}


class ParquetShard:
    """A finished parquet shard; the last row group read is kept."""

    def __init__(self, file: Path, out: Path) -> None:
        del out
        self.file = file
        try:
            self._parquet = pq.ParquetFile(file, memory_map=True)
            held = {field.name: field.type for field in self._parquet.schema_arrow}
            for name, kind in features(deep=()).items():
                if held.get(name) != _arrow_type(kind):
                    raise TypeError(f"column {name}: {held.get(name)}, not {_arrow_type(kind)}")
            self._keys = self._parquet.read(columns=["key"]).column("key").to_pylist()
        except (pa.ArrowException, OSError, TypeError, UnicodeDecodeError) as error:
            raise ValueError(f"{file}: not a whole pairsmith parquet shard ({error})") from error
        counts = [
            self._parquet.metadata.row_group(g).num_rows
            for g in range(self._parquet.metadata.num_row_groups)
        ]
        self._places = [(g, i) for g, count in enumerate(counts) for i in range(count)]
        self._group: tuple[int, pa.Table | None] = (-1, None)

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> list[str]:
        return list(self._keys)

    def outlines(self) -> list[Outline]:
        found: list[Outline] = []
        names = ("key", "scene", "variant", "identical", "gt_name")
        columns = [*names, *(f"{side}.bytes" for side in _SIDES)]
        try:
            for batch in self._parquet.iter_batches(ROW_GROUP, columns=columns):
                texts = [batch.column(name).to_pylist() for name in names]
                heads = [
                    [self._head(one, side) for one in batch.column(side).field("bytes")]
                    for side in _SIDES
                ]
                found += [
                    Outline(*text, *lq, *gt) for *text, lq, gt in zip(*texts, *heads, strict=True)
                ]
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.file}: {error}") from error
        return found

    def _head(self, value: Any, side: str) -> tuple[Shape, SampleType]:
        """[H,W,C] and sample type of a picture, from its first bytes."""
        coded = value.as_buffer()
        try:
            return read_header(coded.slice(0, min(_HEAD, coded.size)).to_pybytes())[1:]
        except ValueError as error:
            raise ValueError(f"{self.file}: {side}: {error}") from error

    def row(self, index: int) -> Row:
        group, place = self._places[index]
        try:
            if self._group[0] != group:
                self._group = (group, self._parquet.read_row_group(group))
            table = self._group[1]
            assert table is not None
            cells = table.slice(place, 1).to_pylist()[0]
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.file}: row group {group}: {error}") from error
        return Row(
            cells["key"], cells["scene"], cells["variant"], cells["record"], cells["identical"],
            cells["gt_name"], self._coded(cells, "lq"), self._coded(cells, "gt"),
        )  # fmt: skip

    def _coded(self, cells: dict[str, Any], side: str) -> Coded:
        """The picture of a row's side; its bytes say what it is."""
        try:
            return coded_bytes(cells[side]["bytes"])
        except ValueError as error:
            raise ValueError(f"{self.file}: pair {cells['key']!r}: {side}: {error}") from error

    def faults(self) -> list[str]:
        """None beyond what the shard's own sha256 shows."""
        return []

    def close(self) -> None:
        self._parquet.close()
