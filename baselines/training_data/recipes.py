"""Recipes of training on clean pictures, at any scale, and the records drawn of them."""

from __future__ import annotations

import functools
from pathlib import Path

from baselines.training_data.geometry import whole_unit
from degrade.option_error import OptionError
from degrade.recipe import Recipe, Step, check_recipe
from degrade.recipe_file import find_recipe, recipe_folder
from degrade.recipes import RECIPES
from degrade.record import Record, draw_record

PLACE = "{scale}"
# Made for every scale, where no published recipe of the name is there: MATLAB's imresize(picture,
# 1/scale), of 8-bit codes, and of doubles (SRCNN, VDSR: the luma is not rounded again).
_BICUBIC = {"bicubic-x": "matlab-bicubic", "bicubic-double-x": "matlab-bicubic-double"}


@functools.lru_cache(maxsize=256)
def recipe_at(text: str, scale: float) -> Recipe:
    """The recipe that `text` names for a scale: {scale} in it becomes the number.

    A recipe of a broken scale has scale 1 of its own: its output is cut to size by whoever asked.
    Raises OptionError for an unknown one and for one of another scale.
    """
    name = text.replace(PLACE, f"{scale:g}")
    recipe = RECIPES[name] if name in RECIPES else _bicubic(name, scale) or find_recipe(name)
    if recipe.scale != scale and not (recipe.scale == 1 and scale != int(scale)):
        raise OptionError(
            f"recipe {name}: it shrinks to 1/{recipe.scale}, the network needs x{scale:g}; name "
            f"one of that scale, or {{scale}} in its place"
        )
    return recipe


def draw_at(text: str, *, scale: float, seed: int, key: str) -> Record:
    """The record of the sample addressed `key`: a function of the recipe, the seed and the key."""
    name = text.replace(PLACE, f"{scale:g}")
    folder = recipe_folder(name) if Path(name).suffix == ".json" else Path()
    return draw_record(recipe_at(text, scale), seed=seed, key=key, folder=folder)


def enlargement(scale: int) -> Record:
    """MATLAB's bicubic of doubles, as before networks that keep the size."""
    step = Step("enlarge", "resize", {
        "method": "matlab-bicubic-double", "scale": float(scale), "base": "current",
        "grid": "round-scale", "stretch": 1.0,
    })  # fmt: skip
    recipe = Recipe(name="enlarge", about="bicubic enlargement", cite="MATLAB", steps=(step,))
    return draw_record(recipe, seed=0, key="")


def _bicubic(name: str, scale: float) -> Recipe | None:
    """imresize(picture, 1/scale) of its two readings; None for another name."""
    for start, method in _BICUBIC.items():
        if name != f"{start}{scale:g}":
            continue
        whole_unit(scale)
        step = Step("shrink", "resize", {
            "method": method, "scale": 1.0 / scale, "base": "current", "grid": "ceil-scale",
        })  # fmt: skip
        recipe = Recipe(
            name=name,
            about=f"MATLAB's imresize by 1/{scale:g}",
            cite="Hu et al., Meta-SR, CVPR 2019 (github.com/XuecaiHu/Meta-SR-Pytorch, "
            "generate_LR_metasr_X1_X4); Kim et al., VDSR, CVPR 2016",
            scale=int(scale) if scale == int(scale) else 1,
            steps=(step,),
        )
        return check_recipe(recipe)
    return None
