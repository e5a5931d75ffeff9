"""One run a folder: the same goes on, another is refused, and what is not a run's is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from baselines.training.plan_file import begin_plan
from degrade.option_error import OptionError

PLAN: dict[str, Any] = {
    "config": {"seed": 0, "stages": [{"steps": 4, "batch": 2}], "log_every": 10},
    "data": {"a": "0f"},
}


def test_the_same_plan_goes_on(tmp_path: Path) -> None:
    begin_plan(tmp_path, PLAN, overwrite=False)
    (tmp_path / "log.jsonl").write_text('{"kind":"steps"}\n')
    begin_plan(tmp_path, PLAN, overwrite=False)
    logged = {**PLAN, "config": {**PLAN["config"], "log_every": 1}}
    begin_plan(tmp_path, logged, overwrite=False)
    assert (tmp_path / "log.jsonl").exists()


def test_a_start_that_was_refused_claims_no_folder(tmp_path: Path) -> None:
    begin_plan(tmp_path, PLAN, overwrite=False)
    (tmp_path / "log.jsonl").write_text('{"kind":"scores"}\n')
    begin_plan(tmp_path, {**PLAN, "data": {"a": "11"}}, overwrite=False)
    assert not (tmp_path / "log.jsonl").exists()


def test_another_plan_is_refused_by_name(tmp_path: Path) -> None:
    begin_plan(tmp_path, PLAN, overwrite=False)
    (tmp_path / "log.jsonl").write_text('{"kind":"steps"}\n')
    other = {**PLAN, "config": {"seed": 0, "stages": [{"steps": 4, "batch": 8}]}}
    with pytest.raises(ValueError, match=r"config\.stages\.0\.batch was 2, is 8"):
        begin_plan(tmp_path, other, overwrite=False)
    (tmp_path / "mine.txt").write_text("kept")
    begin_plan(tmp_path, other, overwrite=True)
    assert not (tmp_path / "log.jsonl").exists() and (tmp_path / "mine.txt").exists()
    (tmp_path / ".run" / "step-00000001.pt").write_bytes(b"")
    begin_plan(tmp_path, other, overwrite=False)


def test_micro_batches_may_be_cut_anew_until_a_state_is_kept(tmp_path: Path) -> None:
    stages = [{"steps": 4, "batch": 2, "accumulate": 1}]
    whole = {**PLAN, "config": {"stages": stages}}
    cut = {**PLAN, "config": {"stages": [{**stages[0], "accumulate": 2}]}}
    begin_plan(tmp_path, whole, overwrite=False)
    begin_plan(tmp_path, cut, overwrite=False)
    (tmp_path / ".run" / "step-00000001.pt").write_bytes(b"")
    with pytest.raises(ValueError, match="accumulate was 2, is 1"):
        begin_plan(tmp_path, whole, overwrite=False)


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(OptionError, match="files that are of no run"):
        begin_plan(tmp_path, PLAN, overwrite=True)
    (tmp_path / ".run").mkdir()
    (tmp_path / ".run" / "plan.json").write_bytes(b"{")
    (tmp_path / ".run" / "step-00000001.pt").write_bytes(b"")
    with pytest.raises(ValueError, match="damaged"):
        begin_plan(tmp_path, PLAN, overwrite=False)
