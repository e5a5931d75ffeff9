"""Named arrays of a recipe (kernels, depth maps): read from files, told apart by their sha256."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def hash_array(value: Mapping[str, Any], *, folder: Path) -> dict[str, Any]:
    """{"file": path, ...} with the file's absolute path and sha256, as a record keeps it."""
    path = (folder / value["file"]).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, the recipe names it as an array")
    return {
        **value,
        "file": path.as_posix(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def load_array(value: Mapping[str, Any]) -> NDArray[np.float32]:
    """The array of a record's {"file": ..., "sha256": ..., "name": ..., "index": ...}.

    .npy, .npz and .mat (where `name` is the variable, needed if there are several), or a grey or
    RGB picture scaled to [0,1]; `index` takes one of a stack or of a cell array. Raises
    FileNotFoundError, and ValueError if the file's sha256 is not the recorded one.
    """
    path = Path(value["file"])
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, the record names it as an array")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if value.get("sha256", digest) != digest:
        raise ValueError(
            f"{path}: its sha256 is {digest[:16]}..., the record has {value['sha256'][:16]}...: "
            "another file than the one that made the sample"
        )
    array = _decode(data, path=path, name=value.get("name"))
    if (index := value.get("index")) is not None:
        flat = array.reshape(-1) if array.dtype == object else array
        if not 0 <= index < len(flat):
            raise ValueError(f"{path}: index {index}, it has {len(flat)} entries")
        array = flat[index]
    return np.ascontiguousarray(array, dtype=np.float32)


def _decode(data: bytes, *, path: Path, name: str | None) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz") and b"|O" in data[:256]:
        raise ValueError(f"{path}: an array of Python objects, which is not read; save numbers")
    if suffix == ".npy":
        return np.load(io.BytesIO(data), allow_pickle=False)
    if suffix in (".npz", ".mat"):
        if suffix == ".npz":
            named = dict(np.load(io.BytesIO(data), allow_pickle=False))
        else:
            from scipy.io import loadmat

            named = {k: v for k, v in loadmat(io.BytesIO(data)).items() if not k.startswith("__")}
        if name is None and len(named) == 1:
            return next(iter(named.values()))
        if name not in named:
            raise ValueError(f"{path}: name {name!r}; it holds {', '.join(named) or 'nothing'}")
        return named[name]
    from degrade.images import decode_picture

    try:
        picture = decode_picture(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    scaled = picture.astype(np.float32) / np.iinfo(picture.dtype).max
    grey = bool((picture[..., :1] == picture).all())
    return scaled[..., 0] if grey else scaled
