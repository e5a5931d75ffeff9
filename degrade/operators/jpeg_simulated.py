"""Simulated JPEG: transform, quantisation by a real-valued quality, and back; no entropy coding.

What the published super-resolution pipelines call DiffJPEG. The real codec, with its integer tables
and 8-bit samples, is `jpeg` in degrade/operators/compression.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from degrade.canvas import Size, inside
from degrade.laws import Uniform
from degrade.operator import Name, Number, operator
from degrade.operators.chroma import rgb_to_ycbcr, ycbcr_to_rgb
from degrade.operators.jpeg_blocks import simulate_picture

MCU = 16  # px: with chroma halved both ways, 16 x 16 px hold whole blocks of 8 x 8

# ITU-T T.81, tables K.1 and K.2: the luma and chroma tables that libjpeg scales.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA_CORNER = ((17, 18, 24, 47), (18, 21, 26, 66), (24, 26, 56, 99), (47, 66, 99, 99))
_CHROMA_REST = 99


def _dct_matrix() -> NDArray[np.float64]:
    """The orthonormal DCT-II of 8 samples, [frequency, position] (T.81, A.3.3, by axis)."""
    frequency, position = np.arange(8)[:, None], np.arange(8)[None]
    matrix = 0.5 * np.cos((2 * position + 1) * frequency * math.pi / 16)
    matrix[0] *= math.sqrt(0.5)
    return matrix


def _tables() -> NDArray[np.float64]:
    """(luma, chroma) [2,8,8], vertical frequency first; the luma table is turned, see below."""
    chroma = np.full((8, 8), _CHROMA_REST, np.float64)
    chroma[:4, :4] = _CHROMA_CORNER
    return np.stack([np.array(_LUMA, np.float64).T, chroma])


_DCT = _dct_matrix()
_TABLES = _tables()


@operator(
    kind="statistic",
    source="Real-ESRGAN's DiffJPEG (Wang et al. 2021; BasicSR, utils/diffjpeg.py); cubic rounding: "
    "Shin and Song 2017",
    differentiable=True,
    parameters={
        "quality": Number(
            Uniform(30.0, 95.0),
            low=1.0,
            high=99.0,
            unit="libjpeg quality, may be fractional",
            source="Real-ESRGAN, jpeg_range; at 100 the scaled tables would be 0",
        ),
        "rounding": Name(
            "hard",
            allowed=("hard", "cubic"),
            unit="of coefficients",
            source="hard as Real-ESRGAN runs it; cubic: Shin and Song 2017",
        ),
    },
)
def jpeg_simulated(
    images: Tensor, *, sizes: Sequence[Size], quality: Tensor, rounding: Sequence[str]
) -> Tensor:
    """JPEG at 4:2:0 without integer samples or tables: any real quality, optionally smooth.

    images [B,C,H,W] encoded, C = 1 (luma only) or 3 (RGB). Clipped to [0,1] on entry and at the
    end. Each picture is filled with zeros (black) to a multiple of 16 px; YCbCr of JFIF on the
    scale of 255; chroma averaged 2 x 2 and repeated on return; blocks of 8 x 8 by an orthonormal
    DCT of v - 128; coefficients c become table * round(c / table), with table = libjpeg's table
    times 5000/quality (below 50) or 200 - 2*quality, over 100, neither rounded nor bounded.

    Two readings: the published code multiplies vertical frequencies with the columns of the luma
    table (it is transposed against T.81, table K.1); so does this. rounding: 'hard' is to the
    nearest integer, half to even, and its gradient is 0 through every coefficient; 'cubic' is
    round(c) + (c - round(c))^3, whose gradient is 3 (c - round(c))^2.

    Raises ValueError for another number of channels.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(
            f"jpeg_simulated takes pictures of 1 or 3 channels, got {images.shape[1]}; "
            "code each plane apart"
        )
    scale = torch.where(quality < 50.0, 50.0 / quality, 2.0 - quality / 50.0)
    if images.device.type == "cpu" and not images.requires_grad and images.dtype == torch.float32:
        return _by_picture(images, sizes=sizes, scale=scale, rounding=rounding)
    return _by_blocks(images, sizes=sizes, scale=scale, rounding=rounding)


def _by_picture(
    images: Tensor, *, sizes: Sequence[Size], scale: Tensor, rounding: Sequence[str]
) -> Tensor:
    """Compiled, one picture after the other."""
    out = torch.zeros_like(images, memory_format=torch.contiguous_format)
    for b, (height, width) in enumerate(sizes):
        simulate_picture(
            images[b, :, :height, :width].contiguous().numpy(),
            out[b].numpy(),
            dct=_DCT.astype(np.float32),
            tables=(_TABLES * float(scale[b])).astype(np.float32),
            cubic=rounding[b] == "cubic",
        )
    return out


def _by_blocks(
    images: Tensor, *, sizes: Sequence[Size], scale: Tensor, rounding: Sequence[str]
) -> Tensor:
    """On tensors of any device and dtype, with gradients."""
    height, width = images.shape[2:]
    black = images.new_zeros(())
    pictures = torch.where(inside(images, sizes=sizes), images.clamp(0.0, 1.0), black)
    pictures = pad(pictures, (0, -width % MCU, 0, -height % MCU)) * 255.0
    tables = torch.from_numpy(_TABLES).to(images) * scale.to(images)[:, None, None, None]
    smooth = torch.tensor([name == "cubic" for name in rounding], device=images.device)
    if images.shape[1] == 1:
        made = _code(pictures, shift=128.0, table=tables[:, :1], smooth=smooth)
    else:
        planes = rgb_to_ycbcr(pictures)
        luma = _code(planes[:, :1], shift=128.0, table=tables[:, :1], smooth=smooth)
        small = avg_pool2d(planes[:, 1:], 2)
        small = _code(small, shift=0.0, table=tables[:, 1:].expand(-1, 2, -1, -1), smooth=smooth)
        chroma = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
        made = ycbcr_to_rgb(torch.cat([luma, chroma], 1))
    return (made[:, :, :height, :width] / 255.0).clamp(0.0, 1.0)


def _code(planes: Tensor, *, shift: float, table: Tensor, smooth: Tensor) -> Tensor:
    """Planes [B,P,H,W] through quantised 8 x 8 blocks; table [B,P,8,8], smooth [B] bool."""
    batch, count, height, width = planes.shape
    dct = torch.from_numpy(_DCT).to(planes)
    blocks = planes.reshape(batch, count, height // 8, 8, width // 8, 8).transpose(3, 4) - shift
    table = table[:, :, None, None]
    wanted = (dct @ blocks @ dct.T) / table
    whole = wanted.round()
    near = torch.where(smooth[:, None, None, None, None, None], (wanted - whole) ** 3, 0.0)
    made = dct.T @ ((whole + near) * table) @ dct + shift
    return made.transpose(3, 4).reshape(batch, count, height, width)
