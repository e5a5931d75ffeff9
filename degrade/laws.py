"""Distributions of parameters, as data: what a recipe's JSON says and a draw obeys.

A law turns uniform numbers, which are addressed (degrade/draws.py), into one value. Laws combine:
a parameter may be a mixture, a product, or follow a parameter drawn before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import msgspec

from degrade.draws import draw_below, draw_u32

_STANDARD = NormalDist()


@dataclass(frozen=True)
class Draw:
    """Where a value is drawn: its address, and the values drawn before it by name."""

    address: tuple[str | int, ...]
    earlier: Mapping[str, Any]

    def part(self, name: str | int) -> Draw:
        """The same draw, one level deeper in its law."""
        return Draw((*self.address, name), self.earlier)

    def unit(self) -> float:
        """Uniform in the open interval (0, 1)."""
        return (draw_u32(*self.address) + 0.5) / 2**32


class Law(msgspec.Struct, frozen=True, tag_field="law", forbid_unknown_fields=True):
    """One distribution; in JSON its name is the field "law"."""

    def at(self, draw: Draw) -> Any:
        """The value of this law at one address."""
        raise NotImplementedError


class Uniform(Law, frozen=True, tag="uniform"):
    """Every number between low and high alike."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _ordered(self.low, self.high, "uniform")

    def at(self, draw: Draw) -> float:
        """low + (high - low) u."""
        return self.low + (self.high - self.low) * draw.unit()


class LogUniform(Law, frozen=True, tag="log-uniform"):
    """Its logarithm (of any base) is uniform; 0 < low <= high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _ordered(self.low, self.high, "log-uniform")
        if self.low <= 0:
            raise ValueError(f"log-uniform takes bounds above 0, got {self.low}")

    def at(self, draw: Draw) -> float:
        """low (high / low)^u."""
        return math.exp(
            math.log(self.low) + (math.log(self.high) - math.log(self.low)) * draw.unit()
        )


class Integer(Law, frozen=True, tag="integer"):
    """Every integer low, low + step, ... high alike; both ends are in."""

    low: int
    high: int
    step: int = 1

    def __post_init__(self) -> None:
        _ordered(self.low, self.high, "integer")
        if self.step < 1 or (self.high - self.low) % self.step:
            raise ValueError(
                f"integer from {self.low} to {self.high} has no whole number of steps of "
                f"{self.step}"
            )

    def at(self, draw: Draw) -> int:
        """One of the integers."""
        count = (self.high - self.low) // self.step + 1
        return self.low + self.step * draw_below(*draw.address, bound=count)


class Normal(Law, frozen=True, tag="normal"):
    """Gaussian with this mean and standard deviation."""

    mean: float
    sigma: float

    def at(self, draw: Draw) -> float:
        """By the quantile of one uniform number."""
        return self.mean + self.sigma * _STANDARD.inv_cdf(draw.unit())


class Seed(Law, frozen=True, tag="seed"):
    """An integer of 32 bits that opens a noise field."""

    def at(self, draw: Draw) -> int:
        """The address's own 32 bits."""
        return draw_u32(*draw.address)


