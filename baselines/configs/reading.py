"""Configs by what the user names: a bundled one, or a JSON file, read strictly.

A file holds a whole config, as `config_json` writes it, or a bundled one and what differs from it:
{"base": "esrgan", "with": {"stages.0.batch": 8, "precision": "bf16"}}; the keys are --with's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from baselines.configs.config import Config
from baselines.configs.overriding import changed
from baselines.configs.table import CONFIGS
from baselines.configs.typed_values import KIND, fitted, plain_values
from degrade.option_error import OptionError, nearest

_BASE, _WITH = "base", "with"


def find_config(text: str) -> Config:
    """The bundled config of that name, or the one in that .json file.

    Raises FileNotFoundError for a file that is not there, OptionError for an unknown name, with the
    nearest one, and ValueError for a file that is no config.
    """
    if text in CONFIGS:
        return CONFIGS[text]
    path = Path(text)
    if path.suffix == ".json" or path.is_file():
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such config file")
        return parse_config(path.read_bytes(), file=str(path))
    raise OptionError(
        f"CONFIG {text!r}: none of the bundled ones and no .json file{nearest(text, CONFIGS)} "
        "(pairsmith configs lists them)"
    )


def parse_config(data: bytes, *, file: str) -> Config:
    """A config from JSON. Raises ValueError that names file, key, the wrong name or value, and the
    nearest right one."""
    try:
        raw = msgspec.json.decode(data)
        if isinstance(raw, Mapping) and _BASE in raw:
            return _upon_base(raw)
        return msgspec.convert(fitted(raw, KIND, at=""), Config)
    except msgspec.ValidationError as error:
        raise ValueError(f"{file}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{file}: nested too deeply to be read") from error
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def config_json(config: Config) -> bytes:
    """The whole config as indented JSON, which `parse_config` reads back to an equal one.

    Infinities are written as text, for JSON has none.
    """
    plain = _without_infinities(plain_values(config))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def _upon_base(raw: Mapping[str, Any]) -> Config:
    """A bundled config with changes."""
    for name in raw:
        if name not in (_BASE, _WITH):
            raise ValueError(
                f"{name}: beside {_BASE!r} there is {_WITH!r} alone: an object of keys and values"
                f"{nearest(name, (_BASE, _WITH))}"
            )
    base, changes = raw[_BASE], raw.get(_WITH, {})
    if base not in CONFIGS:
        raise ValueError(f"{_BASE} {base!r}: no bundled config{nearest(base, CONFIGS)}")
    if not isinstance(changes, Mapping):
        raise ValueError(f"{_WITH}: an object of keys and values, got {changes!r}")
    config = CONFIGS[base]
    for key, value in changes.items():
        config = changed(config, key, value)
    return config


def _without_infinities(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_infinities(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(one) for one in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value
