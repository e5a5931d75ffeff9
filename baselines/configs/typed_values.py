"""Plain values fitted into a config's types: a wrong name or value is refused by its dotted key.

msgspec does as much, but names neither the nearest right name nor the key of an object's entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from baselines.configs.config import Config
from degrade.option_error import nearest

Kind = inspect.Type

KIND: Kind = inspect.type_info(Config)
INFINITIES = {"inf": math.inf, "-inf": -math.inf}  # JSON has none
_STRUCT_WORDS = "an object"
_WORDS: Mapping[type, str] = {
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.DictType: _STRUCT_WORDS,
    inspect.StructType: _STRUCT_WORDS,
}


def plain_values(config: Config) -> dict[str, Any]:
    """A config as objects (dict), lists (tuple), numbers, text: what `fitted` takes."""
    return msgspec.to_builtins(config)


def fitted(value: Any, kind: Kind, *, at: str) -> Any:
    """`value` as a plain value of `kind`: whole floats where whole numbers are wanted as those,
    'inf' and '-inf' as numbers, lists as tuples (of which any value may be: as lists).

    at: its dotted key, '' for the whole. Raises ValueError that begins with the key.
    """
    match kind:
        case inspect.UnionType():
            return fitted(value, _chosen(kind, value, at=at), at=at)
        case inspect.StructType():
            return _struct(value, kind, at=at)
        case inspect.DictType():
            if not isinstance(value, Mapping):
                raise _wrong(value, kind, at=at)
            return {
                str(name): fitted(one, kind.value_type, at=joined(at, name))
                for name, one in value.items()
            }
        case inspect.VarTupleType() | inspect.TupleType():
            return _sequence(value, kind, at=at)
        case inspect.AnyType():
            return _as_json(value)
        case _:
            return _scalar(value, kind, at=at)


def joined(at: str, name: object) -> str:
    """The dotted key of an entry of what lies at `at`."""
    return f"{at}.{name}" if at else str(name)


def told(kind: Kind) -> str:
    """What a kind takes, in words: 'a whole number', 'a list: each a number'."""
    match kind:
        case inspect.VarTupleType():
            return f"a list: each {told(kind.item_type)}"
        case inspect.TupleType():
            return f"a list of {len(kind.item_types)}: each {told(kind.item_types[0])}"
        case inspect.UnionType():
            return " or ".join(dict.fromkeys(map(told, kind.types)))
        case inspect.StructType():
            required = [field.name for field in kind.fields if field.required]
            return f"an object with {', '.join(required)}" if required else _STRUCT_WORDS
        case _:
            return _WORDS.get(type(kind), "any value")


def names_of(kind: inspect.StructType) -> list[str]:
    """The keys of an object: its tag first, where it has one."""
    tag = [kind.tag_field] if kind.tag_field else []
    return [*tag, *(field.name for field in kind.fields)]


def unknown(name: str, kind: inspect.StructType, *, at: str) -> ValueError:
    """The error for a key that an object does not have."""
    names = names_of(kind)
    of = f" of kind {kind.tag}" if kind.tag else ""
    return ValueError(
        f"{joined(at, name)}: no such key; {at or 'the config'}{of} has {', '.join(names)}"
        f"{nearest(name, names)}"
    )


def tags_of(kind: Kind) -> dict[str, inspect.StructType]:
    """The objects that a kind takes by their tag, none where it takes no tagged ones."""
    kinds: Iterable[Kind] = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return {
        str(one.tag): one
        for one in kinds
        if isinstance(one, inspect.StructType) and one.tag is not None
    }


def tag_field(kind: Kind) -> str:
    """The key that says which object it is."""
    return next((one.tag_field or "" for one in tags_of(kind).values()), "")


def _chosen(kind: inspect.UnionType, value: Any, *, at: str) -> Kind:
    """The one of several kinds that `value` is meant for."""
    tags = tags_of(kind)
    if tags and isinstance(value, Mapping):
        field = tag_field(kind)
        name = value.get(field)
        if name not in tags:
            said = f"{name!r}: " if name is not None else "is missing; "
            raise ValueError(
                f"{joined(at, field)} {said}one of {', '.join(tags)}{nearest(name, tags)}"
            )
        return tags[name]
    for one in kind.types:
        if isinstance(one, inspect.NoneType) != (value is None):
            continue
        return one
    raise _wrong(value, kind, at=at)


def _struct(value: Any, kind: inspect.StructType, *, at: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(value, kind, at=at)
    fields = {field.name: field for field in kind.fields}
    found: dict[str, Any] = {}
    for name, one in value.items():
        if name == kind.tag_field:
            if one != kind.tag:
                raise ValueError(f"{joined(at, name)} {one!r}: it is {kind.tag}")
            found[name] = one
        elif name not in fields:
            raise unknown(str(name), kind, at=at)
        else:
            found[name] = fitted(one, fields[name].type, at=joined(at, name))
    for name, field in fields.items():
        if field.required and name not in found:
            raise ValueError(f"{joined(at, name)}: is missing; it takes {told(field.type)}")
    if kind.tag_field and kind.tag_field not in found:
        raise ValueError(f"{joined(at, kind.tag_field)}: is missing; it is {kind.tag}")
    return found


def _sequence(
    value: Any, kind: inspect.VarTupleType | inspect.TupleType, *, at: str
) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(value, kind, at=at)
    kinds = (
        [kind.item_type] * len(value)
        if isinstance(kind, inspect.VarTupleType)
        else list(kind.item_types)
    )
    if len(kinds) != len(value):
        raise _wrong(value, kind, at=at)
    return tuple(
        fitted(one, each, at=joined(at, number))
        for number, (one, each) in enumerate(zip(value, kinds, strict=True))
    )


def _scalar(value: Any, kind: Kind, *, at: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case inspect.IntType() if number and math.isfinite(value) and value == int(value):
            return int(value)
        case inspect.FloatType() if number and not math.isnan(value):
            return float(value)
        case inspect.FloatType() if isinstance(value, str) and value in INFINITIES:
            return INFINITIES[value]
        case inspect.StrType() if isinstance(value, str):
            return value
        case inspect.BoolType() if isinstance(value, bool):
            return value
        case inspect.NoneType() if value is None:
            return value
    raise _wrong(value, kind, at=at)


def _wrong(value: Any, kind: Kind, *, at: str) -> ValueError:
    shown = msgspec.json.encode(value).decode() if isinstance(value, str) else repr(value)
    return ValueError(f"{at or 'the config'}: takes {told(kind)}, got {shown[:200]}")


def _as_json(value: Any) -> Any:
    """What JSON makes of any value: tuples as lists; 'inf' and '-inf' as numbers."""
    if isinstance(value, Mapping):
        return {str(name): _as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    return INFINITIES.get(value, value) if isinstance(value, str) else value
