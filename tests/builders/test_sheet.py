"""The contact sheet: a row per scene, its inputs left to right, its target last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from built import build_here, take_raws

from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.parts import Row, code_picture
from builders.planning import Store
from builders.sheet import CELL, GAP, LABEL, contact_sheet, sample_rows
from degrade.images import Picture, read_picture


def plain(color: tuple[int, int, int], *, shape: tuple[int, int] = (100, 200), bits: int = 8
          ) -> Picture:  # fmt: skip
    kind = np.uint8 if bits == 8 else np.uint16
    return np.broadcast_to(np.array(color, kind), (*shape, 3)).copy()


def row(scene: str, variant: str, lq: Picture, gt: Picture, *, gt_name: str = "gt") -> Row:
    return Row(f"{scene}/{variant}", scene, variant, "{}", False, gt_name,
               code_picture(lq, codec="png"), code_picture(gt, codec="png"))  # fmt: skip


def cell(sheet: np.ndarray, line: int, column: int, *, height: int) -> np.ndarray:
    """The colour in the middle of a cell."""
    top = GAP + line * (height + LABEL + GAP) + height // 2
    return sheet[top, GAP + column * (CELL + GAP) + CELL // 2]


def test_inputs_left_to_right_and_the_target_last() -> None:
    red, green, blue = plain((250, 0, 0)), plain((0, 250, 0)), plain((0, 0, 250))
    rows = [row("a", "ev-1", red, blue), row("a", "ev+1", green, blue), row("b", "ev-1", blue, red)]
    sheet = contact_sheet(rows)
    height = CELL // 2
    assert sheet.shape == (GAP + 2 * (height + LABEL + GAP), GAP + 3 * (CELL + GAP), 3)
    assert cell(sheet, 0, 0, height=height).tolist() == [250, 0, 0]
    assert cell(sheet, 0, 1, height=height).tolist() == [0, 250, 0]
    assert cell(sheet, 0, 2, height=height).tolist() == [0, 0, 250]
    assert cell(sheet, 1, 0, height=height).tolist() == [0, 0, 250]
    assert cell(sheet, 1, 1, height=height).min() > 240, "a column that this scene has not"
    assert cell(sheet, 1, 2, height=height).tolist() == [250, 0, 0]


def test_sixteen_bits_are_shown_as_eight() -> None:
    picture = plain((60_000, 30_000, 0), bits=16)
    sheet = contact_sheet([row("a", "ev-1", picture, picture)])
    assert cell(sheet, 0, 0, height=CELL // 2).tolist() == [60_000 >> 8, 30_000 >> 8, 0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (20, 30)])
def test_pictures_of_any_shape(shape: tuple[int, int]) -> None:
    picture = plain((9, 9, 9), shape=shape)
    sheet = contact_sheet([row("a" * 300, "ev-1", picture, picture)])
    assert sheet.shape[1] == GAP + 2 * (CELL + GAP)
    assert (sheet == 9).any()


def test_a_built_dataset_has_a_sheet_of_its_scenes(tmp_path: Path) -> None:
    raw = take_raws(tmp_path / "raw")
    out = build_here(raw, tmp_path / "set", wishes=Wishes(size=96, patch=32, screens=False),
                     store=Store(split="train=0.5,val=0.5"))  # fmt: skip
    files = [shard.file for shard in load_manifest(out).shards]
    rows = sample_rows(out, files=files)
    assert [r.variant for r in rows[:4]] == ["ev-1.5-p00", "ev-1-p00", "ev+1-p00", "ev+1.5-p00"]
    assert len(rows) == 16
    assert {r.scene for r in sample_rows(out, files=files, scenes=3)} < {r.scene for r in rows}
    assert len({r.scene for r in sample_rows(out, files=files, scenes=3)}) == 3
    assert np.array_equal(read_picture(out / "preview.png"), contact_sheet(rows))
