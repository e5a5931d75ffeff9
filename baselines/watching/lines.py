"""The lines of a run's log: what they hold, reading them back, cutting off what was taken back."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from builders.atomic import write_whole

LOG_FILE = "log.jsonl"
MODEL = "model"  # what a line of scores is of, where it is not a classical method's name


class Steps(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag="steps", tag_field="kind",
):  # fmt: skip
    """Means over the steps since the last line of this kind.

    step: taken so far. stage: its number, from 0. terms: of the loss, weighted, by 'turn/term',
    each over the steps that had it. norms: of gradients before clipping, by 'turn/network', over
    the steps where they were finite; overflows: in how many they were not (fp16 leaves such steps
    out). rates: of learning at the last step, by turn. seconds: per step, without validation and
    saving. waiting: share of them spent waiting for data, 0 ... 1. left: seconds that the run still
    takes, by `eta.Pace`.
    """

    step: int
    stage: int
    terms: dict[str, float]
    norms: dict[str, float]
    overflows: int = 0
    rates: dict[str, float]
    seconds: float
    waiting: float
    left: float


class Printed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in print for a method. figure: as text, which keeps its decimals. method: as
    printed, its setting in brackets. source: paper or page."""

    figure: str
    method: str
    source: str


class Scores(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag="scores", tag_field="kind",
):  # fmt: skip
    """Mean scores of a validation.

    step: of the run. of: MODEL, or the classical method (identity, bicubic) where the run begins.
    set, digest: of the benchmark; pictures: of it that were scored. scores: metric -> mean, 'inf'
    where every picture equals its target (JSON has no infinity). best: whether the model is the
    best so far by the config's metric. printed: metric -> what is printed for the config's method
    on this set, scored alike.
    """

    step: int
    of: str = MODEL
    set: str
    digest: str
    pictures: int
    scores: dict[str, float | str]
    best: bool = False
    printed: dict[str, Printed] = {}

    @property
    def values(self) -> dict[str, float]:
        """The scores as numbers, infinities among them."""
        return {name: float(value) for name, value in self.scores.items()}

    def comparable(self, other: Scores) -> bool:
        """Whether both are of the same pictures by the same protocol."""
        return (self.digest, self.pictures) == (other.digest, other.pictures)


Line = Steps | Scores


def read_log(path: Path) -> list[Line]:
    """The lines of a log, in order; a last one that a kill cut short is left out.

    Raises FileNotFoundError, or ValueError naming the line that is damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the log.jsonl of a run")
    return _lines(path, _whole(path.read_bytes()))


def append_line(path: Path, line: Line) -> None:
    """Adds a line and waits until the disk has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(_encoded(line))
        file.flush()
        os.fsync(file.fileno())


def cut_log(path: Path, *, after: int) -> list[Line]:
    """Cuts off what lies behind step `after`, and a half line; gives the lines that stay.

    A run that goes on from a state takes those steps again. Raises ValueError for a damaged line.
    """
    if not path.is_file():
        return []
    data = path.read_bytes()
    lines = [line for line in _lines(path, _whole(data)) if line.step <= after]
    kept = b"".join(map(_encoded, lines))
    if kept != data:
        write_whole(path, kept)
    return lines


def _encoded(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _whole(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _lines(path: Path, data: bytes) -> list[Line]:
    lines: list[Line] = []
    for number, text in enumerate(data.splitlines(), start=1):
        try:
            lines.append(msgspec.json.decode(text, type=Line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{path}: line {number} is damaged ({error}); delete that line to go on"
            ) from error
    return lines
