"""Luma and chroma of BT.601 at full range, and faults of the chroma planes: shift and subsampling.

Y = 0.299 R + 0.587 G + 0.114 B, Cb = (B - Y) / 1.772, Cr = (R - Y) / 1.402: ITU-R BT.601-7,
section 2.5, without head- or footroom, as JFIF (ITU-T T.871, section 7) has it. Here Y is in [0,1]
and Cb, Cr in [-1/2, 1/2], centred at 0, where JFIF adds 1/2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from degrade.canvas import Size, gather
from degrade.color import BT601
from degrade.filtering import correlate_separable
from degrade.laws import Choice, Uniform
from degrade.operator import Name, Number, operator, padding

RED, GREEN, BLUE = BT601
CB_SPAN, CR_SPAN = 2.0 - 2.0 * BLUE, 2.0 - 2.0 * RED  # 1.772 and 1.402: to reach +-1/2

# J:a:b of the usual names -> luma samples per chroma sample, (down, across).
SUBSAMPLINGS: dict[str, tuple[int, int]] = {
    "444": (1, 1),
    "440": (2, 1),
    "422": (1, 2),
    "420": (2, 2),
    "411": (1, 4),
    "410": (4, 4),
}


def rgb_to_ycbcr(images: Tensor) -> Tensor:
    """RGB [B,3,H,W] to Y, Cb, Cr [B,3,H,W], BT.601 at full range, chroma centred at 0.

    Nothing is clipped. Raises ValueError for another number of channels.
    """
    if images.shape[1] != 3:
        raise ValueError(f"luma and chroma take pictures of 3 channels, got {images.shape[1]}")
    red, green, blue = images.unbind(1)
    luma = RED * red + GREEN * green + BLUE * blue
    return torch.stack([luma, (blue - luma) / CB_SPAN, (red - luma) / CR_SPAN], 1)


def ycbcr_to_rgb(planes: Tensor) -> Tensor:
    """The inverse of `rgb_to_ycbcr`; nothing is clipped."""
    luma, cb, cr = planes.unbind(1)
    green = luma - (BLUE * CB_SPAN / GREEN) * cb - (RED * CR_SPAN / GREEN) * cr
    return torch.stack([luma + CR_SPAN * cr, green, luma + CB_SPAN * cb], 1)


def _shift_reach(values: Mapping[str, Any]) -> int:
    return math.ceil(max(abs(values[name]) for name in ("cb_x", "cb_y", "cr_x", "cr_y")))


_OFFSET = Number(
    Uniform(-2.0, 2.0),
    low=-64.0,
    high=64.0,
    neutral=0.0,
    unit="px",
    source="chosen: the misregistration of analogue tape and of bad 4:2:0 siting, up to 2 px",
    host=True,
)


@operator(
    kind="neighbourhood",
    source="chroma misregistration; planes of ITU-R BT.601-7 at full range",
    differentiable=True,
    parameters={
        "cb_x": _OFFSET,
        "cb_y": _OFFSET,
        "cr_x": _OFFSET,
        "cr_y": _OFFSET,
        "padding": padding("replicate"),
    },
    radius=_shift_reach,
)
def chroma_shift(
    images: Tensor,
    *,
    cb_x: Sequence[float],
    cb_y: Sequence[float],
    cr_x: Sequence[float],
    cr_y: Sequence[float],
) -> Tensor:
    """Moves the Cb and Cr planes against luma by fractions of a pixel.

    images [B,3,H+2r,W+2r] encoded RGB, r = ceil(largest offset of the batch) -> [B,3,H,W]. Offsets
    in px, positive to the right and down: Cb'(y, x) = Cb(y - cb_y, x - cb_x), read between samples
    by linear interpolation, which blurs a plane at half a pixel the most. Luma stays where it is.
    Not clipped: moved chroma may leave the RGB cube. Raises ValueError unless C is 3.
    """
    offsets = [*cb_x, *cb_y, *cr_x, *cr_y]
    radius = math.ceil(max(abs(offset) for offset in offsets))
    planes = rgb_to_ycbcr(images)
    if radius == 0:
        return ycbcr_to_rgb(planes)
    batch, _, height, width = images.shape
    across = [x for pair in zip(cb_x, cr_x, strict=True) for x in pair]
    down = [y for pair in zip(cb_y, cr_y, strict=True) for y in pair]
    moved = correlate_separable(
        planes[:, 1:].reshape(2 * batch, 1, height, width).contiguous(),
        rows=_shift_taps(across, radius=radius).to(images),
        columns=_shift_taps(down, radius=radius).to(images),
    ).reshape(batch, 2, height - 2 * radius, width - 2 * radius)
    luma = planes[:, :1, radius : height - radius, radius : width - radius]
    return ycbcr_to_rgb(torch.cat([luma, moved], 1))


@operator(
    kind="statistic",
    source="chroma subsampling as in ITU-T T.871 (JFIF), section 6.1: averaged boxes",
    differentiable=True,
    parameters={
        "subsampling": Name(
            Choice(("420", "422")),
            allowed=tuple(SUBSAMPLINGS),
            neutral="444",
            unit="J:a:b",
            source="chosen: the two common ones of cameras and video",
        ),
        "enlarging": Name(
            "linear",
            allowed=("nearest", "linear"),
            unit="how chroma comes back to full size",
            source="libjpeg's fancy upsampling is linear, its plain one nearest",
        ),
    },
)
def chroma_subsample(
    images: Tensor, *, sizes: Sequence[Size], subsampling: Sequence[str], enlarging: Sequence[str]
) -> Tensor:
    """Halves or quarters the resolution of Cb and Cr and brings them back to full size.

    images [B,3,H,W] encoded RGB. Chroma samples are means over boxes of (rows, columns) 1x1 (444),
    2x1 (440), 1x2 (422), 2x2 (420), 1x4 (411) or 4x4 (410), centred in their box; a box that the
    edge cuts is filled by replicating the edge. 'nearest' repeats a sample, 'linear' interpolates
    between the centres of boxes. Not clipped. Raises ValueError unless C is 3.
    """
    out = torch.zeros_like(images)
    for b, (height, width) in enumerate(sizes):
        down, across = SUBSAMPLINGS[subsampling[b]]
        planes = rgb_to_ycbcr(images[b : b + 1, :, :height, :width])
        boxes = gather(
            planes[:, 1:],
            rows=np.minimum(np.arange(-(-height // down) * down), height - 1)[None],
            columns=np.minimum(np.arange(-(-width // across) * across), width - 1)[None],
        )
        small = avg_pool2d(boxes, (down, across))
        full = (small.shape[2] * down, small.shape[3] * across)
        if enlarging[b] == "linear":
            chroma = interpolate(small, size=full, mode="bilinear", align_corners=False)
        else:
            chroma = interpolate(small, size=full, mode="nearest")
        planes = torch.cat([planes[:, :1], chroma[:, :, :height, :width]], 1)
        out[b, :, :height, :width] = ycbcr_to_rgb(planes)[0]
    return out


def _shift_taps(offsets: Sequence[float], *, radius: int) -> Tensor:
    """[N, 2*radius + 1] float64 taps that read a row `offset` px to the left: two weights each."""
    taps = np.zeros((len(offsets), 2 * radius + 1))
    for row, offset in zip(taps, offsets, strict=True):
        whole = math.floor(offset)
        row[radius - whole] = 1.0 - (offset - whole)
        if offset > whole:
            row[radius - whole - 1] = offset - whole
    return torch.from_numpy(taps)
