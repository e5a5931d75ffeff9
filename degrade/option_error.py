"""The one error that means wrong usage: an option's value that no build could take."""

from __future__ import annotations


class OptionError(ValueError):
    """A wrong value of an option. The message begins with the option as it is typed ('--ev 20:
    ...'), says what is allowed and what to do; the command line exits with 2 for it."""
