"""The light on a sensor, noise put on it, and the one road by which clean and noisy are rendered.

What a camera's noise is added to is the mosaic after black subtraction and before white balance,
demosaicing or any clipping: 0 is black, 1 the level at which a site saturates. What falls below
black is kept to the end of the road, because cutting it would make dark parts brighter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from builders.demosaic import demosaic
from builders.drops import Drop
from builders.frame import Crop, RawFrame
from builders.mosaic import WHITE
from builders.render import Developed
from degrade.cameras import CameraNoise
from degrade.mosaic_noise import add_camera_noise
from degrade.resize import long_side, resize_rows

Light = NDArray[np.float32]

# How far below black a demosaiced value may lie, as a share of white: see `develop_light`.
FLOOR = 1.0 / 16.0


@dataclass(frozen=True)
class SensorLight:
    """The light on a sensor behind a colour filter, and what is needed to render it.

    name: for messages. light: float32 [H,W], black 0, white 1, noise may lie below 0. pattern,
    white_balance, matrix, crop, orientation: as in RawFrame.
    """

    name: str
    light: Light
    pattern: NDArray[np.uint8]
    white_balance: NDArray[np.float32]
    matrix: NDArray[np.float32]
    crop: Crop
    orientation: int


def sensor_light(frame: RawFrame) -> SensorLight:
    """The mosaic of a frame, black-subtracted and divided by its span; what lies above white is 1.

    Raises Drop("unsupported") for linear frames: there is no mosaic to put a sensor's noise on.
    """
    if frame.pattern is None:
        raise Drop(
            "unsupported",
            f"{frame.name}: a linear RAW, demosaiced already; sensor noise belongs on a mosaic",
        )
    light = np.empty(frame.mosaic.shape, np.float32)
    side = len(frame.pattern)
    for y, x in np.ndindex(side, side):
        black, white = frame.black[y, x], frame.white[y, x]
        sites = np.minimum(frame.mosaic[y::side, x::side], white)
        light[y::side, x::side] = (sites - black) / (white - black)
    return SensorLight(
        frame.name, light, frame.pattern, frame.white_balance, frame.matrix, frame.crop,
        frame.orientation,
    )  # fmt: skip


def cut_at_neutral(sensor: SensorLight) -> SensorLight:
    """The same light, each colour cut where a white of scene-linear 1 lies, 1 / its gain.

    A render at EV 0 cuts there anyway. Before the light is made weaker it must be done, or what
    the sensor cut at its own white would come out in the colour of the white balance: pink.
    """
    gains = sensor.white_balance / sensor.white_balance.min()
    light = np.empty_like(sensor.light)
    side = len(sensor.pattern)
    for y, x in np.ndindex(side, side):
        limit = np.float32(1.0 / gains[sensor.pattern[y, x]])
        light[y::side, x::side] = np.minimum(sensor.light[y::side, x::side], limit)
    return replace(sensor, light=light)


def expose_light(light: Light, *, noise: CameraNoise, seed: int) -> Light:
    """The light as a camera records it: its noise, quantised to its bits, cut at white only.

    A site at white stays at white: how much light fell on it is not known, and less than white is
    what it surely was not. What the source has below black, its own noise, is kept.
    """
    noisy = add_camera_noise(light, noise=noise, seed=seed)
    np.copyto(noisy, np.float32(1.0), where=light >= 1.0)
    return noisy


def develop_light(
    sensor: SensorLight,
    *,
    light: Light,
    method: str,
    floor: float = FLOOR,
    size: int | None = None,
) -> Developed:
    """Light [H,W] on the sensor -> Developed camera RGB, cropped, upright, values below 0 kept.

    White balance, then the demosaic `method` on codes where black has the code
    65535 floor / (1 + floor), so that noise down to -floor of white passes through LibRaw, which
    knows no negative numbers; black is subtracted afterwards. The interpolation is the same on
    raised numbers, but methods that choose directions (ahd, dcb) choose otherwise in places, so a
    picture is compared with another of this function's only. size: long side in pixels, never
    enlarged; each channel is cut at scene-linear 1, where a render at EV 0 cuts it, and the rows
    are resized in linear light.
    """
    gains = sensor.white_balance.astype(np.float64)
    pedestal = round(WHITE * floor / (1.0 + floor))
    span = WHITE - pedestal
    weights = (gains / gains.max() * span).astype(np.float32)
    codes = np.empty(light.shape, np.uint16)
    side = len(sensor.pattern)
    for y, x in np.ndindex(side, side):  # a quarter of the sites at a time
        sites = light[y::side, x::side] * weights[sensor.pattern[y, x]]
        sites += np.float32(pedestal + 0.5)
        codes[y::side, x::side] = np.clip(sites, 0.0, WHITE, out=sites)
    pixels = demosaic(_normalised(sensor, codes), method=method).pixels.astype(np.float32)
    pixels -= np.float32(pedestal)
    scale = float(gains.max() / gains.min()) / span
    if size is not None:
        pixels = _shrink(np.minimum(pixels, np.float32(1.0 / scale), out=pixels), size)
    return Developed(pixels, scale, None, sensor.matrix)


def _shrink(pixels: Light, size: int) -> Light:
    source = (pixels.shape[0], pixels.shape[1])
    smaller = long_side(*source, size)
    if smaller == source:
        return pixels
    return resize_rows(lambda top, bottom: pixels[top:bottom], source=source, size=smaller)


def _normalised(sensor: SensorLight, codes: NDArray[np.uint16]) -> RawFrame:
    """A frame with nothing left to subtract or to balance: `demosaic` only interpolates it."""
    tile = sensor.pattern.shape
    return RawFrame(
        name=sensor.name,
        kind="bayer" if tile == (2, 2) else "xtrans",
        mosaic=codes,
        pattern=sensor.pattern,
        black=np.zeros(tile, np.float32),
        white=np.full(tile, WHITE, np.float32),
        white_balance=np.ones(3, np.float32),
        white_balance_source="unit",
        matrix=sensor.matrix,
        matrix_source="libraw",
        crop=sensor.crop,
        orientation=sensor.orientation,
        camera=None,
        iso=None,
        shutter=None,
        sidecar_sha256=None,
    )
