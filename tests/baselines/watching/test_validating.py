"""Validation within a run: what is scored, what is kept, what a kill leaves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from baselines.checkpoints.as_network import open_checkpoint
from baselines.checkpoints.ours import read_card
from baselines.configs.config import Config, Validation
from baselines.objectives.turn import RESTORER
from baselines.training.loop import train
from baselines.training.session import Session
from baselines.watching.lines import Scores
from evaluation.models.options import ModelOptions
from evaluation.runs.rows import read_table
from evaluation.runs.run import RunOptions, run_evaluation
from evaluation.runs.summary import load_summary
from evaluation.sets.user_sets import own_folder
from tests.baselines.training.toy_run import toy_config, toy_session
from tests.baselines.watching.watched_run import (
    Watched,
    model_scores,
    pairs_folder,
    session_of,
    watch,
    watched_config,
)


def went(watched: Watched, *, until: int) -> None:
    """Catches up, then trains with all hooks."""
    watched.validator.catch_up(watched.session)
    train(watched.session, until=until, hooks=[watched.log.hook, watched.validator.hook])


def test_scores_are_those_of_an_evaluation_called_directly(tmp_path: Path, pairs: Path) -> None:
    run = tmp_path / "run"
    watched = watch(run, watched_config(pairs, metrics=("psnr", "mae")))
    went(watched, until=6)
    assert [line.step for line in model_scores(run)] == [2, 4, 6]
    benchmark, found = own_folder(pairs)
    restorer = open_checkpoint(run / "last", ModelOptions(device="cpu", tile="auto", batch="auto"))
    assert restorer is not None
    direct = run_evaluation(
        benchmark, found.cases, restorer=restorer, run=tmp_path / "direct",
        options=RunOptions(metrics=("psnr", "mae")), report=lambda _done, _total: None,
    )  # fmt: skip
    own = load_summary(run / "validation" / "step-00000006")
    assert own.metrics == direct.metrics and own.protocol_digest == direct.protocol_digest
    tables = [read_table(one) for one in (run / "validation/step-00000006", tmp_path / "direct")]
    for name in ("name", "psnr", "mae"):
        assert tables[0][name] == tables[1][name]
    line = model_scores(run)[-1]
    assert line.values == {name: score.mean for name, score in direct.metrics.items()}
    assert (line.set, line.digest, line.pictures) == (benchmark.name, benchmark.digest, 3)
    assert read_card(run / "last").scores == {benchmark.name: line.values}


def test_validation_changes_nothing_that_is_trained(tmp_path: Path, pairs: Path) -> None:
    watched = watch(tmp_path, watched_config(pairs, every=1))
    before = torch.get_rng_state()
    went(watched, until=6)
    assert torch.equal(torch.get_rng_state(), before)
    alone = session_of(watched_config(pairs))
    train(alone, until=6)
    network = watched.session.objective.networks[RESTORER]
    assert network.training
    for name, value in alone.objective.networks[RESTORER].state_dict().items():
        assert torch.equal(value, network.state_dict()[name])


@pytest.mark.parametrize("best", ["psnr", "mae"])
def test_the_best_is_kept_by_its_metrics_direction(tmp_path: Path, pairs: Path, best: str) -> None:
    config = watched_config(pairs, metrics=("psnr", "mae"))
    choice = msgspec.structs.replace(config.validation, best=best)
    watched = watch(tmp_path, msgspec.structs.replace(config, validation=choice))
    watched.validator.catch_up(watched.session)
    for step, shift in ((2, 0.1), (4, -0.09), (6, -0.05)):
        watched.validate_at(step, shift=shift)
    lines = model_scores(tmp_path)
    assert lines[1].values["psnr"] > max(lines[0].values["psnr"], lines[2].values["psnr"])
    assert lines[1].values["mae"] < min(lines[0].values["mae"], lines[2].values["mae"])
    assert [line.best for line in lines] == [True, True, False]
    assert read_card(tmp_path / "best").steps == 4
    assert read_card(tmp_path / "best").scores == {lines[1].set: lines[1].values}
    assert read_card(tmp_path / "last").steps == 6
    assert watched.said[-1].startswith("step 6: psnr ")


def test_scores_of_other_pictures_are_no_measure(tmp_path: Path, pairs: Path) -> None:
    watched = watch(tmp_path, watched_config(pairs))
    watched.validator.catch_up(watched.session)
    watched.log.add_scores(
        Scores(step=1, set="other", digest="d", pictures=3, scores={"psnr": 99.0})
    )
    watched.validate_at(2, shift=0.0)
    assert model_scores(tmp_path)[-1].best


def test_the_start_is_scored_once(tmp_path: Path, pairs: Path) -> None:
    config = watched_config(pairs)
    first = watch(tmp_path, config)
    first.validator.catch_up(first.session)
    (line,) = first.log.lines
    assert isinstance(line, Scores) and line.of == "identity" and line.step == 0
    assert line.values["psnr"] == pytest.approx(20 * np.log10(255 / 26), abs=1e-9)
    again = watch(tmp_path, config)
    again.validator.catch_up(again.session)
    assert again.log.lines == [line]
    assert "identity on" in first.said[0] and not again.said


def test_infinite_scores_are_kept_and_chosen(tmp_path: Path) -> None:
    config = watched_config(pairs_folder(tmp_path / "pairs", equal=True))
    watched = watch(tmp_path / "run", config)
    watched.validator.catch_up(watched.session)
    for step, shift in ((2, 0.1), (4, 0.0), (6, 0.1)):
        watched.validate_at(step, shift=shift)
    lines = model_scores(tmp_path / "run")
    assert [line.scores["psnr"] == "inf" for line in lines] == [False, True, False]
    assert [line.best for line in lines] == [True, True, False]
    card = read_card(tmp_path / "run" / "best")
    assert card.steps == 4 and card.scores == {lines[0].set: {"ssim": 1.0}}


def test_a_limit_holds_for_scores_and_sheet(tmp_path: Path, pairs: Path) -> None:
    heights = []
    for limit in (1, 2):
        config = watched_config(pairs)
        choice = msgspec.structs.replace(config.validation, limit=limit)
        run = tmp_path / str(limit)
        watched = watch(run, msgspec.structs.replace(config, validation=choice))
        watched.validator.catch_up(watched.session)
        watched.validate_at(2, shift=0.0)
        assert [line.pictures for line in model_scores(run)] == [limit]
        assert load_summary(run / "validation/step-00000002").limit == limit
        sheet = np.asarray(Image.open(run / "sheets/step-00000002.png"))
        assert sheet.shape[1] == 3 * 320 + 4 * 8
        heights.append(sheet.shape[0] - 8)
    assert heights[1] == 2 * heights[0]


def test_the_sheet_shows_input_output_and_target(tmp_path: Path, pairs: Path) -> None:
    watched = watch(tmp_path, watched_config(pairs))
    watched.validator.catch_up(watched.session)
    watched.validate_at(2, shift=0.3)
    sheet = np.asarray(Image.open(tmp_path / "sheets/step-00000002.png")).astype(float)
    given, made, wanted = (sheet[20:200, 8 + n * 328 : 8 + n * 328 + 320] for n in range(3))
    assert np.abs(given - wanted - 26).max() <= 1
    assert np.abs(made - wanted - 26 - 0.3 * 255).max() <= 2


def test_the_end_of_a_call_leaves_its_model(tmp_path: Path, pairs: Path) -> None:
    watched = watch(tmp_path, watched_config(pairs))
    went(watched, until=5)
    assert read_card(tmp_path / "last").steps == 4
    watched.validator.finish(watched.session)
    assert read_card(tmp_path / "last").steps == 5
    train(watched.session, until=6, hooks=[watched.log.hook, watched.validator.hook])
    scored = read_card(tmp_path / "last")
    watched.validator.finish(watched.session)
    assert read_card(tmp_path / "last") == scored and scored.scores


def test_a_leg_begins_without_the_scores_of_the_one_before(tmp_path: Path, pairs: Path) -> None:
    same = watched_config(pairs, every=3)
    anew = msgspec.structs.replace(
        same,
        stages=(same.stages[0], msgspec.structs.replace(same.stages[1], init_from="scratch")),
    )
    for config in (same, anew):
        run = tmp_path / config.stages[1].init_from
        watched = watch(run, config)
        watched.validator.catch_up(watched.session)
        watched.validate_at(3, shift=0.0)
        watch(run, config, step=3).validator.catch_up(session_at(config, step=3))
        assert len(model_scores(run)) == 1
        assert bool(read_card(run / "last").scores) == (config is same)


def session_at(config: Config, *, step: int) -> Session:
    """A session of first weights."""
    session = session_of(config)
    session.step = step
    return session


def test_a_network_that_enlarges_begins_at_bicubic(tmp_path: Path) -> None:
    config = msgspec.structs.replace(
        toy_config(network="espcn"), validation=Validation(set="demo", limit=1, every=8)
    )
    watched = watch(tmp_path, config, session=toy_session(config))
    watched.validator.catch_up(watched.session)
    assert [line.of for line in watched.log.lines if isinstance(line, Scores)] == ["bicubic"]
