"""How the settings of two runs differ, in the words of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# What tells one model from another of the same name.
_IDENTITY = ("kind", "file", "sha256")
_MOST = 3  # differences that are told
_DIGITS = 12  # of a sha256

# Key of a setting -> its option; of a model's setting, the last part of the key.
_OF_RUN = {
    "scale": "--scale", "max_side": "--max-side", "format": "--format", "suffix": "--suffix",
}  # fmt: skip
_OF_MODEL = {
    "tile": "--tile", "overlap": "--overlap", "network": "--network", "sigma": "--sigma",
    "seconds": "--time-limit",
}  # fmt: skip
# Those whose option has no value: value -> how it is asked for.
_FLAGS: dict[str, dict[Any, str]] = {
    "ensemble": {"mean": "--self-ensemble", "median": "--self-ensemble --median"},
    "half": {"fp16": "--half", "bf16": "--bf16"},
    "pre_upsample": {True: "--pre-upsample"},
}


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """'--scale was 2, is 4' of the first three options that differ; 'the model was bicubic, is
    zssr' alone where another model is asked for, whose settings have nothing to say of it."""
    before, after = dict(_flat(old)), dict(_flat(new))
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    names = before.get("model.name"), after.get("model.name")
    if names[0] != names[1]:
        return f"the model was {names[0]}, is {names[1]}"
    for part in _IDENTITY:
        for key in keys:
            if key.startswith("model.") and _last(key) == part:
                was, now = (_short(values.get(key)) for values in (before, after))
                return f"the model was {names[0]} of {part} {was}, is of {part} {now}"
    by_option = [_by_option(key, before.get(key), after.get(key)) for key in keys]
    said = [one for one in dict.fromkeys(by_option) if one]
    if not said:
        said = [f"{key} was {before.get(key)}, is {after.get(key)}" for key in keys]
    more = f" and {len(said) - _MOST} more" if len(said) > _MOST else ""
    return "; ".join(said[:_MOST]) + more


def _by_option(key: str, old: Any, new: Any) -> str:
    """Empty for what no option sets."""
    last = _last(key)
    option = _OF_RUN.get(key, "")
    if ".kwargs." not in key:  # a network's own arguments, which may have such names
        option = option or _OF_MODEL.get(last, "")
    if option:
        return f"{option} was {_told(old)}, is {_told(new)}"
    if last not in _FLAGS:
        return ""
    was, now = _FLAGS[last].get(old, ""), _FLAGS[last].get(new, "")
    if was and now:
        return f"was {was}, is {now}"
    return f"{was} was given, is not" if was else f"{now} was not given, is now"


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _told(value: Any) -> str:
    if value in (None, ""):
        return "not given"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(value: Any) -> str:
    return "none" if value is None else str(value)[: _DIGITS if len(str(value)) == 64 else None]


def _flat(value: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """(a key of names with dots, what is no mapping and no list)."""
    parts: Iterable[tuple[str, Any]]
    if isinstance(value, Mapping):
        parts = ((f"{before}.{key}" if before else str(key), one) for key, one in value.items())
    elif isinstance(value, list):
        parts = ((f"{before}[{place}]", one) for place, one in enumerate(value))
    else:
        yield before, value
        return
    for key, one in parts:
        yield from _flat(one, key)
