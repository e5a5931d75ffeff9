"""A run is resumable at every row, refuses to mix, and its summary is its rows."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from small_runs import NOISY, evaluate, identity, model, small_cases, with_targets_as_outputs

from evaluation.inputs import Bicubic
from evaluation.models.restorer import Restorer, Scale
from evaluation.pictures import Case, Samples, Shown
from evaluation.protocol import Protocol
from evaluation.runs.run import RunOptions
from evaluation.runs.summary import load_summary


def tables(run: Path) -> tuple[dict, dict]:
    """The rows and the summary without what the clock decides."""
    rows = pq.read_table(run / "rows.parquet").to_pydict()
    rows.pop("seconds")
    summary = msgspec.to_builtins(load_summary(run))
    summary.pop("seconds")
    return rows, summary


def test_a_run_gives_rows_summary_and_report(tmp_path: Path) -> None:
    summary = evaluate(tmp_path)
    rows = pq.read_table(tmp_path / "rows.parquet").to_pydict()
    assert rows["name"] == [f"p{n}" for n in range(6)]
    assert summary.metrics["psnr"].mean == pytest.approx(np.mean(rows["psnr"]))
    assert 19 < float(np.mean(rows["psnr"])) < 22  # 20.17 dB before the clip
    assert summary.metrics["psnr"].n == 6 and summary.images == summary.expected == 6
    for group, start in (("even", 0), ("odd", 1)):
        mean = summary.groups[group]["psnr"].mean
        assert mean == pytest.approx(np.mean(rows["psnr"][start::2]))
    assert summary.protocol_digest == NOISY.digest and summary.choices == NOISY.choices()
    assert load_summary(tmp_path) == summary
    assert "small pictures" in (tmp_path / "report.html").read_text()
    assert summary.notes == ["inputs were made from the targets"]


def test_identical_pictures_are_infinite_and_left_out(tmp_path: Path) -> None:
    summary = evaluate(tmp_path, cases=with_targets_as_outputs([1, 4]))
    rows = pq.read_table(tmp_path / "rows.parquet").to_pydict()
    assert [index for index, value in enumerate(rows["psnr"]) if math.isinf(value)] == [1, 4]
    assert (summary.metrics["psnr"].n, summary.metrics["psnr"].n_identical) == (4, 2)
    assert summary.metrics["psnr"].mean == pytest.approx(
        np.mean([value for value in rows["psnr"] if math.isfinite(value)])
    )
    assert (tmp_path / "rows.csv").read_text().count(",inf,") == 2


def test_a_run_that_stops_goes_on_and_ends_as_if_it_had_not(tmp_path: Path) -> None:
    seen: list[int] = []

    def fails_at(limit: int) -> Restorer:
        def restore(picture: Samples, scale: Scale) -> Samples:
            seen.append(1)
            if len(seen) > limit:
                raise ValueError("the machine is tired")
            return identity(picture, scale)

        return model(restore)

    with pytest.raises(ValueError, match="p2: the machine is tired"):
        evaluate(tmp_path / "a", restorer=fails_at(2))
    assert not (tmp_path / "a" / "summary.json").exists()
    seen.clear()
    evaluate(tmp_path / "a", restorer=fails_at(99))
    assert len(seen) == 4  # two were kept
    evaluate(tmp_path / "b")
    assert tables(tmp_path / "a") == tables(tmp_path / "b")
    assert (tmp_path / "a" / "report.html").is_file()
    names = {p.name: p.read_bytes() for p in (tmp_path / "a/.run/exhibits").iterdir()}
    assert names == {p.name: p.read_bytes() for p in (tmp_path / "b/.run/exhibits").iterdir()}


SCRIPT = """
    import sys, time
    from pathlib import Path
    from small_runs import evaluate, identity, model

    def slow(picture, scale):
        time.sleep(0.3)
        return identity(picture, scale)

    evaluate(Path(sys.argv[1]), restorer=model(slow))
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_kill_9_loses_no_row(tmp_path: Path) -> None:
    run, rows = tmp_path / "run", tmp_path / "run/.run/rows.jsonl"
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SCRIPT))
    root = Path(__file__).parents[3]
    path = os.pathsep.join([str(root / "tests"), str(root)])
    command = [sys.executable, str(script), str(run)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
    deadline = time.monotonic() + 120
    while not (rows.is_file() and rows.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = rows.read_bytes().count(b"\n")
    assert 2 <= kept < 6
    calls: list[int] = []

    def counted(picture: Samples, scale: Scale) -> Samples:
        calls.append(1)
        return identity(picture, scale)

    evaluate(run, restorer=model(counted))
    assert len(calls) == 6 - kept
    evaluate(tmp_path / "whole")
    assert tables(run) == tables(tmp_path / "whole")


def test_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    evaluate(tmp_path)
    other = replace(NOISY, protocol=Protocol(border=4))
    with pytest.raises(ValueError, match=r"border.*--overwrite"):
        evaluate(tmp_path, benchmark=other)
    with pytest.raises(ValueError, match="metrics were psnr, ssim, are mae"):
        evaluate(tmp_path, options=RunOptions(metrics=("mae",)))
    with pytest.raises(ValueError, match="kind was function, is other"):
        evaluate(tmp_path, restorer=replace(model(identity), facts={"kind": "other"}))
    summary = evaluate(tmp_path, benchmark=other, options=RunOptions(overwrite=True))
    assert summary.choices["protocol"]["border"] == 4


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    for options in (RunOptions(), RunOptions(overwrite=True)):
        with pytest.raises(ValueError, match="files that are of no run"):
            evaluate(tmp_path, options=options)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    def inside(picture: Samples, scale: Scale) -> Samples:
        with pytest.raises(RuntimeError, match="another evaluation is at work"):
            evaluate(tmp_path)
        return identity(picture, scale)

    evaluate(tmp_path, restorer=model(inside), options=RunOptions(limit=1))


def test_limit_takes_the_first_and_says_so(tmp_path: Path) -> None:
    summary = evaluate(tmp_path, options=RunOptions(limit=2))
    assert (summary.images, summary.expected, summary.limit) == (2, 2, 2)


def test_a_limit_that_is_raised_goes_on(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(picture: Samples, scale: Scale) -> Samples:
        calls.append(1)
        return identity(picture, scale)

    for limit, count in ((2, 2), (None, 6), (4, 6)):
        summary = evaluate(tmp_path, restorer=model(counted), options=RunOptions(limit=limit))
        assert (summary.images, len(calls)) == (limit or 6, count)
        assert pq.read_table(tmp_path / "rows.parquet").num_rows == (limit or 6)


def test_pictures_are_kept_where_asked(tmp_path: Path) -> None:
    cases = [replace(small_cases(1)[0], name="a/b:c")]
    evaluate(tmp_path, cases=cases, options=RunOptions(keep=True))
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["a_b_c.png"]


def test_several_targets_give_a_mean_and_each(tmp_path: Path) -> None:
    def show() -> Shown:
        first = small_cases(1)[0].show()
        target = first.targets[""]
        return Shown(first.lq, {"expert_a": target, "expert_b": 255 - target})

    two = replace(NOISY, references=("expert_a", "expert_b"), groups={})
    summary = evaluate(tmp_path, benchmark=two, cases=[Case("p0", show)])
    a, b = (summary.references[name]["psnr"].mean for name in two.references)
    assert a is not None and b is not None and a > b
    assert summary.metrics["psnr"].mean == pytest.approx((a + b) / 2)
    assert "psnr@expert_a" in pq.read_table(tmp_path / "rows.parquet").column_names


def test_a_picture_too_small_for_a_metric_is_noted(tmp_path: Path) -> None:
    def show() -> Shown:
        shown = small_cases(1)[0].show()
        return Shown(shown.lq[:8, :8], {"": shown.targets[""][:8, :8]})

    summary = evaluate(tmp_path, cases=[*small_cases(2), Case("tiny", show)])
    assert summary.metrics["psnr"].n == 3 and summary.metrics["ssim"].n == 2
    (note,) = [note for note in summary.notes if note.startswith("ssim")]
    assert "1 picture without a score (tiny" in note


@pytest.mark.parametrize(
    ("restorer", "benchmark", "message"),
    [
        (replace(model(identity), scale=2), NOISY, "own enlarges by 2, small asks for 1"),
        (model(identity), replace(NOISY, inputs=Bicubic(scale=4)), "--pre-upsample"),
        (replace(model(identity), channels=(6,)), NOISY, "6 channel.*small has 3"),
    ],
)
def test_a_model_that_does_not_suit_is_refused_before_any_row(
    tmp_path: Path, restorer: Restorer, benchmark: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(tmp_path / "run", restorer=restorer, benchmark=benchmark)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_an_output_of_another_size_names_the_picture(tmp_path: Path) -> None:
    half = model(lambda picture, _scale: picture[::2, ::2])
    with pytest.raises(ValueError, match="p0: the model's output is 24x20, the target 48x40"):
        evaluate(tmp_path, restorer=half)


def test_a_model_that_is_told_the_noise_is_told_the_sets(tmp_path: Path) -> None:
    told: list[float] = []

    def at_noise(sigma: float) -> Restorer:
        told.append(sigma)
        return replace(model(identity), facts={"kind": "function", "sigma": sigma})

    summary = evaluate(tmp_path, restorer=replace(model(identity), at_noise=at_noise))
    assert told == [25] and summary.model["sigma"] == 25


def test_overwrite_starts_again_even_where_nothing_changed(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(picture: Samples, scale: Scale) -> Samples:
        calls.append(1)
        return identity(picture, scale)

    for options in (RunOptions(), RunOptions(renew=True), RunOptions(overwrite=True)):
        evaluate(tmp_path, restorer=model(counted), options=options)
    assert len(calls) == 12
    evaluate(tmp_path, restorer=model(counted), options=RunOptions(renew=True, metrics=("mae",)))
    assert len(calls) == 18  # another run: renewed


def test_equal_names_of_other_files_are_another_run(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.png").write_bytes(folder.encode() * 9)
    sets = [
        [replace(case, files=(str(tmp_path / folder / "p.png"),)) for case in small_cases(2)]
        for folder in ("a", "b")
    ]
    evaluate(tmp_path / "run", cases=sets[0])
    with pytest.raises(ValueError, match="2 pictures have another content, the first is p0"):
        evaluate(tmp_path / "run", cases=sets[1])


def test_what_was_said_of_early_pictures_is_kept_over_a_stop(tmp_path: Path) -> None:
    def talks(limit: int) -> Restorer:
        notes: list[str] = []

        def restore(picture: Samples, scale: Scale) -> Samples:
            if not notes:
                notes.append("went in tiles")
            elif len(notes) == limit:
                raise ValueError("stopped")
            return identity(picture, scale)

        return replace(model(restore), notes=notes)

    with pytest.raises(ValueError, match="stopped"):
        evaluate(tmp_path, restorer=talks(1))
    quiet = evaluate(tmp_path)
    assert "went in tiles" in quiet.notes


def test_a_verdict_needs_every_picture(tmp_path: Path) -> None:
    """A limit that takes them all is none."""
    named = replace(NOISY, name="cbsd68-color-25", groups={})
    cases = small_cases(3)
    for limit, judged in ((3, True), (2, False)):
        options = RunOptions(published="Restormer", limit=limit)
        summary = evaluate(tmp_path / str(limit), benchmark=named, cases=cases, options=options)
        told = [row.agrees for row in summary.published if row.metric == "psnr" and row.comparable]
        assert told and all((agrees is not None) is judged for agrees in told)
