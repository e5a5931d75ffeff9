"""Changes to a config as they are typed: `optimizers.restorer.rate=1e-4`, `precision=bf16`.

A key is the dotted way to a value; `*` stands for every entry of a list or of named objects
(`stages.*.batch=8`). What is typed is read as JSON, else as a word; a list may be typed with commas
and without brackets (`data.scales=2,3,4`). A word alone in an object's place is the one thing that
it has to be told: `network=edsr-x4` is a preset without further arguments, `objective=paired` an
objective with its own defaults. `optimizers.critic=null` takes an entry out.

Short words besides the config's own keys (SHORT): steps, clip, warm_up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from baselines.configs.config import Config
from baselines.configs.typed_values import (
    INFINITIES,
    KIND,
    Kind,
    fitted,
    joined,
    names_of,
    plain_values,
    tag_field,
    tags_of,
    told,
    unknown,
)
from degrade.option_error import OptionError, nearest

EVERY = "*"
_WORDS = {"true": True, "false": False, "null": None, "none": None, **INFINITIES}


class _Typed(str):
    """What was typed, before it is known what it is to be."""


def override(config: Config, settings: Sequence[str]) -> Config:
    """`config` with 'key=value' changes, in their order.

    Raises OptionError that begins with `--with key`, for a key that is not there (with the nearest
    one and what there is), a place beyond a list's end, and a value of another type.
    """
    for text in settings:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise OptionError(f"--with {text}: takes KEY=VALUE, such as precision=bf16")
        try:
            config = changed(config, key.strip(), _Typed(value.strip()))
        except ValueError as error:
            raise OptionError(f"--with {error}") from error
    return config


def changed(config: Config, key: str, value: Any) -> Config:
    """`config` with one change. value: plain (numbers, text, lists, objects).

    Raises ValueError that begins with the key.
    """
    raw = plain_values(config)
    if key in SHORT:
        new = SHORT[key](raw, _number(value, key))
    else:
        new = _put(raw, KIND, key.split("."), at="", value=value)
    return msgspec.convert(new, Config)


def _put(raw: Any, kind: Kind, parts: Sequence[str], *, at: str, value: Any) -> Any:
    """`raw`, of `kind`, with `value` at the way `parts` into it."""
    if not parts:
        read = _read(value, kind, at=at) if isinstance(value, _Typed) else value
        return fitted(read, kind, at=at)
    kind, raw = _entered(kind, raw)
    name, rest = parts[0], parts[1:]
    match kind:
        case inspect.StructType():
            if name == kind.tag_field and not rest:
                raise ValueError(f"{joined(at, name)}: set {at} itself: {at}={value}")
            fields = {field.name: field for field in kind.fields}
            if name not in fields:
                raise (_no_short(name) if not at else unknown(name, kind, at=at))
            inner = _put(raw.get(name), fields[name].type, rest, at=joined(at, name), value=value)
            return {**raw, name: inner}
        case inspect.DictType():
            return _put_entry(raw or {}, kind, parts, at=at, value=value)
        case inspect.VarTupleType() | inspect.TupleType():
            return _put_item(raw or (), kind, parts, at=at, value=value)
    raise ValueError(f"{joined(at, name)}: {at} is {told(kind)}, without entries")


def _entered(kind: Kind, raw: Any) -> tuple[Kind, Any]:
    """The kind that `raw` is of among several, and an empty object where there is none yet."""
    if not isinstance(kind, inspect.UnionType):
        return kind, raw
    if tags := tags_of(kind):
        return tags[raw[tag_field(kind)]], raw
    structs = [one for one in kind.types if isinstance(one, inspect.StructType)]
    return (structs[0], raw or {}) if structs else (kind, raw)


def _put_entry(
    raw: Mapping[str, Any], kind: inspect.DictType, parts: Sequence[str], *, at: str, value: Any
) -> dict[str, Any]:
    """An entry by name, changed, new, or taken out (null)."""
    inner, name, rest = kind.value_type, parts[0], parts[1:]
    objects = isinstance(inner, inspect.StructType)
    if not objects:  # the rest is the entry's name, dots and all
        name, rest = ".".join(parts), ()
    elif name == EVERY:
        return {
            one: _put(held, inner, rest, at=joined(at, one), value=value)
            for one, held in raw.items()
        }
    if not rest and value in (None, "null") and not isinstance(inner, inspect.AnyType):
        if name not in raw:
            raise ValueError(f"{joined(at, name)}: is not there; there are {', '.join(raw)}")
        return {one: held for one, held in raw.items() if one != name}
    if name not in raw and objects and rest:
        raise ValueError(
            f"{joined(at, name)}: is not there; there are {', '.join(raw)}{nearest(name, raw)}"
        )
    return {**raw, name: _put(raw.get(name), inner, rest, at=joined(at, name), value=value)}


def _put_item(
    raw: Sequence[Any],
    kind: inspect.VarTupleType | inspect.TupleType,
    parts: Sequence[str],
    *,
    at: str,
    value: Any,
) -> tuple[Any, ...]:
    """An item of a list by its number, from 0."""
    name, rest = parts[0], parts[1:]
    if name != EVERY and not (name.isdecimal() and int(name) < len(raw)):
        have = f"has 0 to {len(raw) - 1} and {EVERY} for all" if raw else "is empty"
        raise ValueError(f"{joined(at, name)}: {at} {have}")
    wanted = range(len(raw)) if name == EVERY else (int(name),)
    return tuple(
        _put(held, _item_kind(kind, number), rest, at=joined(at, number), value=value)
        if number in wanted
        else held
        for number, held in enumerate(raw)
    )


def _item_kind(kind: inspect.VarTupleType | inspect.TupleType, number: int) -> Kind:
    return kind.item_type if isinstance(kind, inspect.VarTupleType) else kind.item_types[number]


def _read(text: str, kind: Kind, *, at: str) -> Any:
    """What is typed, as `kind` takes it."""
    match kind:
        case inspect.StrType():
            return _json(text, at=at) if text.startswith('"') else str(text)
        case inspect.VarTupleType() | inspect.TupleType() if not text.startswith(("[", "{")):
            if not text:
                return ()
            items = [one.strip() for one in text.split(",")]
            return tuple(_read(one, _item_kind(kind, 0), at=at) for one in items)
        case inspect.StructType() | inspect.UnionType() if not text.startswith("{"):
            return _by_word(text, kind)
    return _json(text, at=at)


def _by_word(text: str, kind: Kind) -> Any:
    """An object by the one word that it has to be told; else what the word is."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if field := tag_field(kind):
        return {field: str(text)}
    if isinstance(kind, inspect.StructType):
        required = [field for field in kind.fields if field.required]
        if len(required) == 1 and isinstance(required[0].type, inspect.StrType):
            return {required[0].name: str(text)}
    return str(text)


