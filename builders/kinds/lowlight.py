"""Low-light pairs: the light of a capture weakened by some stops, then a camera's noise.

Fewer photons first, noise afterwards: a picture that is only darkened has the noise of a bright
one. The weakened light is recorded at the camera's ISO, quantised, and with `amplify` multiplied
back by the ratio, as Chen et al., "Learning to See in the Dark", CVPR 2018 (SID), do with short
exposures before they restore them. lq and gt go the same way otherwise; gt is the render at EV 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from builders.camera_simulation import (
    FLOOR,
    Light,
    SensorLight,
    cut_at_neutral,
    develop_light,
    expose_light,
    sensor_light,
)
from builders.kinds.camera_arguments import LowlightArguments, variants
from builders.kinds.camera_scene import camera_codecs, draw_noise, open_raw, patches_of
from builders.kinds.patches import Place, cut, find_patches, place_parameters
from builders.kinds.scene import Kind, RenderedPair, RenderedScene, SceneTask
from builders.render import render
from degrade.cameras import CameraNoise
from degrade.images import Picture
from degrade.laws import Draw, Uniform

# Amplified noise is kept down to -4 of white. A sixteenth below black becomes as much at 6 stops;
# beyond them more is cut, but the noise of such light fills the whole range.
_DEEPEST_FLOOR = 4.0


@dataclass(frozen=True)
class _Capture:
    """A source's light, ready to be weakened, and how it is rendered."""

    sensor: SensorLight
    arguments: LowlightArguments

    def render(self, light: Light, *, floor: float = FLOOR) -> Picture:
        """The sRGB picture of some light on this sensor, at EV 0."""
        developed = develop_light(
            self.sensor, light=light, method=self.arguments.demosaic, floor=floor,
            size=self.arguments.size,
        )  # fmt: skip
        return render(developed, ev=0.0, style=self.arguments.style, bits=self.arguments.bits)

    def darken(self, *, stops: float, noise: CameraNoise, seed: int) -> Picture:
        """The picture of the light 2^-stops as strong, as the camera records it; amplified by
        2^stops and cut at white again where the arguments say so."""
        light = self.sensor.light * np.float32(2.0**-stops)
        light = expose_light(light, noise=noise, seed=seed)
        if not self.arguments.amplify:
            return self.render(light)
        ratio = 2.0**stops
        light *= np.float32(ratio)
        np.minimum(light, np.float32(1.0), out=light)
        return self.render(light, floor=min(FLOOR * ratio, _DEEPEST_FLOOR))


def planned_rows(arguments: LowlightArguments, split: str) -> int:
    """Pairs that one scene of `split` gives if nothing is dropped."""
    return len(variants(arguments)) * patches_of(arguments, split)


def build_scene(task: SceneTask) -> RenderedScene:
    """Decodes one RAW once and renders it well lit and dark. Raises Drop for what cannot be
    used."""
    arguments = msgspec.convert(task.arguments, LowlightArguments)
    frame, common = open_raw(task, arguments)
    capture = _Capture(cut_at_neutral(sensor_light(frame)), arguments)
    del frame
    gt = capture.render(capture.sensor.light)
    places, drops = find_patches(task, gt, side=arguments.patch, screens=arguments.screens)
    return RenderedScene(
        gts={f"gt{name}": cut(gt, place, side=arguments.patch) for name, place in places.items()},
        parameters={**common, "amplify": arguments.amplify, "size": list(gt.shape[:2])},
        pairs=_pairs(task, capture, places),
        drops=drops,
    )


def draw_stops(arguments: LowlightArguments, *, seed: int, scene: str, copy: int) -> float:
    """By how many stops a copy of a scene is darkened; its ISOs share them."""
    address = (seed, scene, "lowlight", copy, "stops")
    return Uniform(*arguments.darker).at(Draw(address, {}))


def _pairs(
    task: SceneTask, capture: _Capture, places: dict[str, Place | None]
) -> Iterator[RenderedPair]:
    arguments = capture.arguments
    for variant, iso, copy in variants(arguments) if places else []:
        stops = draw_stops(arguments, seed=task.seed, scene=task.scene, copy=copy)
        drawn = draw_noise(task, arguments, variant=variant, iso=iso)
        picture = capture.darken(stops=stops, noise=drawn.noise, seed=drawn.seed)
        for name, place in places.items():
            parameters = {
                "ev": -stops,
                "ratio": 2.0**stops,
                "noise": drawn.parameters(),
                **place_parameters(place, side=arguments.patch),
            }
            lq = cut(picture, place, side=arguments.patch)
            yield RenderedPair(f"{variant}{name}", lq, f"gt{name}", parameters)


LOWLIGHT = Kind(LowlightArguments, planned_rows, camera_codecs, build_scene)
