"""A metric of one's own: any function that compares two arrays, named as module:function."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from builders.atomic import sha256_file
from degrade.option_error import OptionError
from evaluation.metrics.metric import Judged, Metric, Scorer


def open_own(name: str) -> tuple[Metric, Scorer]:
    """The metric of `module:function`, the current folder being searched first.

    function(output, target) takes RGB float64 [H,W,3] in [0,1], whole pictures, target None where a
    set has none, and returns a number. Its attributes `better` ('higher' or 'lower'), `mode`
    ('full', or 'none' where it does not look at targets) and `decimals` may be set; its docstring's
    first line is the title. Raises OptionError where there is no such function.
    """
    module, _, attribute = name.partition(":")
    function = getattr(_imported(module, name=name), attribute, None)
    if not callable(function):
        raise OptionError(
            f"--metrics {name}: module {module!r} has no function {attribute!r}; it takes (output, "
            "target), RGB float64 [H,W,3] in [0,1], target None where a set has none"
        )
    better = getattr(function, "better", "higher")
    mode = getattr(function, "mode", "full")
    decimals = getattr(function, "decimals", 4)
    if better not in ("higher", "lower") or mode not in ("full", "none"):
        raise OptionError(
            f"--metrics {name}: its better is {better!r}, its mode {mode!r}; allowed are 'higher' "
            "or 'lower', and 'full' or 'none'"
        )
    if not isinstance(decimals, int) or not 0 <= decimals <= 12:
        raise OptionError(f"--metrics {name}: its decimals are {decimals!r}; allowed are 0 to 12")
    file = getattr(sys.modules.get(module), "__file__", None)
    code = sha256_file(Path(file))[:12] if file and Path(file).is_file() else ""
    title = (function.__doc__ or "").strip().partition("\n")[0] or name
    metric = Metric(
        name=name, title=title, mode=mode, better=better, low=-math.inf, high=math.inf,
        source="a function given by the user", checked="by its author", decimals=decimals,
        licence="the user's", code=code,
    )  # fmt: skip
    return metric, partial(_call_own, function=function, name=name)


def _imported(module: str, *, name: str) -> ModuleType:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except (ImportError, SyntaxError, ValueError) as error:
        raise OptionError(f"--metrics {name}: module {module!r}: {error}") from error
    finally:
        sys.path.remove(here)


def _call_own(judged: Judged, *, function: Callable[..., Any], name: str) -> float:
    """The user's function on one picture. Its ValueError says that this picture has no score; its
    other errors are its own, and come as RuntimeError naming it."""
    output, target = judged.rgb
    sides = [None if side is None else side.astype(np.float64) for side in (output, target)]
    try:
        return float(function(*sides))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    except (TypeError, ArithmeticError, LookupError, AttributeError, NameError) as error:
        raise RuntimeError(f"metric {name}: {type(error).__name__}: {error}") from error
