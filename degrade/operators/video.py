"""Video codecs on one picture, as a short still clip, through PyAV (extra `video`).

Importing this file does not need PyAV; running the operator does.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from degrade.laws import Choice, Integer
from degrade.operator import Name, Whole, operator
from degrade.operators.chroma import BLUE, CB_SPAN, CR_SPAN, GREEN, RED

_RATE = 1  # pictures a second: as MMEditing's RandomVideoCompression, which RealBasicVSR uses
_LEAST, _LARGEST = 64, 4080  # px a side: x265 refuses one below a block of 64, MPEG-2 from 4096 on
_SLOWEST = 1000  # bit/s: x264 counts in thousands
# ITU-R BT.601-7, 2.5.3: codes of 8 bits, luma 16 + 219 Y, chroma 128 + 224 C.
_BLACK, _LUMA_SPAN, _GREY, _CHROMA_SPAN = 16.0, 219.0, 128.0, 224.0
_LAMBDA = 118  # FFmpeg's FF_QP2LAMBDA: a fixed quantiser of MPEG-1, 2 and 4 is given in these units
_BITEXACT = 1 << 23  # FFmpeg's AV_CODEC_FLAG_BITEXACT: no version string in the stream


@dataclass(frozen=True)
class _Codec:
    """How FFmpeg calls a codec. `constant`: option of constant quality, or '' for a quantiser."""

    encoder: str
    decoder: str
    worst: int
    constant: str
    options: Mapping[str, str]


CODECS: dict[str, _Codec] = {
    "h264": _Codec("libx264", "h264", 51, "crf", {"preset": "medium"}),
    "hevc": _Codec(
        "libx265",
        "hevc",
        51,
        "crf",
        {"preset": "medium", "x265-params": "pools=none:frame-threads=1:log-level=none:info=0"},
    ),
    "mpeg2": _Codec("mpeg2video", "mpeg2video", 31, "", {}),
    "vp9": _Codec("libvpx-vp9", "vp9", 63, "crf", {"deadline": "good", "cpu-used": "4"}),
    "mpeg4": _Codec("mpeg4", "mpeg4", 31, "", {}),
}


@operator(
    kind="host",
    source="H.264, H.265, MPEG-2, VP9 and MPEG-4 part 2 by FFmpeg; video compression as a "
    "degradation: RealBasicVSR (Chan et al. 2022)",
    differentiable=False,
    parameters={
        "codec": Name(
            Choice(("h264", "hevc")),
            allowed=tuple(CODECS),
            unit="codec",
            source="chosen: the two commonest",
        ),
        "quality": Whole(
            Integer(20, 35),
            low=1,
            high=63,
            unit="crf or quantiser, larger is worse",
            source="chosen: from hardly seen (below x264's own 23) to plainly seen",
        ),
        "bitrate": Whole(
            0,
            low=0,
            high=100_000_000,
            unit="bit/s at 1 picture/s; 0: constant quality",
            source="chosen: constant quality; RealBasicVSR draws 10,000 to 100,000 instead",
        ),
        "frames": Whole(
            3,
            low=1,
            high=50,
            unit="pictures",
            source="chosen: one coded alone, then two predicted from it",
        ),
    },
)
def video_codec(
    picture: NDArray[np.float32], *, codec: str, quality: int, bitrate: int, frames: int
) -> NDArray[np.float32]:
    """Codes the picture as a clip that stands still, decodes it, and keeps the last picture.

    picture float32 [C,H,W] encoded, C = 1 or 3 (RGB); clipped to [0,1]. Samples become Y'CbCr of
    BT.601 at video range, 8 bits, 4:2:0: chroma is averaged over 2 x 2 px and interpolated
    linearly on return. The picture is enlarged by replicating its edge to even sides of at least
    64 px, and cut again. frames 1 is a key frame alone.

    quality is the codec's own number: crf of h264 and hevc (to 51) and vp9 (to 63), the fixed
    quantiser of mpeg2 and mpeg4 (to 31). It has no effect where bitrate is above 0: the bits of a
    picture, which each encoder's own one-pass rate control meets only roughly in so short a clip.
    One thread and bit-exact flags: the same bytes for the same build of FFmpeg.

    Raises ValueError for a quality that the codec has not, a bitrate of 1 to 999, other channels
    and sides above 4080 px; ImportError where PyAV or the encoder is missing.
    """
    kind = CODECS[codec]
    channels, height, width = picture.shape
    if channels not in (1, 3):
        raise ValueError(f"video_codec takes pictures of 1 or 3 channels, got {channels}")
    if max(height, width) > _LARGEST:
        raise ValueError(
            f"video_codec takes sides up to {_LARGEST} px, got {width}x{height}; cut the picture"
        )
    if not bitrate and quality > kind.worst:
        raise ValueError(
            f"video_codec: quality is {quality}; {codec} takes 1 to {kind.worst}, larger is worse"
        )
    if 0 < bitrate < _SLOWEST:
        raise ValueError(
            f"video_codec: bitrate is {bitrate} bit/s; allowed are {_SLOWEST} and more, or 0 for "
            "constant quality"
        )
    colour = np.broadcast_to(picture, (3, height, width))
    rows = np.minimum(np.arange(_room(height)), height - 1)
    columns = np.minimum(np.arange(_room(width)), width - 1)
    codes = picture_to_i420(np.clip(colour[:, rows[:, None], columns], 0.0, 1.0))
    decoded = _through(codes, kind=kind, name=codec, quality=quality, rate=bitrate, frames=frames)
    made = picture_from_i420(decoded)[:, :height, :width]
    if channels == 1:
        made = RED * made[:1] + GREEN * made[1:2] + BLUE * made[2:]
    return np.ascontiguousarray(made, np.float32)


def _through(
    codes: NDArray[np.uint8], *, kind: _Codec, name: str, quality: int, rate: int, frames: int
) -> NDArray[np.uint8]:
    """I420 codes [3h/2,w] through encoder and decoder; the last picture decoded."""
    av = _pyav()
    if kind.encoder not in av.codecs_available:
        raise ImportError(
            f"video_codec {name} needs FFmpeg's encoder {kind.encoder}, which this PyAV lacks; "
            "its wheels have it: pip install 'pairsmith[video]'"
        )
    encoder = av.CodecContext.create(kind.encoder, "w")
    encoder.width, encoder.height = codes.shape[1], codes.shape[0] * 2 // 3
    encoder.pix_fmt = "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, _RATE), Fraction(_RATE)
    encoder.gop_size, encoder.thread_count = frames, 1
    encoder.flags |= _BITEXACT
    encoder.options = _options(encoder, kind=kind, quality=quality, rate=rate, frames=frames)
    decoder = av.CodecContext.create(kind.decoder, "r")
    decoder.thread_count = 1
    packets = []
    for time in range(frames):
        frame = av.VideoFrame.from_ndarray(codes, format="yuv420p")
        frame.pts, frame.time_base = time, Fraction(1, _RATE)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    pictures = [made for packet in packets for made in decoder.decode(packet)]
    pictures += decoder.decode(None)
    if not pictures:
        raise ValueError(f"video_codec {name}: nothing could be decoded of {codes.shape[1]} px")
    return pictures[-1].to_ndarray()


def _pyav() -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise ImportError("video_codec needs PyAV: pip install 'pairsmith[video]'") from error


def _options(encoder: Any, *, kind: _Codec, quality: int, rate: int, frames: int) -> dict[str, str]:
    """What this clip asks of the encoder, by FFmpeg's names."""
    options = dict(kind.options)
    if rate:
        encoder.bit_rate = rate
        if not kind.constant:  # the old rate control looks ahead by seconds, a clip lasts less
            share = str(math.ceil(rate * frames / _RATE))
            options.update(maxrate=str(rate), bufsize=share)
    elif kind.constant:
        encoder.bit_rate = 0  # with VP9, crf is constant quality only at a bit rate of 0
        options[kind.constant] = str(quality)
    else:
        lagrange = str(quality * _LAMBDA)
        options.update(qmin=str(quality), qmax=str(quality), lmin=lagrange, lmax=lagrange)
    return options


