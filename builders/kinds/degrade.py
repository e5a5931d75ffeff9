"""Degraded pairs: clean pictures through a recipe, each copy with parameters of its own.

What a copy's parameters are is drawn at the address (seed, "scene/copy-00"), so neither the number
of copies nor the other pictures change them; its record holds them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from builders.drops import Drop
from builders.kinds.clean_source import read_clean_source
from builders.kinds.scene import Codecs, Kind, RenderedPair, RenderedScene, SceneTask
from degrade.draws import draw_below
from degrade.images import Picture

if TYPE_CHECKING:  # torch is for the workers of this kind only
    from degrade.recipe import Recipe
    from degrade.record import Record

# The name under which a plan keeps the folder of a recipe's arrays.
ARRAYS = "recipe"


class DegradeArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides the pixels of a degraded dataset.

    recipe: the whole recipe as JSON data; digest: its own. arrays: sha256 of every file that it
    names. copies: inputs a picture. patch: side of the crop that each copy is made of, or None for
    the whole picture. bits: 8, or None for the depth that each picture has.
    """

    recipe: dict[str, Any]
    digest: str
    arrays: dict[str, str]
    copies: int
    patch: int | None
    bits: int | None


def planned_rows(arguments: DegradeArguments, split: str) -> int:
    """Pairs that one scene gives: one a copy, in every split."""
    del split
    return arguments.copies


def codecs(arguments: DegradeArguments) -> Codecs:
    """How lq and gt are stored: without loss; the recipe's own codecs have done their work."""
    del arguments
    return Codecs(lq="png", gt="png")


def copy_name(index: int) -> str:
    """'copy-00'."""
    return f"copy-{index:02d}"


def build_scene(task: SceneTask) -> RenderedScene:
    """Reads one picture and degrades it as often as asked. Raises Drop for what cannot be used.

    A target that equals an earlier copy's is held once. All pairs are made at once: which targets
    there are is known only then.
    """
    arguments = msgspec.convert(task.arguments, DegradeArguments)
    recipe = load_recipe(arguments.recipe)
    picture, facts = read_clean_source(task, bits=arguments.bits)
    _check_room(task, picture, need=arguments.patch or recipe.scale)
    gts: dict[str, Picture] = {}
    pairs: list[RenderedPair] = []
    drops: list[Drop] = []
    for index in range(arguments.copies):
        variant = copy_name(index)
        key = f"{task.scene}/{variant}"
        parameters: dict[str, Any] = {}
        source = picture
        if arguments.patch is not None:
            top, left = patch_corner(task.seed, key=key, picture=picture, side=arguments.patch)
            source = picture[top : top + arguments.patch, left : left + arguments.patch]
            parameters["patch"] = [top, left, arguments.patch]
        try:
            target, lq, record = _degrade(task, source, recipe, key=key)
        except Drop as drop:
            drops.append(drop)
            continue
        parameters["degradation"] = _portable(record, task, arguments)
        name = next((name for name, gt in gts.items() if np.array_equal(gt, target)), None)
        if name is None:
            name = f"gt-{variant}" if gts else "gt"
            gts[name] = target
        pairs.append(RenderedPair(variant, lq, name, parameters))
    if not pairs:
        raise drops[0]
    return RenderedScene(gts=gts, parameters=facts, pairs=iter(pairs), drops=drops)


def load_recipe(data: dict[str, Any]) -> Recipe:
    """The recipe of a plan's JSON data, with every operator at hand."""
    from degrade.recipe_file import parse_recipe

    return parse_recipe(msgspec.json.encode(data), file="the plan's recipe")


def patch_corner(seed: int, *, key: str, picture: Picture, side: int) -> tuple[int, int]:
    """(top, left) of a copy's crop: uniform over all places, drawn at (seed, key, "patch", ...)."""
    height, width = picture.shape[:2]
    return (
        draw_below(seed, key, "patch", "top", bound=height - side + 1),
        draw_below(seed, key, "patch", "left", bound=width - side + 1),
    )


def _check_room(task: SceneTask, picture: Picture, *, need: int) -> None:
    height, width = picture.shape[:2]
    if min(height, width) < need:
        raise Drop("too-small", f"{task.file}: {width}x{height} pixels, {need} are needed")


def _degrade(
    task: SceneTask, picture: Picture, recipe: Recipe, *, key: str
) -> tuple[Picture, Picture, Record]:
    from degrade.apply import degrade_picture
    from degrade.record import draw_record

    try:
        record = draw_record(recipe, seed=task.seed, key=key, folder=_folder(task))
        return degrade_picture(picture, record)
    except ValueError as error:  # a value out of bounds, a picture too small for a step
        raise Drop("recipe", f"{task.file}: {key}: {error}") from error


def _folder(task: SceneTask) -> Path | None:
    return task.targets[ARRAYS][1].parent if ARRAYS in task.targets else None


def _portable(record: Record, task: SceneTask, arguments: DegradeArguments) -> dict[str, Any]:
    """The record as JSON data: arrays by their names in the recipe's folder, checked to be the
    planned ones."""
    data = msgspec.to_builtins(record)
    folder = _folder(task)
    if folder is None:
        return data
    names = {(folder / name).resolve().as_posix(): name for name in arguments.arrays}
    for step in data["steps"].values():
        for value in step.values():
            if not (isinstance(value, dict) and "file" in value):
                continue
            value["file"] = name = names[value["file"]]
            if value["sha256"] != arguments.arrays[name]:
                raise Drop(
                    "changed", f"{name}: not the array that it was when the build was planned"
                )
    return data


DEGRADE = Kind(DegradeArguments, planned_rows, codecs, build_scene)
