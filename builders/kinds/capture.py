"""One capture within a build: developed once, rendered at any EV at the size of the output."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from builders.demosaic import Demosaiced
from builders.drops import Drop
from builders.frame import RawFrame
from builders.kinds.exposure_arguments import ExposureArguments
from builders.kinds.scene import SceneTask
from builders.render import Developed, develop, render
from degrade.color import srgb_decode, srgb_encode
from degrade.images import Picture
from degrade.resize import long_side, resize_matlab, resize_rows


@dataclass(frozen=True)
class Capture:
    """A developed RAW that renders any EV at output size."""

    scene: Developed
    size: tuple[int, int]
    full_size: tuple[int, int]
    arguments: ExposureArguments

    @classmethod
    def of(cls, developed: Demosaiced, arguments: ExposureArguments) -> Capture:
        """Developed for the output: shrunk once in linear light, or left at full size."""
        height, width = developed.pixels.shape[:2]
        size = output_size(height, width, size=arguments.size, fraction=arguments.fraction)
        linear = arguments.resize == "linear" and size != (height, width)
        scene = develop(developed, size=size if linear else None)
        return cls(scene, size, (height, width), arguments)

    def render(self, ev: float) -> Picture:
        """The picture at `ev` stops: sRGB [h,w,3] of the output's size and depth."""
        picture = render(self.scene, ev=ev, style=self.arguments.style, bits=self.arguments.bits)
        return shrink(picture, size=self.size, arguments=self.arguments)


def output_size(
    height: int, width: int, *, size: int | None, fraction: float | None
) -> tuple[int, int]:
    """(height, width) of the output: long side `size`, never enlarged, or ceil(fraction * side) as
    MATLAB's imresize has it."""
    if size is not None:
        return long_side(height, width, size)
    if fraction is None:
        return height, width
    # 0.3 * 3000 is 899.9999... in binary: MATLAB's own ceil meets the same double
    return math.ceil(fraction * height), math.ceil(fraction * width)


def shrink(picture: Picture, *, size: tuple[int, int], arguments: ExposureArguments) -> Picture:
    """An sRGB picture at output size, in the same light as the renders: 'linear' decodes, resizes
    and encodes it again; 'display' is MATLAB's imresize, where a given fraction sets positions."""
    if picture.shape[:2] == size:
        return picture
    if arguments.resize == "linear":
        return _shrink_linear(picture, size)
    if arguments.fraction is not None and _scaled(picture, arguments.fraction) == size:
        return resize_matlab(picture, scale=arguments.fraction)
    return resize_matlab(picture, size=size)


def _shrink_linear(picture: Picture, size: tuple[int, int]) -> Picture:
    top = np.iinfo(picture.dtype).max
    light = srgb_decode(np.arange(top + 1) / top).astype(np.float32)
    small = resize_rows(
        lambda first, last: light[picture[first:last]], source=picture.shape[:2], size=size
    )
    return np.floor(srgb_encode(small.clip(0.0, 1.0)) * top + 0.5).astype(picture.dtype)


def _scaled(picture: Picture, fraction: float) -> tuple[int, int]:
    return output_size(*picture.shape[:2], size=None, fraction=fraction)


def read_source(task: SceneTask) -> tuple[bytes, str]:
    """The source's bytes, read once, and their sha256; a Drop if it is not the planned file."""
    try:
        data = task.file.read_bytes()
    except FileNotFoundError as error:
        raise Drop("gone", f"{task.file}: not there any more") from error
    except PermissionError as error:
        raise Drop("no-permission", f"{task.file}: {error.strerror}") from error
    except OSError as error:
        raise Drop("unreadable", f"{task.file}: {error.strerror}") from error
    if len(data) != task.size:
        raise Drop(
            "changed", f"{task.file}: {len(data)} bytes, {task.size} when the build was planned"
        )
    if not data:
        raise Drop("empty-file", f"{task.file}: 0 bytes")
    return data, hashlib.sha256(data).hexdigest()


def capture_facts(frame: RawFrame, *, demosaic: str) -> dict[str, Any]:
    """What the record says of the capture; no serial number, no place, no owner."""
    return {
        "kind": frame.kind,
        "sidecar_sha256": frame.sidecar_sha256,
        "pattern": None if frame.pattern is None else frame.pattern.ravel().tolist(),
        "demosaic": demosaic,
        "black": frame.black.ravel().tolist(),
        "white": frame.white.ravel().tolist(),
        "white_balance": frame.white_balance.tolist(),
        "white_balance_source": frame.white_balance_source,
        "matrix": frame.matrix.ravel().tolist(),
        "matrix_source": frame.matrix_source,
        "crop": [frame.crop.top, frame.crop.left, frame.crop.height, frame.crop.width],
        "orientation": frame.orientation,
        "camera": frame.camera,
        "iso": frame.iso,
        "shutter": frame.shutter,
    }