def _room(side: int) -> int:
    return max(side + side % 2, _LEAST)


def picture_to_i420(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """RGB [3,h,w] of even sides to 8-bit codes [3h/2,w]: Y, then Cb and Cr at a quarter."""
    red, green, blue = picture.astype(np.float64)
    luma = RED * red + GREEN * green + BLUE * blue
    parts = [(_BLACK + _LUMA_SPAN * luma).ravel()]
    for plane in ((blue - luma) / CB_SPAN, (red - luma) / CR_SPAN):
        boxes = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
        parts.append((_GREY + _CHROMA_SPAN * boxes / 4.0).ravel())
    codes = np.floor(np.concatenate(parts) + 0.5).astype(np.uint8)
    return codes.reshape(-1, luma.shape[1])


def picture_from_i420(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The inverse, clipped to [0,1]."""
    height, width = codes.shape[0] * 2 // 3, codes.shape[1]
    values = codes.astype(np.float64)
    luma = (values[:height] - _BLACK) / _LUMA_SPAN
    small = (values[height:].reshape(2, height // 2, width // 2) - _GREY) / _CHROMA_SPAN
    cb, cr = _doubled(_doubled(small).transpose(0, 2, 1)).transpose(0, 2, 1)
    red, blue = luma + CR_SPAN * cr, luma + CB_SPAN * cb
    green = (luma - RED * red - BLUE * blue) / GREEN
    return np.clip(np.stack([red, green, blue]), 0.0, 1.0)


def _doubled(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice as wide by linear interpolation between centres: weights 3/4 and 1/4."""
    before = np.concatenate([planes[..., :1], planes[..., :-1]], -1)
    after = np.concatenate([planes[..., 1:], planes[..., -1:]], -1)
    made = np.stack([0.75 * planes + 0.25 * before, 0.75 * planes + 0.25 * after], -1)
    return made.reshape(*planes.shape[:-1], -1)
