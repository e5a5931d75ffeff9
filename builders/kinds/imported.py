"""Imported pairs: somebody's published inputs and targets, paired by name, kept without loss.

The source of a scene is its target picture; its inputs are the plan's `targets`. Pixels are never
changed: 16 bits stay 16, patches are cut, nothing is resized.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from builders.drops import Drop
from builders.kinds.clean_source import read_clean_source
from builders.kinds.patches import Place, cut, place_parameters
from builders.kinds.scene import Codecs, Kind, RenderedPair, RenderedScene, SceneTask
from builders.layouts.published import LAYOUTS
from builders.tiles import grid_places, sharpest
from degrade.images import Picture


class ImportArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides the pixels of an import.

    layout: a key of `LAYOUTS`. variants: split -> names of its inputs. target: which of several
    targets ('' where there is one). scaled: a target may be larger than its input by a whole
    factor. patch, stride: pixels of the target, None for whole pictures. leave_out: share of each
    picture's patches that is dropped as least sharp. whole: splits whose pictures are never cut.
    """

    layout: str
    variants: dict[str, list[str]]
    target: str
    scaled: bool
    patch: int | None
    stride: int | None
    leave_out: float
    whole: list[str]


def planned_rows(arguments: ImportArguments, split: str) -> int:
    """Pairs that one scene of `split` gives if nothing is dropped. With patches, of a picture of
    the layout's own size; where sizes vary, one patch is counted, because no file is opened yet."""
    rows = len(arguments.variants.get(split, []))
    side, stride = _cutting(arguments, split)
    shape = LAYOUTS[arguments.layout].size
    if side is None or shape is None:
        return rows
    count = len(grid_places(shape, side=side, stride=stride))
    return rows * (count - int(arguments.leave_out * count))


def codecs(arguments: ImportArguments) -> Codecs:
    """How lq and gt are stored: without loss, JPEG files as PNG of their decoded pixels."""
    del arguments
    return Codecs(lq="png", gt="png")


def build_scene(task: SceneTask) -> RenderedScene:
    """Reads a target and its inputs and cuts them. Raises Drop for what cannot be used; of several
    inputs the bad ones are drops of their own."""
    arguments = msgspec.convert(task.arguments, ImportArguments)
    if not task.targets:
        raise Drop("no-target", f"{task.file}: no partner by name (layout {arguments.layout})")
    gt, facts = read_clean_source(task, bits=None)
    bits = LAYOUTS[arguments.layout].bits
    if bits and facts["bits"] != bits:
        raise Drop(
            "unsupported",
            f"{task.file}: {facts['bits']} bits, {arguments.layout} is published with {bits}: a "
            "converted copy is another set; import it with --layout folders",
        )
    places = _places(task, gt, arguments)
    inputs: dict[str, tuple[Picture, dict[str, Any]]] = {}
    drops: list[Drop] = []
    for variant, (path, file) in task.targets.items():
        try:
            inputs[variant] = _input(task, path, file, gt=gt, variant=variant, arguments=arguments)
        except Drop as drop:
            drops.append(drop)
    if not inputs:
        raise drops[0]
    side = None if "" in places else arguments.patch
    return RenderedScene(
        gts={f"gt{name}": cut(gt, place, side=side) for name, place in places.items()},
        parameters={**facts, "layout": arguments.layout},
        pairs=_pairs(inputs, places, side),
        drops=drops,
    )


def _cutting(arguments: ImportArguments, split: str) -> tuple[int | None, int]:
    """(side, stride) of the patches of a split; side None where its pictures stay whole."""
    if arguments.patch is None or split in arguments.whole:
        return None, 0
    return arguments.patch, arguments.stride or arguments.patch


def _places(task: SceneTask, gt: Picture, arguments: ImportArguments) -> Mapping[str, Place | None]:
    """Name endings and corners of the patches; {"": None} for a whole picture."""
    side, stride = _cutting(arguments, task.split)
    if side is None:
        return {"": None}
    height, width = gt.shape[:2]
    places = grid_places((height, width), side=side, stride=stride)
    if not places:
        raise Drop(
            "too-small",
            f"{task.file}: {width}x{height} pixels hold no patch of {side}; lower --patch",
        )
    kept = sharpest(gt, places, side=side, leave_out=arguments.leave_out)
    return {f"-p{index:02d}": place for index, place in enumerate(kept)}


def _input(
    task: SceneTask,
    path: str,
    file: Path,
    *,
    gt: Picture,
    variant: str,
    arguments: ImportArguments,
) -> tuple[Picture, dict[str, Any]]:
    """One input, of the target's depth and of its size or a whole part of it, and its record."""
    size = file.stat().st_size if file.is_file() else 0
    lq, facts = read_clean_source(replace(task, path=path, file=file, size=size), bits=None)
    if lq.dtype != gt.dtype:
        raise Drop("unsupported", f"{file}: {facts['bits']} bits, its target has {8 * gt.itemsize}")
    scale = _scale(lq, gt, variant=variant, arguments=arguments)
    if scale is None:
        allowed = "a whole part of it" if arguments.scaled else "the same size"
        said = f"{lq.shape[1]}x{lq.shape[0]} pixels, its target has {gt.shape[1]}x{gt.shape[0]}"
        raise Drop("target-size", f"{file}: {said}; {arguments.layout} wants {allowed}")
    side, stride = _cutting(arguments, task.split)
    if side is not None and (side % scale or stride % scale):
        raise Drop(
            "target-size",
            f"{file}: its target is {scale} times as large, and a patch of {side} every {stride} "
            f"pixels is not; choose multiples of {scale}",
        )
    record: dict[str, Any] = {"input": {"path": path, "sha256": facts["source"]["sha256"]}}
    if arguments.scaled:
        record["scale"] = scale
    return lq, record


def _scale(lq: Picture, gt: Picture, *, variant: str, arguments: ImportArguments) -> int | None:
    """How many times larger the target is, by both sides; None where that is no whole number, is
    not what the variant's name says ('x4 ...'), or no scale is allowed and it is not 1."""
    scale = gt.shape[0] // lq.shape[0]
    if (lq.shape[0] * scale, lq.shape[1] * scale) != gt.shape[:2]:
        return None
    said = re.match(r"x(\d+)", variant)
    if (said and int(said[1]) != scale) or (scale != 1 and not arguments.scaled):
        return None
    return scale


def _pairs(
    inputs: Mapping[str, tuple[Picture, dict[str, Any]]],
    places: Mapping[str, Place | None],
    side: int | None,
) -> Iterator[RenderedPair]:
    for variant, (lq, record) in inputs.items():
        for name, place in places.items():
            patch = cut(lq, place, side=side, scale=record.get("scale", 1))
            parameters = {**record, **place_parameters(place, side=side)}
            yield RenderedPair(f"{variant}{name}", patch, f"gt{name}", parameters)


def scales(variants: Sequence[str]) -> list[int]:
    """The factors that names of variants speak of ('x4', 'x4-mild')."""
    return [int(said[1]) for name in variants if (said := re.match(r"x(\d+)", name))]


IMPORTED = Kind(ImportArguments, planned_rows, codecs, build_scene)
