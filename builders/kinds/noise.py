"""Noise pairs: one mosaic rendered twice, as it is and with a camera's noise put on it.

The noise of a calibrated camera is added where it arises, on the mosaic after black subtraction and
before white balance and clipping; clean and noisy then go the same way, so that a pair differs by
that noise only. What noise the source has itself is in both pictures and cannot be learned away:
RAW files of low ISO, or of long exposure, are the right sources, and clean pictures taken back to a
sensor (Brooks et al., CVPR 2019) are the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from builders.camera_simulation import Light, SensorLight, develop_light, expose_light, sensor_light
from builders.kinds.camera_arguments import NoiseArguments, variants
from builders.kinds.camera_scene import (
    camera_codecs,
    draw_noise,
    open_raw,
    patches_of,
    rendering,
)
from builders.kinds.clean_source import read_clean_source
from builders.kinds.patches import Place, cut, find_patches, place_parameters
from builders.kinds.scene import Kind, RenderedPair, RenderedScene, SceneTask
from builders.render import Developed, render
from degrade.images import Picture


@dataclass(frozen=True)
class _Source:
    """A sensor's light, how a developed picture of it becomes sRGB, and what records say of it."""

    sensor: SensorLight
    finish: Callable[[Developed], Picture]
    parameters: dict[str, Any]


def planned_rows(arguments: NoiseArguments, split: str) -> int:
    """Pairs that one scene of `split` gives if nothing is dropped."""
    return len(variants(arguments)) * patches_of(arguments, split)


def build_scene(task: SceneTask) -> RenderedScene:
    """Decodes one source once and renders it clean and noisy. Raises Drop for what cannot be
    used."""
    arguments = msgspec.convert(task.arguments, NoiseArguments)
    source = _clean(task, arguments) if arguments.source == "clean" else _raw(task, arguments)
    gt = _render(source, source.sensor.light, arguments)
    places, drops = find_patches(task, gt, side=arguments.patch, screens=arguments.screens)
    return RenderedScene(
        gts={f"gt{name}": cut(gt, place, side=arguments.patch) for name, place in places.items()},
        parameters={**source.parameters, "size": list(gt.shape[:2])},
        pairs=_pairs(task, source, arguments, places),
        drops=drops,
    )


def _pairs(
    task: SceneTask, source: _Source, arguments: NoiseArguments, places: dict[str, Place | None]
) -> Iterator[RenderedPair]:
    """Every variant is rendered once, then cut into its patches."""
    for variant, iso, _ in variants(arguments) if places else []:
        drawn = draw_noise(task, arguments, variant=variant, iso=iso)
        light = expose_light(source.sensor.light, noise=drawn.noise, seed=drawn.seed)
        picture = _render(source, light, arguments)
        for name, place in places.items():
            parameters = {
                "noise": drawn.parameters(),
                **place_parameters(place, side=arguments.patch),
            }
            lq = cut(picture, place, side=arguments.patch)
            yield RenderedPair(f"{variant}{name}", lq, f"gt{name}", parameters)


def _render(source: _Source, light: Light, arguments: NoiseArguments) -> Picture:
    developed = develop_light(
        source.sensor, light=light, method=arguments.demosaic, size=arguments.size
    )
    return source.finish(developed)


def _raw(task: SceneTask, arguments: NoiseArguments) -> _Source:
    frame, common = open_raw(task, arguments)

    def finish(developed: Developed) -> Picture:
        return render(developed, ev=0.0, style=arguments.style, bits=arguments.bits)

    return _Source(sensor_light(frame), finish, common)


def _clean(task: SceneTask, arguments: NoiseArguments) -> _Source:
    from builders.unprocessed import (  # torch is for this road only
        PATTERN,
        draw_camera,
        processed_picture,
        unprocessed_light,
    )

    picture, facts = read_clean_source(task, bits=None)
    drawn = draw_camera(task.seed, scene=task.scene)

    def finish(developed: Developed) -> Picture:
        return processed_picture(developed, parameters=drawn, bits=arguments.bits)

    sensor = unprocessed_light(picture, parameters=drawn, name=str(task.file))
    said = {"pattern": PATTERN, "demosaic": arguments.demosaic, **drawn}
    return _Source(sensor, finish, {**facts, "unprocess": said, **rendering(arguments)})


NOISE = Kind(NoiseArguments, planned_rows, camera_codecs, build_scene)
