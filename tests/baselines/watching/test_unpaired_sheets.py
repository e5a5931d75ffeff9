"""An unpaired run that names no set: low pictures to look at, nothing that is called the best."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from set_folders import save, scene

from baselines.checkpoints.ours import read_card
from baselines.configs.config import Config, Data
from baselines.training_data.sources import Sources
from baselines.watching.lines import Scores
from builders.sources import Root
from tests.baselines.watching.watched_run import model_scores, watch, watched_config


def unpaired(name: str = "") -> Config:
    """Without partners, validated on `name`."""
    return msgspec.structs.replace(watched_config(name), data=Data(unpaired=True))


@pytest.fixture
def low(tmp_path: Path) -> Sources:
    """Six low pictures in two folders."""
    for number in range(6):
        save(tmp_path / f"low{number % 2}" / f"{number}.png", scene(number, size=(24, 32)) // 2)
    return Sources(low=tuple(Root(tmp_path / f"low{number}") for number in range(2)))


def test_sheets_alone_are_written(tmp_path: Path, low: Sources) -> None:
    run = tmp_path / "run"
    watched = watch(run, unpaired(), sources=low)
    watched.validator.catch_up(watched.session)
    watched.validate_at(2, shift=0.3)
    names = sorted(one.name for one in (run / "sheets").iterdir())
    assert names == ["step-00000000.png", "step-00000002.png"]
    assert not (run / "best").exists() and not (run / "validation").exists()
    assert read_card(run / "last").steps == 2 and read_card(run / "last").scores == {}
    assert not [line for line in watched.log.lines if isinstance(line, Scores)]
    assert any("validation.set names a set with targets" in line for line in watched.said)
    sheet = np.asarray(Image.open(run / "sheets/step-00000002.png")).astype(float)
    assert sheet.shape[1] == 2 * 320 + 3 * 8
    given, made = (sheet[20:200, 8 + n * 328 : 8 + n * 328 + 320] for n in range(2))
    assert np.abs(made - given - 0.3 * 255).max() <= 2
    rows = [row for row in range(sheet.shape[0]) if np.ptp(sheet[row, 8:328]) > 60]
    assert len(rows) >= 4 * 240  # four pictures of the six, each 320 px wide


def test_a_step_that_was_killed_has_its_sheet_made(tmp_path: Path, low: Sources) -> None:
    for step, wanted in ((4, ["step-00000004.png"]), (3, [])):
        run = tmp_path / str(step)
        watched = watch(run, unpaired(), sources=low, step=step)
        watched.validator.catch_up(watched.session)
        sheets = run / "sheets"
        assert sorted(one.name for one in sheets.glob("*")) == wanted
        assert read_card(run / "last").steps == step


def test_what_cannot_be_read_is_found_before_the_first_step(tmp_path: Path, low: Sources) -> None:
    (low.low[0].folder / "0.png").write_bytes(b"no picture")
    watched = watch(tmp_path / "run", unpaired(), sources=low)
    with pytest.raises(ValueError, match=r"0\.png"):
        watched.validator.catch_up(watched.session)


def test_a_named_set_is_scored(tmp_path: Path, pairs: Path, low: Sources) -> None:
    watched = watch(tmp_path / "run", unpaired(str(pairs)), sources=low)
    watched.validator.catch_up(watched.session)
    watched.validate_at(2, shift=0.0)
    (line,) = model_scores(tmp_path / "run")
    assert line.best and (tmp_path / "run" / "best").is_dir()
