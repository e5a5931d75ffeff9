"""Runs side by side: what is refused and why, which figures are marked, what is tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from compared_runs import Make, compared, moved
from run_folder import fake_rows, fake_run

from degrade.option_error import OptionError
from evaluation.comparison.compare import Comparison, load_run
from evaluation.comparison.tables import markdown
from evaluation.runs.rows import Row
from evaluation.runs.summary import About, Score, load_summary, save_summary


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A run folder: name, rows, and what its summary says else."""

    def made(name: str, *, rows: Sequence[Row] = (), **changed: Any) -> Path:
        changed.setdefault("model", {"name": name})
        return fake_run(tmp_path / name, rows=rows or fake_rows(12), changed=changed)

    return made


def given_means(make: Make, means: Mapping[str, tuple[float | None, ...]]) -> Comparison:
    """Three runs or so with these means in their summaries, whatever their rows."""
    folders = []
    for place in range(len(next(iter(means.values())))):
        folder = make(f"model-{place}")
        summary = load_summary(folder)
        scores = {
            name: Score(mean=values[place], low=None, high=None, n=12, n_identical=0)
            for name, values in means.items()
            if values[place] is not None
        }
        about = {
            "psnr": About("PSNR", "higher", "dB", 2, "full"),
            "lpips": About("LPIPS", "lower", "", 4, "full"),
        }
        summary.metrics.clear()
        summary.metrics.update(scores)
        summary.about.update(about)
        save_summary(summary, run=folder)
        folders.append(folder)
    return compared(*folders)


def ranks(comparison: Comparison, metric: str) -> list[int]:
    return [cells[metric].rank if metric in cells else -1 for cells in comparison.parts[0].cells]


@pytest.mark.parametrize(
    ("psnr", "expected"),
    [
        ((30.0, 32.0, 31.0), [0, 1, 2]),
        ((31.004, 31.001, 30.0), [1, 1, 2]),  # both are printed 31.00
        ((31.0, 30.0, 30.001), [1, 2, 2]),
        ((31.0, 31.0, 31.0), [1, 1, 1]),
        ((None, 31.0, 30.0), [-1, 1, 2]),
        ((None, 31.0, None), [-1, 0, -1]),
    ],
)
def test_best_and_second_as_printed(
    make: Make, psnr: tuple[float | None, ...], expected: list[int]
) -> None:
    assert ranks(given_means(make, {"psnr": psnr}), "psnr") == expected


def test_lower_is_better_where_the_metric_says_so(make: Make) -> None:
    comparison = given_means(make, {"psnr": (30.0, 31.0), "lpips": (0.2, 0.3)})
    assert ranks(comparison, "psnr") == [2, 1]
    assert ranks(comparison, "lpips") == [1, 2]


def test_a_set_of_identical_outputs_is_the_best(make: Make) -> None:
    perfect = make("perfect", rows=moved(fake_rows(3), by=math.inf))
    other = make("other", rows=fake_rows(3))
    comparison = compared(other, perfect)
    assert ranks(comparison, "psnr") == [2, 1]
    assert "| **∞** |" in markdown(comparison)
    assert comparison.paired["psnr"].losses == 3
    assert comparison.paired["psnr"].n == 0
    assert "PSNR: 0, 3 outputs are identical to their targets" in comparison.notes[0]


def test_two_runs_are_paired_by_name_whatever_their_order(make: Make) -> None:
    rows = fake_rows(12)
    one = make("one", rows=moved(rows, by=0.25))
    other = make("other", rows=rows[::-1])
    test = compared(one, other).paired["psnr"]
    assert test.difference == pytest.approx(0.25)
    assert (test.wins, test.losses, test.ties) == (12, 0, 0)
    assert test.low == pytest.approx(0.25)
    assert test.wilcoxon_p == pytest.approx(2 / 2**12)  # all signs alike
    assert compared(one, other).paired["ssim"].ties == 12


def test_three_runs_are_not_paired(make: Make) -> None:
    assert compared(make("a"), make("b"), make("c")).paired == {}


def test_other_protocols_are_refused_naming_the_choices(make: Make) -> None:
    one = make("one")
    choices = {"set": "made-up-x2", "protocol": {"channel": "y-round", "border": 2, "ssim": "wang"}}
    other = make("other", protocol_digest="ba9876543210", choices=choices)
    with pytest.raises(ValueError, match="were not scored alike") as caught:
        compared(one, other)
    assert str(caught.value) == (
        f"{one} and {other} were not scored alike (digests 0123456789ab and ba9876543210): "
        'set "made-up-x4" against "made-up-x2"; protocol.border 4 against 2; '
        'protocol.ssim nothing against "wang". Evaluate both models on one set'
    )


def test_a_digest_that_does_not_fit_its_choices_is_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="their choices are equal, so one summary was changed"):
        compared(make("one"), make("other", protocol_digest="ba9876543210"))


