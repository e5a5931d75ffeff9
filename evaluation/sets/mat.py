"""MATLAB's files: what variables a .mat holds, and each of them, read when it is asked for.

Two formats go by the same suffix, told apart by the header: level 5 (MATLAB 5 to 7, read by SciPy)
and 7.3 (HDF5, read by h5py, which shows MATLAB's axes in reverse).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import h5py

_HDF5 = b"\x89HDF\r\n\x1a\n"
# MATLAB writes 512 bytes of its own before the HDF5 file; others begin with HDF5 at once.
_USER_BLOCK = 512
# A level 5 file: 128 bytes of header (its last two say the byte order), then elements of an
# 8-byte tag (kind, bytes that follow) each ("MAT-File Format", The MathWorks).
_HEADER, _TAG = 128, 8
# What SciPy (whose MatReadError is an Exception of its own: `_damage`) and h5py raise of one.
_DAMAGED = (ValueError, TypeError, KeyError, NotImplementedError, OSError, zlib.error, struct.error)
# NumPy's types by MATLAB's names, where those differ.
_CLASSES = {"float64": "double", "float32": "single", "bool": "logical"}


@dataclass(frozen=True)
class MatArray:
    """One variable. kind: MATLAB's class (uint8, double, single, cell, struct ...). shape: in
    MATLAB's order, () for a struct. hdf5: whether the file is of version 7.3."""

    path: Path
    name: str
    kind: str
    shape: tuple[int, ...]
    hdf5: bool

    def read(self) -> NDArray[Any]:
        """The whole array in MATLAB's order, its first axis the fastest in memory.

        Raises ValueError where the file is damaged or the variable is no array of numbers.
        """
        return self.part()

    def part(self, *index: slice) -> NDArray[Any]:
        """What `index` takes of the array, a slice an axis in MATLAB's order (none: all); of a 7.3
        file nothing else is read. Errors as in `read`."""
        if self.kind in ("cell", "struct") or not self.shape:
            raise ValueError(
                f"{self.path}: {self.name} is a {self.kind}, and an array of numbers is wanted"
            )
        if not self.hdf5:
            return _read_level5(self.path, self.name)[index]
        try:
            with _open(self.path) as file:
                return np.asarray(_dataset(file[self.name])[tuple(reversed(index))]).T
        except _DAMAGED as error:
            raise _damaged(self.path, error) from error

    def cells(self) -> list[NDArray[Any]]:
        """The arrays of a cell array of a 7.3 file, in MATLAB's order of elements.

        Raises ValueError where it is something else.
        """
        if self.kind != "cell" or not self.hdf5:
            raise ValueError(
                f"{self.path}: {self.name} is a {self.kind} of a "
                f"{'version 7.3' if self.hdf5 else 'level 5'} file; a cell array of a version 7.3 "
                "file is wanted"
            )
        try:
            with _open(self.path) as file:
                references = np.asarray(_dataset(file[self.name])[()]).ravel()
                return [np.asarray(_dataset(file[one])[()]).T for one in references]
        except _DAMAGED as error:
            raise _damaged(self.path, error) from error

    def expect(self, *, kinds: Sequence[str], shape: Sequence[int | None]) -> MatArray:
        """Itself; raises ValueError where its class is none of `kinds` or its shape is another
        (None: any length of that axis)."""
        fits = len(shape) == len(self.shape) and all(
            wanted in (None, got) for wanted, got in zip(shape, self.shape, strict=True)
        )
        if self.kind in kinds and fits:
            return self
        wanted = "x".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{self.path}: {self.name} is {'x'.join(map(str, self.shape)) or 'a'} {self.kind}; "
            f"wanted {wanted} {' or '.join(kinds)}: download the file again, or give the right one"
        )


