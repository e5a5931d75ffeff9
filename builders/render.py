"""Scene-linear camera RGB to sRGB pictures at any exposure: decode once, render every EV from it.

develop: highlight rule at full resolution, then resizing in linear light. render: gain, clip,
colour matrix and tone, in float32, with no value taken from the picture as a whole, so an exposure
is the same arithmetic for every pixel of every picture.

Highlight rule. Camera RGB is white balanced, so the sensor saturates channel c at
wb_c/min(wb) >= 1 of the scene-linear scale. A channel counts as clipped where the mosaic clips
within the pixel's 3x3 neighbourhood (the reach of the interpolation) and its own value is 1 or
more: it is then only a lower bound of the light, and is raised to the least of the pixel's other
channels where that is larger. Where all three are clipped, all are raised to the greatest of them,
so blown pixels are neutral. Everything else is untouched: colours above 1 keep their headroom for
negative EVs, what lies below 1 is as measured (at EV 0 the rule changes nothing, because all that
it raises is cut at 1), and a neutral ramp stays neutral, continuously, while one channel after the
other clips.

Styles
srgb      gain 2^ev, cut every camera channel at 1, matrix, clip to [0,1], sRGB curve. Pure gain.
acr-like  the order of operations of the reference renderer in Adobe's DNG SDK 1.3 (dng_render.cpp):
          cut at 1, to linear ProPhoto, exposure ramp with black subtraction, for negative EVs an
          exposure tone that keeps white white, default tone curve applied hue-preserving, to sRGB.
          Camera profiles and adaptive tone are not in it: it is like Adobe Camera Raw, not equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builders.demosaic import Demosaiced
from builders.pixels import (
    load_block,
    matrix_block,
    raise_clipped,
    ramp_block,
    store_8,
    store_16,
    store_linear,
    tone_block,
)
from builders.tone import exposure_ramp, tone_curve
from degrade.color import PROPHOTO_TO_SRGB, SRGB_TO_PROPHOTO, srgb_curve_16, srgb_steps
from degrade.resize import resize_rows

STYLES = ("srgb", "acr-like")

_BLOCK = 8192  # pixels per block, in whole rows: its float32 planes, 96 kB, stay in the L2 cache
_FARTHEST = 30.0  # stops; beyond them float32 gains could meet infinity, and no picture is left
_CLIPPED = 1.0 - 1e-4  # scene-linear 1, less the rounding of 14-bit levels (1/16383) and uint16
_ROW_SUM = 1e-3  # how far the rows of a camera matrix may be from 1


@dataclass(frozen=True)
class Developed:
    """Scene-linear camera RGB at output size, white balanced, upright; input of render.

    pixels: uint16 or float32 [h,w,3]; pixels*scale is scene-linear: 1.0 = the level where the
    channel of least gain saturates, more is headroom.
    clipped: uint8 [h,w], bit c = channel c is clipped, for the highlight rule; None once applied.
    matrix: float32 [3,3], camera RGB -> linear sRGB (D65), rows sum to 1.
    """

    pixels: NDArray[Any]
    scale: float
    clipped: NDArray[np.uint8] | None
    matrix: NDArray[np.float32]

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        kinds = (np.uint16, np.float32)
        if len(shape) != 3 or shape[2] != 3 or not min(shape) or self.pixels.dtype not in kinds:
            raise ValueError(
                f"developed pixels are {self.pixels.dtype} {list(shape)}; needed: uint16 or "
                "float32 [h,w,3]"
            )
        if self.pixels.dtype == np.float32 and not np.isfinite(self.pixels).all():
            raise ValueError("developed pixels hold NaN or infinity; light is finite")
        if not (math.isfinite(self.scale) and self.scale > 0.0):
            raise ValueError(f"developed scale must be above 0 and finite, got {self.scale}")
        if self.clipped is not None and self.clipped.shape != shape[:2]:
            raise ValueError(
                f"developed mask is {list(self.clipped.shape)}, its pixels {list(shape[:2])}; "
                "crop and rotate both alike"
            )
        if self.matrix.shape != (3, 3) or np.abs(self.matrix.sum(axis=1) - 1.0).max() > _ROW_SUM:
            raise ValueError(
                "developed matrix must be [3,3] with rows that sum to 1 (white balanced camera RGB "
                f"to sRGB), got {self.matrix.tolist()}; divide each row by its sum"
            )


def develop(demosaiced: Demosaiced, *, size: tuple[int, int] | None = None) -> Developed:
    """Demosaiced camera RGB -> Developed of `size` (height, width), or as it is for None.

    With a size the highlight rule is applied at full resolution, then the rows are resized in
    linear light (antialiased bicubic, degrade.resize.resize_rows; its overshoot below 0 is cut).
    Without one it keeps the uint16 pixels and the mask, uncopied; render applies the rule.
    """
    whole = Developed(demosaiced.pixels, demosaiced.scale, demosaiced.clipped, demosaiced.matrix)
    height, width = whole.pixels.shape[:2]
    if size is None or tuple(size) == (height, width):
        return whole

    def rows(top: int, bottom: int) -> NDArray[np.float32]:
        strip = np.empty((bottom - top, width, 3), np.float32)
        for pixels, flags, part in _blocks(whole, strip, top):
            if not flags.any():  # nothing to raise
                part[:] = pixels
                continue
            block = np.empty((3, len(pixels)), np.float32)
            load_block(pixels, np.float32(1.0), block)
            raise_clipped(block, flags, np.float32(_CLIPPED / whole.scale))
            store_linear(block, part)
        return strip

    pixels = resize_rows(rows, source=(height, width), size=size)
    return Developed(np.maximum(pixels, 0.0, out=pixels), whole.scale, None, whole.matrix)


def render(developed: Developed, *, ev: float, style: str = "srgb", bits: int = 8) -> NDArray[Any]:
    """Renders at `ev` stops (-30..30) -> sRGB uint8 or uint16 [h,w,3] (bits 8 or 16).

    style: one of STYLES. Rounded half up; the 8-bit codes are those of the exact sRGB curve, the
    16-bit ones within 1.
    """
    if bits not in (8, 16):
        raise ValueError(f"render bits={bits}: allowed are 8 and 16")
    out = np.empty(developed.pixels.shape, np.uint8 if bits == 8 else np.uint16)
    return _render(developed, ev=ev, style=style, out=out)


def linear(developed: Developed, *, ev: float, style: str = "srgb") -> NDArray[np.float32]:
    """The picture before the sRGB curve: linear sRGB float32 [h,w,3] in [0,1]; as render.

    No build calls it: it is for the laws, which hold in light and not in codes, and for whoever
    wants linear pictures of more than 8 bits.
    """
    return _render(developed, ev=ev, style=style, out=np.empty(developed.pixels.shape, np.float32))


def _render(developed: Developed, *, ev: float, style: str, out: NDArray[Any]) -> NDArray[Any]:
    if style not in STYLES:
        raise ValueError(f"render style {style!r}: allowed are {', '.join(STYLES)}")
    if not abs(ev) <= _FARTHEST:
        raise ValueError(f"render ev={ev}: allowed are -{_FARTHEST:g} to {_FARTHEST:g} stops")
    to_linear = developed.matrix
    gain, ramp, curve = developed.scale * 2.0**ev, None, None
    if style == "acr-like":
        gain = developed.scale
        to_linear = (SRGB_TO_PROPHOTO @ developed.matrix.astype(np.float64)).astype(np.float32)
        ramp = tuple(np.float32(value) for value in exposure_ramp(ev))
        curve = tone_curve(ev)
    to_srgb = PROPHOTO_TO_SRGB.astype(np.float32)
    codes, steps = srgb_steps()
    encode = srgb_curve_16()
    for pixels, flags, part in _blocks(developed, out, 0):
        block = np.empty((3, len(pixels)), np.float32)
        load_block(pixels, np.float32(gain), block)
        raise_clipped(block, flags, np.float32(_CLIPPED * gain / developed.scale))
        matrix_block(block, to_linear)
        if ramp is not None and curve is not None:
            ramp_block(block, *ramp)
            tone_block(block, curve)
            matrix_block(block, to_srgb)
        if part.dtype == np.uint8:
            store_8(block, codes, steps, part)
        elif part.dtype == np.uint16:
            store_16(block, encode, part)
        else:
            store_linear(block, part)
    return out


def _blocks(
    developed: Developed, out: NDArray[Any], top: int
) -> Iterator[tuple[NDArray[Any], NDArray[np.uint8], NDArray[Any]]]:
    """Runs of whole rows from row `top` on, as many as `out` has: (pixels, flags, part of out).

    Each is flat, [n,3] or [n]; of a cropped or turned view only the runs are copied.
    """
    height, width = out.shape[:2]
    none = np.empty(0, np.uint8)
    step = max(1, _BLOCK // width)
    for start in range(0, height, step):
        stop = min(start + step, height)
        run = slice(top + start, top + stop)
        pixels = np.ascontiguousarray(developed.pixels[run]).reshape(-1, 3)
        flags = none if developed.clipped is None else developed.clipped[run].reshape(-1)
        yield pixels, flags, out[start:stop].reshape(-1, 3)
