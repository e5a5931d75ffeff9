"""A run at a glance: RUN/curves.png, losses and validation scores over its steps."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baselines.configs.config import Config
from baselines.training.session import Session, Step
from baselines.watching.lines import MODEL, Line, Scores, Steps
from baselines.watching.log import Log
from builders.atomic import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES_FILE = "curves.png"
# As the reports' charts have them (evaluation/reports/charts.py), and further hues for more lines.
INK, SOFT, RULE, MARK = "#1c2126", "#5a646e", "#dfe3e8", "#1f5fa8"
HUES = (MARK, "#c4631c", "#3a8a52", "#8a4fa3", "#b8860b", "#2b8c9e", "#b03a48", "#6b6f76")
DPI, WIDTH, PANEL, EDGE = 110, 10.0, 2.5, 0.75  # inches: of the figure, a panel, above and below
GAP, ENTRY = 0.4, 0.17  # inches: between panels, a line of a legend
_TITLE: dict[str, Any] = {"color": SOFT, "fontsize": 9}
_SMOOTHED = 100  # from so many lines on a loss is drawn as its running mean too
_NAMED, _NUMBERED = 0.1, 0.025  # of the width: what a stage's name, or number, takes
# Where values span less than so many times their least: which numbers of a decade have ticks.
_TICKS = ((10, (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)), (100, (1.0, 2.0, 5.0)))
_REDRAWN = 60.0  # seconds between drawings while a run goes on; each takes about one


class Curves:
    """Draws RUN/curves.png: when a validation ended, once a minute at most, and at the end."""

    def __init__(self, folder: Path, *, config: Config, log: Log) -> None:
        self._path, self._config, self._log = folder / CURVES_FILE, config, log
        self._drawn = (0, 0, 0.0)  # lines, lines of scores, when

    def hook(self, session: Session, _step: Step) -> None:
        """After a step, after the hooks of log and validation."""
        lines, scores, when = self._drawn
        now, found = time.monotonic(), len(self._log.lines)
        if not session.processes.is_main or found == lines:
            return
        if len(self._log.scores()) > scores or now - when >= _REDRAWN:
            with self._log.aside():
                self._draw()

    def finish(self, session: Session) -> None:
        """At the end of a call."""
        if session.processes.is_main:
            self._draw()

    def _draw(self) -> None:
        lines = self._log.lines
        self._drawn = (len(lines), len(self._log.scores()), time.monotonic())
        draw_curves(self._path, lines=lines, config=self._config)


def draw_curves(path: Path, *, lines: Sequence[Line], config: Config) -> None:
    """A PNG, written whole: a panel of the loss terms on a logarithmic scale, one more of those
    that are not above 0, one for each metric, with where the run began and what is printed for the
    same set, scored alike.

    Infinite scores have no place and are left out. Does nothing without a line that can be drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = [line for line in lines if isinstance(line, Steps)]
    scores = [line for line in lines if isinstance(line, Scores)]
    panels = _panels(steps, scores)
    if not panels:
        return
    figure = Figure(dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    grid = list(figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0])
    last = max(line.step for line in lines)
    for axes, (kind, name) in zip(grid, panels, strict=True):
        _dress(axes, last=last)
        if kind == "metric":
            _draw_metric(axes, scores, metric=name, config=config)
        else:
            _draw_terms(axes, steps, above_zero=kind == "above")
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, fontsize=8.5,
            labelcolor=INK, handlelength=1.6, borderaxespad=0.0,
        )  # fmt: skip
    height = _make_room(figure, grid)
    if len(config.stages) > 1:
        _mark_stages(grid, config, last=last)
        grid[0].set_title(grid[0].get_title(loc="left"), loc="left", pad=16, **_TITLE)
    grid[-1].set_xlabel("step", color=SOFT, fontsize=9)
    top = 1 - 0.28 / height
    figure.text(0.075, top, config.name, color=INK, fontsize=12, weight="bold", va="center")
    if config.published:
        text = f"in print: {config.published}"
        figure.text(0.98, top, text, color=SOFT, fontsize=9, va="center", ha="right")
    data = io.BytesIO()
    canvas.print_png(data)
    write_whole(path, data.getvalue())


def _make_room(figure: Figure, grid: Sequence[Axes]) -> float:
    """Panels as high as their legends ask for: the height of the figure, inches."""
    entries = [len(axes.get_legend_handles_labels()[0]) for axes in grid]
    heights = [max(PANEL - GAP, count * ENTRY) for count in entries]
    height = sum(heights) + GAP * len(grid) + EDGE * 2
    figure.set_size_inches(WIDTH, height)
    specification = grid[0].get_gridspec()
    assert specification is not None  # of `subplots`
    specification.set_height_ratios(heights)
    mean = sum(heights) / len(heights)  # what the space between panels is a part of
    edge = (EDGE + GAP / 2) / height
    figure.subplots_adjust(left=0.075, right=0.72, top=1 - edge, bottom=edge, hspace=GAP / mean)
    return height


