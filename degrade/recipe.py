"""Recipes: published degradation pipelines as data, in Python or JSON, strictly checked.

A recipe is a list of nodes. A step applies one operator with laws for its parameters; what it does
not set keeps the operator's own law. `one-of` takes one branch by weight; `shuffle` runs all of its
parts in random order. Both are draws like any other: addressed by the run's seed, the sample's key
and the node's id, so adding a node changes no other's draw.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from degrade.extremes import extremes
from degrade.operator import Array, Name, NoiseSeed, Operator, Switch, Whole
from degrade.operators import OPERATORS
from degrade.option_error import nearest


class Step(msgspec.Struct, frozen=True, tag="step", tag_field="node", forbid_unknown_fields=True):
    """One operator. `set` gives laws or constants; the step runs with this probability, and only
    if the step whose id `when` gives has run."""

    id: str
    operator: str
    set: dict[str, Any] = {}
    probability: float = 1.0
    when: str = ""


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A branch of one-of: its weight and its nodes (none: nothing is done)."""

    weight: float
    steps: tuple[Node, ...] = ()


class OneOf(
    msgspec.Struct, frozen=True, tag="one-of", tag_field="node", forbid_unknown_fields=True
):
    """Exactly one of the branches, by weight."""

    id: str
    branches: tuple[Branch, ...]


class Shuffle(
    msgspec.Struct, frozen=True, tag="shuffle", tag_field="node", forbid_unknown_fields=True
):
    """All parts, in random order; `ordered` names parts (by their number, from 0) that change
    places until they stand in this order."""

    id: str
    parts: tuple[tuple[Node, ...], ...]
    ordered: tuple[int, ...] = ()


Node = Step | OneOf | Shuffle
MOST_SCALE = 64  # a picture of 64 pixels becomes one


class Recipe(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, dict=True
):
    """A pipeline: its name, one line about it, citation, the factor by which it shrinks pictures
    (which are first cut to a multiple of it), the nodes that act on gt before both sides, the nodes
    that make lq, and where it departs from the released code on purpose."""

    name: str
    about: str
    cite: str
    steps: tuple[Node, ...]
    scale: int = 1
    target: tuple[Node, ...] = ()
    differs: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical JSON, 16 hexadecimal digits; 1 and 1.0 are the same number."""

        plain = _canonical(msgspec.json.decode(msgspec.json.encode(self)))
        return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]


def check_recipe(recipe: Recipe, *, where: str = "") -> Recipe:
    """The recipe, if its ids are unique and its steps set only what their operators have, with laws
    whose extremes are within bounds. Raises ValueError naming the step."""
    where = where or f"recipe {recipe.name!r}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", recipe.name):
        raise ValueError(f"{where}: a name has letters, digits, '.', '_' and '-', no others")
    if not 1 <= recipe.scale <= MOST_SCALE:
        raise ValueError(f"{where}: scale is {recipe.scale}, allowed are 1 to {MOST_SCALE}")
    seen: dict[str, dict[str, Sequence[Any]]] = {}
    for node in walk((*recipe.target, *recipe.steps)):
        if not node.id:
            raise ValueError(f"{where}: a {type(node).__name__.lower()} without an id")
        if node.id in seen:
            raise ValueError(f"{where}: the id {node.id!r} is there twice")
        seen[node.id] = {}
        if isinstance(node, Step):
            seen[node.id] = _check_step(node, seen=seen, where=f"{where}: step {node.id!r}")
        elif isinstance(node, Shuffle):
            parts = set(node.ordered)
            if len(parts) < len(node.ordered) or not parts <= set(range(len(node.parts))):
                raise ValueError(
                    f"{where}: {node.id!r} orders parts {list(node.ordered)}, it has "
                    f"{len(node.parts)}, counted from 0, each once"
                )
        elif (
            not sum(b.weight for b in node.branches) > 0 or min(b.weight for b in node.branches) < 0
        ):
            raise ValueError(f"{where}: {node.id!r} needs weights of 0 or more, one above 0")
    return recipe


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node, outer ones first."""
    for node in nodes:
        yield node
        if isinstance(node, OneOf):
            for branch in node.branches:
                yield from walk(branch.steps)
        elif isinstance(node, Shuffle):
            for part in node.parts:
                yield from walk(part)


def named_operator(name: str, *, where: str) -> Operator:
    """The operator of that name. Raises ValueError with the nearest one."""
    if name not in OPERATORS:
        near = nearest(name, OPERATORS)
        raise ValueError(f"{where} names operator {name!r}, which is none{near}")
    return OPERATORS[name]


def check_value(name: str, value: Any, *, op: Operator, where: str) -> Any:
    """A constant or drawn value, if its parameter can have it. Raises ValueError."""
    parameter = op.parameters[name]
    said = f"{where}: {name} of {op.name} is {value!r}"
    if isinstance(parameter, Array):
        if not (isinstance(value, Mapping) and isinstance(value.get("file"), str)):
            raise ValueError(f'{said}; it needs {{"file": ...}}: {parameter.axes}')
        return value
    if isinstance(parameter, Name):
        if value not in parameter.allowed:
            raise ValueError(
                f"{said}; one of {', '.join(parameter.allowed)}{nearest(value, parameter.allowed)}"
            )
        return value
    if isinstance(parameter, Switch):
        if not isinstance(value, bool):
            raise ValueError(f"{said}; it is true or false")
        return value
    whole = isinstance(parameter, Whole | NoiseSeed)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise ValueError(f"{said}; it takes {'an integer' if whole else 'a number'}")
    if not parameter.low <= value <= parameter.high:
        raise ValueError(f"{said}; allowed are {parameter.low} to {parameter.high}")
    if isinstance(parameter, Whole) and parameter.odd and value % 2 == 0:
        raise ValueError(f"{said}; it must be odd")
    return value


def _canonical(value: Any) -> Any:
    """Plain JSON data with every number a float."""
    if isinstance(value, dict):
        return {name: _canonical(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_canonical(entry) for entry in value]
    return float(value) if type(value) is int else value


def _check_step(
    step: Step, *, seen: Mapping[str, Mapping[str, Sequence[Any]]], where: str
) -> dict[str, Sequence[Any]]:
    """The extremes of the step's parameters; `seen` has those of the steps before it."""
    op = named_operator(step.operator, where=where)
    if not 0.0 <= step.probability <= 1.0:
        raise ValueError(f"{where}: probability is {step.probability}, allowed are 0 to 1")
    if step.when and step.when not in seen:
        raise ValueError(
            f"{where}: when {step.when!r}, no step before it{nearest(step.when, seen)}"
        )
    for name in step.set:
        if name not in op.parameters:
            takes = ", ".join(op.parameters) or "nothing"
            raise ValueError(
                f"{where} sets {name!r}; {op.name} takes {takes}{nearest(name, op.parameters)}"
            )
    earlier = {f"{id_}.{name}": v for id_, own in seen.items() for name, v in own.items()}
    found: dict[str, Sequence[Any]] = {}
    for name, parameter in op.parameters.items():
        law = step.set.get(name, parameter.law)
        if law is None:
            needs = parameter.axes if isinstance(parameter, Array) else "a value"
            raise ValueError(f"{where}: {op.name} needs {name} ({needs}), which is not invented")
        try:
            found[name] = extremes(law, earlier={**earlier, **found})
        except ValueError as error:
            raise ValueError(f"{where}: {name} {error}") from error
        except (TypeError, ArithmeticError) as error:
            raise ValueError(f"{where}: {name}: its law gives no number ({error})") from error
        for value in found[name]:
            check_value(name, value, op=op, where=where)
    return found
