"""evaluation.reports.report: what stands in the page, for every kind of run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from html_page import page_of
from run_folder import fake_rows, fake_run, fake_summary

from evaluation.reports.report import write_report
from evaluation.runs.published import Beside
from evaluation.runs.rows import Row
from evaluation.runs.summary import Missing, Score

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></script><!--",
    "</script x",
    "a & b &amp; c",
    "naïve 图 \U0001f98b",
    "{{ 7 * 7 }}",
)


def with_scores(rows: list[Row], values: list[float | None]) -> list[Row]:
    """The rows with these values as their PSNR."""
    return [
        Row(r.index, r.name, r.groups, r.height, r.width, r.seconds, {**r.scores, "psnr": value})
        for r, value in zip(rows, values, strict=True)
    ]


def test_a_whole_run(tmp_path: Path) -> None:
    rows = fake_rows(12, groups=("indoor", "outdoor"), references=("expert_a", "expert_b"))
    changed = {
        "model": {
            "name": "Restorer",
            "method": "MPRNet",
            "sha256": "ab" * 32,
            "parameters": 20_127_000,
            "options": {"tile": 256, "ensemble": False},
        },
        "notes": ["inputs were made from the targets"],
    }
    run = fake_run(tmp_path / "run", rows=rows, changed=changed, exhibits=True)
    page = page_of(run)
    for text in (
        "Made-up set, times 4",
        "0123456789ab",
        "Restorer",
        "(MPRNet)",
        f"SHA-256 {'ab' * 32}",
        "20,127,000",
        "tile 256",
        "ensemble no",
        "inputs were made from the targets",
        "luma of BT.601",
        "4 pixels left out on every side",
        "pairsmith 0.1.0",
        "By group",
        "outdoor",
        "By reference",
        "expert_b",
        "PSNR expert_a",
        "Worst by PSNR",
        "Best by PSNR",
        "PSNR against size",
        "n = 12",
        "higher is better",
    ):
        assert text in page.text, text
    summary = fake_summary(rows)
    psnr = summary.metrics["psnr"]
    assert f"{psnr.mean:.2f} dB 95 % interval {psnr.low:.2f} – {psnr.high:.2f}" in page.text
    assert f"{summary.groups['indoor']['ssim'].mean:.4f}" in page.texts
    sliders = [held for tag, held in page.seen if held.get("role") == "slider"]
    assert len(sliders) == 8
    assert all(held["aria-valuenow"] == "50" and held["tabindex"] == "0" for held in sliders)
    assert "Incomplete" not in page.text
    assert "identical to the target, left out" not in page.text


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", rows=fake_rows(9), exhibits=True)
    page = page_of(run)
    for tag, held in page.seen:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            if value := held.get(name):
                assert value.startswith(("data:", "#")), f"<{tag} {name}={value[:60]}>"
    styles = " ".join(page.scripts)
    assert "url(" not in styles
    assert "@import" not in styles
    policies = [held["content"] for _, held in page.seen if held.get("http-equiv")]
    assert policies == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    ]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    rows = fake_rows(len(HOSTILE), names=HOSTILE, groups=HOSTILE[:2])
    evil = HOSTILE[0]
    changed = {
        "title": evil,
        "notes": [evil],
        "model": {"name": evil, "file": evil},
        "digest_words": {evil: evil},
        "versions": {evil: evil},
        "unavailable": [Missing(evil, evil, evil, evil)],
    }
    run = fake_run(tmp_path / "run", rows=rows, changed=changed, exhibits=True)
    page = page_of(run)
    assert "49" not in page.texts
    for name in HOSTILE:
        assert name in page.texts, name
    assert page.data()["columns"][0]["values"] == list(HOSTILE)
    tags = [tag for tag, _ in page.seen]
    assert tags.count("script") == 2
    assert not any("onerror" in held for _, held in page.seen)
    raw = (run / "report.html").read_text(encoding="utf-8")
    assert "alert(1)</script>" not in raw
    (data,) = (script for script in page.scripts if "columns" in script[:20])
    assert not set("<>&") & set(data)


def test_infinite_and_missing_scores(tmp_path: Path) -> None:
    rows = with_scores(fake_rows(5), [30.0, math.inf, None, 32.0, -math.inf])
    page = page_of(fake_run(tmp_path / "run", rows=rows))
    assert "n = 2; 2 identical to the target, left out of the mean" in page.text
    assert "2 infinite, not drawn" in page.text
    values = page.data()["columns"][1]["values"]
    assert values == [30.0, "inf", None, 32.0, "-inf"]
    assert {"∞", "—", "\u2212∞"} <= set(page.texts)


def test_all_identical(tmp_path: Path) -> None:
    rows = with_scores(fake_rows(3), [math.inf] * 3)
    page = page_of(fake_run(tmp_path / "run", rows=rows, exhibits=True))
    assert "∞ dB n = 0; 3 identical to the target" in page.text
    assert "PSNR against size" in page.text  # which says that there is nothing to draw
    assert "3 not drawn: no finite place" in page.text


def test_one_row(tmp_path: Path) -> None:
    page = page_of(fake_run(tmp_path / "run", rows=fake_rows(1), exhibits=True))
    assert "95 % interval" not in page.text
    assert "Distribution" not in page.text
    assert "Worst by PSNR" in page.text
    assert "Best by PSNR" not in page.text


def test_no_rows_and_no_metric(tmp_path: Path) -> None:
    gap = Missing("niqe", "its parameters are not here", "niqe.mat", "~/.cache/niqe")
    run = fake_run(tmp_path / "run", rows=[], changed={"expected": 4, "unavailable": [gap]})
    page = page_of(run)
    assert "Incomplete: 0 of 4 pictures are scored" in page.text
    assert "No metric could be taken." in page.text
    assert "niqe : its parameters are not here. Missing: niqe.mat ; put it in ~/.cache/niqe" in (
        page.text
    )


def test_rows_without_any_score_show_their_first_cases(tmp_path: Path) -> None:
    rows = fake_rows(6, metrics=())
    page = page_of(fake_run(tmp_path / "run", rows=rows, exhibits=True, targets=False))
    assert "First Move" not in page.text
    assert [t for t in page.texts if t in ("Worst", "Best", "First")] == ["First"]
    assert sum(held.get("role") == "slider" for _, held in page.seen) == 4


def test_incomplete_and_limited_runs_say_so_first(tmp_path: Path) -> None:
    changed = {"expected": 5000, "limit": 5000}
    page = page_of(fake_run(tmp_path / "run", rows=fake_rows(3), changed=changed))
    notes = [at for at, (_, held) in enumerate(page.seen) if held.get("class") == "warning"]
    scores = next(at for at, (_, held) in enumerate(page.seen) if held.get("id") == "scores")
    assert len(notes) == 2
    assert max(notes) < scores
    assert "Incomplete: 3 of 5,000 pictures are scored" in page.text
    assert "limited to 5,000 pictures" in page.text
    assert "3 of 5,000" in page.texts


def test_without_targets_the_input_is_at_the_right(tmp_path: Path) -> None:
    rows = fake_rows(2)
    page = page_of(fake_run(tmp_path / "run", rows=rows, exhibits=True, targets=False))
    pictures = [held["class"] for tag, held in page.seen if tag == "img"]
    assert pictures == ["input", "output upper"] * 2
    switches = [held["value"] for tag, held in page.seen if held.get("type") == "radio"]
    assert switches == ["input", "output"] * 2


def test_exhibits_that_are_missing_or_cut_short_are_left_out(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", rows=fake_rows(3), exhibits=True)
    folder = run / ".run" / "exhibits"
    (folder / "0001-output.png").unlink()
    (folder / "0002-target.png").unlink()
    for kind in ("input", "output"):
        (folder / f"0007-{kind}.png").write_bytes((folder / f"0000-{kind}.png").read_bytes())
    page = page_of(run)
    cases = {held["id"] for tag, held in page.seen if tag == "figure" and "id" in held}
    assert cases == {"case-0", "case-2"}
    assert set(page.data()["cases"]) == {0, 2}
    for path in folder.iterdir():
        path.unlink()
    assert "Cases" not in page_of(run).texts


def beside(**changed: Any) -> Beside:
    """A published row."""
    row: dict[str, Any] = {
        "metric": "psnr",
        "group": "",
        "reference": "",
        "method": "EDSR",
        "setting": "",
        "value": 32.46,
        "printed": "32.46",
        "ours": 32.4618,
        "agrees": True,
        "source": "EDSR Table 2",
        "confidence": "seen",
        "comparable": True,
        "note": "",
    }
    return Beside(**(row | changed))


@pytest.mark.parametrize(
    ("changed", "cells"),
    [
        ({}, ["EDSR", "PSNR", "32.46", "32.46", "+0.00", "yes", "EDSR Table 2"]),
        ({"ours": 32.30, "agrees": False}, ["32.46", "32.30", "\u22120.16", "no"]),
        ({"ours": None, "agrees": None}, ["32.46", "—", "—", "—"]),
        ({"printed": "32.4", "value": 32.4, "agrees": None}, ["32.4", "32.46", "+0.06", "—"]),
        ({"setting": "blind"}, ["EDSR (blind)", "PSNR"]),
        ({"group": "indoor", "reference": "expert_a"}, ["PSNR", "indoor, expert_a", "32.46"]),
        ({"confidence": "recalled"}, ["EDSR Table 2", "Recalled, not checked in the source"]),
        (
            {"note": "another SSIM", "comparable": False},
            ["Read in the source; not comparable; another SSIM"],
        ),
    ],
)
def test_published_rows(tmp_path: Path, changed: dict[str, Any], cells: list[str]) -> None:
    rows = fake_rows(2)
    run = fake_run(tmp_path / "run", rows=rows, changed={"published": [beside(**changed)]})
    texts = page_of(run).texts
    at = texts.index("Source") + 1
    shown = texts[at : at + 10]
    start = shown.index(cells[0])
    assert shown[start : start + len(cells)] == cells


def test_equal_runs_give_equal_reports(tmp_path: Path) -> None:
    made = [
        write_report(fake_run(tmp_path / name, rows=fake_rows(40), exhibits=True)).read_bytes()
        for name in ("first", "second")
    ]
    assert made[0] == made[1]


def test_a_score_of_the_whole_set_has_no_distribution(tmp_path: Path) -> None:
    rows = fake_rows(4, metrics=("psnr",))
    summary = fake_summary(rows)
    about = {**summary.about, "fid": summary.about["psnr"].__class__("FID", "lower", "", 2, "set")}
    metrics = {**summary.metrics, "fid": Score(12.345, None, None, 4, 0)}
    run = fake_run(tmp_path / "run", rows=rows, changed={"about": about, "metrics": metrics})
    page = page_of(run)
    assert "FID" in page.texts
    assert "12.35" in page.text or "12.34" in page.text
    titles = [held["aria-label"] or "" for tag, held in page.seen if tag == "svg"]
    assert [title.split(":")[0] for title in titles] == [
        "PSNR",
        "PSNR against Megapixels of the output",
    ]
