"""Losses of training without pairs: the way back, what should stay, and what words ask for."""

from __future__ import annotations

from torch import Tensor

from baselines.losses.pixel import l1
from baselines.networks.nerco.clip_judge import ClipJudge


def cycle(reconstructed: Tensor, original: Tensor) -> Tensor:
    """Mean of |F(G(x)) - x| of one direction: [B,C,H,W] of any range -> a scalar.

    CycleGAN (Zhu et al., ICCV 2017, eq. 2, which is the sum of both directions and of norms; its
    release takes means, weight 10). Raises ValueError.
    """
    return l1(reconstructed, original)


def identity(mapped: Tensor, original: Tensor) -> Tensor:
    """Mean of |G(y) - y|, y of the domain that G maps to: [B,C,H,W] of any range -> a scalar.

    CycleGAN (Zhu et al., ICCV 2017, section 5.2; weight half of the cycle's). Raises ValueError.
    """
    return l1(mapped, original)


def prompt(judge: ClipJudge, picture: Tensor, *, wanted: str) -> Tensor:
    """1 minus the probability that the judge gives the wanted prompt, the batch's mean.

    NeRCo (Yang et al., ICCV 2023; weight 0.5 in its release). picture: RGB [B,3,H,W] in [0,1].
    wanted: 'low' or 'high'. Raises OptionError.
    """
    return judge.loss(picture, wanted=wanted)
