"""Scores that papers print, each beside the benchmark of the same protocol.

`published.csv` holds one printed figure a row. How its rows came to their sets:

- A row stands with a benchmark of ours only where both are scored alike. What no benchmark of ours
  scores (the mean of five rain sets, sigma 30, JPEG, REDS) is left out.
- Super-resolution by luma: the method decides, not the paper that quotes it. Bicubic, SRCNN,
  FSRCNN, VDSR, DRRN, LapSRN and DnCNN-3 see luma alone, and even newer tables copy their figures:
  `-classic`. SRResNet, EDSR, RDN, D-DBPN, CARN, RCAN, RRDB and SwinIR see RGB: the plain sets.
  BasicSR's ModelZoo (RGB, pictures cropped to multiples of 12): `-basicsr`.
- "SIDD" without more is the validation set; figures of its server stand with `sidd-benchmark`.
- Low light told the target's mean brightness: `-gt-mean`.
- MSEC's figures by expert C stand with `msec` and, once more, with `msec-c`.

A row is `comparable` unless something is known that makes it differ: another party's measurement
of the released weights, another SSIM, unrounded outputs, a figure that contradicts its own table.
Such rows are shown with the reason as their note and get no verdict. confidence: 'seen' was read
where `source` says; 'recalled' was written from memory of it and wants checking before it is cited.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from degrade.option_error import OptionError, nearest

FILE = Path(__file__).with_name("published.csv")
CONFIDENCES = ("seen", "recalled")

# A comparison in floating point at exactly half a unit must not fail by its last bit.
_SLACK = 1e-9

# (group, reference, metric): '' is all groups, or the mean over references.
Key = tuple[str, str, str]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One printed figure.

    set: name of a benchmark. group, reference: of the set's pictures and targets, '' for all.
    method: as printed; setting: what stands in brackets behind it (blind, dual, TLC ...).
    printed: the figure as text, which keeps its decimals; value: the same as a number.
    """

    set: str
    group: str
    reference: str
    method: str
    setting: str
    metric: str
    value: float
    printed: str
    source: str
    confidence: str
    comparable: bool
    note: str

    @property
    def label(self) -> str:
        """'Restormer (blind)': the method with its setting."""
        return f"{self.method} ({self.setting})" if self.setting else self.method

    @property
    def key(self) -> Key:
        """Which of a run's scores it stands beside."""
        return self.group, self.reference, self.metric


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """A printed figure beside a score of ours.

    slack: what the verdict allows beyond rounding, for the draw of the noise.
    ours: None where every score is infinite. agrees: whether ours rounds to what is printed; None
    where no verdict is due: another method, a row that is not comparable, a run of a part.
    """

    metric: str
    group: str
    reference: str
    method: str
    setting: str
    value: float
    printed: str
    ours: float | None
    agrees: bool | None
    source: str
    confidence: str
    comparable: bool
    note: str
    slack: float = 0.0


@functools.cache
def all_published() -> tuple[Published, ...]:
    """Every row, in the file's order. Raises ValueError naming the line of a row that is wrong."""
    with FILE.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        return tuple(_parsed(row, line=reader.line_num) for row in reader)


def published_rows(set_name: str) -> list[Published]:
    """The rows of one benchmark; none where nothing is known of it."""
    return [row for row in all_published() if row.set == set_name]


def verdict(ours: float, printed: str, *, slack: float = 0.0) -> bool:
    """Whether `ours` lies within half a unit of the last printed place: '38.27' takes 38.265 to
    38.275, both ends included; slack: that much further. Raises ValueError where `printed` is no
    decimal number."""
    exact = _decimal(printed)
    places = exact.as_tuple().exponent
    assert isinstance(places, int)  # not NaN or infinite: _decimal refuses them
    return abs(ours - float(exact)) <= 0.5 * 10.0**places + slack + _SLACK


