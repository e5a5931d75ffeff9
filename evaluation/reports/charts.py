"""Plots as SVG text: a scatter of points with labels, the distribution of a score.

Each stands alone in a file and inside HTML: its colours follow the reader's light or dark scheme,
nothing is loaded from elsewhere, and equal values give equal text.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.reports.axes import Axis, fit_axis, short_number

Point = tuple[str, float, float]  # label or '', x, y
Box = tuple[float, float, float, float]  # left, top, right, bottom

_STYLE = """<style>
.chart{--ink:#1c2126;--soft:#5a646e;--rule:#dfe3e8;--mark:#1f5fa8;max-width:100%;height:auto}
@media screen and (prefers-color-scheme:dark){
.chart{--ink:#e7eaee;--soft:#a0aab4;--rule:#333a42;--mark:#7db3ee}}
.chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
.chart .name{fill:var(--ink)}.chart .rule{stroke:var(--rule);fill:none}
.chart .mark{fill:var(--mark)}.chart .line{stroke:var(--mark);fill:none;stroke-linecap:round}
</style>"""
_GLYPH = 6.5  # mean width of a character at 12 px, for placing labels
_LONGEST = 32  # characters of a label that are drawn; the rest is in its tooltip
_DOTS = 30  # up to so many scores are drawn one by one
_BY_NAME = 60  # up to so many points each have a tooltip; more become one path


def scatter_svg(
    points: Sequence[Point],
    *,
    x_title: str,
    y_title: str,
    log_x: bool = False,
    diagonal: bool = False,
) -> str:
    """Points (label, x, y) as one <svg>; labels are drawn beside their points where there is room.

    A point without a finite place (infinite, NaN, x <= 0 on a logarithmic axis) is left out, and
    the plot says how many were. diagonal: draws the line y = x, for one run against another.
    Raises ValueError where both log_x and diagonal are asked for: that line would be a curve.
    """
    if log_x and diagonal:
        raise ValueError("a scatter with log_x has no straight diagonal: ask for one of them")
    kept = [point for point in points if _has_place(point, log_x=log_x)]
    width, height = 480.0, 330.0
    lines: list[str] = []
    if kept:
        frame = (58.0, 30.0, width - 12, height - 48)
        xs, ys = [x for _, x, _ in kept], [y for _, _, y in kept]
        if diagonal:
            xs = ys = [*xs, *ys]
        across = fit_axis(xs, start=frame[0], end=frame[2], log=log_x, margin=0.1)
        upward = fit_axis(ys, start=frame[3], end=frame[1])
        lines += _grid(across, upward, frame)
        if diagonal:
            low, high = max(across.low, upward.low), min(across.high, upward.high)
            lines.append(_line(across.at(low), upward.at(low), across.at(high), upward.at(high)))
        lines += _points(kept, across, upward, frame)
        lines.append(_text((frame[0] + frame[2]) / 2, height - 10, x_title, anchor="middle"))
        lines.append(_text(8, 18, y_title, anchor="start"))
    else:
        lines.append(_text(width / 2, height / 2, "no points to draw", anchor="middle"))
    if len(kept) < len(points):
        left = f"{len(points) - len(kept)} not drawn: no finite place"
        lines.append(_text(width - 12, 18, left, anchor="end"))
    spoken = f"{y_title} against {x_title}: {len(kept)} points"
    return _svg(lines, (width, height), spoken=spoken)


def distribution_svg(values: Iterable[float], *, title: str, decimals: int = 2) -> str:
    """How scores spread, as one <svg>: a dot each up to 30 of them, else a histogram.

    Bins are as wide as Freedman and Diaconis (1981) have them, 8 to 40 of them. Below: a line from
    the 5 % to the 95 % quantile, a bar from quartile to quartile, and the median with its value.
    Infinite scores and NaN are not drawn. title: of the score, for readers who listen.
    """
    scores = np.sort(np.array([v for v in values if math.isfinite(v)], dtype=np.float64))
    few = scores.size <= _DOTS
    floor = 64.0 if few else 112.0  # where dots and bars stand
    width, height = 360.0, floor + 64
    if not scores.size:
        word = _text(width / 2, height / 2, "no finite score", anchor="middle")
        return _svg([word], (width, height), spoken=f"{title}: no finite score")
    q05, q25, q50, q75, q95 = (float(q) for q in np.quantile(scores, (0.05, 0.25, 0.5, 0.75, 0.95)))
    frame = (40.0, 10.0, width - 8, floor)
    across = fit_axis([float(scores[0]), float(scores[-1])], start=frame[0], end=frame[2])
    lines = _dots(scores, across, frame) if few else _bars(scores, across, frame)
    middle = floor + 14
    lines.append(_line(across.at(q05), middle, across.at(q95), middle, thick=1))
    lines.append(_line(across.at(q25), middle, across.at(q75), middle, thick=6))
    lines.append(_rect(across.at(q50) - 1.5, middle - 8, 3, 16, kind="name"))
    for value in across.ticks():
        lines.append(_text(across.at(value), middle + 26, _tick(value), anchor="middle"))
    word = f"median {q50:.{decimals}f}"
    half = len(word) * _GLYPH / 2
    place = min(max(across.at(q50), half), width - half)
    lines.append(_text(place, middle + 45, word, anchor="middle", kind="name"))
    spoken = (
        f"{title}: {scores.size} pictures from {scores[0]:.{decimals}f} to "
        f"{scores[-1]:.{decimals}f}, median {q50:.{decimals}f}, half of them between "
        f"{q25:.{decimals}f} and {q75:.{decimals}f}"
    )
    return _svg(lines, (width, height), spoken=spoken)


def _has_place(point: Point, *, log_x: bool) -> bool:
    _, x, y = point
    return math.isfinite(x) and math.isfinite(y) and (x > 0 or not log_x)


def _tick(value: float) -> str:
    return short_number(value, digits=7)  # round values: neighbours differ in an early digit


def _grid(across: Axis, upward: Axis, frame: Box) -> list[str]:
    """Horizontal lines with their values, and the values along the lower edge."""
    left, _, right, bottom = frame
    lines = []
    for value in upward.ticks():
        lines.append(_line(left, y := upward.at(value), right, y))
        lines.append(_text(left - 6, y + 4, _tick(value), anchor="end"))
    for value in across.ticks():
        lines.append(_line(x := across.at(value), bottom, x, bottom + 4))
        lines.append(_text(x, bottom + 17, _tick(value), anchor="middle"))
    return lines


def _points(points: Sequence[Point], across: Axis, upward: Axis, frame: Box) -> list[str]:
    """Dots with tooltips and labels, or one path where they are many."""
    places = [(label, across.at(x), upward.at(y)) for label, x, y in points]
    if len(places) > _BY_NAME:
        path = "".join(f"M{x:.1f} {y:.1f}h0" for _, x, y in places)
        opacity = 0.7 if len(places) < 500 else 0.35
        return [f'<path class="line" stroke-width="4" opacity="{opacity}" d="{path}"/>']
    lines = [
        f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4">'
        f"<title>{_shown(label)}</title></circle>"
        for label, x, y in places
    ]
    taken: list[Box] = [(x - 9, y - 9, x + 9, y + 9) for _, x, y in places]
    lines += [_label(label, (x, y), frame, taken) for label, x, y in places if label]
    return lines


def _label(label: str, place: tuple[float, float], frame: Box, taken: list[Box]) -> str:
    """A label on the side of its point where it hides least; its box is added to `taken`."""
    short = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    x, y = place
    wide = len(short) * _GLYPH
    sides: list[tuple[float, float, str, float]] = [  # x, baseline, anchor, left end of the text
        (x + 8, y + 4, "start", x + 8),
        (x - 8, y + 4, "end", x - 8 - wide),
        (x, y - 9, "middle", x - wide / 2),
        (x, y + 18, "middle", x - wide / 2),
    ]

    def box(side: tuple[float, float, str, float]) -> Box:
        return side[3], side[1] - 10, side[3] + wide, side[1] + 3

    def hidden(side: tuple[float, float, str, float]) -> float:
        outside = wide * 13 - _overlap(box(side), frame)
        return 4 * outside + sum(_overlap(box(side), other) for other in taken)

    best = min(sides, key=hidden)
    taken.append(box(best))
    return _text(best[0], best[1], short, anchor=best[2], kind="name")


def _overlap(a: Box, b: Box) -> float:
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(tall, 0.0)


def _dots(scores: NDArray[np.float64], across: Axis, frame: Box) -> list[str]:
    """One dot per score, put on top of those that it would cover."""
    lines, placed = [_line(frame[0], frame[3], frame[2], frame[3])], []
    for score in scores.tolist():
        x, level = across.at(score), 0
        while any(level == other and abs(x - place) < 9 for place, other in placed):
            level += 1
        placed.append((x, level))
    step = min(9.5, (frame[3] - frame[1] - 8) / (max(level for _, level in placed) or 1))
    lines += [
        f'<circle class="mark" cx="{x:.1f}" cy="{frame[3] - 7 - level * step:.1f}" r="4"/>'
        for x, level in placed
    ]
    return lines


def _bars(scores: NDArray[np.float64], across: Axis, frame: Box) -> list[str]:
    """A histogram with the counts at its left."""
    low, high = float(scores[0]), float(scores[-1])
    if high > low:
        q25, q75 = np.quantile(scores, (0.25, 0.75))
        wide = 2 * float(q75 - q25) / scores.size ** (1 / 3)
        bins = max(8, math.ceil(min(40.0, (high - low) / wide))) if wide > 0 else 40
    else:
        low, high, bins = across.low, across.high, 9
    counts, edges = np.histogram(scores, bins=bins, range=(low, high))
    upward = Axis(0, float(counts.max()) * 1.05, frame[3], frame[1])
    lines = []
    for value in upward.ticks(3):
        y = upward.at(value)
        lines.append(_line(frame[0], y, frame[2], y))
        lines.append(_text(frame[0] - 5, y + 4, _tick(value), anchor="end"))
    for count, left, right in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        if count:
            x, y = across.at(float(left)), upward.at(count)
            lines.append(_rect(x, y, max(across.at(float(right)) - x - 1, 1), frame[3] - y))
    return lines


def _svg(lines: Sequence[str], size: tuple[float, float], *, spoken: str) -> str:
    width, height = size
    head = (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{_shown(spoken)}">'
    )
    return "\n".join((head, _STYLE, *lines, "</svg>"))


def _text(x: float, y: float, text: str, *, anchor: str, kind: str = "tick") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_shown(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, *, thick: float = 0) -> str:
    """A line: of the grid, or, where it has a thickness, in the colour of marks."""
    look = f'class="line" stroke-width="{thick:g}"' if thick else 'class="rule"'
    return f'<line {look} x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _rect(x: float, y: float, width: float, height: float, *, kind: str = "mark") -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {size}/>'


def _shown(text: str) -> str:
    """Escaped for HTML and XML; characters that XML has not become U+FFFD."""
    kept = (c if c >= " " and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in text)
    return html.escape("".join(kept))
