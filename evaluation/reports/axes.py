"""Axes of plots: where a value lies, which round values are marked, how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Axis:
    """A range of values laid onto pixels start ... end, evenly, or in powers of ten."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value."""
        turn: Callable[[float], float] = math.log10 if self.log else float
        share = (turn(value) - turn(self.low)) / (turn(self.high) - turn(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int = 6) -> list[float]:
        """Round values inside the range; powers of ten, or 1, 2, 5 of each where those are few."""
        if not self.log:
            return _round_values(self.low, self.high, count=count)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for steps in ((1,), (1, 2, 5)):
            values = [step * 10.0**power for power in range(first, last + 1) for step in steps]
            inside = [value for value in values if self.low <= value <= self.high]
            if len(inside) >= 3:
                return inside[:: math.ceil(len(inside) / 8)]
        return _round_values(self.low, self.high, count=count)


def fit_axis(
    values: Sequence[float], *, start: float, end: float, log: bool = False, margin: float = 0.07
) -> Axis:
    """An axis that holds all values, with a margin on both sides (a share of their range)."""
    low, high = min(values), max(values)
    apart = not math.isclose(low, high, rel_tol=1e-9)  # nearer ones have no places of their own
    if log:
        pad = (high / low) ** margin if apart else 2.0
        return Axis(low / pad, high * pad, start, end, log=True)
    pad = (high - low) * margin if apart else abs(high) * 0.05 or 0.5
    return Axis(low - pad, high + pad, start, end)


def short_number(value: float, *, digits: int = 4) -> str:
    """At most so many digits, ten thousand and more by k, M, G, T: '11.9M', '30k', '0.25'."""
    for size, unit in _UNITS:
        if abs(value) >= size and abs(value) >= 1e4:
            return f"{value / size:.{digits}g}{unit}".replace("-", "\u2212")
    return f"{value:.{digits}g}".replace("-", "\u2212")


def _round_values(low: float, high: float, *, count: int) -> list[float]:
    """At most `count` + 1 multiples of 1, 2 or 5 times a power of ten in low ... high."""
    power = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]
