"""Bundles for SIDD's and DND's servers: their form, and that nothing is lost or left half."""

from __future__ import annotations

import base64
import csv
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, whosmat

from evaluation.benchmarks.real_denoise import REAL_DENOISE
from evaluation.runs.submission import (
    SUBMISSIONS,
    DndSubmission,
    SiddSubmission,
    dnd_submission,
    sidd_submission,
)
from evaluation.sets.archives import DND_FORM, SIDD_FORM, BlockForm

FORM = BlockForm(3, 4, (6, 8))


def outputs(seed: int = 0) -> np.ndarray:
    """Rows as a network gives them: float32, a little outside of [0,1]."""
    made = np.random.default_rng(seed).uniform(-0.2, 1.2, (FORM.rows, *FORM.size, 3))
    return made.astype(np.float32)


def rounded(row: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(row, 0, 1) * 255).astype(np.uint8)


def test_every_hidden_set_has_its_writer() -> None:
    wanted = {name: one.submission for name, one in REAL_DENOISE.items() if one.submission}
    assert wanted == {"sidd-benchmark": "sidd", "dnd": "dnd"}
    forms = {
        name: inspect.signature(make).parameters["form"].default
        for name, make in SUBMISSIONS.items()
    }
    assert forms == {"sidd": SIDD_FORM, "dnd": DND_FORM}


def test_the_csv_that_kaggle_takes(tmp_path: Path) -> None:
    """ID from 0 in the order picture, block; BLOCK base64 of uint8 bytes, rows first, RGB."""
    rows = outputs()
    writer = sidd_submission(tmp_path / "run", form=FORM)
    for index in np.random.default_rng(1).permutation(FORM.rows):
        writer.add(int(index), rows[index])
    path = writer.finish(tmp_path / "out")
    assert path == tmp_path / "out/SubmitSrgb.csv"
    text = path.read_bytes()
    assert text.startswith(b"ID,BLOCK\n0,")
    assert b"\r" not in text
    csv.field_size_limit(2**20)
    read = list(csv.DictReader(path.open(newline="")))
    assert [row["ID"] for row in read] == [str(index) for index in range(FORM.rows)]
    for index, row in enumerate(read):
        block = np.frombuffer(base64.b64decode(row["BLOCK"]), np.uint8).reshape(*FORM.size, 3)
        np.testing.assert_array_equal(block, rounded(rows[index]))


def test_the_mat_that_sidd_s_server_took(tmp_path: Path) -> None:
    rows = outputs()
    writer = sidd_submission(tmp_path / "run", form=FORM)
    for index, row in enumerate(rows):
        writer.add(index, row)
    writer.finish(tmp_path / "out", method="DnCNN", seconds_per_megapixel=0.5)
    path = tmp_path / "out/SubmitSrgb.mat"
    assert {name: (shape, kind) for name, shape, kind in whosmat(path)} == {
        "DenoisedBlocksSrgb": ((3, 4), "cell"),
        "TimeMPSrgb": ((1, 1), "double"),
        "OptionalData": ((1, 1), "struct"),
    }
    read = loadmat(path)
    assert read["TimeMPSrgb"] == 0.5
    assert read["OptionalData"]["MethodName"][0, 0] == "DnCNN"
    for index, row in enumerate(rows):
        cell = read["DenoisedBlocksSrgb"][divmod(index, FORM.blocks)]
        assert cell.dtype == np.uint8
        np.testing.assert_array_equal(cell, rounded(row))


def test_the_bundle_that_dnd_s_server_takes(tmp_path: Path) -> None:
    rows = outputs()
    writer = dnd_submission(tmp_path / "run", form=FORM)
    for index, row in enumerate(rows):
        writer.add(index, row)
    folder = writer.finish(tmp_path / "out")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["0001.mat", "0002.mat", "0003.mat"]
    for picture, name in enumerate(names):
        assert {n: (shape, kind) for n, shape, kind in whosmat(folder / name)} == {
            "Idenoised": ((1, 4), "cell"),
            "israw": ((1, 1), "logical"),
            "eval_version": ((1,), "char"),
        }
        read = loadmat(folder / name)
        assert read["israw"] == 0
        assert read["eval_version"].tolist() == ["1.0"]
        for block in range(FORM.blocks):
            cell = read["Idenoised"][0, block]
            assert cell.dtype == np.float32
            np.testing.assert_array_equal(cell, np.clip(rows[4 * picture + block], 0, 1))