def test_other_pictures_are_refused_by_name(make: Make) -> None:
    one = make("one", rows=fake_rows(3, names=["a", "b", "c"]))
    other = make("other", rows=fake_rows(3, names=["a", "d", "e"]))
    with pytest.raises(ValueError, match="not the same pictures") as caught:
        compared(one, other)
    assert f"2 only in {one} (b, c); 2 only in {other} (d, e)" in str(caught.value)
    many = make("many", rows=fake_rows(9))
    with pytest.raises(ValueError, match=r"picture_0000, picture_0001, picture_0002, \.\.\.\)"):
        compared(one, many)


def test_an_incomplete_run_is_refused_with_the_number_missing(make: Make) -> None:
    short = make("short", expected=100)
    with pytest.raises(ValueError, match="short: 88 of 100 pictures are missing"):
        compared(short, make("whole"))


def test_a_run_that_was_stopped_says_how_to_go_on(make: Make) -> None:
    folder = make("stopped")
    (folder / "summary.json").unlink()
    with pytest.raises(FileNotFoundError, match="a run that was stopped; the same evaluate"):
        load_run(folder)


def test_files_that_are_not_there_or_not_a_runs(make: Make, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing/summary\.json: no such file"):
        load_run(tmp_path / "nothing")
    folder = make("one")
    assert load_run(folder / "summary.json").path == folder
    (folder / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"rows\.parquet: no Parquet file"):
        load_run(folder)
    (folder / "rows.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"rows\.parquet: no such file"):
        load_run(folder)
    (folder / "summary.json").write_text("{}")
    with pytest.raises(ValueError, match=r"summary\.json: no summary of a run"):
        load_run(folder)


def test_rows_that_contradict_the_summary(make: Make) -> None:
    folder = make("one")
    table = pyarrow.parquet.read_table(folder / "rows.parquet")
    pyarrow.parquet.write_table(table.slice(1), folder / "rows.parquet")
    with pytest.raises(ValueError, match=r"has 11 pictures, summary\.json 12"):
        load_run(folder)
    pyarrow.parquet.write_table(table.drop(["name"]), folder / "rows.parquet")
    with pytest.raises(ValueError, match="no column 'name'; it has groups, height"):
        load_run(folder)
    double = make("double", rows=fake_rows(3, names=["a", "a", "b"]))
    with pytest.raises(ValueError, match="2 rows for 'a'; one for each picture"):
        load_run(double)


def test_one_run_is_none_to_compare(make: Make) -> None:
    with pytest.raises(ValueError, match="two runs or more, got 1"):
        compared(make("one"))


def test_metrics_are_chosen_in_order(make: Make) -> None:
    folders = make("one"), make("other")
    assert list(compared(*folders, metrics=["ssim", "psnr"]).about) == ["ssim", "psnr"]
    with pytest.raises(OptionError, match="--metric psnt: these runs have psnr, ssim; did you"):
        compared(*folders, metrics=["psnt"])


def test_a_metric_of_one_run_alone(make: Make) -> None:
    one = make("one", rows=fake_rows(4, metrics=("psnr",)))
    other = make("other", rows=fake_rows(4, metrics=("psnr", "lpips")))
    comparison = compared(one, other)
    assert list(comparison.about) == ["psnr", "lpips"]
    assert list(comparison.paired) == ["psnr"]
    assert ranks(comparison, "lpips") == [-1, 0]


def test_labels_are_told_apart_by_folders(make: Make) -> None:
    model = {"name": "EDSR"}
    folders = make("first", model=model), make("second", model=model)
    assert compared(*folders).labels == ("EDSR (first)", "EDSR (second)")


def test_notes_name_a_limit_devices_and_versions(make: Make) -> None:
    one = make("one", limit=12)
    other = make("other", limit=12, device="cuda", versions={"pairsmith": "0.2.0"})
    assert compared(one, other).notes == (
        "Of the set's first 12 pictures only (--limit 12).",
        "Seconds are of different devices: cpu, cuda.",
        "Versions of pairsmith differ: 0.1.0, 0.2.0.",
        "Versions of numpy differ: 2.4.0, absent.",
    )


def test_groups_and_references_have_tables(make: Make) -> None:
    rows = fake_rows(8, groups=["under", "over"], references=["expert_a", "expert_b"])
    comparison = compared(make("one", rows=rows), make("other", rows=rows))
    titles = [part.title for part in comparison.parts]
    assert titles == ["", "under", "over", "expert_a", "expert_b"]
    under = comparison.parts[1].cells[0]["psnr"].score
    values = [row.scores["psnr"] or 0.0 for row in rows if row.groups == ["under"]]
    assert under.mean == pytest.approx(sum(values) / 4)


def test_pictures_of_other_files_are_refused(make: Make) -> None:
    one, two = make("one"), make("two", contents="f" * 12)
    with pytest.raises(ValueError, match="same names from other files"):
        compared(one, two)
