"""MATLAB's files: both formats give the same arrays, and every damage is named."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import mat_files
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import savemat

from evaluation.sets.mat import open_mat

ARRAY = np.arange(2 * 3 * 5 * 4, dtype=np.uint8).reshape(2, 3, 5, 4)


@pytest.mark.parametrize("version", mat_files.VERSIONS)
def test_arrays_come_back_in_matlab_s_order(version: str, tmp_path: Path) -> None:
    path = mat_files.save(tmp_path / "a.mat", ARRAY, name="blocks", version=version)
    found = open_mat(path)
    assert list(found) == ["blocks"]
    array = found["blocks"]
    assert (array.kind, array.shape, array.hdf5) == ("uint8", ARRAY.shape, version == "7.3")
    np.testing.assert_array_equal(array.read(), ARRAY)
    cut = (slice(1, 2), slice(0, 2), slice(2, 5), slice(None))
    np.testing.assert_array_equal(array.part(*cut), ARRAY[cut])


@settings(max_examples=25, deadline=None)
@given(
    array=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=4),
        elements=st.integers(0, 200),
    ),
    version=st.sampled_from(mat_files.VERSIONS),
)
def test_any_array_comes_back(
    array: np.ndarray, version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = mat_files.save(
        tmp_path_factory.mktemp("mat") / "a.mat", array, name="x", version=version
    )
    found = open_mat(path)["x"]
    assert found.shape == array.shape
    read = found.read()
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_classes_are_matlab_s(tmp_path: Path) -> None:
    content = {
        "a": np.ones((2, 2)), "b": np.ones((2, 2), np.float32), "c": np.ones((2, 2), bool),
        "d": np.array([[1, "x"]], object), "e": {"field": 1.0}, "f": "text",
    }  # fmt: skip
    savemat(tmp_path / "a.mat", content)
    kinds = {name: array.kind for name, array in open_mat(tmp_path / "a.mat").items()}
    assert kinds == dict(
        zip("abcdef", ("double", "single", "logical", "cell", "struct", "char"), strict=True)
    )


def test_fields_of_a_struct_and_cells(tmp_path: Path) -> None:
    boxes = [np.arange(8.0).reshape(2, 4) + index for index in range(3)]
    found = open_mat(mat_files.save_info(tmp_path / "info.mat", boxes))
    assert {name: array.kind for name, array in found.items()} == {
        "info": "struct",
        "info/boundingboxes": "cell",
    }
    assert found["info/boundingboxes"].shape == (3, 1)
    cells = found["info/boundingboxes"].cells()
    np.testing.assert_array_equal(np.stack(cells), np.stack(boxes))
    with pytest.raises(ValueError, match=r"info\.mat: info is a struct, and an array of numbers"):
        found["info"].read()
    with pytest.raises(ValueError, match=r"info is a struct of a version 7\.3 file; a cell array"):
        found["info"].cells()


@pytest.mark.parametrize("version", mat_files.VERSIONS)
def test_a_missing_variable_is_named_with_those_there(version: str, tmp_path: Path) -> None:
    path = mat_files.save(tmp_path / "a.mat", ARRAY, name="other", version=version)
    with pytest.raises(ValueError, match=r"a\.mat: no variable blocks; it holds other"):
        open_mat(path)["blocks"]
    assert open_mat(path).get("blocks") is None


def test_what_is_expected_is_said(tmp_path: Path) -> None:
    path = mat_files.save(tmp_path / "a.mat", ARRAY, name="x", version="5")
    found = open_mat(path)["x"]
    assert found.expect(kinds=("uint8",), shape=(None, 3, 5, 4)) is found
    with pytest.raises(ValueError, match="x is 2x3x5x4 uint8; wanted 2x3xanyx4 single or double"):
        found.expect(kinds=("single", "double"), shape=(2, 3, None, 4))
    with pytest.raises(ValueError, match="x is 2x3x5x4 uint8; wanted 2x3x5 uint8"):
        found.expect(kinds=("uint8",), shape=(2, 3, 5))
    with pytest.raises(ValueError, match="wanted 2x3x5x3 uint8"):
        found.expect(kinds=("uint8",), shape=(2, 3, 5, 3))


# Fractions of the file that a broken download left. HDF5 finds its own end missing.
@pytest.mark.parametrize("version", mat_files.VERSIONS)
@pytest.mark.parametrize("left", [0.3, 0.9, 0.999])
def test_a_file_that_ends_early_is_refused_when_it_is_opened(
    version: str, left: float, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 16, 16), np.uint8)
    path = mat_files.save(tmp_path / "a.mat", noise, name="x", version=version)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    with pytest.raises(ValueError, match=r"a\.mat: (ends early|damaged or not whole).*download it"):
        open_mat(path)


def test_a_file_of_another_order_of_bytes(tmp_path: Path) -> None:
    """A big-endian file with one element of 8 bytes that says it has 80."""
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    (tmp_path / "a.mat").write_bytes(header + struct.pack(">II", 14, 80) + bytes(8))
    with pytest.raises(ValueError, match=r"ends early \(144 bytes of 216 or more\)"):
        open_mat(tmp_path / "a.mat")


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>" * 9, bytes(200)])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(data)
    with pytest.raises(ValueError, match=re.escape("a.mat: no MATLAB file of level 5 or version")):
        open_mat(tmp_path / "a.mat")
    with pytest.raises(FileNotFoundError):
        open_mat(tmp_path / "b.mat")


def test_damage_inside_is_named_when_it_is_read(tmp_path: Path) -> None:
    """Behind the first 128 KiB, which SciPy decompresses for the header alone."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 64, 64), np.uint8)
    path = mat_files.save(tmp_path / "a.mat", noise, name="x", version="5 compressed")
    data = bytearray(path.read_bytes())
    data[220_000:220_064] = bytes(64)
    path.write_bytes(data)
    found = open_mat(path)["x"]
    with pytest.raises(ValueError, match=r"a\.mat: damaged or not whole \("):
        found.read()
