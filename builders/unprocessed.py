"""A clean sRGB picture as the light on a sensor, and that light as a picture again.

Brooks et al., "Unprocessing Images for Learned Raw Denoising", CVPR 2019: inverse tone curve, gamma
2.2, camera matrix, inverse gains that spare highlights, mosaic (the operator `unprocess`, drawn
by its declared laws); and back with all of it undone, the tone curve and the brightening too, which
the released code leaves out. Torch is loaded here.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from builders.camera_simulation import SensorLight
from builders.dng import SMALLEST_SIDE, cfa_tile
from builders.drops import Drop
from builders.frame import Crop
from builders.render import Developed, linear
from degrade.images import Picture
from degrade.laws import Draw, value_of
from degrade.operator import OPERATORS
from degrade.operators.sensor import camera_matrices, unprocess
from degrade.threads import one_thread

PATTERN = "RGGB"  # the released code's mosaic
_GAMMA = 2.2  # Brooks et al., 3.4: the inverse of degrade.operators.sensor.gamma_expand
_NOT_WEIGHTS = ("rgb_gain", "red", "blue")
_STRIP = 256  # rows at a time: every step is pointwise, and tensors of 24 megapixels are large


def draw_camera(seed: int, *, scene: str) -> dict[str, float]:
    """The parameters of `unprocess` for one scene, each by the law that the operator declares."""
    declared = OPERATORS["unprocess"].parameters
    return {
        name: float(value_of(parameter.law, draw=Draw((seed, scene, "unprocess", name), {})))
        for name, parameter in declared.items()
    }


def unprocessed_light(picture: Picture, *, parameters: dict[str, float], name: str) -> SensorLight:
    """The light that may have made an sRGB picture [H,W,3], behind an RGGB filter.

    The white balance is that of the parameters, so a render at EV log2(rgb_gain) undoes the gains.
    Raises Drop("too-small") below LibRaw's least side.
    """
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise Drop(
            "too-small", f"{name}: {height}x{width} pixels; a mosaic needs {SMALLEST_SIDE} a side"
        )
    columns = {key: torch.tensor([value], dtype=torch.float64) for key, value in parameters.items()}
    tile = cfa_tile(PATTERN)
    light = np.empty((height, width), np.float32)
    with one_thread():
        for top in range(0, height, _STRIP):
            strip = _sensor_colors(picture[top : top + _STRIP], columns)
            for y, x in np.ndindex(2, 2):  # strips begin at even rows
                light[top : top + _STRIP][y::2, x::2] = strip[tile[y, x], y::2, x::2]
        weights = {key: value for key, value in columns.items() if key not in _NOT_WEIGHTS}
        to_srgb = np.linalg.inv(camera_matrices(**weights)[0].numpy())
    balance = np.array([parameters["red"], 1.0, parameters["blue"]], np.float32)
    whole = Crop(0, 0, height, width)
    return SensorLight(name, light, tile, balance, to_srgb.astype(np.float32), whole, 1)


def processed_picture(developed: Developed, *, parameters: dict[str, float], bits: int) -> Picture:
    """The picture uint8 or uint16 [h,w,3] of developed light: brightened by rgb_gain, cut at 1,
    camera to sRGB, cut, gamma 1/2.2, smoothstep; rounded half up."""
    light = linear(developed, ev=math.log2(parameters["rgb_gain"]))
    encoded = np.power(light, np.float32(1.0 / _GAMMA), out=light)
    toned = encoded * encoded * (np.float32(3.0) - np.float32(2.0) * encoded)
    top = np.float32(255 if bits == 8 else 65535)
    return np.floor(toned * top + np.float32(0.5)).astype(np.uint8 if bits == 8 else np.uint16)


def _sensor_colors(rows: Picture, columns: dict[str, Tensor]) -> NDArray[np.float32]:
    """Linear camera colours [3,h,W] in [0,1] of some rows of a picture."""
    top = np.float32(np.iinfo(rows.dtype).max)
    planes = np.ascontiguousarray(rows.transpose(2, 0, 1), dtype=np.float32) / top
    return unprocess(torch.from_numpy(planes)[None], **columns)[0].numpy()
