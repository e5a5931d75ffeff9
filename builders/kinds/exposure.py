"""Exposure pairs: one RAW rendered at several EVs against a retouched target or its own render.

Afifi et al., "Learning Multi-Scale Photo Exposure Correction", CVPR 2021 (MSEC) is the model: five
relative EVs, an expert's retouch as the target. One decode and one demosaic serve every EV.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from builders import alignment
from builders.atomic import sha256_file
from builders.crops import patch_count
from builders.demosaic import demosaic
from builders.drops import Drop
from builders.kinds.capture import Capture, capture_facts, read_source, shrink
from builders.kinds.exposure_arguments import ExposureArguments, ev_name, input_evs
from builders.kinds.patches import Place, cut, find_patches, place_parameters
from builders.kinds.scene import Codecs, Kind, RenderedPair, RenderedScene, SceneTask
from builders.raw import read_raw
from builders.retouch import read_retouch
from degrade.images import Picture

# A target exported at another size than the render must have its shape: half a percent allows the
# rounding of a 200-pixel side and catches a crop of 8 rows in 2000, as FiveK's D70 files have it.
_ASPECT_TOLERANCE = 0.003


def planned_rows(arguments: ExposureArguments, split: str) -> int:
    """Pairs that one scene of `split` gives if nothing is dropped."""
    patches = 1 if arguments.patch is None else patch_count(arguments.patch, split=split)
    return len(input_evs(arguments)) * patches


def codecs(arguments: ExposureArguments) -> Codecs:
    """How lq and gt are stored."""
    return Codecs(lq=arguments.encode, gt=arguments.gt_encode)


def build_scene(task: SceneTask) -> RenderedScene:
    """Decodes one RAW once and renders its pairs. Raises Drop for what cannot be used."""
    arguments = msgspec.convert(task.arguments, ExposureArguments)
    if arguments.gt_kind == "retouch" and not task.targets:
        raise Drop("no-target", f"{task.file}: no target with the stem {Path(task.path).stem}")
    capture, common = _develop(task, arguments)
    gts, parameters = _targets(task, capture, arguments)
    gt = next(iter(gts.values()))
    places, drops = find_patches(task, gt, side=arguments.patch, screens=arguments.screens)
    extras = {} if arguments.patch else dict(list(gts.items())[1:])
    return RenderedScene(
        gts={f"gt{name}": cut(gt, place, side=arguments.patch) for name, place in places.items()},
        parameters={**common, "size": list(gt.shape[:2]), "gt": parameters},
        pairs=_pairs(capture, arguments, places),
        extras=extras,
        drops=drops,
    )


def _develop(task: SceneTask, arguments: ExposureArguments) -> tuple[Capture, dict[str, Any]]:
    """The capture, ready to render, and what all its records share; the mosaic is let go."""
    data, digest = read_source(task)
    frame = read_raw(task.file, data=data)
    del data
    demosaiced = demosaic(frame, method=arguments.demosaic)
    facts = capture_facts(frame, demosaic=demosaiced.method)
    del frame
    return Capture.of(demosaiced, arguments), {
        "source": {"root": task.root, "path": task.path, "sha256": digest},
        "capture": facts,
        "style": arguments.style,
        "resize": arguments.resize,
        "fraction": arguments.fraction,
        "bits": arguments.bits,
        "encode": arguments.encode,
        "gt_encode": arguments.gt_encode,
    }


def _targets(
    task: SceneTask, capture: Capture, arguments: ExposureArguments
) -> tuple[dict[str, Picture], dict[str, Any]]:
    """The gt pictures by name, the pairs' own first, and what the record says of it."""
    if arguments.gt_kind == "render":
        assert arguments.gt_ev is not None
        return {"render": capture.render(arguments.gt_ev)}, {
            "kind": "render",
            "ev": arguments.gt_ev,
        }
    gts: dict[str, Picture] = {}
    parameters: dict[str, Any] = {}
    for name, (path, file) in task.targets.items():
        target = _retouch(file, capture, arguments)
        if not gts:
            measured = alignment.check(capture.render(0.0), target, name=str(file))
            parameters = {
                "kind": "retouch", "target": name, "path": path, "sha256": sha256_file(file),
                # rounded: the last digits differ between processors, and decide no pixel
                "shift": [round(float(value), 2) for value in measured.shift],
                "correlation": round(float(measured.correlation), 3),
            }  # fmt: skip
        gts[name] = target
    return gts, parameters


def _retouch(file: Path, capture: Capture, arguments: ExposureArguments) -> Picture:
    """A retouched target as sRGB at output size, of the render's shape or dropped."""
    target = read_retouch(file, bits=arguments.bits)
    got, full = target.shape[:2], capture.full_size
    stretch = abs((got[1] / got[0]) / (full[1] / full[0]) - 1)
    said = f"{file}: {got[1]}x{got[0]} pixels, the render has {full[1]}x{full[0]}"
    if stretch > _ASPECT_TOLERANCE:
        raise Drop(
            "target-size",
            f"{said}: another shape, by {stretch:.2%} ({_ASPECT_TOLERANCE:.1%} allowed)",
        )
    if got[0] < capture.size[0]:
        size = f"{capture.size[1]}x{capture.size[0]}"
        raise Drop("target-size", f"{said}: smaller than the output, {size}; lower --size")
    return shrink(target, size=capture.size, arguments=arguments)


def _pairs(
    capture: Capture,
    arguments: ExposureArguments,
    places: dict[str, Place | None],
) -> Iterator[RenderedPair]:
    """Every EV is rendered once, then cut into its patches."""
    for ev in input_evs(arguments) if places else []:
        picture = capture.render(ev)
        for name, place in places.items():
            parameters: dict[str, Any] = {"ev": ev}
            if arguments.style == "srgb":
                parameters["gain"] = 2.0**ev
            parameters |= place_parameters(place, side=arguments.patch)
            lq = cut(picture, place, side=arguments.patch)
            yield RenderedPair(f"{ev_name(ev)}{name}", lq, f"gt{name}", parameters)


EXPOSURE = Kind(ExposureArguments, planned_rows, codecs, build_scene, extra_targets=True)
