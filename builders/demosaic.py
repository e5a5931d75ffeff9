"""From a mosaic to white-balanced, scene-linear camera RGB, with headroom above white.

Levels and white balance are applied here, in exact arithmetic, before LibRaw sees the data:
LibRaw truncates fractional black levels and has one white level for all channels. What LibRaw
gets is a DNG in memory, already normalised (black 0, white 65535, gains 1, nothing to scale), so
no camera's special treatment can apply a second time, and it only interpolates.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import rawpy
from numpy.typing import NDArray
from rawpy import ColorSpace, DemosaicAlgorithm, HighlightMode

from builders.dng import DngColor, DngShot, cfa_name, write_dng
from builders.drops import Drop
from builders.frame import Crop, RawFrame
from builders.mosaic import WHITE, normalise
from degrade.color import SRGB_TO_XYZ
from degrade.option_error import OptionError
from degrade.reading.orientation import upright

# Bit-equal for any number of OpenMP threads, and a pixel depends on its neighbourhood only. "half"
# takes each 2x2 block as one pixel.
DEMOSAICS: tuple[str, ...] = ("ahd", "linear", "ppg", "vng", "dcb", "half")
_REFUSED = {
    "dht": "LibRaw's DHT differs between runs with more than one thread",
    "aahd": "LibRaw's AAHD cuts what it interpolates at the frame's own least and greatest values",
}
_ALGORITHMS = {
    "ahd": DemosaicAlgorithm.AHD,
    "linear": DemosaicAlgorithm.LINEAR,
    "ppg": DemosaicAlgorithm.PPG,
    "vng": DemosaicAlgorithm.VNG,
    "dcb": DemosaicAlgorithm.DCB,
    "half": None,
}
# Of X-Trans, LibRaw's dcraw_process knows bilinear, VNG and Markesteijn with one or three passes
_XTRANS_RUNS = {"linear": "linear", "vng": "vng", "ppg": "markesteijn-1", "half": "half"}


@dataclass(frozen=True)
class Demosaiced:
    """Camera RGB at every pixel, cropped to DefaultCrop and upright.

    pixels: uint16 [h,w,3], black-subtracted and white-balanced with the greatest gain scaled to
        1 (LibRaw's highlight mode Ignore): nothing that the sensor recorded below a channel's
        white is cut, and each channel is cut at its own white.
    scale: pixels * scale is scene-linear, 1.0 = the level where the channel of the least gain
        saturates; the greatest value is max(gain) / min(gain). It depends on the white balance
        alone, never on the picture's content.
    clipped: uint8 [h,w], RawFrame.clipped cropped and turned alike.
    matrix: float32 [3,3], white-balanced camera RGB -> linear sRGB.
    method: what LibRaw really ran: the method asked for; for X-Trans "linear", "vng",
        "markesteijn-1" or "markesteijn-3"; "none" or "half" for linear frames.
    """

    pixels: NDArray[np.uint16]
    scale: float
    clipped: NDArray[np.uint8]
    matrix: NDArray[np.float32]
    method: str


def demosaic(frame: RawFrame, *, method: str = "ahd") -> Demosaiced:
    """Interpolate a frame to full RGB with one of `DEMOSAICS`.

    "half" gives about half the size in each direction, without interpolation: for previews and
    tests (its pixel grid is shifted by half a raw pixel against the full size). Linear frames
    have nothing to interpolate, whatever the method. Of 24 megapixels, memory peaks at 0.65 GB
    ("dcb" 1.1).
    Raises ValueError for an unknown method, Drop("unreadable") when LibRaw fails.
    """
    check_method(method)
    half = method == "half"
    gains = frame.white_balance.astype(np.float64)
    weights = (gains / gains.max())[_channels(frame)]
    span = frame.white.astype(np.float64) - frame.black
    gain = (WHITE * weights / span).astype(np.float32)
    if frame.pattern is None:
        flat = normalise(frame.mosaic, black=frame.black, white=frame.white, gain=gain)
        pixels, ran = (_half_mean(flat), "half") if half else (flat, "none")
    else:
        pixels = _interpolate(frame, gain=gain, method=method)
        ran = _XTRANS_RUNS.get(method, "markesteijn-3") if frame.kind == "xtrans" else method
    mask = frame.clipped()
    crop = frame.crop
    if half:
        mask = _half_or(mask)
        crop = Crop(crop.top // 2, crop.left // 2, -(-crop.height // 2), -(-crop.width // 2))
    return Demosaiced(
        pixels=_cut(pixels, crop=crop, orientation=frame.orientation),
        scale=float(gains.max() / gains.min()) / WHITE,
        clipped=_cut(mask, crop=crop, orientation=frame.orientation),
        matrix=frame.matrix,
        method=ran,
    )


def check_method(method: str) -> None:
    """Raise ValueError, with the reason, unless `method` is one of `DEMOSAICS`."""
    if method in _REFUSED:
        raise OptionError(
            f"--demosaic {method}: refused: {_REFUSED[method]}; one of {', '.join(DEMOSAICS)}"
        )
    if method not in DEMOSAICS:
        raise OptionError(f"--demosaic {method}: one of {', '.join(DEMOSAICS)}")


def _channels(frame: RawFrame) -> NDArray[np.intp]:
    return np.arange(3) if frame.pattern is None else frame.pattern.astype(np.intp)


def _interpolate(frame: RawFrame, *, gain: NDArray[np.float32], method: str) -> NDArray[np.uint16]:
    """LibRaw's demosaic of the normalised mosaic, [h,w,3] uint16, neither cropped nor turned."""
    assert frame.pattern is not None
    smallest = min(frame.mosaic.shape)
    if frame.kind == "xtrans" and method not in ("linear", "vng", "half") and smallest < 512:
        raise Drop(
            "unsupported",
            f"{frame.name}: LibRaw's X-Trans demosaic needs 512 samples a side, it has {smallest}",
        )
    # AHD compares directions in CIELab, so LibRaw must know the colour matrix:
    # it computes matrix = inverse(XYZ->camera @ sRGB->XYZ, rows normalised)
    to_camera = np.linalg.inv(frame.matrix.astype(np.float64)) @ np.linalg.inv(SRGB_TO_XYZ)
    color = DngColor(
        pattern=cfa_name(frame.pattern),
        white=WHITE,
        matrix=tuple((float(a), float(b), float(c)) for a, b, c in to_camera),
    )
    buffer = io.BytesIO()
    flat = normalise(frame.mosaic, black=frame.black, white=frame.white, gain=gain)
    write_dng(buffer, flat, color=color, shot=DngShot(camera="pairsmith mosaic"))
    del flat
    buffer = io.BytesIO(buffer.getvalue())  # trimmed, so that reading it all copies nothing
    try:
        with rawpy.RawPy() as raw:
            raw.open_buffer(buffer)
            del buffer  # LibRaw has its own reference until it has unpacked
            raw.unpack()
            rgb = raw.postprocess(
                demosaic_algorithm=_ALGORITHMS[method],
                half_size=method == "half",
                no_auto_scale=True,  # levels and gains are applied already
                user_wb=[1.0, 1.0, 1.0, 1.0],
                user_black=0,
                user_sat=WHITE,
                no_auto_bright=True,
                adjust_maximum_thr=0.0,  # the default makes the white depend on the content
                highlight_mode=HighlightMode.Ignore,
                output_color=ColorSpace.raw,
                output_bps=16,
                gamma=(1, 1),
                user_flip=0,
            )
    except rawpy.LibRawError as error:
        raise Drop("unreadable", f"{frame.name}: LibRaw's demosaic failed: {error}") from error
    return np.asarray(rgb, np.uint16)


def _half_mean(flat: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Means of 2x2 blocks of [H,W,3], rounded; an odd last row or column is its own pair."""
    padded = np.pad(flat, [(0, flat.shape[0] % 2), (0, flat.shape[1] % 2), (0, 0)], mode="edge")
    height, width = padded.shape[0] // 2, padded.shape[1] // 2
    total = padded.reshape(height, 2, width, 2, 3).sum(axis=(1, 3), dtype=np.uint32)
    return ((total + 2) // 4).astype(np.uint16)


def _half_or(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    padded = np.pad(mask, [(0, mask.shape[0] % 2), (0, mask.shape[1] % 2)], mode="edge")
    pairs = padded[::2] | padded[1::2]
    return pairs[:, ::2] | pairs[:, 1::2]


def _cut(picture: NDArray, *, crop: Crop, orientation: int) -> NDArray:
    rows = slice(crop.top, crop.top + crop.height)
    columns = slice(crop.left, crop.left + crop.width)
    # contiguous, so that a cropped picture does not keep the whole one in memory
    return np.ascontiguousarray(upright(picture[rows, columns], orientation=orientation))
