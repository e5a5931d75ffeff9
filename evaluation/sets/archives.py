"""Benchmarks whose pictures are not files of their own but parts of MATLAB's .mat files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from evaluation.benchmark import Benchmark
from evaluation.inputs import make_shown
from evaluation.pictures import Case, Samples, Shown, to_unit
from evaluation.sets.mat import MatArray, open_mat

SIDD_NOISY, SIDD_GT = "ValidationNoisyBlocksSrgb", "ValidationGtBlocksSrgb"
SIDD_BENCHMARK = "BenchmarkNoisyBlocksSrgb"


@dataclass(frozen=True)
class BlockForm:
    """How many pictures there are, how many blocks of each, and a block's [height, width]."""

    pictures: int
    blocks: int
    size: tuple[int, int]

    def name(self, index: int) -> str:
        """'0001-01' of row 0: picture and block, counted from 1."""
        picture, block = divmod(index, self.blocks)
        return f"{picture + 1:04d}-{block + 1:02d}"

    @property
    def rows(self) -> int:
        """Blocks in all."""
        return self.pictures * self.blocks


# Abdelhamed, Lin, Brown (CVPR 2018): 32 blocks of each of 40 pictures, in validation and benchmark.
SIDD_FORM = BlockForm(40, 32, (256, 256))
# Ploetz, Roth (CVPR 2017): 20 boxes of each of 50 pictures.
DND_FORM = BlockForm(50, 20, (512, 512))


class Blocks:
    """An array [pictures, blocks, H, W, 3] uint8 of a .mat, decoded once, at the first block.

    MATLAB's order would scatter a block over the whole array; it is turned once into
    [rows, H, W, 3], of which a block is a piece. SIDD's arrays take 252 MB each so, twice that for
    the moment of turning. Threads may share it.
    """

    def __init__(self, array: MatArray) -> None:
        self._array = array
        self._lock = threading.Lock()
        self._rows: Samples | None = None

    def __getitem__(self, row: int) -> Samples:
        with self._lock:
            if self._rows is None:
                shape = self._array.shape
                whole = self._array.read()
                self._rows = np.ascontiguousarray(whole).reshape(-1, *shape[2:])
            return self._rows[row]


def sidd_validation(
    folder: Path, benchmark: Benchmark, *, form: BlockForm = SIDD_FORM
) -> list[Case]:
    """The blocks of SIDD's validation data as cases, in the order picture, block.

    folder: holds ValidationNoisyBlocksSrgb.mat and ValidationGtBlocksSrgb.mat. Raises
    FileNotFoundError where one is missing, ValueError where one holds something else; all before
    any pixel is read.
    """
    noisy, gt = (_blocks(folder, name, form=form) for name in (SIDD_NOISY, SIDD_GT))

    def show(row: int) -> Shown:
        return make_shown(benchmark.inputs, gt[row], lq=noisy[row])

    files = tuple(str(folder / f"{name}.mat") for name in (SIDD_NOISY, SIDD_GT))
    return [Case(form.name(row), partial(show, row), files=files) for row in range(form.rows)]


def sidd_benchmark(
    folder: Path,
    benchmark: Benchmark,  # noqa: ARG001 a reader's signature
    *,
    form: BlockForm = SIDD_FORM,
) -> list[Case]:
    """The blocks of BenchmarkNoisyBlocksSrgb.mat, whose targets the authors keep; else as
    `sidd_validation`."""
    noisy = _blocks(folder, SIDD_BENCHMARK, form=form)

    def show(row: int) -> Shown:
        return Shown(to_unit(noisy[row]), {})

    files = (str(folder / f"{SIDD_BENCHMARK}.mat"),)
    return [
        Case(form.name(row), partial(show, row), has_target=False, files=files)
        for row in range(form.rows)
    ]


