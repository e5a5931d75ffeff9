"""--dry-run: what it says is what the config, the networks and the data are; it writes nothing."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import write_ours
from baselines.configs.config import Stage
from baselines.configs.overriding import override
from baselines.configs.reading import config_json, parse_config
from baselines.training.dry_run import data_lines, dry_run_lines, validation_line
from baselines.training.first_look import preview_batch
from baselines.training.legs import build_restorer, legs_of
from baselines.training.options import Judges, RunOptions
from baselines.training_data.sources import Sources
from builders.sources import Root
from degrade.option_error import OptionError
from tests.baselines.training.toy_run import toy_config

TOY = override(
    toy_config(stages=[Stage(steps=30, batch=4, patch=24, accumulate=2)]),
    ["data.recipe=bicubic-x3", "validation.every=10", "validation.metrics=psnr,ssim"],
)


@pytest.fixture
def options(tmp_path: Path) -> RunOptions:
    """Of a run on six small pictures."""
    folder = tmp_path / "clean"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(6):
        pixels = random.integers(0, 256, (36, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    sources = Sources(clean=(Root(folder, 1.0),))
    return RunOptions(folder=tmp_path / "run", sources=sources, device="cpu")


def test_all_that_a_run_would_be(options: RunOptions) -> None:
    lines = dry_run_lines(TOY, options=options)
    end = lines.index("}")
    assert parse_config("\n".join(lines[: end + 1]).encode(), file="it") == TOY
    assert json.loads(config_json(TOY)) == json.loads("\n".join(lines[: end + 1]))
    said = "\n".join(lines[end + 1 :])
    assert "restorer: 22,729 parameters, " in said  # 5x5x64, 3x3x32, 3x3x9
    assert "G multiply-adds at 256x256" in said
    assert "stage 1: 30 steps, patch 24, batch 4 = 2 micro-batches x 2: needs about 0.00 of" in said
    assert "data: clean 6" in said
    assert "steps: 30, 120 samples, 20.0 epochs of 6" in said
    assert (
        "validation: " in said and "psnr, ssim; every 10 steps" in said and "best by psnr" in said
    )
    assert not options.folder.exists()


def test_fit_shows_what_it_would_choose(options: RunOptions) -> None:
    fitted = dataclasses.replace(options, fit=True)
    assert any(
        line.startswith("stage 1: patch 24, batch 4: needs")
        for line in dry_run_lines(TOY, options=fitted)
    )


def test_what_cannot_be_is_refused_first(options: RunOptions) -> None:
    with pytest.raises(OptionError, match=r"^data\.recipe"):
        dry_run_lines(override(TOY, ["data.recipe=bicubic-x2"]), options=options)
    with pytest.raises(OptionError, match=r"^optimizers\.judge"):
        dry_run_lines(override(TOY, ['optimizers.judge={"rate": 1}']), options=options)


def test_weights_to_start_from_are_needed(options: RunOptions, tmp_path: Path) -> None:
    needed = override(TOY, ["stages.0.init_from=needed: a run of toys"])
    with pytest.raises(OptionError, match=r"^--init: .*a run of toys"):
        dry_run_lines(needed, options=options)
    card = Card(network="espcn", kwargs=dict(TOY.network.set))
    state = build_restorer(TOY, legs_of(TOY.stages)[0]).state_dict()
    write_ours(tmp_path / "toy", state=state, card=card)
    given = override(TOY, [f"stages.0.init_from={tmp_path / 'toy'}"])
    said = f"step 0: starts from {len(state)} of {len(state)} weights"
    assert said in dry_run_lines(given, options=options)


def test_headers_and_options_are_looked_at(options: RunOptions) -> None:
    with pytest.raises(OptionError, match=r"^--without clip"):
        judges = Judges(without=frozenset({"clip"}))
        dry_run_lines(TOY, options=dataclasses.replace(options, judges=judges))
    (root,) = options.sources.clean
    Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(root.folder / "5.png")
    with pytest.raises(ValueError, match=r"5\.png: 40x20 pixels: stages\.patch takes 24"):
        dry_run_lines(TOY, options=options)
    with pytest.raises(ValueError, match=r"5\.png"):
        preview_batch(TOY, options=options, path=options.folder.parent / "sheet.png")


def test_lines_of_data_and_validation() -> None:
    lines = data_lines(TOY, counts={"a": 1500, "b": 20}, drawn=1520)
    assert lines[0] == "data: a 1,500, b 20"
    assert lines[1] == "steps: 30, 120 samples, 0.1 epochs of 1,520"
    late = override(TOY, ["validation.every=0", "validation.set=set5-x3", "validation.limit=2"])
    assert validation_line(late) == (
        "validation: set5-x3, 2 pictures at most; psnr, ssim; at the end; best by psnr"
    )