class Choice(Law, frozen=True, tag="choice"):
    """One of the values, alike or by weight."""

    values: tuple[Any, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _weighed(len(self.values), self.weights, "choice")

    def at(self, draw: Draw) -> Any:
        """One of the values."""
        return self.values[pick(draw.unit(), self.weights or (1.0,) * len(self.values))]


class Of(Law, frozen=True, tag="of"):
    """The value of a parameter drawn earlier: "sigma" of this step, "blur1.sigma" of another."""

    parameter: str

    def at(self, draw: Draw) -> Any:
        """The earlier value; ValueError if there is none of that name."""
        if self.parameter not in draw.earlier:
            raise ValueError(
                f"{'/'.join(map(str, draw.address[1:]))} follows {self.parameter!r}, which is not "
                f"drawn before it; drawn are {', '.join(draw.earlier) or 'none'}"
            )
        return draw.earlier[self.parameter]


class Mixture(Law, frozen=True, tag="mixture"):
    """The value of one of the laws, alike or by weight."""

    laws: tuple[AnyLaw, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _weighed(len(self.laws), self.weights, "mixture")

    def at(self, draw: Draw) -> Any:
        """One law chosen, then its value."""
        which = pick(draw.part("which").unit(), self.weights or (1.0,) * len(self.laws))
        return value_of(self.laws[which], draw=draw.part(which))


class Sum(Law, frozen=True, tag="sum"):
    """The terms' values added."""

    terms: tuple[AnyLaw, ...]

    def at(self, draw: Draw) -> float:
        """Each term drawn apart, then added."""
        return sum(value_of(term, draw=draw.part(i)) for i, term in enumerate(self.terms))


class Product(Law, frozen=True, tag="product"):
    """The factors' values multiplied."""

    factors: tuple[AnyLaw, ...]

    def at(self, draw: Draw) -> float:
        """Each factor drawn apart, then multiplied."""
        return math.prod(value_of(term, draw=draw.part(i)) for i, term in enumerate(self.factors))


class Reciprocal(Law, frozen=True, tag="reciprocal"):
    """1 / value."""

    value: AnyLaw

    def at(self, draw: Draw) -> float:
        """1 / the value drawn."""
        return 1.0 / value_of(self.value, draw=draw.part("value"))


class Root(Law, frozen=True, tag="root"):
    """The square root of a value: a standard deviation from a variance."""

    value: AnyLaw

    def at(self, draw: Draw) -> float:
        """The root of the value drawn."""
        return math.sqrt(max(0.0, value_of(self.value, draw=draw.part("value"))))


class LogLinear(Law, frozen=True, tag="log-linear"):
    """log_base(value) = slope * log_base(earlier parameter) + intercept + N(0, sigma).

    The base (e or 10) is part of the law: ports that exchange it are off by a factor of 5.
    """

    parameter: str
    slope: float
    intercept: float
    sigma: float
    log: str

    def __post_init__(self) -> None:
        if self.log not in ("e", "10"):
            raise ValueError(f"log-linear takes log 'e' or '10', got {self.log!r}")

    def at(self, draw: Draw) -> float:
        """The base to the power of the line's exponent, which is normal."""
        base = math.e if self.log == "e" else 10.0
        earlier = math.log(Of(self.parameter).at(draw)) / math.log(base)
        exponent = self.slope * earlier + self.intercept
        return base ** (exponent + self.sigma * _STANDARD.inv_cdf(draw.unit()))


class Below(Law, frozen=True, tag="below"):
    """One law where an earlier parameter is below the bound, another where it is not."""

    parameter: str
    bound: float
    then: AnyLaw
    otherwise: AnyLaw

    def at(self, draw: Draw) -> Any:
        """The value of the law that the earlier parameter asks for."""
        small = Of(self.parameter).at(draw) < self.bound
        return value_of(self.then if small else self.otherwise, draw=draw.part(int(small)))


AnyLaw = (
    Uniform | LogUniform | Integer | Normal | Seed | Choice | Of | Mixture | Sum | Product
    | Reciprocal | Root | LogLinear | Below | bool | int | float | str | None
)  # fmt: skip
LAWS: dict[str, type[Law]] = {
    str(law.__struct_config__.tag): law
    for law in (
        Uniform, LogUniform, Integer, Normal, Seed, Choice, Of, Mixture, Sum, Product, Reciprocal,
        Root, LogLinear, Below,
    )
}  # fmt: skip


def value_of(law: Any, *, draw: Draw) -> Any:
    """The value of a law at one address; a constant is its own value."""
    return law.at(draw) if isinstance(law, Law) else law


def pick(unit: float, weights: tuple[float, ...]) -> int:
    """The index that a uniform number falls on when weights share (0, 1)."""
    mark = unit * math.fsum(weights)
    for index, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return index
    return max(index for index, weight in enumerate(weights) if weight > 0)


def _ordered(low: float, high: float, law: str) -> None:
    if not low <= high:
        raise ValueError(f"{law} takes low <= high, got {low} and {high}")


def _weighed(count: int, weights: tuple[float, ...], law: str) -> None:
    if not count:
        raise ValueError(f"{law} takes at least one entry")
    if weights and len(weights) != count:
        raise ValueError(f"{law} has {count} entries and {len(weights)} weights")
    if weights and (min(weights) < 0 or sum(weights) <= 0):
        raise ValueError(f"{law} takes weights >= 0 with a sum above 0, got {weights}")
