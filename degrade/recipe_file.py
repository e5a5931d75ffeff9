"""Recipes by what the user names: a published one, or a JSON file, read strictly.

A name that is wrong is refused with the nearest right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from degrade.laws import LAWS, AnyLaw
from degrade.option_error import OptionError, nearest
from degrade.recipe import Branch, Node, OneOf, Recipe, Shuffle, Step, check_recipe
from degrade.recipes import RECIPES


def parse_recipe(data: bytes, *, file: str) -> Recipe:
    """A recipe from JSON. Raises ValueError that names file, step, the wrong name and the nearest
    right one."""
    try:
        raw = msgspec.json.decode(data)
        if not isinstance(raw, dict):
            raise ValueError(f"{file}: a recipe is a JSON object with name, about, cite, steps")
        _known(raw, Recipe.__struct_fields__, what="a recipe", where=file)
        for side in ("target", "steps"):
            _check_raw(raw.get(side, []), where=f"{file}: {side}")
        recipe = _with_laws(msgspec.convert(raw, Recipe), where=file)
    except msgspec.ValidationError as error:
        raise ValueError(f"{file}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{file}: nested too deeply to be read") from error
    return check_recipe(recipe, where=f"{file}: recipe {recipe.name!r}")


def read_recipe(path: Path) -> Recipe:
    """The recipe in a JSON file."""
    return parse_recipe(path.read_bytes(), file=str(path))


def recipe_json(recipe: Recipe) -> bytes:
    """The recipe as indented JSON, which `parse_recipe` reads back to an equal one."""
    return msgspec.json.format(msgspec.json.encode(recipe), indent=2)


def find_recipe(text: str) -> Recipe:
    """The published recipe of that name, or the one in that .json file.

    Raises FileNotFoundError for a file that is not there, OptionError for an unknown name, with
    the nearest one, and ValueError for a file that is no recipe.
    """
    if text in RECIPES:
        return RECIPES[text]
    path = Path(text)
    if path.suffix == ".json" or path.is_file():
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such recipe file")
        return read_recipe(path)
    raise OptionError(
        f"recipe {text!r} is none of the published ones and no .json file{nearest(text, RECIPES)} "
        "(pairsmith recipes lists them)"
    )


def recipe_folder(text: str) -> Path:
    """Where the arrays lie that a recipe names with a relative path: beside its file."""
    return Path() if text in RECIPES else Path(text).parent


def _known(raw: Mapping[str, Any], allowed: Iterable[str], *, what: str, where: str) -> None:
    allowed = list(allowed)
    for name in raw:
        if name not in allowed:
            raise ValueError(
                f"{where}: {what} has no {name!r}; it has {', '.join(allowed)}"
                f"{nearest(name, allowed)}"
            )


def _check_raw(nodes: Any, *, where: str) -> None:
    """Names in the nodes as they were typed: what msgspec would refuse without a nearest name."""
    structs = {"step": Step, "one-of": OneOf, "shuffle": Shuffle}
    if not isinstance(nodes, list):
        raise ValueError(f"{where}: a list of nodes, got {type(nodes).__name__}")
    for index, node in enumerate(nodes):
        if not isinstance(node, dict):
            raise ValueError(f"{where}[{index}]: a node is an object, got {node!r}")
        place = f"{where}[{index}] {node.get('id', '')!r}"
        kind = node.get("node")
        if not isinstance(kind, str) or kind not in structs:
            raise ValueError(
                f"{place}: node is {kind!r}, one of {', '.join(structs)}{nearest(kind, structs)}"
            )
        _known(node, ("node", *structs[kind].__struct_fields__), what=f"a {kind}", where=place)
        for name in ("branches", "parts"):
            if not isinstance(node.get(name, []), list):
                raise ValueError(f"{place}: {name} is a list, got {node[name]!r}")
        if kind == "one-of":
            for number, branch in enumerate(node.get("branches", [])):
                if not isinstance(branch, dict):
                    raise ValueError(f"{place}: a branch is an object, got {branch!r}")
                _known(branch, Branch.__struct_fields__, what="a branch", where=place)
                _check_raw(branch.get("steps", []), where=f"{place} branch {number}")
        elif kind == "shuffle":
            for number, part in enumerate(node.get("parts", [])):
                _check_raw(part, where=f"{place} part {number}")


def _with_laws(recipe: Recipe, *, where: str) -> Recipe:
    """The recipe whose steps hold Law values where its JSON has law objects."""

    def nodes(given: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(node(one) for one in given)

    def node(one: Node) -> Node:
        if isinstance(one, OneOf):
            branches = tuple(Branch(b.weight, nodes(b.steps)) for b in one.branches)
            return OneOf(one.id, branches)
        if isinstance(one, Shuffle):
            return Shuffle(one.id, tuple(nodes(part) for part in one.parts), one.ordered)
        laws = {
            name: _law(value, where=f"{where}: step {one.id!r}: {name}")
            for name, value in one.set.items()
        }
        return msgspec.structs.replace(one, set=laws)

    return msgspec.structs.replace(recipe, target=nodes(recipe.target), steps=nodes(recipe.steps))


def _law(value: Any, *, where: str) -> Any:
    if not (isinstance(value, dict) and "law" in value):
        return value
    if not isinstance(value["law"], str) or value["law"] not in LAWS:
        raise ValueError(
            f"{where}: law {value['law']!r}; one of {', '.join(LAWS)}{nearest(value['law'], LAWS)}"
        )
    try:
        return msgspec.convert(value, AnyLaw)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {error}") from error
