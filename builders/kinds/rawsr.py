"""RAW super-resolution pairs: the mosaic of a coarser, noisier sensor, and the fine sRGB picture.

Camera simulation from RAW in the manner of Xu et al., "Towards Real Scene Super-Resolution with Raw
Images", CVPR 2019: a lens's blur, fewer and larger pixels, and the sensor's noise, on the mosaic;
gt is the source's own render at EV 0. The lq keeps the phase of its colour filter
(`builders.mosaic_scale`), is white-balanced by nobody, and is packed (`builders.packed`): lq pixel
(y, x) lies over gt pixels 2 s y to 2 s (y + 1) - 1, in rows as in columns, for a scale of s.

Both stay as the sensor lies: neither is turned upright (the record holds the orientation), because
a turned mosaic has another filter. The first row and column go where the filter would not begin
with red. What noise the source has is in the gt, and averaged in the lq.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from builders.camera_simulation import Light, expose_light, sensor_light
from builders.demosaic import demosaic
from builders.drops import Drop
from builders.frame import Crop, RawFrame
from builders.kinds.camera_arguments import RawsrArguments, grid_step, variants
from builders.kinds.camera_scene import camera_codecs, draw_noise, open_raw, patches_of
from builders.kinds.patches import Place, cut, find_patches, place_parameters
from builders.kinds.scene import Kind, RenderedPair, RenderedScene, SceneTask
from builders.mosaic_scale import Blur, downscale_mosaic
from builders.packed import BLACK, PLANES, WHITE, pack, to_codes
from builders.render import develop, render
from degrade.laws import Draw, Uniform


def planned_rows(arguments: RawsrArguments, split: str) -> int:
    """Pairs that one scene of `split` gives if nothing is dropped."""
    return len(arguments.scales) * len(variants(arguments)) * patches_of(arguments, split)


def build_scene(task: SceneTask) -> RenderedScene:
    """Decodes one RAW, renders it, and simulates its coarser captures. Raises Drop for what cannot
    be used."""
    arguments = msgspec.convert(task.arguments, RawsrArguments)
    frame, common = open_raw(task, arguments)
    step = grid_step(arguments.scales)
    crop = _whole_cells(frame, step=step)
    frame = replace(frame, crop=crop, orientation=1)
    light = sensor_light(frame).light[crop.top :, crop.left :]
    light = np.ascontiguousarray(light[: crop.height, : crop.width])
    developed = develop(demosaic(frame, method=arguments.demosaic))
    del frame
    gt = render(developed, ev=0.0, style=arguments.style, bits=arguments.bits)
    del developed
    places, drops = find_patches(
        task, gt, side=arguments.patch, screens=arguments.screens, step=step
    )
    return RenderedScene(
        gts={f"gt{name}": cut(gt, place, side=arguments.patch) for name, place in places.items()},
        parameters={
            **common,
            "region": [crop.top, crop.left, crop.height, crop.width],
            "packing": {"planes": list(PLANES), "black": BLACK, "white": WHITE},
            "size": list(gt.shape[:2]),
        },
        pairs=_pairs(task, light, arguments, places),
        drops=drops,
    )


def draw_blur(arguments: RawsrArguments, *, seed: int, key: str, scale: int) -> Blur:
    """The lens of one variant: two deviations, uniform within the arguments' share of the larger
    pixel, and an angle uniform over half a turn; drawn at (seed, "scene/variant", "blur", ...)."""
    low, high = (share * scale for share in arguments.blur)

    def at(name: str, law: Uniform) -> float:
        return law.at(Draw((seed, key, "blur", name), {}))

    return Blur(
        at("sigma", Uniform(low, high)),
        at("cross", Uniform(low, high)),
        at("angle", Uniform(0.0, math.pi)),
    )


def _whole_cells(frame: RawFrame, *, step: int) -> Crop:
    """The part of the DefaultCrop that begins at a red site with blue diagonally below, and whose
    sides are multiples of `step`. Raises Drop for another filter, and where nothing is left."""
    if frame.kind != "bayer" or frame.pattern is None:
        raise Drop(
            "unsupported",
            f"{frame.name}: its filter is {frame.kind}; packing needs a 2x2 Bayer filter",
        )
    reds = np.argwhere(frame.pattern == 0)
    if len(reds) != 1 or frame.pattern[1 - reds[0][0], 1 - reds[0][1]] != 2:
        raise Drop(
            "unsupported",
            f"{frame.name}: its 2x2 tile {frame.pattern.tolist()} is not a Bayer pattern",
        )
    crop = frame.crop
    down, right = int(reds[0][0] - crop.top) % 2, int(reds[0][1] - crop.left) % 2
    height, width = ((side // step) * step for side in (crop.height - down, crop.width - right))
    if not height or not width:
        raise Drop(
            "too-small",
            f"{frame.name}: {crop.height}x{crop.width} samples hold no cell of {step}x{step}; "
            "choose smaller scales",
        )
    return Crop(crop.top + down, crop.left + right, height, width)


def _pairs(
    task: SceneTask, light: Light, arguments: RawsrArguments, places: dict[str, Place | None]
) -> Iterator[RenderedPair]:
    for scale in arguments.scales if places else []:
        for name, iso, _ in variants(arguments):
            variant = f"x{scale}-{name}"
            key = f"{task.scene}/{variant}"
            blur = draw_blur(arguments, seed=task.seed, key=key, scale=scale)
            coarse = downscale_mosaic(light, scale=scale, blur=blur)
            drawn = draw_noise(task, arguments, variant=variant, iso=iso)
            noisy = expose_light(coarse, noise=drawn.noise, seed=drawn.seed)
            codes = to_codes(pack(noisy))
            common: dict[str, Any] = {
                "scale": scale,
                "blur": {**blur._asdict(), "aperture": scale, "unit": "gt pixels, radians"},
                "noise": drawn.parameters(),
            }
            for patch, place in places.items():
                lq = cut(codes, place, side=arguments.patch, scale=2 * scale)
                parameters = {**common, **place_parameters(place, side=arguments.patch)}
                yield RenderedPair(f"{variant}{patch}", lq, f"gt{patch}", parameters)


RAWSR = Kind(RawsrArguments, planned_rows, camera_codecs, build_scene)
