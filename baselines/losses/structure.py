"""SSIM and multi-scale SSIM as losses: 1 minus the similarity, with a gradient.

Wang, Bovik, Sheikh, Simoncelli, TIP 13(4), 2004, eq. 13, with a Gaussian window of 11x11, sigma 1.5
(section III.B), C1 = 0.01**2, C2 = 0.03**2 for pictures in [0,1]; as a loss: Zhao, Gallo, Frosio,
Kautz, TCI 2017. `evaluation` scores the same definition as variant 'wang'.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from baselines.losses.operands import chosen, pictures

SIDE, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
# Name -> zeros around the picture: the window inside it only (Wang's), or the map as large as the
# picture (pytorch-ssim, which KAIR's loss_ssim.py carries).
EDGES: Mapping[str, int] = {"valid": 0, "zeros": SIDE // 2}
# Wang, Simoncelli, Bovik, Asilomar 2003, section 3.2: from the finest scale to the coarsest.
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Of a mean contrast and structure: below 0 there is no such power, at 0 its gradient is infinite,
# and a factor of 0 would hide the other scales.
LEAST = 1e-4


def ssim(output: Tensor, target: Tensor, *, edges: str = "valid") -> Tensor:
    """1 - SSIM, the mean over places, channels and samples: 0 at equality, at most 2.

    output, target: [B,C,H,W] in [0,1], C channels each by itself, 11x11 or more. edges: key of
    EDGES; 'valid' equals evaluation's ssim(variant='wang', peak=1), 'zeros' is KAIR's. Raises
    ValueError, OptionError.
    """
    border = chosen(EDGES, edges, option="ssim: edges")
    output, target = pictures(output, target, loss="ssim")
    if not border:
        _check_side(output, least=SIDE, loss="ssim")
    luminance, contrast = _maps(output, target, border=border)
    return 1 - (luminance * contrast).mean()


def multi_scale_ssim(output: Tensor, target: Tensor) -> Tensor:
    """1 - MS-SSIM over five scales, the mean over channels and samples: 0 at equality.

    output, target: [B,C,H,W] in [0,1], 176 or more a side: 11 at the fifth scale. Wang, Simoncelli,
    Bovik, Asilomar 2003, eq. 7: each scale's mean of contrast and structure, of SSIM at the
    coarsest, to the power of SCALES, multiplied. Between scales the mean of 2x2, an odd last row or
    column left out. Powers are of LEAST at least. Raises ValueError.
    """
    output, target = pictures(output, target, loss="ms-ssim")
    halvings = len(SCALES) - 1
    _check_side(output, least=SIDE << halvings, loss="ms-ssim")
    product = output.new_ones(output.shape[:2])
    for scale, weight in enumerate(SCALES):
        luminance, contrast = _maps(output, target, border=0)
        if scale == halvings:
            contrast = luminance * contrast
        product = product * contrast.mean((2, 3)).clamp(min=LEAST) ** weight
        if scale < halvings:
            output, target = (functional.avg_pool2d(side, 2) for side in (output, target))
    return 1 - product.mean()


def _check_side(pictures: Tensor, *, least: int, loss: str) -> None:
    height, width = pictures.shape[-2:]
    if min(height, width) < least:
        raise ValueError(
            f"{loss}: pictures of {width}x{height}; it takes {least} or more a side: train on "
            "larger patches"
        )


def _maps(output: Tensor, target: Tensor, *, border: int) -> tuple[Tensor, Tensor]:
    """Wang's luminance (eq. 6) and contrast times structure (eq. 9 and 10 with C3 = C2/2)."""
    # Variances do not depend on levels, their rounding errors do; zeros beyond the edges would.
    levels = [0.0 if border else _level(side) for side in (output, target)]
    x, y = output - levels[0], target - levels[1]
    mean_x, mean_y = _windowed(x, border=border), _windowed(y, border=border)
    # the sum of both variances, and the covariance
    spread = _windowed(x * x + y * y, border=border) - mean_x**2 - mean_y**2
    shared = _windowed(x * y, border=border) - mean_x * mean_y
    mean_x, mean_y = mean_x + levels[0], mean_y + levels[1]
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return luminance, (2 * shared + C2) / (spread + C2)


def _level(pictures: Tensor) -> Tensor:
    return pictures.detach().mean((2, 3), keepdim=True)


def _windowed(pictures: Tensor, *, border: int) -> Tensor:
    """Gaussian means of each channel, by rows and then by columns."""
    places = torch.arange(SIDE, dtype=pictures.dtype, device=pictures.device) - SIDE // 2
    taps = torch.exp(-(places**2) / (2 * SIGMA**2))
    taps = taps / taps.sum()
    planes = pictures.flatten(0, 1)[:, None]
    planes = functional.conv2d(planes, taps.view(1, 1, 1, -1), padding=(0, border))
    planes = functional.conv2d(planes, taps.view(1, 1, -1, 1), padding=(border, 0))
    return planes.view(*pictures.shape[:2], *planes.shape[-2:])
