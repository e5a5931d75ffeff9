"""A video's frames as RGB pictures, and back in the source's colour matrix, range and depth."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluation.pictures import Samples

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# ITU-T H.273: matrix coefficients -> swscale's number of them. 2 is unspecified, 0 is RGB.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
_HD = 720  # lines; from here on players take an unspecified matrix for BT.709, below for BT.601
_LIMITED, _FULL = 1, 2
# libswscale/swscale.h: SWS_BICUBIC, and what keeps it from cutting off where it should round, which
# makes pictures a level darker: SWS_ACCURATE_RND, SWS_FULL_CHR_H_INT, SWS_FULL_CHR_H_INP
_EXACT = 0x4 | 0x40000 | 0x2000 | 0x4000


@dataclass(frozen=True)
class Encoding:
    """What of a source's video its restoration keeps.

    time_base: seconds of one unit of time. rate: frames a second, on the average. matrix: swscale's
    number. tags: H.273's numbers for matrix, primaries, transfer and range. bits: 8 or 10.
    aspect: of one pixel. turns: quarters counterclockwise that bring a frame upright.
    """

    time_base: Fraction
    rate: Fraction
    matrix: int
    tags: tuple[int, int, int, int]
    bits: int
    aspect: Fraction
    turns: int


def encoding_of(frame: VideoFrame, *, stream: VideoStream) -> Encoding:
    """Read from the first frame and its stream."""
    matrix = _MATRICES.get(frame.colorspace, 1 if frame.height >= _HD else 5)
    full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
    deep = max(part.bits for part in frame.format.components) > 8
    aspect = stream.sample_aspect_ratio or Fraction(1)
    turns = frame.rotation // 90 % 4
    return Encoding(
        time_base=stream.time_base or Fraction(1, 1000),
        rate=stream.average_rate or stream.guessed_rate or Fraction(25),
        matrix=matrix,
        tags=(
            frame.colorspace,
            frame.color_primaries,
            frame.color_trc,
            _FULL if full else _LIMITED,
        ),
        bits=10 if deep else 8,
        aspect=1 / aspect if turns % 2 else aspect,
        turns=turns,
    )


def picture_of(frame: VideoFrame, *, encoding: Encoding) -> NDArray[np.float32]:
    """RGB float32 [H,W,3] in 0..1, upright."""
    layout, white = ("rgb48le", 65535.0) if encoding.bits > 8 else ("rgb24", 255.0)
    rgb = frame.reformat(
        format=layout,
        src_colorspace=encoding.matrix,
        src_color_range=encoding.tags[3],
        dst_color_range=_FULL,
        interpolation=_EXACT,
    ).to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, encoding.turns)).astype(np.float32) / np.float32(
        white
    )


def frame_of(picture: Samples, *, encoding: Encoding) -> VideoFrame:
    """A frame ready to encode, from RGB float [H,W,3], clipped to 0..1 and rounded.

    Chroma is halved (4:2:0) where both sides are even, which every player takes; else 4:4:4.
    """
    from av.video.frame import VideoFrame

    white, kind, layout = (
        (65535, np.uint16, "rgb48le") if encoding.bits > 8 else (255, np.uint8, "rgb24")
    )
    samples: Any = np.rint(np.clip(picture, 0.0, 1.0) * white).astype(kind)
    rgb = VideoFrame.from_ndarray(np.ascontiguousarray(samples), format=layout)
    return rgb.reformat(
        format=pixel_format(picture.shape[0], picture.shape[1], bits=encoding.bits),
        dst_colorspace=encoding.matrix,
        src_color_range=_FULL,
        dst_color_range=encoding.tags[3],
        interpolation=_EXACT,
    )


def pixel_format(height: int, width: int, *, bits: int) -> str:
    """FFmpeg's name of it."""
    chroma = "yuv444p" if height % 2 or width % 2 else "yuv420p"
    return chroma if bits == 8 else f"{chroma}10le"


def tag(context: Any, *, encoding: Encoding) -> None:
    """Writes matrix, primaries, transfer and range into a codec context."""
    context.colorspace, context.color_primaries, context.color_trc, context.color_range = (
        encoding.tags
    )
