"""Losses of pixels and of their differences to their neighbours.

Papers and releases agree on what they add up and not on how: a batch's mean, or its samples' sums.
NORMS names the readings. Pictures are [B,C,H,W]; ranges are the caller's, [0,1] where a constant
has a scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from baselines.losses.operands import chosen, paired, pictures, widened

# Name -> how the terms [B,...] become one number.
NORMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda terms: terms.mean(),
    "sum-per-sample": lambda terms: terms.sum() / len(terms),
    "half-sum-per-sample": lambda terms: terms.sum() / (2 * len(terms)),
}
BASICSR_EPSILON = 1e-6  # of basic_loss.py, which writes its square: eps=1e-12
LAPSRN_EPSILON = 1e-3  # section 3.2; the release's layer has its square, 1e-6
PSNR_FLOOR = 1e-8  # NAFNet's losses.py: below the error of 80 dB nothing is gained

# Burt and Adelson's 5 taps with a = 0.4, as MPRNet's losses.py has them.
_BURT = (0.05, 0.25, 0.4, 0.25, 0.05)
_LAPLACIAN = (((0, 1, 0), (1, -4, 1), (0, 1, 0)),)
_SOBEL = (((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), ((-1, -2, -1), (0, 0, 0), (1, 2, 1)))


def l1(output: Tensor, target: Tensor, *, norm: str = "mean") -> Tensor:
    """|output - target|: [B,...] of one shape and any range -> a scalar.

    norm: key of NORMS. 'mean' is EDSR's, ESRGAN's (eq. 3) and BasicSR's L1Loss; 'sum-per-sample'
    is what Exposure_Correction's final_Loss.m computes over its packed levels (MSEC, CVPR 2021).
    Raises ValueError, OptionError.
    """
    output, target = paired(output, target, loss="l1")
    return _norm(norm)((output - target).abs())


def l2(output: Tensor, target: Tensor, *, norm: str = "mean") -> Tensor:
    """(output - target)**2, no root: [B,...] of one shape and any range -> a scalar.

    norm: key of NORMS. 'mean' is BasicSR's MSELoss; 'half-sum-per-sample' is DnCNN's eq. 1 (Zhang
    et al., TIP 2017), sum/(2N) over a batch of N. Raises ValueError, OptionError.
    """
    output, target = paired(output, target, loss="l2")
    return _norm(norm)((output - target) ** 2)


def charbonnier(
    output: Tensor, target: Tensor, *, eps: float = BASICSR_EPSILON, norm: str = "mean"
) -> Tensor:
    """sqrt((output - target)**2 + eps**2): [B,...] of one shape, [0,1] -> a scalar.

    Lai et al. (LapSRN, CVPR 2017, section 3.2) sum it over a sample, their release too: eps
    LAPSRN_EPSILON, norm 'sum-per-sample'. The default is BasicSR's CharbonnierLoss: the mean, eps
    BASICSR_EPSILON. MPRNet: the mean, eps 1e-3. At equality it is eps per term, not 0; eps 0 is L1.
    norm: key of NORMS. Raises ValueError, OptionError.
    """
    output, target = paired(output, target, loss="charbonnier")
    return _norm(norm)(_charbonnier(output - target, eps=eps))


def psnr(output: Tensor, target: Tensor) -> Tensor:
    """Mean over samples of 10/ln 10 * log(MSE + 1e-8): minus the PSNR of [0,1] pictures, in dB.

    [B,...] of one shape -> a scalar, -80 at equality. MSE: the mean of squares of one sample. As
    PSNRLoss of HINet's and NAFNet's releases (Chen et al., CVPRW 2021, ECCV 2022), on RGB. Raises
    ValueError.
    """
    output, target = paired(output, target, loss="psnr")
    errors = ((output - target) ** 2).flatten(1).mean(1)
    return 10 / math.log(10) * torch.log(errors + PSNR_FLOOR).mean()


def total_variation(picture: Tensor, *, kind: str = "anisotropic") -> Tensor:
    """How much a picture [B,C,H,W] of any range differs from itself one pixel on; a scalar.

    kind, key of VARIATIONS. 'anisotropic', the default: mean|dx| + mean|dy|, BasicSR's
    WeightedTVLoss. 'squared': 2 (mean dx**2 + mean dy**2), KAIR's TVLoss. 'isotropic': the mean of
    sqrt(dx**2 + dy**2) where both exist (Rudin, Osher, Fatemi, Physica D 1992, eq. 2.2a).
    Raises ValueError, OptionError.
    """
    variation = chosen(VARIATIONS, kind, option="total_variation: kind")
    if picture.dim() != 4 or min(picture.shape[-2:]) < 2:
        raise ValueError(
            f"total_variation: a shape of {list(picture.shape)}; it takes [B,C,H,W] of 2x2 or more"
        )
    picture = widened(picture)
    down = picture[..., 1:, :] - picture[..., :-1, :]
    right = picture[..., :, 1:] - picture[..., :, :-1]
    return variation(down, right)


def edge(
    output: Tensor, target: Tensor, *, kind: str = "pyramid", eps: float = LAPSRN_EPSILON
) -> Tensor:
    """Mean of sqrt(d**2 + eps**2), d the difference of the edges of two [B,C,H,W] in [0,1].

    kind, key of EDGES. 'pyramid', the default: the picture less its Gaussian pyramid's next level
    enlarged again, MPRNet's EdgeLoss (Zamir et al., CVPR 2021, eq. 4; weight 0.05, eq. 2). The
    paper writes one root over the whole sum of squares, the release, as here, one each pixel.
    'laplacian': 3x3, four neighbours. 'sobel': both gradients, unscaled. Edges of the frame are
    repeated. eps: 0 for L1. Raises ValueError, OptionError.
    """
    filtered = chosen(EDGES, kind, option="edge: kind")
    output, target = pictures(output, target, loss="edge")
    # every kind is linear: the edges of the difference are the difference of the edges
    return _charbonnier(filtered(output - target), eps=eps).mean()


def _norm(name: str) -> Callable[[Tensor], Tensor]:
    return chosen(NORMS, name, option="norm")


def _charbonnier(difference: Tensor, *, eps: float) -> Tensor:
    if eps == 0:  # the root has no gradient at 0
        return difference.abs()
    return torch.sqrt(difference**2 + eps**2)


def _anisotropic(down: Tensor, right: Tensor) -> Tensor:
    return down.abs().mean() + right.abs().mean()


def _squared(down: Tensor, right: Tensor) -> Tensor:
    return 2 * ((down**2).mean() + (right**2).mean())


def _isotropic(down: Tensor, right: Tensor) -> Tensor:
    squares = down[..., :, :-1] ** 2 + right[..., :-1, :] ** 2
    flat = squares == 0  # where the root's gradient is infinite: 0 there
    return torch.where(flat, 0.0, torch.where(flat, 1.0, squares).sqrt()).mean()


# Name -> number of the differences down [B,C,H-1,W] and to the right [B,C,H,W-1].
VARIATIONS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "anisotropic": _anisotropic,
    "squared": _squared,
    "isotropic": _isotropic,
}


def _correlated(pictures: Tensor, kernels: Tensor) -> Tensor:
    """[B,C,H,W], kernels [K,k,k] -> [B*C,K,H,W]; the frame's pixels are repeated outwards."""
    reach = kernels.shape[-1] // 2
    padded = functional.pad(pictures, (reach,) * 4, mode="replicate").flatten(0, 1)
    return functional.conv2d(padded[:, None], kernels[:, None])


def _blurred(pictures: Tensor) -> Tensor:
    taps = pictures.new_tensor(_BURT)
    return _correlated(pictures, (taps[:, None] * taps)[None]).view_as(pictures)


def _pyramid_edges(pictures: Tensor) -> Tensor:
    even = torch.zeros_like(pictures)
    even[..., ::2, ::2] = 4 * _blurred(pictures)[..., ::2, ::2]  # 4: three of four are zeros
    return pictures - _blurred(even)


def _laplacian_edges(pictures: Tensor) -> Tensor:
    return _correlated(pictures, pictures.new_tensor(_LAPLACIAN))


def _sobel_edges(pictures: Tensor) -> Tensor:
    return _correlated(pictures, pictures.new_tensor(_SOBEL))


# Name -> a linear filter of [B,C,H,W].
EDGES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "pyramid": _pyramid_edges,
    "laplacian": _laplacian_edges,
    "sobel": _sobel_edges,
}
