"""Published figures: the file is whole, its rows stand with sets of ours, verdicts are right."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from degrade.option_error import OptionError
from evaluation.benchmarks.table import BENCHMARKS
from evaluation.runs import published
from evaluation.runs.published import (
    FILE,
    Published,
    all_published,
    beside,
    check_method,
    published_rows,
    verdict,
)

METRICS = {"psnr", "ssim", "mae", "lpips", "pi", "rmse"}

# Typed from the papers' tables anew, not copied from the file:
# set, group, reference, method (setting), metric, printed, comparable.
KNOWN = [
    ("set5-x2-classic", "", "", "Bicubic", "psnr", "33.66", True),
    ("set14-x4-classic", "", "", "VDSR", "ssim", "0.7674", True),
    ("set5-x4", "", "", "EDSR", "psnr", "32.46", True),
    ("urban100-x2", "", "", "RCAN", "ssim", "0.9384", True),
    ("manga109-x4", "", "", "RRDB_PSNR (DF2K)", "psnr", "31.66", True),
    ("set5-x4-basicsr", "", "", "EDSR_Lx4 official", "psnr", "30.5499", True),
    ("div2k-val-x3", "", "", "EDSR baseline", "psnr", "30.92", True),
    ("set5-x4", "", "", "SRGAN", "ssim", "0.8472", False),
    ("bsd68-gray-25", "", "", "DnCNN-S", "psnr", "29.23", True),
    ("urban100-color-50", "", "", "Restormer (nonblind)", "psnr", "30.02", True),
    ("cbsd68-color-50", "", "", "DRUNet", "psnr", "30.09", False),
    ("sidd", "", "", "Restormer", "psnr", "40.02", True),
    ("sidd-benchmark", "", "", "Restormer", "psnr", "39.86", True),
    ("gopro", "", "", "NAFNet-width64 (TLC)", "ssim", "0.9668", True),
    ("realblur-j", "", "", "Restormer", "ssim", "0.879", True),
    ("dpdd-dual", "outdoor", "", "Restormer (dual)", "lpips", "0.175", True),
    ("dpdd-single", "", "", "Restormer (single)", "mae", "0.038", True),
    ("dpdd-dual", "", "", "Uformer (dual)", "psnr", "25.65", False),
    ("rain100l", "", "", "Restormer", "psnr", "38.99", True),
    ("rain100l", "", "", "Restormer", "psnr", "39.1023", False),
    ("lol-v1", "", "", "Retinexformer", "psnr", "25.16", True),
    ("lol-v1-gt-mean", "", "", "Retinexformer", "psnr", "27.18", True),
    ("msec", "under", "expert_b", "MSEC", "psnr", "20.546", True),
    ("msec", "", "", "MSEC w/o adv", "pi", "2.251", True),
    ("msec-c", "over", "", "MSEC", "psnr", "19.788", True),
    ("pirm-test", "", "", "SuperSR (ESRGAN PIRM submission)", "rmse", "15.30", True),
]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known[0]} {known[3]} {known[4]}")
def test_known_figures_are_there(known: tuple[str, str, str, str, str, str, bool]) -> None:
    rows = {
        (r.set, r.group, r.reference, r.label, r.metric, r.printed, r.comparable)
        for r in all_published()
    }
    assert known in rows


def test_every_row_says_all_it_must() -> None:
    for row in all_published():
        assert row.metric in METRICS, row
        assert row.method.strip() == row.method != ""
        assert row.source.strip() == row.source != ""
        assert row.value == float(row.printed) > 0
        assert "." in row.printed, row
        assert row.metric not in ("ssim", "mae", "lpips") or row.value < 1, row
        assert row.metric != "psnr" or 14 < row.value < 45, row
        assert row.comparable or row.note, f"does not say why it differs: {row}"
        assert len(row.note) <= 80, row
    sets = Counter(row.set for row in all_published())
    assert sum(sets.values()) == 1270, "rows came or went: say so in the changelog"


def test_rows_are_unique() -> None:
    keys = Counter(
        (r.set, r.group, r.reference, r.label, r.metric, r.source) for r in all_published()
    )
    assert [key for key, times in keys.items() if times > 1] == []


def test_rows_stand_with_benchmarks_of_ours() -> None:
    for row in all_published():
        assert row.set in BENCHMARKS, row
        benchmark = BENCHMARKS[row.set]
        assert not row.group or row.group in benchmark.groups, row
        assert not row.reference or row.reference in benchmark.references, row


def test_super_resolution_is_split_by_the_method() -> None:
    luma = {"Bicubic", "SRCNN", "FSRCNN", "VDSR", "DRRN", "LapSRN", "DnCNN-3"}
    for row in all_published():
        if row.set.endswith("-classic"):
            assert row.method in luma, row
        elif "-x" in row.set and row.comparable:
            assert row.method not in luma, row


def test_msec_c_repeats_the_figures_of_expert_c() -> None:
    by_expert = [r for r in published_rows("msec") if r.reference == "expert_c"]
    alone = published_rows("msec-c")
    keep = [(r.group, r.label, r.metric, r.printed, r.source) for r in by_expert]
    assert [(r.group, r.label, r.metric, r.printed, r.source) for r in alone] == keep
    assert keep


def test_an_unknown_set_has_no_rows() -> None:
    assert published_rows("demo") == []


@pytest.mark.parametrize(
    ("ours", "printed", "agrees"),
    [
        (38.27, "38.27", True),
        (38.265, "38.27", True),
        (38.275, "38.27", True),
        (38.2649, "38.27", False),
        (38.2751, "38.27", False),
        (30.04, "30.0", True),
        (30.06, "30.0", False),
        (29.96, "30.00", False),
        (0.96145, "0.961", True),
        (38.2741684, "38.274168", True),
        (38.2741690, "38.274168", False),
        (30.4, "30", True),
        (float("inf"), "38.27", False),
        (float("nan"), "38.27", False),
    ],
)
def test_a_verdict_is_half_a_unit_of_the_last_place(
    ours: float, printed: str, agrees: bool
) -> None:
    assert verdict(ours, printed) is agrees


@given(
    units=st.integers(1, 99_999),
    places=st.integers(1, 4),
    off=st.floats(-2, 2).filter(lambda off: abs(abs(off) - 0.5) > 1e-3),
)
def test_verdicts_agree_with_rounding(units: int, places: int, off: float) -> None:
    printed = f"{Decimal(units).scaleb(-places):.{places}f}"
    assert verdict((units + off) / 10**places, printed) is (abs(off) < 0.5)


@pytest.mark.parametrize("printed", ["", "38,27", "nan", "inf"])
def test_a_verdict_takes_decimal_numbers(printed: str) -> None:
    with pytest.raises(ValueError, match=r"decimal number such as 38\.27"):
        verdict(1.0, printed)


MEANS = {("", "", "psnr"): 32.462, ("", "", "ssim"): 0.8961}


def test_without_a_method_all_rows_stand_beside_without_a_verdict() -> None:
    rows = beside(MEANS, set_name="set5-x4", own="a network of ours")
    assert len(rows) == len(published_rows("set5-x4"))
    assert {row.agrees for row in rows} == {None}
    assert {row.ours for row in rows if row.metric == "psnr"} == {32.462}


@pytest.mark.parametrize("own", [False, True])
def test_with_a_method_its_rows_alone_are_judged(own: bool) -> None:
    if own:
        rows = beside(MEANS, set_name="set5-x4", own="edsr")
    else:
        rows = beside(MEANS, set_name="set5-x4", method="EDSR", own="RCAN")
    assert [(r.method, r.metric, r.printed, r.ours, r.agrees) for r in rows] == [
        ("EDSR", "psnr", "32.46", 32.462, True),
        ("EDSR", "ssim", "0.8968", 0.8961, False),
    ]


def test_a_method_may_be_named_with_its_setting() -> None:
    means = {("", "", "psnr"): 30.02}
    both = beside(means, set_name="urban100-color-50", method="restormer")
    assert {(r.setting, r.agrees) for r in both} == {
        ("blind", True),
        ("nonblind", True),
        ("blind", None),  # another party's measurements, not comparable
        ("nonblind", None),
    }
    blind = beside(means, set_name="urban100-color-50", method="Restormer (blind)")
    assert {r.setting for r in blind} == {"blind"}


def test_a_part_of_a_set_gets_no_verdict() -> None:
    rows = beside(MEANS, set_name="set5-x4", method="EDSR", partial=("psnr", "ssim"))
    assert [row.agrees for row in rows] == [None, None]


def test_scores_that_are_infinite_or_were_not_taken() -> None:
    rows = beside({("", "", "psnr"): None}, set_name="set5-x4", method="EDSR")
    assert [(row.metric, row.ours, row.agrees) for row in rows] == [("psnr", None, None)]


def test_groups_and_references_stand_apart() -> None:
    means = {("", "", "psnr"): 19.4, ("over", "expert_a", "psnr"): 18.874}
    rows = beside(means, set_name="msec", method="MSEC")
    assert [(r.group, r.reference, r.printed, r.agrees) for r in rows] == [
        ("over", "expert_a", "18.874", True),
        ("", "", "19.377", False),
    ]


def test_an_unknown_method_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError) as caught:
        check_method("restomer", set_name="hide")
    assert str(caught.value) == (
        "--published restomer: hide has Restormer, MPRNet, MIMO-UNet+, SPAIR, DMPHN, SRN, "
        "DeblurGAN-v2; did you mean 'Restormer'?"
    )
    with pytest.raises(OptionError, match="no published figures are known of demo; leave it out"):
        beside({}, set_name="demo", method="EDSR")
    check_method("", set_name="demo")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("value", "3x", "line 2: printed value '3x'"),
        ("comparable", "maybe", "line 2: comparable 'maybe'"),
        ("confidence", "sure", "confidence 'sure': yes or no, and seen or recalled"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(field: str, value: str, says: str) -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert isinstance(published._parsed(row, line=2), Published)
    with pytest.raises(ValueError, match=r"published\.csv, ") as caught:
        published._parsed({**row, field: value}, line=2)
    assert says in str(caught.value)


def test_noise_of_another_draw_may_lie_a_little_off() -> None:
    means = {("", "", "psnr"): 30.4316, ("", "", "ssim"): 0.8617}
    plain = beside(means, set_name="set12-gray-25", method="DnCNN-S")
    drawn = beside(means, set_name="set12-gray-25", method="DnCNN-S", draw={"psnr": 0.02})
    strict = {row.agrees for row in plain if row.metric == "psnr" and row.comparable}
    assert strict == {False}
    for row in (row for row in drawn if row.comparable):
        assert row.agrees is (True if row.metric == "psnr" else None)
        assert row.slack == (0.02 if row.metric == "psnr" else 0)
    assert not verdict(30.46, "30.436", slack=0.02) and verdict(30.4555, "30.436", slack=0.02)
