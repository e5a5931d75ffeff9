"""The one error that means wrong usage, and the nearest right word for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class OptionError(ValueError):
    """A wrong value of an option. The message begins with the option as it is typed ('--ev 20:
    ...'), says what is allowed and what to do; the command line exits with 2 for it."""


def nearest(name: Any, allowed: Iterable[str]) -> str:
    """'; did you mean ...?' with the nearest of the allowed names, or nothing."""
    close = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