def check_method(method: str, *, set_name: str) -> None:
    """Raises OptionError where `method` is asked for and not known in this set: before a run, which
    may take hours, as well as after it."""
    rows = published_rows(set_name)
    if method and not _meant(rows, wanted=method):
        raise OptionError(_unknown(rows, method=method, set_name=set_name))


def beside(
    scores: Mapping[Key, float | None],
    *,
    set_name: str,
    method: str = "",
    own: str = "",
    partial: Collection[str] = (),
    draw: Mapping[str, float] | None = None,
) -> list[Beside]:
    """The printed figures of what a run scored, with our means beside them.

    scores: (group, reference, metric) -> mean. method: as typed for --published; own: what the
    checkpoint calls itself. Both match without regard to case, with the setting or without
    ('Restormer', 'restormer (blind)'). Where one is known in this set, its rows alone are given,
    with verdicts; otherwise all rows, without. partial: metrics that not every picture of the set
    has a score of, which get no verdict. draw: of sets with drawn noise, how far another draw may
    lie; their other metrics get no verdict. Raises OptionError for a method that the set has not.
    """
    rows = published_rows(set_name)
    check_method(method, set_name=set_name)
    meant = _meant(rows, wanted=method)
    meant = meant or [row for row in _meant(rows, wanted=own) if row.comparable]
    shown = [row for row in meant or rows if row.key in scores]
    return [
        _beside(
            row,
            ours=scores[row.key],
            with_verdict=bool(meant)
            and row.comparable
            and row.metric not in partial
            and (not draw or row.metric in draw),
            slack=(draw or {}).get(row.metric, 0.0),
        )
        for row in shown
    ]


def _beside(row: Published, *, ours: float | None, with_verdict: bool, slack: float) -> Beside:
    return Beside(
        metric=row.metric,
        group=row.group,
        reference=row.reference,
        method=row.method,
        setting=row.setting,
        value=row.value,
        printed=row.printed,
        ours=ours,
        agrees=verdict(ours, row.printed, slack=slack)
        if with_verdict and ours is not None
        else None,
        source=row.source,
        confidence=row.confidence,
        comparable=row.comparable,
        note=row.note,
        slack=slack,
    )


def _meant(rows: list[Published], *, wanted: str) -> list[Published]:
    folded = wanted.strip().casefold()
    names = {id(row): {row.method.casefold(), row.label.casefold()} for row in rows}
    return [row for row in rows if folded and folded in names[id(row)]]


def _unknown(rows: list[Published], *, method: str, set_name: str) -> str:
    if not rows:
        return f"--published {method}: no published figures are known of {set_name}; leave it out"
    known = {row.method.casefold(): row.method for row in rows}
    hint = nearest(method.strip().casefold(), known)
    for folded, name in known.items():
        hint = hint.replace(repr(folded), repr(name))
    return f"--published {method}: {set_name} has {', '.join(known.values())}{hint}"


def _parsed(row: Mapping[str, str], *, line: int) -> Published:
    where = f"{FILE.name}, line {line}"
    if None in row or None in row.values():
        raise ValueError(f"{where}: not as many fields as the first line has")
    if row["comparable"] not in ("yes", "no") or row["confidence"] not in CONFIDENCES:
        raise ValueError(
            f"{where}: comparable {row['comparable']!r}, confidence {row['confidence']!r}: yes or "
            f"no, and {' or '.join(CONFIDENCES)}"
        )
    try:
        value = float(_decimal(row["value"]))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return Published(
        set=row["set"],
        group=row["group"],
        reference=row["reference"],
        method=row["method"],
        setting=row["setting"],
        metric=row["metric"],
        value=value,
        printed=row["value"],
        source=row["source"],
        confidence=row["confidence"],
        comparable=row["comparable"] == "yes",
        note=row["note"],
    )


def _decimal(printed: str) -> Decimal:
    try:
        exact = Decimal(printed)
    except InvalidOperation:
        raise ValueError(f"printed value {printed!r}: a decimal number such as 38.27") from None
    if not exact.is_finite():
        raise ValueError(f"printed value {printed!r}: a finite decimal number such as 38.27")
    return exact
