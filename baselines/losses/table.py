"""LOSSES: what a configuration may choose to compare an output with its target, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor

from baselines.losses.pixel import LAPSRN_EPSILON, charbonnier, edge, l1, l2, psnr
from baselines.losses.structure import multi_scale_ssim, ssim

Loss = Callable[[Tensor, Tensor], Tensor]

# Name -> function of output and target [B,C,H,W] in [0,1], a scalar, least where they are equal.
LOSSES: Mapping[str, Loss] = {
    "l1": l1,  # mean of |difference|: EDSR, RCAN, Restormer, ESRGAN
    "sum-l1": partial(l1, norm="sum-per-sample"),  # of |difference| over a sample: MSEC
    "l2": l2,  # mean of the squared difference: SRCNN, FSRCNN
    # half the sum of squares over a sample: DnCNN, VDSR
    "half-l2": partial(l2, norm="half-sum-per-sample"),
    "charbonnier": charbonnier,  # mean of sqrt(difference**2 + 1e-12): BasicSR
    # sum of sqrt(difference**2 + 1e-6) over a sample: LapSRN
    "charbonnier-lapsrn": partial(charbonnier, eps=LAPSRN_EPSILON, norm="sum-per-sample"),
    "psnr": psnr,  # minus the PSNR in dB: HINet, NAFNet
    "ssim": ssim,  # 1 - SSIM, Gaussian window of 11x11
    "ms-ssim": multi_scale_ssim,  # 1 - SSIM over five scales; patches of 176 or more
    "edge": edge,  # Charbonnier of the Laplacian pyramid's finest level: MPRNet's second term
}
