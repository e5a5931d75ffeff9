"""What the servers of SIDD and DND take: outputs collected row by row, bundled at the end.

Their targets are hidden, so a run has no scores; its outputs are the result. Each is kept as a
file of its own as it is made, whole or not at all, and a run that was killed goes on where it
stopped.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builders.atomic import whole_file
from evaluation.pictures import Samples, to_u8
from evaluation.sets.archives import DND_FORM, SIDD_FORM, BlockForm

# In a run's folder; see evaluation.runs.rows for what else lies there.
_KEPT = ".run/outputs"
# The text that opens a level 5 file; SciPy writes the date there, and equal runs give equal files.
_OPENING = b"MATLAB 5.0 MAT-file, written by pairsmith".ljust(116)


class Outputs:
    """A run's outputs on disk, one .npy a row.

    run: the run's folder. form: how many rows, and the size of each. as_stored: what is kept of an
    output (rounded to 8 bits, or float32).
    """

    def __init__(
        self, run: Path, *, form: BlockForm, as_stored: Callable[[Samples], NDArray[Any]]
    ) -> None:
        self._folder = run / _KEPT
        self._as_stored = as_stored
        self.form = form

    def add(self, index: int, output: Samples) -> None:
        """Keeps the output of row `index` (from 0), float with 1 as white or uint8, [H,W,3].

        A row that is there already is replaced. Raises ValueError for another size, a row that the
        set has not, and values that are no numbers.
        """
        wanted = (*self.form.size, 3)
        if not 0 <= index < self.form.rows:
            raise ValueError(f"row {index}: the set has rows 0 ... {self.form.rows - 1}")
        if output.shape != wanted:
            raise ValueError(
                f"{self.form.name(index)}: an output of {list(output.shape)}; the server takes "
                f"{list(wanted)}"
            )
        if not np.isfinite(output).all():
            raise ValueError(f"{self.form.name(index)}: the output holds NaN or infinite values")
        with whole_file(self._path(index)) as temporary, temporary.open("wb") as file:
            np.save(file, np.ascontiguousarray(self._as_stored(output)), allow_pickle=False)

    def missing(self) -> list[int]:
        """The rows that are not there yet."""
        names = {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        return [row for row in range(self.form.rows) if self._path(row).name not in names]

    def read(self, index: int) -> NDArray[Any]:
        """The output of row `index` as it is kept; OSError where it is not there."""
        return np.load(self._path(index), allow_pickle=False)

    def check_whole(self) -> None:
        """Raises ValueError where rows are missing, with how many and which."""
        if gone := self.missing():
            names = ", ".join(self.form.name(row) for row in gone[:5])
            raise ValueError(
                f"{self._folder}: {self.form.rows - len(gone)} of {self.form.rows} outputs; "
                f"missing {names}{' ...' if len(gone) > 5 else ''}: a server takes all of them, "
                "run again without --limit"
            )

    def _path(self, index: int) -> Path:
        return self._folder / f"{self.form.name(index)}.npy"


@dataclass(frozen=True)
class SiddSubmission:
    """SubmitSrgb.csv and SubmitSrgb.mat of SIDD's benchmark.

    The CSV is what Kaggle takes (competitions sidd-benchmark-srgb-psnr and -ssim, by the authors'
    example script): a line 'ID,BLOCK', then one a block; IDs run from 0 in the order picture,
    block (block 1 of picture 2 is 32); BLOCK is base64 of the block's bytes, uint8 [256,256,3]
    in C order, RGB. The .mat is what the authors' own server took before it closed (their
    SIDD_Denoise.m): DenoisedBlocksSrgb, a 40 x 32 cell of uint8 blocks; TimeMPSrgb, seconds per
    megapixel; OptionalData, a struct of texts.
    """

    outputs: Outputs

    def add(self, index: int, output: Samples) -> None:
        """Keeps one output, rounded to 8 bits; see `Outputs.add`."""
        self.outputs.add(index, output)

    def finish(self, out: Path, *, method: str = "", seconds_per_megapixel: float = 0.0) -> Path:
        """Writes both files into the folder `out` and gives the CSV. method: the model's name.
        Equal outputs give equal bytes. Raises ValueError where outputs are missing."""
        self.outputs.check_whole()
        form = self.outputs.form
        path = out / "SubmitSrgb.csv"
        with whole_file(path) as temporary, temporary.open("wb") as file:
            file.write(b"ID,BLOCK\n")
            for row in range(form.rows):
                block = base64.b64encode(self.outputs.read(row).tobytes())
                file.write(b"%d,%s\n" % (row, block))
        cells = np.empty((form.pictures, form.blocks), object)
        for row in range(form.rows):
            cells[divmod(row, form.blocks)] = self.outputs.read(row)
        content = {
            "DenoisedBlocksSrgb": cells,
            "TimeMPSrgb": float(seconds_per_megapixel),
            "OptionalData": {"MethodName": method or "unnamed"},
        }
        _save_mat(out / "SubmitSrgb.mat", content)
        return path


@dataclass(frozen=True)
class DndSubmission:
    """0001.mat ... 0050.mat of the Darmstadt Noise Dataset (the authors' bundle_submissions):
    Idenoised, a 1 x 20 cell of single [512,512,3] in [0,1]; israw, false; eval_version, '1.0'."""

    outputs: Outputs

    def add(self, index: int, output: Samples) -> None:
        """Keeps one output as float32 in [0,1]; see `Outputs.add`."""
        self.outputs.add(index, output)

    def finish(
        self,
        out: Path,
        *,
        method: str = "",  # noqa: ARG002 DND asks for neither
        seconds_per_megapixel: float = 0.0,  # noqa: ARG002
    ) -> Path:
        """Writes the files into the folder `out` and gives it; its contents are zipped for the
        server. Equal outputs give equal bytes. Raises ValueError where outputs are missing."""
        self.outputs.check_whole()
        form = self.outputs.form
        for picture in range(form.pictures):
            cells = np.empty((1, form.blocks), object)
            for block in range(form.blocks):
                cells[0, block] = self.outputs.read(picture * form.blocks + block)
            content = {"Idenoised": cells, "israw": np.bool_(False), "eval_version": "1.0"}
            _save_mat(out / f"{picture + 1:04d}.mat", content)
        return out


def sidd_submission(run: Path, *, form: BlockForm = SIDD_FORM) -> SiddSubmission:
    """A writer of SIDD's submission that keeps its outputs in the run folder `run`."""
    return SiddSubmission(Outputs(run, form=form, as_stored=to_u8))


def dnd_submission(run: Path, *, form: BlockForm = DND_FORM) -> DndSubmission:
    """A writer of DND's submission that keeps its outputs in the run folder `run`."""
    return DndSubmission(Outputs(run, form=form, as_stored=_unit))


# Writers by the name that a benchmark gives: (run folder) -> writer.
SUBMISSIONS: dict[str, Callable[[Path], SiddSubmission | DndSubmission]] = {
    "sidd": sidd_submission,
    "dnd": dnd_submission,
}


def _unit(output: Samples) -> NDArray[np.float32]:
    if output.dtype == np.uint8:
        return output.astype(np.float32) / np.float32(255)
    return np.clip(output, 0.0, 1.0).astype(np.float32)


def _save_mat(path: Path, content: dict[str, Any]) -> None:
    """A level 5 file of `content`, without the date."""
    from scipy.io import savemat

    with whole_file(path) as temporary:
        savemat(temporary, content, appendmat=False)
        with temporary.open("r+b") as file:
            file.write(_OPENING)
