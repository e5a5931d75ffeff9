"""The formats a dataset can be stored in, one file each, behind one table."""

from builders.formats import folder, hdf5, parquet
from builders.formats.shape import Format

FORMATS: dict[str, Format] = {
    "hdf5": Format(suffix=".h5", write=hdf5.write, read=hdf5.Hdf5Shard),
    "hf": Format(suffix=".parquet", write=parquet.write, read=parquet.ParquetShard),
    "folder": Format(suffix=".jsonl", write=folder.write, read=folder.FolderShard),
}
