"""A summary for the terminal."""

from __future__ import annotations

from itertools import zip_longest

from evaluation.runs.published import Beside
from evaluation.runs.summary import About, Score, Summary

PUBLISHED_SHOWN = 4  # rows of other methods; the report has them all


def summary_lines(summary: Summary) -> list[str]:
    """The scores, their groups, the printed figures, what could not be had."""
    part = "" if summary.limit is None else f", the first {summary.limit} only"
    pictures = "picture" if summary.images == 1 else "pictures"
    lines = [
        f"{summary.set} ({summary.title}), {summary.model['name']}: {summary.images} {pictures}"
        f"{part}, {summary.seconds.mean:.3g} s each, protocol {summary.protocol_digest}"
    ]
    lines += [_score(name, score, summary.about[name]) for name, score in summary.metrics.items()]
    for title, parts in (("group", summary.groups), ("target", summary.references)):
        for name, scores in parts.items():
            shown = ", ".join(
                f"{metric} {_value(score.mean, summary.about[metric])}"
                for metric, score in scores.items()
            )
            count = max((score.n + score.n_identical for score in scores.values()), default=0)
            lines.append(f"  {title} {name} ({count}): {shown}")
    lines += _published(summary)
    for one in summary.unavailable:
        places = one.where.split(", ")
        pairs = zip_longest(one.file.split(", "), places, fillvalue=places[-1])
        files = "; ".join(f"{file} goes to {where}" for file, where in pairs if file)
        place = f": {files}" if files else ""
        lines.append(f"  unavailable: {one.metric}, {one.why}{place}")
    return lines + [f"  note: {note}" for note in summary.notes]


def _score(name: str, score: Score, about: About) -> str:
    unit = f" {about.unit}" if about.unit else ""
    text = f"  {name:<8} {_value(score.mean, about)}{unit}"
    if score.low is not None and score.high is not None:
        text += f"  95 % [{_value(score.low, about)}, {_value(score.high, about)}]"
    if score.n_identical:
        text += f"  ({score.n_identical} infinite, left out)"
    return text


def _value(value: float | None, about: About) -> str:
    return "inf" if value is None else f"{value:.{about.decimals}f}"


def _published(summary: Summary) -> list[str]:
    rows = summary.published
    meant = [row for row in rows if row.agrees is not None]
    shown = meant or rows[:PUBLISHED_SHOWN]
    lines = [_printed(row) for row in shown]
    if more := len(rows) - len(shown):
        lines.append(f"  ... and {more} more printed figures in the report; --published METHOD")
    return lines


def _printed(row: Beside) -> str:
    part = " ".join(text for text in (row.group, row.reference) if text)
    setting = f" ({row.setting})" if row.setting else ""
    told = {True: "agrees", False: "differs", None: ""}[row.agrees]
    if row.agrees is False and row.ours is not None:
        told = f"differs by {row.ours - row.value:+.2g}"
    if row.slack and told:
        told += f" ({row.slack:g} allowed for the draw of the noise)"
    beside = "" if row.comparable else ", another protocol"
    return (
        f"  printed  {row.metric} {row.printed} {row.method}{setting}"
        f"{f', {part}' if part else ''} [{row.source}, {row.confidence}{beside}]"
        f"{f': {told}' if told else ''}"
    )