class MatVariables(dict[str, MatArray]):
    """Variables by name, fields of structs (of 7.3 files) as 'struct/field'. Asking for one that
    is not there raises ValueError with those that are."""

    def __init__(self, path: Path, found: Iterator[MatArray]) -> None:
        super().__init__((array.name, array) for array in found)
        self.path = path

    def __missing__(self, name: str) -> MatArray:
        raise ValueError(f"{self.path}: no variable {name}; it holds {', '.join(self) or 'none'}")


def open_mat(path: Path) -> MatVariables:
    """The variables of a .mat file by name; nothing of their data is read yet.

    Raises FileNotFoundError or another OSError where it cannot be opened, ValueError where it is
    no MATLAB file, is of version 4, or ends early.
    """
    with path.open("rb") as file:
        head = file.read(_USER_BLOCK + len(_HDF5))
    if head.startswith(_HDF5) or head.startswith(_HDF5, _USER_BLOCK):
        return MatVariables(path, _of_hdf5(path))
    order = {b"IM": "<", b"MI": ">"}.get(head[_HEADER - 2 : _HEADER])
    if order is None:
        raise ValueError(
            f"{path}: no MATLAB file of level 5 or version 7.3 ({len(head)} bytes read, beginning "
            f"{head[:16]!r}); download it again, or save it in MATLAB with '-v7' or '-v7.3'"
        )
    _check_whole(path, order=order)
    return MatVariables(path, _of_level5(path))


def _of_level5(path: Path) -> Iterator[MatArray]:
    from scipy.io import whosmat  # a third of a second, which lists of sets need not wait for
    from scipy.io.matlab import MatReadError

    try:
        for name, shape, kind in whosmat(path):
            yield MatArray(path, name, kind, tuple(shape), hdf5=False)
    except (MatReadError, *_DAMAGED) as error:
        raise _damaged(path, error) from error


def _read_level5(path: Path, name: str) -> NDArray[Any]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        return loadmat(path, variable_names=[name])[name]
    except (MatReadError, *_DAMAGED) as error:
        raise _damaged(path, error) from error


def _open(path: Path) -> h5py.File:
    import h5py

    return h5py.File(path, "r")


def _of_hdf5(path: Path) -> Iterator[MatArray]:
    try:
        with _open(path) as file:
            yield from _members(path, file, above="")
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _members(path: Path, group: h5py.Group, *, above: str) -> Iterator[MatArray]:
    for name, member in group.items():
        if name.startswith("#"):  # #refs#, where the elements of cells lie
            continue
        if _is_group(member):
            yield MatArray(path, above + name, "struct", (), hdf5=True)
            yield from _members(path, member, above=f"{above}{name}/")
        else:
            dataset = _dataset(member)
            shape = tuple(reversed(dataset.shape))
            yield MatArray(path, above + name, _kind(dataset), shape, hdf5=True)


def _kind(dataset: h5py.Dataset) -> str:
    """MATLAB's class of a dataset; by its type where something else than MATLAB wrote it."""
    named = dataset.attrs.get("MATLAB_class")
    if isinstance(named, bytes):
        return named.decode("ascii", "replace")
    by_type = {"object": "cell", **_CLASSES}
    numpy_name = str(dataset.dtype)
    return by_type.get(numpy_name, numpy_name)


def _is_group(member: object) -> bool:
    import h5py

    return isinstance(member, h5py.Group)


def _dataset(member: object) -> h5py.Dataset:
    import h5py

    if isinstance(member, h5py.Dataset):
        return member
    raise TypeError(f"{type(member).__name__} where an array should be")


def _check_whole(path: Path, *, order: str) -> None:
    """Raises ValueError where an element ends behind the file's end. SciPy finds it out only when
    it reads that element, which may be after hours of work."""
    size, at = path.stat().st_size, _HEADER
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            tag = file.read(_TAG)
            at += _TAG + (struct.unpack(f"{order}II", tag)[1] if len(tag) == _TAG else 0)
            if len(tag) < _TAG or at > size:
                raise ValueError(
                    f"{path}: ends early ({size} bytes of {max(at, size + 1)} or more); download "
                    "it again"
                )


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path}: damaged or not whole ({error}); download it again")
