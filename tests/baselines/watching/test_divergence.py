"""A loss that is not finite: what the run leaves for whoever looks for the cause."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from baselines.configs.config import Stage
from baselines.objectives.turn import Batch, Where
from baselines.training.loop import Diverged, train
from baselines.training.session import Batches, Session
from baselines.watching.nonfinite import REPORT, report_divergence
from tests.baselines.training.toy_run import toy_config, toy_session


class SpoiltBatches:
    """Batches whose pictures are NaN at one step."""

    waited = 0.0

    def __init__(self, inner: Batches, *, at: int) -> None:
        self.inner, self.spoilt = inner, at

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        found = self.inner.at(where, stage)
        if where.step != self.spoilt:
            return found
        gone = {name: one * torch.nan for name, one in found[0].pictures.items()}
        return [replace(found[0], pictures=gone), *found[1:]]

    def close(self) -> None:
        self.inner.close()


class DescribedBatches(SpoiltBatches):
    """They can say how their samples were made."""

    def describe_samples(self, where: Where, stage: Stage) -> Sequence[Mapping[str, Any]]:
        return [{"key": f"{where.step}/{number}", "flip": True} for number in range(stage.batch)]


class LostBatches(DescribedBatches):
    """Their files are gone meanwhile."""

    def describe_samples(self, where: Where, stage: Stage) -> Sequence[Mapping[str, Any]]:
        raise FileNotFoundError(f"{where.step}: gone ({stage.batch})")


def diverged(kind: type[SpoiltBatches]) -> tuple[Session, Diverged]:
    """A session that stopped at step 5, the second of the second stage."""
    stages = (Stage(steps=4, batch=4, patch=18), Stage(steps=4, batch=4, patch=18, accumulate=2))
    session = toy_session(toy_config(stages=stages))
    session.batches = kind(session.batches, at=5)
    with pytest.raises(Diverged) as caught:
        train(session, until=8)
    return session, caught.value


def test_the_report_says_what_it_takes_to_rebuild_the_batch(tmp_path: Path) -> None:
    session, error = diverged(DescribedBatches)
    state = tmp_path / ".run" / "step-00000004.pt"
    message = report_divergence(error, folder=tmp_path, session=session, state=state)
    report = json.loads((tmp_path / REPORT).read_text())
    assert report["step"] == 5 and report["stage"] == 1
    assert report["keys"] == ["5/0", "5/1", "5/2", "5/3"]
    assert report["samples"] == [{"key": f"5/{number}", "flip": True} for number in range(4)]
    assert report["values"] == {"restorer/pixel": "nan", "restorer/restorer's gradient": "nan"}
    assert report["last_good_state"] == str(state)
    assert "\n" not in message
    for part in ("step 5: restorer/pixel", "samples 5/0, 5/1, 5/2, 5/3 (", str(tmp_path / REPORT),
                 str(state), "optimizers.restorer.rate below 0.01",
                 "optimizers.restorer.clip=norm"):  # fmt: skip
        assert part in message


def test_no_state_and_no_description_are_said(tmp_path: Path) -> None:
    session, error = diverged(SpoiltBatches)
    message = report_divergence(error, folder=tmp_path, session=session, state=None)
    report = json.loads((tmp_path / REPORT).read_text())
    assert report["last_good_state"] is None and report["samples"] == []
    assert "no state was kept yet" in message
    session, error = diverged(LostBatches)
    report_divergence(error, folder=tmp_path, session=session, state=None)
    report = json.loads((tmp_path / REPORT).read_text())
    assert report["samples"] == [{"not described": "5: gone (4)"}]


def test_remedies_follow_from_the_config(tmp_path: Path) -> None:
    session, error = diverged(SpoiltBatches)
    clipped = msgspec.structs.replace(
        session.config.optimizers["restorer"], clip="norm", clip_at=0.1
    )
    session.config = msgspec.structs.replace(
        session.config, precision="bf16", optimizers={"restorer": clipped}
    )
    message = report_divergence(error, folder=tmp_path, session=session, state=None)
    assert "precision=fp32 in place of bf16" in message and "clip=norm" not in message
