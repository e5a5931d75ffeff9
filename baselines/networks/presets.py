"""Presets by name, and the arguments that they leave to the defaults."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from baselines.networks.architecture import Architecture
from baselines.networks.table import NETWORKS
from degrade.option_error import OptionError, nearest


def find_preset(name: str) -> tuple[Architecture, Mapping[str, Any]]:
    """(architecture, arguments) of a preset, or of an architecture's first. Raises OptionError."""
    for architecture in NETWORKS.values():
        if name in architecture.presets:
            return architecture, architecture.presets[name]
        if name == architecture.name:
            return architecture, next(iter(architecture.presets.values()))
    known = [preset for one in NETWORKS.values() for preset in one.presets]
    raise OptionError(
        f"network {name}: pairsmith inspect --networks lists them{nearest(name, known)}"
    )


def preset_of(architecture: Architecture, kwargs: Mapping[str, Any]) -> str:
    """The preset that has these arguments, '' where none has."""
    complete = complete_kwargs(architecture, kwargs)
    for name, preset in architecture.presets.items():
        if complete_kwargs(architecture, preset) == complete:
            return name
    return ""


def complete_kwargs(architecture: Architecture, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with the defaults of those that are not given; lists as tuples, for JSON has
    no tuples."""
    parameters = inspect.signature(architecture.build).parameters
    defaults = {name: one.default for name, one in parameters.items()}
    return {name: _frozen(value) for name, value in {**defaults, **kwargs}.items()}


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
