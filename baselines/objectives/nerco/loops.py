"""NeRCo's two closed loops: dark, bright, dark again; and bright, dark, bright again.

Pictures of a batch are in [0,1] and become [-1,1] here, once, as all of NeRCo's parts take them.
Names of networks are the release's: A is dark, B is bright, G_A brightens, G_B darkens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.networks.nerco.generators import MULTIPLE
from baselines.networks.nerco.network import NeRCo
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.turn import RESTORER, Batch, Nets

DARKENER = "G_B"
LEAST = 24  # pixels of a side that the patch judges take, of three layers of stride 2


@dataclass(frozen=True, kw_only=True)
class Loops:
    """Pictures [B,3,H,W] in [-1,1], but for `normalised`, which is unbounded, and `mask` [B,1,H,W]
    in [0,1]. In the release: low real_A, high real_B, normalised pre_A, lost H, brightened fake_B,
    darkened fake_A, low_again rec_A, high_again rec_B. lost_of_darkened: the same of `darkened`."""

    low: Tensor
    high: Tensor
    normalised: Tensor
    lost: Tensor
    mask: Tensor
    brightened: Tensor
    darkened: Tensor
    low_again: Tensor
    high_again: Tensor
    lost_of_darkened: Tensor


def restorer_of(networks: Nets) -> NeRCo:
    """The network whose parts are trained, not the compiled call of it: forward is not called."""
    return getattr(networks[RESTORER], "_orig_mod", networks[RESTORER])


def signed_pictures(batch: Batch) -> tuple[Tensor, Tensor]:
    """(dark, bright) in [-1,1]. Raises ValueError where they are not of one size that all networks
    take."""
    low, high = batch["low"], batch["high"]
    height, width = low.shape[-2:]
    if (
        low.shape != high.shape
        or height % MULTIPLE
        or width % MULTIPLE
        or min(height, width) < LEAST
    ):
        raise ValueError(
            f"NeRCo: dark pictures {list(low.shape)} and bright ones {list(high.shape)}; it takes "
            f"two of one shape, sides multiples of {MULTIPLE}, {LEAST} or more: set data.fit to "
            "resize and the stages' patch to such a side"
        )
    return 2.0 * low - 1.0, 2.0 * high - 1.0


def run_loops(networks: Nets, batch: Batch, *, choice: Nerco) -> Loops:
    """Both ways there and back. Raises ValueError as `signed_pictures`."""
    low, high = signed_pictures(batch)
    restorer, darken = restorer_of(networks), networks[DARKENER]
    normalised = restorer.Pre(low)
    lost, mask = restorer.H(low)
    brightened = restorer.G_A(torch.cat([low, normalised], 1) * mask)
    darkened = darken(high * mask if choice.mask_down else high)
    lost_of_darkened, back_mask = restorer.H(darkened)
    both = torch.cat([darkened, restorer.Pre(darkened)], 1)
    return Loops(
        low=low,
        high=high,
        normalised=normalised,
        lost=lost,
        mask=mask,
        brightened=brightened,
        darkened=darkened,
        low_again=darken(brightened),
        high_again=restorer.G_A(both * back_mask if choice.mask_back else both),
        lost_of_darkened=lost_of_darkened,
    )