def _panels(steps: Sequence[Steps], scores: Sequence[Scores]) -> list[tuple[str, str]]:
    """(kind, metric) from the top down."""
    named = {name for line in steps for name in line.terms}
    below = {name for line in steps for name, value in line.terms.items() if value <= 0}
    metrics = dict.fromkeys(
        name for line in scores for name, value in line.values.items() if math.isfinite(value)
    )
    panels = [("above", "")] if named - below else []
    panels += [("below", "")] if below else []
    return panels + [("metric", name) for name in metrics]


def _dress(axes: Axes, *, last: int) -> None:
    from matplotlib.ticker import MaxNLocator

    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=8.5, length=3, color=RULE)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, max(last, 1) * 1.01)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")


def _draw_terms(axes: Axes, steps: Sequence[Steps], *, above_zero: bool) -> None:
    below = {name for line in steps for name, value in line.terms.items() if value <= 0}
    terms = dict.fromkeys(name for line in steps for name in line.terms)
    drawn = [name for name in terms if (name not in below) == above_zero]
    for number, name in enumerate(drawn):
        at = [line.step for line in steps if name in line.terms]
        values = [line.terms[name] for line in steps if name in line.terms]
        look: dict[str, Any] = {
            "color": HUES[number % len(HUES)],
            "linestyle": ("-", "--", ":")[number // len(HUES) % 3],
        }
        label = f"{name}  {values[-1]:.3g}"
        if len(values) < _SMOOTHED:
            mark = "o" if len(values) < 3 else ""
            axes.plot(at, values, linewidth=1.6, label=label, marker=mark, markersize=4, **look)
            continue
        axes.plot(at, values, linewidth=0.7, alpha=0.35, **look)
        axes.plot(at, _running_mean(values), linewidth=1.8, label=label, **look)
    if above_zero:
        found = [line.terms[name] for line in steps for name in drawn if name in line.terms]
        _make_logarithmic(axes, ratio=max(found) / min(found))
    text = "loss (log scale)" if above_zero else "loss terms that are not above 0"
    axes.set_title(text, loc="left", pad=4, **_TITLE)


def _make_logarithmic(axes: Axes, *, ratio: float) -> None:
    """Plain numbers at the ticks, two at least: evenly apart where the values hardly change, the
    more of each decade the fewer decades there are."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    if ratio < 3:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    else:
        subs = next((one for limit, one in _TICKS if ratio < limit), (1.0,))
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")


def _draw_metric(axes: Axes, scores: Sequence[Scores], *, metric: str, config: Config) -> None:
    """The model's points by set, dotted where the run began, dashed what is printed for it."""
    found = [line for line in scores if math.isfinite(line.values.get(metric, math.inf))]
    by_set: dict[tuple[str, int], list[Scores]] = {}
    for line in found:
        by_set.setdefault((line.set, line.pictures), []).append(line)
    for number, ((name, _), held) in enumerate(by_set.items()):
        color = HUES[number % len(HUES)]
        own = [line for line in held if line.of == MODEL]
        if own:
            best = next((line for line in reversed(own) if line.best), None)
            label = f"{name}  {own[-1].values[metric]:.4g}"
            printed = own[-1].printed.get(metric)
            at, values = zip(*((line.step, line.values[metric]) for line in own), strict=True)
            axes.plot(at, values, color=color, linewidth=1.6, marker="o", markersize=4, label=label)
            if best is not None:
                axes.plot(
                    [best.step], [best.values[metric]], color=color, marker="o", markersize=9,
                    markerfacecolor="none", linestyle="none",
                    label=f"best by {config.validation.best}  {best.values[metric]:.4g}",
                )  # fmt: skip
            if printed is not None:
                label = f"printed: {printed.method} {printed.figure}"
                axes.axhline(
                    float(printed.figure), color=color, linewidth=1.2, linestyle="--", label=label
                )
        for line in (line for line in held if line.of != MODEL):
            value = line.values[metric]
            label = f"{line.of}  {value:.4g}"
            axes.axhline(value, color=color, linewidth=1.2, linestyle=":", label=label)
    axes.set_title(metric, loc="left", pad=4, **_TITLE)


def _running_mean(values: Sequence[float]) -> np.ndarray:
    """Over a fiftieth of the lines around each, fewer at the ends."""
    half = max(1, len(values) // 100)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    begin, end = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[end] - sums[begin]) / (end - begin)


def _mark_stages(grid: Sequence[Axes], config: Config, *, last: int) -> None:
    """A line where a stage begins, and above the first panel its number, batch and patch where
    there is room for them."""
    begins = [sum(one.steps for one in config.stages[:n]) for n in range(len(config.stages))]
    ends = [*begins[1:], last]
    for number, (begin, end, stage) in enumerate(
        zip(begins, ends, config.stages, strict=True), start=1
    ):
        room = (min(end, last) - begin) / max(last, 1)
        if room <= 0:
            return
        for axes in grid:
            axes.axvline(begin, color=SOFT, linewidth=0.8, alpha=0.6)
        patch = f" x {stage.patch}²" if stage.patch else ""
        text = f"{number}: {stage.batch}{patch}" if room > _NAMED else f"{number}"
        if room > _NUMBERED:
            grid[0].annotate(
                text, (begin, 1.0), xycoords=("data", "axes fraction"), xytext=(1, 3),
                textcoords="offset points", color=SOFT, fontsize=8,
            )  # fmt: skip
