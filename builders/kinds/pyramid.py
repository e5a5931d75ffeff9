"""Pyramids: one clean picture beside its MATLAB-bicubic reductions, the pairs of classical SR.

The inputs of Set5, Set14, BSD100, Urban100 and of DIV2K's bicubic track (Agustsson and Timofte,
CVPRW 2017) are made so: the picture is cut to a multiple of the scale (modcrop), which is the
target, and MATLAB's imresize shrinks that by the scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from builders.drops import Drop
from builders.kinds.clean_source import read_clean_source
from builders.kinds.scene import Codecs, Kind, RenderedPair, RenderedScene, SceneTask
from degrade.images import Picture
from degrade.resize import resize_matlab


class PyramidArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides the pixels of a pyramid.

    scales: factors, each an lq. kernel: a key of `degrade.resize.READINGS`. bits: 8, or None for
    the depth that each picture has.
    """

    scales: list[int]
    kernel: str
    bits: int | None


def planned_rows(arguments: PyramidArguments, split: str) -> int:
    """Pairs that one scene gives: one a scale, in every split."""
    del split
    return len(arguments.scales)


def codecs(arguments: PyramidArguments) -> Codecs:
    """How lq and gt are stored: without loss."""
    del arguments
    return Codecs(lq="png", gt="png")


def modcrop(picture: Picture, *, scale: int) -> Picture:
    """A view [h,w,3] of the largest upper left part whose sides are multiples of `scale`."""
    height, width = picture.shape[:2]
    return picture[: height - height % scale, : width - width % scale]


def build_scene(task: SceneTask) -> RenderedScene:
    """Reads one picture and shrinks it by every scale. Raises Drop for what cannot be used.

    The target of each scale is cut to that scale alone, as the benchmarks' are; scales whose cuts
    are the same share one target.
    """
    arguments = msgspec.convert(task.arguments, PyramidArguments)
    picture, facts = read_clean_source(task, bits=arguments.bits)
    height, width = picture.shape[:2]
    cuts = {scale: modcrop(picture, scale=scale) for scale in arguments.scales}
    drops = [
        Drop("too-small", f"{task.file}: {width}x{height} pixels, none is left at 1/{scale}")
        for scale, cut in cuts.items()
        if cut.size == 0
    ]
    if len(drops) == len(cuts):
        raise drops[0]
    names = _target_names({scale: cut for scale, cut in cuts.items() if cut.size})
    return RenderedScene(
        gts={name: cuts[scale] for scale, name in reversed(names.items())},
        parameters={**facts, "kernel": arguments.kernel},
        pairs=_pairs(cuts, names, arguments.kernel),
        drops=drops,
    )


def _target_names(cuts: Mapping[int, Picture]) -> dict[int, str]:
    """Scale -> name of its target: 'gt' where all are the same, else 'gt-x2' after the first scale
    that has it."""
    first: dict[tuple[int, ...], int] = {}
    for scale, cut in cuts.items():
        first.setdefault(cut.shape, scale)
    alone = len(first) == 1
    return {scale: "gt" if alone else f"gt-x{first[cut.shape]}" for scale, cut in cuts.items()}


def _pairs(
    cuts: Mapping[int, Picture], names: Mapping[int, str], kernel: str
) -> Iterator[RenderedPair]:
    for scale, name in names.items():
        height, width = cuts[scale].shape[:2]
        lq = resize_matlab(cuts[scale], size=(height // scale, width // scale), reading=kernel)
        parameters: dict[str, Any] = {"scale": scale, "modcrop": scale, "size": [height, width]}
        yield RenderedPair(f"x{scale}", lq, name, parameters)


PYRAMID = Kind(PyramidArguments, planned_rows, codecs, build_scene)
