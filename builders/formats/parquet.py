"""Parquet shards that `datasets.load_dataset(OUT)` reads as they are.

Columns are the fields of a pair: key, scene, variant, lq, gt (HF images: struct of bytes and path),
record (JSON text), identical, gt_name. 16-bit pictures are declared `Image(decode=False)`, because
the hub library's own decoder cuts them to 8 bits without a word; `open_pairs` decodes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from builders.formats.shape import ShardPlace
from builders.parts import Coded, Part, Row

# Rows that are read together. Few, so that one random pair costs few others; the hub's viewer
# wants groups below 300 MB, which ten pictures of 24 MP still are.
ROW_GROUP = 10
_TEXTS = ("key", "scene", "variant", "record", "gt_name")
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def features(*, sixteen_bit: bool) -> dict[str, dict[str, object]]:
    """The HF feature types of the columns, as `datasets` writes them into a parquet file."""
    text: dict[str, object] = {"dtype": "string", "_type": "Value"}
    image: dict[str, object] = {"_type": "Image"}
    if sixteen_bit:
        image["decode"] = False
    return {
        "key": text, "scene": text, "variant": text, "lq": image, "gt": image, "record": text,
        "identical": {"dtype": "bool", "_type": "Value"}, "gt_name": text,
    }  # fmt: skip


def _schema(*, sixteen_bit: bool) -> pa.Schema:
    types = {"Image": _IMAGE, "string": pa.string(), "bool": pa.bool_()}
    described = features(sixteen_bit=sixteen_bit)
    fields = [
        (name, types[str(kind.get("dtype", kind["_type"]))]) for name, kind in described.items()
    ]
    # The key `huggingface` is what makes load_dataset restore Image columns from bytes.
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": described}})})


def write(file: Path, parts: Iterable[Part], place: ShardPlace) -> int:
    """Writes one shard to `file`; returns its rows. gt is repeated in each row of its scene.

    Raises ValueError for codec 'raw': HF images are coded pictures.
    """
    del place
    writer: pq.ParquetWriter | None = None
    batch: list[dict[str, object]] = []
    rows = 0
    try:
        for row in (row for part in parts for row in part.pairs()):
            if "raw" in (row.lq.codec, row.gt.codec):
                raise ValueError("--format hf stores coded pictures: use --encode png or jpeg75")
            if writer is None:
                schema = _schema(sixteen_bit="uint16" in (row.lq.dtype, row.gt.dtype))
                writer = pq.ParquetWriter(file, schema, compression="none", use_dictionary=False)
            batch.append(_cells(row))
            rows += 1
            if len(batch) == ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(batch, schema=writer.schema))
                batch = []
        if writer is not None and batch:
            writer.write_table(pa.Table.from_pylist(batch, schema=writer.schema))
    finally:
        if writer is not None:
            writer.close()
    return rows


def _cells(row: Row) -> dict[str, object]:
    cells: dict[str, object] = {name: getattr(row, name) for name in _TEXTS}
    for name, coded in (("lq", row.lq), ("gt", row.gt)):
        path = f"{row.scene}_{row.variant}_{name}{coded.suffix()}"
        cells[name] = {"bytes": coded.data, "path": path}
    return cells | {"identical": row.identical}


class ParquetShard:
    """A finished parquet shard; the last row group read is kept."""

    def __init__(self, file: Path, out: Path) -> None:
        del out
        self.file = file
        try:
            self._parquet = pq.ParquetFile(file, memory_map=True)
            self._keys = self._parquet.read(columns=["key"]).column("key").to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{file}: not a whole parquet shard ({error})") from error
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

    def row(self, index: int) -> Row:
        group, place = self._places[index]
        if self._group[0] != group:
            try:
                self._group = (group, self._parquet.read_row_group(group))
            except (pa.ArrowException, OSError) as error:
                raise ValueError(f"{self.file}: row group {group}: {error}") from error
        table = self._group[1]
        assert table is not None
        cells = table.slice(place, 1).to_pylist()[0]
        text = {name: cells[name] for name in _TEXTS}
        return Row(
            text["key"], text["scene"], text["variant"], text["record"], cells["identical"],
            text["gt_name"], _coded(cells["lq"]), _coded(cells["gt"]),
        )  # fmt: skip

    def faults(self) -> list[str]:
        """None beyond what the shard's own sha256 shows."""
        return []

    def close(self) -> None:
        self._parquet.close()


def _coded(cell: dict[str, object]) -> Coded:
    """The picture in a cell; HF images describe themselves, so shape and dtype stay open."""
    data = cell["bytes"]
    assert isinstance(data, bytes)
    return Coded("png" if str(cell["path"]).endswith(".png") else "jpeg75", (), "", data)
