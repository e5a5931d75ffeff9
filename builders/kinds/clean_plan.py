"""The plans of the builds that start from clean pictures: pyramids and degraded copies."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from builders.kinds.degrade import ARRAYS, DegradeArguments, copy_name
from builders.kinds.pyramid import PyramidArguments
from builders.planning import (
    KindPlan,
    PlacedSource,
    Planned,
    Store,
    check_roots,
    check_store,
    make_plan,
    place_sources,
)
from builders.sources import Root, list_sources
from degrade.arrays import hash_array
from degrade.option_error import OptionError
from degrade.reading.clean import PICTURE_SUFFIXES
from degrade.resize import READINGS

if TYPE_CHECKING:
    from degrade.recipe import Recipe

# A scale of more leaves nothing to restore; papers end at 16 (DIV8K).
_LARGEST_SCALE = 16
# Two digits in a copy's name, and all copies of a picture are in memory at once.
_MOST_COPIES = 100


def plan_pyramid(
    roots: Sequence[Root], *, scales: Sequence[int], kernel: str, bits: int | None, store: Store
) -> Planned:
    """The plan of a pyramid. Raises OptionError for a wrong option, ValueError, FileNotFoundError
    or PermissionError for what the folders hold."""
    said = f"--scale {' '.join(map(str, scales))}"
    if not scales or len(set(scales)) < len(scales):
        raise OptionError(f"{said}: at least one, and each once")
    if not all(2 <= scale <= _LARGEST_SCALE for scale in scales):
        raise OptionError(f"{said}: whole factors from 2 to {_LARGEST_SCALE}")
    if kernel not in READINGS:
        raise OptionError(f"--kernel {kernel}: one of {', '.join(READINGS)}")
    arguments = PyramidArguments(list(scales), kernel, _check_bits(bits))
    return _plan(roots, recipe=KindPlan("pyramid", arguments, "pairs", {}), store=store)


def plan_degrade(
    roots: Sequence[Root],
    *,
    recipe: Recipe,
    file: Path | None,
    copies: int,
    patch: int | None,
    bits: int | None,
    store: Store,
) -> Planned:
    """The plan of a degraded dataset; file: the recipe's own, beside which its arrays lie (None for
    a published one). Raises as `plan_pyramid`, and FileNotFoundError for a missing array."""
    if not 1 <= copies <= _MOST_COPIES:
        raise OptionError(f"--copies {copies}: 1 to {_MOST_COPIES}")
    if patch is not None and (patch < 1 or patch % recipe.scale):
        raise OptionError(
            f"--patch {patch}: a multiple of {recipe.scale}, the scale of {recipe.name}"
        )
    data = msgspec.json.decode(msgspec.json.encode(recipe))
    arrays = _hash_arrays(data, folder=Path() if file is None else file.parent)
    _try_out(recipe, copies=copies, folder=None if file is None else file.parent, seed=store.seed)
    arguments = DegradeArguments(data, recipe.digest, arrays, copies, patch, _check_bits(bits))
    # Scenes find the arrays as they find a target: by a file beside them, wherever that is now.
    place = file if file is not None and arrays else None
    planned = KindPlan(
        "degrade",
        arguments,
        "pairs",
        {} if place is None else {ARRAYS: place.parent},
        packages=_packages(recipe),
    )
    return _plan(roots, recipe=planned, store=store, beside=place)


def _plan(
    roots: Sequence[Root], *, recipe: KindPlan, store: Store, beside: Path | None = None
) -> Planned:
    store = check_store(store, default_format="hdf5")
    check_roots(roots, option="--gt")
    sources = list_sources(roots, suffixes=PICTURE_SUFFIXES, what="picture")
    notes: list[str] = []
    targets = {} if beside is None else {ARRAYS: beside.name}
    rows = [
        PlacedSource(source, scene, split, targets)
        for source, scene, split in place_sources(sources, store=store, notes=notes)
    ]
    return Planned(make_plan(rows, recipe=recipe, roots=roots, store=store), notes)


def _check_bits(bits: int | None) -> int | None:
    if bits not in (None, 8):
        raise OptionError(f"--bits {bits}: 8, or leave it out: each picture keeps its own depth")
    return bits


def _hash_arrays(data: Any, *, folder: Path) -> dict[str, str]:
    """Name in the recipe -> sha256 of every array that its JSON data names."""
    names = sorted(set(_array_names(data)))
    return {name: hash_array({"file": name}, folder=folder)["sha256"] for name in names}


def _array_names(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        if isinstance(data.get("file"), str):
            yield data["file"]
        for value in data.values():
            yield from _array_names(value)
    elif isinstance(data, list):
        for value in data:
            yield from _array_names(value)


def _try_out(recipe: Recipe, *, copies: int, folder: Path | None, seed: int) -> None:
    """Draws the records of one picture, so that a law beyond its bounds is found before the build,
    in all likelihood."""
    from degrade.record import draw_record

    for index in range(copies):
        draw_record(recipe, seed=seed, key=f"a picture/{copy_name(index)}", folder=folder)


def _packages(recipe: Recipe) -> list[str]:
    """What decides the bytes besides the packages of every build."""
    from degrade.operator import OPERATORS
    from degrade.recipe import Step, walk

    steps = [node for node in walk((*recipe.target, *recipe.steps)) if isinstance(node, Step)]
    if not any(OPERATORS[s.operator].apply.__module__ == "degrade.operators.video" for s in steps):
        return ["torch"]
    if importlib.util.find_spec("av") is None:
        raise ImportError(
            f"recipe {recipe.name}: it codes video, which needs PyAV: pip install pairsmith[video]"
        )
    return ["torch", "av"]
