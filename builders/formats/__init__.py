"""The formats a dataset can be stored in, one file each, behind one table."""

from builders.formats import folder, hdf5, parquet
from builders.formats.shape import Format, file_size

FORMATS: dict[str, Format] = {
    "hdf5": Format(".h5", hdf5.write, hdf5.Hdf5Shard, file_size),
    "hf": Format(".parquet", parquet.write, parquet.ParquetShard, file_size),
    "folder": Format(".jsonl", folder.write, folder.FolderShard, folder.size),
}
