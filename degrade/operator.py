"""What an operator is: a plain function of pictures and per-sample columns, and its declaration.

    @operator(
        kind="pointwise",
        source="...",
        differentiable=True,
        parameters={
            "sigma": Number(Uniform(0.0, 50 / 255), low=0.0, neutral=0.0, unit="of full range"),
            "seed": NOISE_SEED,
        },
    )
    def gaussian_noise(images: Tensor, *, sigma: Tensor, seed: Tensor) -> Tensor: ...

The function stays plain: it has no class, no state and no generator, and can be called alone. The
declaration tells the runner (degrade/apply.py) how to call it and a recipe what it may set.

images are [B,C,H,W] float, display referred in [0,1] unless the operator says otherwise. Kinds:

pointwise      f(images, *, columns) -> images. The field of a noise counts rows and columns from
               the picture's own corner.
neighbourhood  f(images with a margin of `radius` on all four sides, *, columns) -> the valid part
               [B,C,H,W]. The runner fills the margin, by the step's `padding`.
statistic      f(images, *, sizes, columns) -> images: needs the whole picture. sizes[b] is the
               (height, width) of picture b in the upper left of its canvas; what is outside is
               whatever the operator makes of it.
resizing       f(images, *, sizes, origins, columns) -> (images, sizes). origins are the sizes that
               the pictures had when they entered the recipe.
host           f(picture float32 [C,H,W] in numpy, *, one value for each parameter) -> picture: a
               codec, on the CPU, one picture at a time.

Columns, by declaration: Number -> float64 tensor [B] (tuple of floats with host=True);
NoiseSeed -> int64 tensor [B]; Switch -> bool tensor [B]; Whole -> tuple of int; Name -> tuple of
str; Array -> tuple of float32 tensors (host: one array). Two names belong to the runner, which an
operator may declare but never receives: `padding` (a key of degrade.canvas.PADDINGS) and `light`
('srgb', or 'linear': decoded before and encoded after).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from degrade.canvas import PADDINGS
from degrade.laws import Seed

KINDS = ("pointwise", "neighbourhood", "statistic", "resizing", "host")
RUNNER_NAMES = ("padding", "light")
LIGHTS = ("srgb", "linear")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Number:
    """A real parameter: its usual law (or constant), bounds (inclusive), unit, the value at which
    the operator does nothing, and where the law comes from."""

    law: Any
    low: float = -float("inf")
    high: float = float("inf")
    neutral: float | None = None
    unit: str = ""
    source: str = ""
    host: bool = False


@dataclass(frozen=True)
class Whole:
    """An integer parameter, known on the host: sizes, counts, levels."""

    law: Any
    low: int
    high: int
    neutral: int | None = None
    unit: str = ""
    source: str = ""
    odd: bool = False


@dataclass(frozen=True)
class Name:
    """One of a few words."""

    law: Any
    allowed: tuple[str, ...]
    neutral: str | None = None
    unit: str = ""
    source: str = ""


@dataclass(frozen=True)
class Switch:
    """Yes or no."""

    law: Any
    neutral: bool | None = None
    unit: str = ""
    source: str = ""


@dataclass(frozen=True)
class NoiseSeed:
    """The seed of a random field: 32 bits, drawn by address like all else."""

    law: Any = field(default_factory=Seed)
    low: int = 0
    high: int = 2**32 - 1
    neutral: None = None
    unit: str = "seed of a field"
    source: str = ""


@dataclass(frozen=True)
class Array:
    """A named array from a file (.npy, .npz, .mat or a picture): {"file": "depth.npy"}. A record
    keeps the file's name and sha256. `axes` says its shape in words."""

    axes: str
    law: Any = None
    neutral: None = None
    unit: str = ""
    source: str = ""


Parameter = Number | Whole | Name | Switch | NoiseSeed | Array
NOISE_SEED = NoiseSeed()


@dataclass(frozen=True)
class Operator:
    """A function with its declaration. `radius` of a neighbourhood operator: what it reaches, in
    pixels, or a function of one sample's parameters."""

    name: str
    apply: Callable[..., Any]
    kind: str
    parameters: Mapping[str, Parameter]
    source: str
    differentiable: bool
    radius: int | Callable[[Mapping[str, Any]], int] = 0

    def reach(self, values: Mapping[str, Any]) -> int:
        """The margin that one sample needs, px."""
        return self.radius(values) if callable(self.radius) else self.radius

    @property
    def about(self) -> str:
        """The first line of the function's docstring."""
        return (self.apply.__doc__ or "").strip().splitlines()[0]


OPERATORS: dict[str, Operator] = {}


def operator(
    *,
    kind: str,
    source: str,
    differentiable: bool,
    parameters: Mapping[str, Parameter],
    radius: int | Callable[[Mapping[str, Any]], int] = 0,
) -> Callable[[Function], Function]:
    """Declares a plain function as an operator of its own name, and returns it unchanged.

    The parameters are those of the function, in the order in which they are drawn. Raises
    ValueError for a name that is taken, and where function and declaration do not agree.
    """

    def declare(function: Function) -> Function:
        name = function.__name__
        if name in OPERATORS:
            raise ValueError(f"operator {name!r} is declared twice")
        if kind not in KINDS:
            raise ValueError(f"operator {name!r}: kind {kind!r}, one of {', '.join(KINDS)}")
        extra = {"statistic": {"sizes"}, "resizing": {"sizes", "origins"}}.get(kind, set())
        takes = set(list(inspect.signature(function).parameters)[1:]) - extra
        declared = set(parameters) - set(RUNNER_NAMES)
        if takes != declared:
            raise ValueError(
                f"operator {name!r} takes {sorted(takes)}, its declaration has {sorted(declared)}"
            )
        OPERATORS[name] = Operator(name, function, kind, parameters, source, differentiable, radius)
        return function

    return declare


def padding(law: str = "reflect") -> Name:
    """The declaration of a `padding` parameter with this usual value."""
    return Name(law, allowed=tuple(PADDINGS), unit="what lies beyond the edge")


def light(law: str = "srgb") -> Name:
    """The declaration of a `light` parameter with this usual value."""
    return Name(law, allowed=LIGHTS, unit="light in which it acts")