def test_outputs_of_8_bits_stay_as_they_are(tmp_path: Path) -> None:
    row = rounded(outputs()[0])
    for make, wanted in (
        (sidd_submission, row),
        (dnd_submission, row.astype(np.float32) / np.float32(255)),
    ):
        writer = make(tmp_path / make.__name__, form=FORM)
        writer.add(0, row)
        np.testing.assert_array_equal(writer.outputs.read(0), wanted)


@pytest.mark.parametrize("make", [sidd_submission, dnd_submission])
def test_a_run_goes_on_and_ends_in_the_same_bytes(
    make: Callable[..., SiddSubmission | DndSubmission], tmp_path: Path
) -> None:
    rows = outputs()
    whole = make(tmp_path / "whole", form=FORM)
    for index, row in enumerate(rows):
        whole.add(index, row)
    first = make(tmp_path / "parts", form=FORM)
    for index in (0, 1, 7):
        first.add(index, rows[index])
    # a file that a killed write left behind counts for nothing
    (tmp_path / "parts/.run/outputs/.tmp-00-0001-03.npy").write_bytes(b"half")
    again = make(tmp_path / "parts", form=FORM)
    assert again.outputs.missing() == [2, 3, 4, 5, 6, 8, 9, 10, 11]
    with pytest.raises(ValueError, match=r"3 of 12 outputs; missing 0001-03, 0001-04, 0002-01, "):
        again.finish(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    again.add(0, outputs(5)[0])  # a row made anew replaces the old one
    for index in (0, *again.outputs.missing()):
        again.add(index, rows[index])
    one, two = (w.finish(tmp_path / str(i)) for i, w in enumerate((whole, again)))
    folders = [path if path.is_dir() else path.parent for path in (one, two)]
    files = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders]
    assert files[0] == files[1]


def test_what_a_server_would_refuse_is_refused_at_once(tmp_path: Path) -> None:
    writer = sidd_submission(tmp_path, form=FORM)
    row = outputs()[0]
    with pytest.raises(ValueError, match=r"0001-02: an output of \[8, 6, 3\]; the server takes \["):
        writer.add(1, row.transpose(1, 0, 2))
    with pytest.raises(ValueError, match=r"row 12: the set has rows 0 \.\.\. 11"):
        writer.add(12, row)
    row[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="0001-01: the output holds NaN"):
        writer.add(0, row)
    assert writer.outputs.missing() == list(range(FORM.rows))


_ADD_FOREVER = """
import itertools, sys
from pathlib import Path
import numpy as np
from evaluation.sets.archives import BlockForm
from evaluation.runs.submission import sidd_submission
form = BlockForm(3, 4, (300, 300))
writer = sidd_submission(Path(sys.argv[1]), form=form)
row = np.full((300, 300, 3), 77, np.uint8)
for index in itertools.count():
    writer.add(index % form.rows, row)
    print(index, flush=True)
"""


def test_a_kill_leaves_whole_outputs(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", _ADD_FOREVER, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(20):
            assert process.stdout.readline()
        process.kill()
    writer = sidd_submission(tmp_path, form=BlockForm(3, 4, (300, 300)))
    assert writer.outputs.missing() == []
    assert all((writer.outputs.read(row) == 77).all() for row in range(12))


@pytest.mark.slow
def test_the_official_number_of_blocks(tmp_path: Path) -> None:
    writer = SUBMISSIONS["sidd"](tmp_path)
    row = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    for index in range(SIDD_FORM.rows):
        row[0, 0] = (*divmod(index, 256), 7)
        writer.add(index, row)
    path = writer.finish(tmp_path / "out")
    with path.open("rb") as file:
        lines = [line.split(b",") for line in file]
    assert [line[0] for line in lines] == [b"ID", *(b"%d" % i for i in range(1280))]
    firsts = [tuple(base64.b64decode(line[1][:4])) for line in lines[1:]]
    assert firsts == [(*divmod(index, 256), 7) for index in range(1280)]
    assert all(len(line[1]) == 262144 + 1 for line in lines[1:])
    cells = loadmat(tmp_path / "out/SubmitSrgb.mat")["DenoisedBlocksSrgb"]
    assert cells.shape == (40, 32)
    assert cells[39, 31].shape == (256, 256, 3)
    assert tuple(cells[8, 1][0, 0]) == (*divmod(8 * 32 + 1, 256), 7)
