"""Run folders made up for tests: rows, summary, exhibits, without a model or a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from evaluation.reports.exhibits import Pictures, offer_exhibit
from evaluation.runs.rows import RUN_FOLDER, Row, append_row, write_tables
from evaluation.runs.statistics import mean_interval
from evaluation.runs.summary import About, Score, Seconds, Summary, save_summary

ABOUT = {
    "psnr": About("PSNR", "higher", "dB", 2, "full"),
    "ssim": About("SSIM", "higher", "", 4, "full"),
    "lpips": About("LPIPS", "lower", "", 4, "full"),
}


def fake_rows(
    count: int,
    *,
    names: Sequence[str] = (),
    groups: Sequence[str] = (),
    references: Sequence[str] = (),
    metrics: Sequence[str] = ("psnr", "ssim"),
) -> list[Row]:
    """Rows of plausible scores, the same for the same arguments. names: of the first rows, the
    others are picture_0003 ... groups: given to rows in turn. references: psnr@expert_a ..., their
    mean under the metric's own name."""
    generator = np.random.Generator(np.random.PCG64(7))
    rows = []
    for index in range(count):
        scores: dict[str, float | None] = {}
        level = float(generator.normal())
        values = {"psnr": 29 + 3 * level, "ssim": 0.85 + 0.04 * level, "lpips": 0.2 - 0.03 * level}
        for name in metrics:
            shifted = [values[name] * (1 - 0.02 * place) for place in range(len(references))]
            scores[name] = float(np.mean(shifted)) if references else values[name]
            scores.update({f"{name}@{r}": v for r, v in zip(references, shifted, strict=True)})
        rows.append(
            Row(
                index=index,
                name=names[index] if index < len(names) else f"picture_{index:04d}",
                groups=[groups[index % len(groups)]] if groups else [],
                height=240 + 16 * (index % 5),
                width=320,
                seconds=0.01 * (1 + index % 3),
                scores=scores,
            )
        )
    return rows


def fake_summary(rows: Sequence[Row], *, changed: Mapping[str, Any] | None = None) -> Summary:
    """The summary of these rows. changed: its fields that are to be others."""
    keys = list(dict.fromkeys(key for row in rows for key in row.scores))
    plain = [key for key in keys if "@" not in key]
    references = list(dict.fromkeys(key.partition("@")[2] for key in keys if "@" in key))
    groups = list(dict.fromkeys(name for row in rows for name in row.groups))
    seconds = sum(row.seconds for row in rows)
    summary = Summary(
        set="made-up-x4",
        title="Made-up set, times 4",
        task="sr",
        protocol_digest="0123456789ab",
        choices={"set": "made-up-x4", "protocol": {"channel": "y-round", "border": 4}},
        contents="0" * 12,
        digest_words={"channel": "luma of BT.601", "border": "4 pixels left out on every side"},
        images=len(rows),
        expected=len(rows),
        limit=None,
        model={"name": "bicubic", "method": "Bicubic", "kind": "interpolation", "scale": 4},
        versions={"pairsmith": "0.1.0", "numpy": "2.4.0"},
        device="cpu",
        seconds=Seconds(seconds / max(len(rows), 1), seconds),
        metrics=_scores(rows, plain),
        groups={
            name: _scores([row for row in rows if name in row.groups], plain) for name in groups
        },
        references={name: _scores(rows, plain, f"@{name}") for name in references},
        about={key: ABOUT[key] for key in plain},
        unavailable=[],
        published=[],
        notes=[],
    )
    return msgspec.structs.replace(summary, **dict(changed or {}))


def fake_run(
    folder: Path,
    *,
    rows: Sequence[Row],
    changed: Mapping[str, Any] | None = None,
    exhibits: bool = False,
    targets: bool = True,
) -> Path:
    """A whole run folder: .run/rows.jsonl, tables, summary. exhibits: kept as a run keeps
    them, of flat colours; targets: whether they have one."""
    (folder / RUN_FOLDER).mkdir(parents=True)
    columns = list(dict.fromkeys(key for row in rows for key in row.scores))
    scores: dict[int, float | None] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)  # thousands of rows need not wait for the disk
        for row in rows:
            scores[row.index] = row.scores.get(columns[0]) if columns else None
            if exhibits:
                offer_exhibit(
                    folder / RUN_FOLDER / "exhibits",
                    index=row.index,
                    scores=scores,
                    better="higher",
                    pictures=fake_pictures(row, target=targets),
                )
            append_row(folder, row)
        write_tables(folder, rows=rows, columns=columns)
        save_summary(fake_summary(rows, changed=changed), run=folder)
    return folder


def fake_pictures(row: Row, *, target: bool = True) -> Pictures:
    """Three flat colours, so that a test can tell what it sees: the input red, the output green,
    the target blue."""

    def flat(height: int, width: int, channel: int) -> np.ndarray:
        picture = np.full((height, width, 3), 40, np.uint8)
        picture[..., channel] = 200
        return picture

    return Pictures(
        flat(row.height // 4, row.width // 4, 0).astype(np.float32) / 255,
        flat(row.height, row.width, 1),
        flat(row.height, row.width, 2) if target else None,
    )


def _scores(rows: Sequence[Row], keys: Sequence[str], suffix: str = "") -> dict[str, Score]:
    found: dict[str, Score] = {}
    for key in keys:
        values = [v for row in rows if (v := row.scores.get(key + suffix)) is not None]
        if values:
            made = mean_interval(values, resamples=999)
            found[key] = Score(made.mean, made.low, made.high, made.n, made.n_infinite)
    return found
