"""Records: the parameters that made one sample, drawn from a recipe or read from JSON.

    {"version": 1, "recipe": name, "digest": the recipe's, "target": [ids], "order": [ids],
     "steps": {id: {"operator": name, parameter: value, ...}}, "geometry": {...}}

`target` and `order` list the steps that run, in the order in which they run, on the target and
then on the input made of it. Applying a record needs no law and no random number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from degrade.arrays import hash_array
from degrade.draws import draw_below
from degrade.laws import Draw, pick, value_of
from degrade.operator import Array
from degrade.recipe import Node, OneOf, Recipe, Shuffle, Step, check_value, named_operator

RECORD_VERSION = 1


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What made one sample. `recipe` and `digest` say of which recipe it was drawn. `geometry`
    holds sizes (height, width): `input` as read, `target` and `output` after the steps; empty
    until it has been applied."""

    recipe: str
    digest: str
    scale: int
    target: tuple[str, ...]
    order: tuple[str, ...]
    steps: dict[str, dict[str, Any]]
    geometry: dict[str, tuple[int, int]] = {}
    version: int = RECORD_VERSION

    def with_geometry(self, sizes: dict[str, tuple[int, int]]) -> Record:
        """The record once its sizes are known."""
        return msgspec.structs.replace(self, geometry=sizes)


def draw_record(recipe: Recipe, *, seed: int, key: str, folder: Path | None = None) -> Record:
    """The parameters of the sample `key` in the run `seed`: a function of the two and the recipe.

    folder: where arrays named with a relative path lie (default: the current one).
    Raises ValueError for a drawn value outside its bounds, FileNotFoundError for a missing array.
    """
    steps: dict[str, dict[str, Any]] = {}
    orders = []
    earlier: dict[str, Any] = {}
    for nodes in (recipe.target, recipe.steps):
        order = _unfold(nodes, address=(seed, key, "node"), ran=set(steps))
        for step in order:
            values = _draw_step(
                step, address=(seed, key, "step", step.id), earlier=earlier,
                folder=folder or Path(),
            )  # fmt: skip
            steps[step.id] = values
            earlier |= {f"{step.id}.{name}": value for name, value in values.items()}
        orders.append(tuple(step.id for step in order))
    return Record(recipe.name, recipe.digest, recipe.scale, orders[0], orders[1], steps)


def parse_record(data: bytes, *, file: str) -> Record:
    """A record from JSON, as strictly checked as a recipe: its own file, or a pair's record, which
    holds it under `degradation`. Raises ValueError naming the file."""
    try:
        raw = msgspec.json.decode(data)
        nested = isinstance(raw, dict) and "degradation" in raw
        record = msgspec.convert(raw["degradation"] if nested else raw, Record)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{file}: not a degradation record: {error}") from error
    if record.version != RECORD_VERSION:
        raise ValueError(f"{file}: record version {record.version}; this is {RECORD_VERSION}")
    if record.scale < 1:
        raise ValueError(f"{file}: scale is {record.scale}, at least 1")
    run = (*record.target, *record.order)
    if extra := sorted(set(record.steps) - set(run)):
        raise ValueError(f"{file}: steps {', '.join(extra)} are in no order")
    if unknown := sorted(set(record.geometry) - {"input", "target", "output"}):
        raise ValueError(
            f"{file}: geometry has {', '.join(unknown)}; input, target, output are known"
        )
    for step in run:
        where = f"{file}: step {step!r}"
        if step not in record.steps or run.count(step) > 1:
            raise ValueError(f"{where} is not among the steps, or runs twice")
        values = dict(record.steps[step])
        op = named_operator(str(values.pop("operator", "")), where=where)
        if set(values) != set(op.parameters):
            raise ValueError(
                f"{where}: {op.name} takes {', '.join(op.parameters)}; the record has "
                f"{', '.join(values)}"
            )
        for name, value in values.items():
            check_value(name, value, op=op, where=where)
    return record


def record_json(record: Record) -> bytes:
    """The record as indented JSON, which `parse_record` reads back."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2)


def _unfold(nodes: Iterable[Node], *, address: tuple[str | int, ...], ran: set[str]) -> list[Step]:
    """The steps that run, in order: branches taken, parts shuffled, probabilities thrown. `ran`
    gathers their ids."""
    steps: list[Step] = []
    for node in nodes:
        draw = Draw((*address, node.id, "runs"), {})
        if isinstance(node, Step):
            if (node.when in ran or not node.when) and draw.unit() < node.probability:
                steps.append(node)
                ran.add(node.id)
        elif isinstance(node, OneOf):
            which = pick(draw.unit(), tuple(branch.weight for branch in node.branches))
            steps += _unfold(node.branches[which].steps, address=address, ran=ran)
        else:
            for part in _shuffled(node, address=(*address, node.id, "place")):
                steps += _unfold(node.parts[part], address=address, ran=ran)
    return steps


def _shuffled(node: Shuffle, *, address: tuple[str | int, ...]) -> list[int]:
    """A random order of the parts (Fisher and Yates), those of `ordered` put in their order."""
    order = list(range(len(node.parts)))
    for last in range(len(order) - 1, 0, -1):
        other = draw_below(*address, last, bound=last + 1)
        order[last], order[other] = order[other], order[last]
    places = sorted(order.index(part) for part in node.ordered)
    for place, part in zip(places, node.ordered, strict=True):
        order[place] = part
    return order


def _draw_step(
    step: Step, *, address: tuple[str | int, ...], earlier: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    op = named_operator(step.operator, where=f"step {step.id!r}")
    values: dict[str, Any] = {}
    for name, parameter in op.parameters.items():
        draw = Draw((*address, name), {**earlier, **values})
        try:
            value = value_of(step.set.get(name, parameter.law), draw=draw)
        except ArithmeticError as error:
            raise ValueError(f"step {step.id!r}: {name}: no value drawn ({error})") from error
        check_value(name, value, op=op, where=f"step {step.id!r}")
        if isinstance(parameter, Array):
            value = hash_array(value, folder=folder)
        values[name] = value
    return {"operator": op.name, **values}
