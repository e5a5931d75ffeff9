"""The summary of a run: what summary.json holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from builders.atomic import write_whole
from evaluation.runs.published import Beside

SUMMARY_FILE = "summary.json"


class Score(msgspec.Struct, frozen=True):
    """A metric over pictures: its mean, the ends of its 95 % bootstrap interval, how many pictures
    it is of, and how many were left out for being infinite (identical to their target)."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    n_identical: int


class About(msgspec.Struct, frozen=True):
    """What a reader must know of a metric to print it."""

    title: str
    better: str
    unit: str
    decimals: int
    mode: str


class Missing(msgspec.Struct, frozen=True):
    """A metric that could not be had: which file is missing, and where it is looked for."""

    metric: str
    why: str
    file: str
    where: str


class Seconds(msgspec.Struct, frozen=True):
    """Of the model alone: per picture and in all."""

    mean: float
    total: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in one file. images: scored; expected: of the set, or of `limit`. choices: what the
    digest is of; words: the same for people. groups, references: name -> metric -> score."""

    version: int = 1
    set: str
    title: str
    task: str
    protocol_digest: str
    choices: dict[str, Any]
    digest_words: dict[str, str]
    contents: str
    images: int
    expected: int
    limit: int | None
    model: dict[str, Any]
    versions: dict[str, str]
    device: str
    seconds: Seconds
    metrics: dict[str, Score]
    groups: dict[str, dict[str, Score]]
    references: dict[str, dict[str, Score]]
    about: dict[str, About]
    unavailable: list[Missing]
    published: list[Beside]
    notes: list[str]


def save_summary(summary: Summary, *, run: Path) -> None:
    """Writes RUN/summary.json, whole."""
    data = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
    write_whole(run / SUMMARY_FILE, data)


def load_summary(run: Path) -> Summary:
    """The summary of the run in a folder. Raises FileNotFoundError or ValueError naming it."""
    path = run / SUMMARY_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the folder of a finished evaluation")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Summary)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: no summary of a run ({error})") from error
