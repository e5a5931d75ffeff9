"""The extreme values of a law: what a recipe is checked against before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from degrade.laws import (
    Below,
    Choice,
    Integer,
    LogLinear,
    LogUniform,
    Mixture,
    Normal,
    Of,
    Product,
    Reciprocal,
    Root,
    Seed,
    Sum,
    Uniform,
)
from degrade.option_error import nearest

_ROUNDING = 1e-9  # a difference of squares may end just below 0
_TAIL = 4.0  # standard deviations: one normal draw in 16,000 lies beyond; it is checked when drawn


def extremes(law: Any, *, earlier: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Values between (or among) which all values of a law lie; of a normal, all but its far tails.

    earlier: the extremes of what is drawn before it, by name. Raises ValueError where the law
    follows a name that is not drawn before it, with the nearest one.
    """
    match law:
        case Uniform() | LogUniform() | Integer():
            return [law.low, law.high]
        case Normal():
            return [law.mean - _TAIL * law.sigma, law.mean + _TAIL * law.sigma]
        case Seed():
            return [0, 2**32 - 1]
        case Choice():
            return list(law.values)
        case Of():
            return _follow(law.parameter, earlier)
        case Mixture():
            return [value for part in law.laws for value in extremes(part, earlier=earlier)]
        case Sum():
            return [sum(values) for values in _combined(law.terms, earlier)]
        case Product():
            return [math.prod(values) for values in _combined(law.factors, earlier)]
        case Reciprocal():
            values = extremes(law.value, earlier=earlier)
            if min(values) <= 0.0 <= max(values):
                raise ValueError(f"divides by a value between {min(values)} and {max(values)}")
            return [1.0 / value for value in values]
        case Root():
            values = extremes(law.value, earlier=earlier)
            if min(values) < -_ROUNDING:
                raise ValueError(f"takes the root of a value down to {min(values)}")
            return [math.sqrt(max(0.0, value)) for value in values]
        case LogLinear():
            base = math.e if law.log == "e" else 10.0
            return [
                base ** (law.slope * math.log(x, base) + law.intercept + tail * law.sigma)
                for x in _follow(law.parameter, earlier)
                for tail in (-_TAIL, _TAIL)
                if x > 0
            ]
        case Below():
            _follow(law.parameter, earlier)
            return [
                v for part in (law.then, law.otherwise) for v in extremes(part, earlier=earlier)
            ]
    return [law]


def _combined(laws: Sequence[Any], earlier: Mapping[str, Sequence[Any]]) -> list[tuple[Any, ...]]:
    return list(product(*(extremes(law, earlier=earlier) for law in laws)))


def _follow(name: str, earlier: Mapping[str, Sequence[Any]]) -> list[Any]:
    if name in earlier:
        return list(earlier[name])
    raise ValueError(f"follows {name!r}, which is not drawn before it{nearest(name, earlier)}")