def _json(text: str, *, at: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError as error:
        if text[:1] in ("{", "[", '"'):
            raise ValueError(f"{at}: {text[:200]} is not JSON: {error}") from error
        return _WORDS.get(text.lower(), str(text))


def _no_short(name: str) -> ValueError:
    assert isinstance(KIND, inspect.StructType)
    names = [*names_of(KIND), *SHORT]
    return ValueError(
        f"{name}: no such key; the config has {', '.join(names_of(KIND))}, and the short words "
        f"{', '.join(SHORT)}{nearest(name, names)}"
    )


def _number(value: Any, key: str) -> float:
    """A short word's value."""
    read = _json(value, at=key) if isinstance(value, _Typed) else value
    if isinstance(read, bool) or not isinstance(read, int | float) or not 0 <= read < 1e18:
        raise ValueError(f"{key}: takes a number of 0 or more, got {read!r}")
    return read


def _cut(raw: Mapping[str, Any], number: float) -> dict[str, Any]:
    """The table of stages ends after so many steps. Schedules and intervals stay as they are, so
    that the steps are the first of the full run."""
    left, stages = number, []
    for stage in raw["stages"]:
        if left > 0:
            stages.append({**stage, "steps": int(min(stage["steps"], left))})
            left -= stage["steps"]
    if number < 1 or number != int(number) or left > 0:
        total = sum(stage["steps"] for stage in raw["stages"])
        raise ValueError(
            f"steps: cuts the run, takes 1 to its {total} steps, got {number:g}; for more set "
            f"stages.{len(raw['stages']) - 1}.steps"
        )
    return {**raw, "stages": tuple(stages)}


def _clip(raw: Mapping[str, Any], number: float) -> dict[str, Any]:
    """Gradients of every turn are clipped to this norm, 0 for not at all."""
    how = {"clip": "norm" if number else "none", "clip_at": float(number)}
    return {**raw, "optimizers": {name: {**one, **how} for name, one in raw["optimizers"].items()}}


def _warm_up(raw: Mapping[str, Any], number: float) -> dict[str, Any]:
    """The rates of every turn rise over the run's first steps, whichever schedule holds there."""
    if number != int(number):
        raise ValueError(f"warm_up: takes a whole number of steps, got {number:g}")

    def warmed(holder: Mapping[str, Any]) -> dict[str, Any]:
        return {**holder, "schedule": {**holder["schedule"], "warm_up": int(number)}}

    first, *others = raw["stages"]
    if first["schedule"] is not None:
        first = warmed(first)
    return {
        **raw,
        "optimizers": {name: warmed(one) for name, one in raw["optimizers"].items()},
        "stages": (first, *others),
    }


# What is shorter than the keys that it sets: steps=N ends the run after N steps, clip=X clips every
# turn's gradients to norm X, warm_up=N lets every rate rise over the first N steps.
SHORT: Mapping[str, Callable[[Mapping[str, Any], float], dict[str, Any]]] = {
    "steps": _cut,
    "clip": _clip,
    "warm_up": _warm_up,
}
