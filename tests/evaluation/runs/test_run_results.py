"""What a run hands on: submissions, scores that are none, seconds, a digest of every choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.parquet as pq
import pytest
from small_runs import NOISY, evaluate, small_cases

from evaluation.inputs import GaussianNoise
from evaluation.pictures import Samples
from evaluation.protocol import Protocol
from evaluation.runs.run import RunOptions
from evaluation.runs.submission import SUBMISSIONS


class Kept:
    """A submission's writer that remembers what it was given."""

    given: ClassVar[dict[int, np.ndarray]] = {}
    ended: ClassVar[list[dict]] = []

    def __init__(self, run: Path) -> None:
        self.run = run

    def add(self, index: int, output: Samples) -> None:
        self.given[index] = output

    def finish(self, out: Path, *, method: str, seconds_per_megapixel: float) -> Path:
        self.ended.append({"method": method, "pace": seconds_per_megapixel})
        return out


def test_a_submission_gets_every_output_under_its_own_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SUBMISSIONS, "kept", Kept)
    hidden = replace(NOISY, submission="kept", groups={}, protocol=Protocol(metrics=()))
    cases = [replace(case, has_target=False) for case in small_cases()]
    summary = evaluate(tmp_path, benchmark=hidden, cases=cases, options=RunOptions(limit=2))
    assert not Kept.ended and sorted(Kept.given) == [0, 1]
    summary = evaluate(tmp_path, benchmark=hidden, cases=cases)  # goes on at the third
    assert sorted(Kept.given) == list(range(6))
    for index, case in enumerate(cases):
        np.testing.assert_array_equal(Kept.given[index], case.show().lq)
    (ended,) = Kept.ended
    assert ended["method"] == "own" and ended["pace"] > 0
    assert any(note.startswith("to submit: ") for note in summary.notes)
    assert summary.metrics == {}


def test_a_score_that_is_no_number_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd_metric.py").write_text("def odd(output, target):\n    return float('nan')\n")
    monkeypatch.chdir(tmp_path)
    summary = evaluate(tmp_path / "run", options=RunOptions(metrics=("psnr", "odd_metric:odd")))
    assert "odd_metric:odd" not in summary.metrics and "odd_metric:odd" in summary.about
    assert any("6 pictures without a score (p0: the score is not" in n for n in summary.notes)


def test_seconds_are_a_mean_and_a_sum(tmp_path: Path) -> None:
    summary = evaluate(tmp_path)
    seconds = pq.read_table(tmp_path / "rows.parquet")["seconds"].to_pylist()
    assert summary.seconds.total == pytest.approx(sum(seconds))
    assert summary.seconds.mean == pytest.approx(sum(seconds) / 6)


@pytest.mark.parametrize(
    "change",
    [
        {"count": 7},
        {"references": ("expert_a",)},
        {"name": "other"},
        {"inputs": GaussianNoise(sigma=25, seed=1)},
        {"inputs": GaussianNoise(sigma=25, order="bgr")},
        {"protocol": Protocol(channel="gray")},
        {"protocol": Protocol(border=1)},
        {"protocol": Protocol(output="float")},
        {"protocol": Protocol(ssim="matlab-3d")},
        {"protocol": Protocol(brightness="gt-mean")},
        {"protocol": Protocol(version=2)},

    ],
)  # fmt: skip
def test_every_choice_is_in_the_digest(change: dict) -> None:
    assert replace(NOISY, **change).digest != NOISY.digest
    assert replace(NOISY, protocol=Protocol(metrics=("mae",))).digest == NOISY.digest
