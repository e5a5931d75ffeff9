"""A recipe by what the user typed: a published name or a JSON file."""

from __future__ import annotations

import difflib
from pathlib import Path

from degrade.option_error import OptionError
from degrade.recipe import Recipe, read_recipe
from degrade.recipes import RECIPES


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
    close = difflib.get_close_matches(text, list(RECIPES), n=1, cutoff=0.4)
    near = f"; did you mean {close[0]!r}?" if close else ""
    raise OptionError(
        f"recipe {text!r} is none of the published ones and no .json file{near} "
        "(pairsmith recipes lists them)"
    )


def recipe_folder(text: str) -> Path:
    """Where the arrays lie that a recipe names with a relative path: beside its file."""
    return Path() if text in RECIPES else Path(text).parent
