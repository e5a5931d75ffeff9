"""MATLAB files of the structure that SIDD and DND distribute, small, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

# What MATLAB writes into the first 512 bytes of a version 7.3 file.
_USER_BLOCK = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\0\2IM"
_CLASSES = {"float32": "single", "float64": "double", "bool": "logical"}

VERSIONS = ("5", "5 compressed", "7.3")


def save(path: Path, array: NDArray[Any], *, name: str, version: str) -> Path:
    """A file with one array, in MATLAB's order, as MATLAB's save of that version writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if version != "7.3":
        savemat(path, {name: array}, do_compression="compressed" in version)
        return path
    with h5py.File(path, "w", userblock_size=512) as file:
        put(file, name, array)
    return seal(path)


def put(file: h5py.File | h5py.Group, name: str, array: NDArray[Any]) -> h5py.Dataset:
    """An array in a version 7.3 file: its axes reversed, its class beside it."""
    made = file.create_dataset(name, data=array.T, chunks=True, compression="gzip")
    kind = _CLASSES.get(array.dtype.name, array.dtype.name)
    made.attrs["MATLAB_class"] = np.bytes_(kind)
    return made


def seal(path: Path) -> Path:
    """Writes the header that MATLAB puts before the HDF5 file."""
    with path.open("r+b") as file:
        file.write(_USER_BLOCK)
    return path


def save_info(path: Path, boxes: list[NDArray[np.float64]]) -> Path:
    """DND's info.mat: struct info, whose boundingboxes are a cell, n x 1, of arrays [20,4]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        info = file.create_group("info")
        info.attrs["MATLAB_class"] = np.bytes_("struct")
        held = [put(file, f"#refs#/{index}", box).ref for index, box in enumerate(boxes)]
        cell = info.create_dataset("boundingboxes", (1, len(held)), dtype=h5py.ref_dtype)
        cell[0, :] = held
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
    return seal(path)
