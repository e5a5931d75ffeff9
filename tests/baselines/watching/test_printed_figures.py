"""What is printed beside a validation: of the same set, scored alike, or nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from baselines.watching.score_lines import printed_figures
from evaluation.runs.published import published_rows
from evaluation.runs.summary import Score, Summary, load_summary
from tests.baselines.watching.watched_run import model_scores, pairs_folder, watch, watched_config

SET = "set12-gray-25"


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of DnCNN-S, validated on a folder of one's own that is called as a benchmark is."""
    folder = tmp_path_factory.mktemp("printed")
    config = watched_config(pairs_folder(folder / SET))
    watched = watch(folder / "run", msgspec.structs.replace(config, method="DnCNN-S"))
    watched.validator.catch_up(watched.session)
    watched.validate_at(2, shift=0.1)
    return folder / "run"


def as_of_the_table(run: Path, **changes: object) -> Summary:
    """The summary as that of the benchmark itself."""
    found = load_summary(run / "validation" / "step-00000002")
    choices = {name: one for name, one in found.choices.items() if name != "contents"}
    return msgspec.structs.replace(found, **{"choices": choices, **changes})


def test_a_folder_of_a_benchmarks_name_has_no_printed_figure(validated: Path) -> None:
    assert load_summary(validated / "validation" / "step-00000002").published
    (line,) = model_scores(validated)
    assert line.set == SET and line.printed == {}


def test_the_methods_own_figure_is_given_with_its_source(validated: Path) -> None:
    summary = as_of_the_table(validated)
    row = next(r for r in published_rows(SET) if (r.method, r.metric) == ("DnCNN-S", "psnr"))
    assert row.printed == "30.436"
    for method in ("DnCNN-S", "dncnn-s"):
        found = printed_figures(summary, method=method)["psnr"]
        assert (found.figure, found.method, found.source) == ("30.436", "DnCNN-S", row.source)
    for method in ("", "CARN", "DnCNN"):
        assert printed_figures(summary, method=method) == {}


def test_a_part_of_the_set_has_none(validated: Path) -> None:
    limited = as_of_the_table(validated, limit=3)
    assert printed_figures(limited, method="DnCNN-S") == {}
    psnr = as_of_the_table(validated).metrics["psnr"]
    unscored = Score(psnr.mean, psnr.low, psnr.high, psnr.n - 1, 0)
    partial = as_of_the_table(validated, metrics={"psnr": unscored})
    assert printed_figures(partial, method="DnCNN-S") == {}
    identical = Score(psnr.mean, psnr.low, psnr.high, psnr.n - 1, 1)
    whole = as_of_the_table(validated, metrics={"psnr": identical})
    assert set(printed_figures(whole, method="DnCNN-S")) == {"psnr"}


def test_of_several_settings_the_plain_one_is_meant(validated: Path) -> None:
    row = next(
        one
        for one in as_of_the_table(validated).published
        if (one.method, one.metric) == ("DnCNN-S", "psnr")
    )

    def figure(*settings: str, comparable: bool = True) -> str | None:
        rows = [
            msgspec.structs.replace(
                row, setting=one, printed=f"30.0{number}", comparable=comparable
            )
            for number, one in enumerate(settings)
        ]
        summary = as_of_the_table(validated, published=rows)
        found = printed_figures(summary, method="DnCNN-S").get("psnr")
        return f"{found.method} {found.figure}" if found else None

    assert figure("", "") == "DnCNN-S 30.00"
    assert figure("blind", "") == "DnCNN-S 30.01"
    assert figure("blind") == "DnCNN-S (blind) 30.00"
    assert figure("blind", "nonblind") is None
    assert figure("", comparable=False) is None
