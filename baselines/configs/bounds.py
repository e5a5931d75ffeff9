"""Refusing a value that is outside its bounds, or none of its words, by its dotted key."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from degrade.option_error import OptionError, nearest


def within(
    at: str,
    value: float,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float | None = None,
    below: float | None = None,
    remedy: str = "",
) -> None:
    """Raises OptionError for a value that is outside, infinite or NaN. remedy: what to do."""
    if (
        math.isfinite(value)
        and least <= value <= most
        and (above is None or value > above)
        and (below is None or value < below)
    ):
        return
    bounds = [] if math.isfinite(value) else ["finite"]
    bounds += [f"{least:g} or more"] if math.isfinite(least) else []
    bounds += [f"at most {most:g}"] if math.isfinite(most) else []
    bounds += [f"above {above:g}"] if above is not None else []
    bounds += [f"below {below:g}"] if below is not None else []
    raise OptionError(f"{at} {value:g}: {' and '.join(bounds)}{f'; {remedy}' if remedy else ''}")


def one_of(at: str, value: str, *, allowed: Iterable[str]) -> None:
    """Raises OptionError for a word that is none of the allowed ones."""
    known: Collection[str] = list(allowed)
    if value not in known:
        raise OptionError(f"{at} {value!r}: one of {', '.join(known)}{nearest(value, known)}")