def dnd_boxes(
    folder: Path,
    benchmark: Benchmark,  # noqa: ARG001 a reader's signature
    *,
    form: BlockForm = DND_FORM,
) -> list[Case]:
    """DND's boxes as cases, in the order picture, box; their targets the authors keep.

    folder: holds info.mat (struct info, whose boundingboxes are a cell of [20,4]: first row, first
    column, last row, last column, counted from 1, the last one within the box) and
    images_srgb/0001.mat ... 0050.mat (InoisySRGB, [H,W,3] in [0,1]). A box is read when it is
    shown. Raises FileNotFoundError and ValueError as `sidd_validation`.
    """
    info = _file(folder, "info.mat")
    boxes = open_mat(info)["info/boundingboxes"].cells()
    if len(boxes) != form.pictures or any(box.shape != (form.blocks, 4) for box in boxes):
        raise ValueError(
            f"{info}: boxes of {len(boxes)} pictures, the first of shape "
            f"{list(boxes[0].shape) if boxes else []}; wanted {form.pictures} of "
            f"[{form.blocks}, 4]: download DND again"
        )
    pictures = _file(folder, "images_srgb")
    cases = []
    for index, picture_boxes in enumerate(boxes):
        path = _file(pictures, f"{index + 1:04d}.mat")
        array = open_mat(path)["InoisySRGB"].expect(
            kinds=("single", "double"), shape=(None, None, 3)
        )
        for block, box in enumerate(picture_boxes.astype(int).tolist()):
            name = form.name(index * form.blocks + block)
            rows, columns = _box(box, array=array, form=form, info=info)
            show = partial(_show_box, array, rows, columns)
            cases.append(Case(name, show, has_target=False, files=(str(path),)))
    return cases


def _box(box: list[int], *, array: MatArray, form: BlockForm, info: Path) -> tuple[slice, slice]:
    """A box as slices; raises ValueError where it has another size or leaves its picture."""
    top, left, bottom, right = box
    size = (bottom - top + 1, right - left + 1)
    inside = top >= 1 and left >= 1 and bottom <= array.shape[0] and right <= array.shape[1]
    if size != form.size or not inside:
        raise ValueError(
            f"{info}: box {box} of {array.path.name} ({array.shape[0]}x{array.shape[1]}); a box "
            f"is {form.size[0]}x{form.size[1]} within its picture"
        )
    return slice(top - 1, bottom), slice(left - 1, right)


def _show_box(array: MatArray, rows: slice, columns: slice) -> Shown:
    part = array.part(rows, columns, slice(None))
    return Shown(np.ascontiguousarray(part, np.float32), {})


def _blocks(folder: Path, name: str, *, form: BlockForm) -> Blocks:
    path = _file(folder, f"{name}.mat")
    shape = (form.pictures, form.blocks, *form.size, 3)
    return Blocks(open_mat(path)[name].expect(kinds=("uint8",), shape=shape))


def _file(folder: Path, name: str) -> Path:
    """What lies in `folder` under this name, whatever its case."""
    found = [path for path in folder.iterdir() if path.name.lower() == name.lower()]
    if not found:
        raise FileNotFoundError(f"{folder}: no {name} in it; it belongs beside the other files")
    return sorted(found)[0]


# Reader of each archive: (folder that `find_archive` gave, benchmark) -> cases.
ARCHIVES: dict[str, Callable[[Path, Benchmark], list[Case]]] = {
    "sidd-mat": sidd_validation,
    "sidd-benchmark": sidd_benchmark,
    "dnd": dnd_boxes,
}
# What a folder must hold, lower case, to be an archive's; the reader says what else is missing.
_MARKS = {
    "sidd-mat": f"{SIDD_NOISY}.mat".lower(),
    "sidd-benchmark": f"{SIDD_BENCHMARK}.mat".lower(),
    "dnd": "images_srgb",
}
_DEPTH = 4


def find_archive(name: str, folder: Path) -> Path | None:
    """The folder of an archive: `folder` or the nearest below it, at most four levels down; None
    where there is none. Case is ignored. name: a key of `ARCHIVES`.

    Raises ValueError where two lie equally near.
    """
    mark = _MARKS[name]
    level = [folder]
    for _ in range(_DEPTH + 1):
        found = [one for one in level if any(entry.name.lower() == mark for entry in _list(one))]
        if len(found) > 1:
            raise ValueError(
                f"{found[0]} and {found[1]} both hold {mark}; give the one that is meant"
            )
        if found:
            return found[0]
        level = [Path(entry.path) for one in level for entry in _list(one) if entry.is_dir()]
    return None


def _list(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)
