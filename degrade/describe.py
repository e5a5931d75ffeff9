"""Laws, records and recipes in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
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
from degrade.operators import OPERATORS
from degrade.recipe import Node, OneOf, Recipe, Step


def law_words(law: Any) -> str:
    """One law on one line: 'U(0.2, 3)', '0.7 U(0.15, 1) | 0.3 1'."""
    match law:
        case Uniform():
            return f"U({_number(law.low)}, {_number(law.high)})"
        case LogUniform():
            return f"log-U({_number(law.low)}, {_number(law.high)})"
        case Integer():
            step = f" step {law.step}" if law.step > 1 else ""
            return f"{law.low}..{law.high}{step}"
        case Normal():
            return f"N({_number(law.mean)}, {_number(law.sigma)})"
        case Seed():
            return "seed"
        case Choice():
            return _weighed([_number(value) for value in law.values], law.weights)
        case Mixture():
            return _weighed([law_words(part) for part in law.laws], law.weights)
        case Of():
            return f"= {law.parameter}"
        case Sum():
            return "(" + " + ".join(_operand(term) for term in law.terms) + ")"
        case Product():
            return " * ".join(_operand(term) for term in law.factors)
        case Reciprocal():
            return f"1 / {_operand(law.value)}"
        case Root():
            return f"sqrt({_operand(law.value)})"
        case LogLinear():
            log = "ln" if law.log == "e" else "log10"
            return (
                f"{log} x = {_number(law.slope)} {log} {law.parameter} + {_number(law.intercept)} "
                f"+ N(0, {_number(law.sigma)})"
            )
        case Below():
            then, other = law_words(law.then), law_words(law.otherwise)
            return f"{then} if {law.parameter} < {_number(law.bound)} else {other}"
    return _number(law)


def recipe_lines(recipe: Recipe) -> list[str]:
    """A recipe in words: what it is, where it is from, every node with its laws."""
    lines = [
        f"{recipe.name}: {recipe.about}",
        f"source:  {recipe.cite}",
        f"scale:   1/{recipe.scale}" if recipe.scale > 1 else "scale:   1",
        f"digest:  {recipe.digest}",
    ]
    if recipe.target:
        lines += ["", "on the target, from which the input is made:", *_node_lines(recipe.target)]
    lines += ["", "on the input:", *_node_lines(recipe.steps)]
    if recipe.differs:
        lines += ["", "on purpose unlike the released code:"]
        lines += [f"  - {line}" for line in recipe.differs]
    return lines


def step_words(values: Mapping[str, Any]) -> str:
    """One step of a record: 'gaussian_blur sigma_x=1.23 ...', without its seeds and what is as the
    operator has it anyhow."""
    op = OPERATORS[str(values["operator"])]
    shown = [
        f"{name}={_number(values[name])}"
        for name, parameter in op.parameters.items()
        if not isinstance(parameter.law, Seed) and values[name] != parameter.law
    ]
    return " ".join([op.name, *shown])


def _node_lines(nodes: Iterable[Node], indent: str = "  ") -> list[str]:
    lines = []
    for node in nodes:
        if isinstance(node, Step):
            chance = f"  (p = {_number(node.probability)})" if node.probability < 1 else ""
            op = OPERATORS[node.operator]
            laws = {name: node.set.get(name, p.law) for name, p in op.parameters.items()}
            said = ", ".join(
                f"{name} {law_words(law)}"
                for name, law in laws.items()
                if not isinstance(law, Seed)
            )
            chance += f"  (if {node.when} has run)" if node.when else ""
            lines.append(f"{indent}{node.id}: {node.operator} {said}{chance}")
        elif isinstance(node, OneOf):
            total = sum(branch.weight for branch in node.branches)
            lines.append(f"{indent}one of:")
            for branch in node.branches:
                lines.append(f"{indent}  {_number(branch.weight / total)}")
                lines += _node_lines(branch.steps, indent + "    ") or [f"{indent}    nothing"]
        else:
            said = "in random order:"
            if node.ordered:
                said = f"in random order, parts {', '.join(map(str, node.ordered))} in theirs:"
            lines.append(f"{indent}{said}")
            for number, part in enumerate(node.parts):
                lines.append(f"{indent}  part {number}")
                lines += _node_lines(part, indent + "    ")
    return lines


def _weighed(words: list[str], weights: Iterable[float]) -> str:
    shares = list(weights)
    if not shares:
        return " | ".join(words)
    total = sum(shares)
    return " | ".join(
        f"{_number(w / total)}: {word}" for w, word in zip(shares, words, strict=True)
    )


def _operand(law: Any) -> str:
    words = law_words(law)
    return f"({words})" if isinstance(law, Choice | Mixture | Below) else words.removeprefix("= ")


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping) and "file" in value:
        return Path(str(value["file"])).name
    return str(value)
