"""Losses on the features of a frozen network: their distance, and that of their textures.

What published systems weigh, all on VGG19 and pictures in [0,1]:

SRGAN (Ledig et al., CVPR 2017, eq. 5)  relu5_4 1; scale SRGAN_SCALE, norm 'l2'
ESRGAN (Wang et al., ECCVW 2018, 3.2)   conv5_4 1, before its activation; norm 'l1'
Real-ESRGAN (Wang et al., ICCVW 2021)   conv1_2 0.1, conv2_2 0.1, conv3_4 1, conv4_4 1, conv5_4 1;
                                        norm 'l1', as its train_realesrgan_x4plus.yml
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from baselines.losses.distances import distance
from baselines.losses.operands import chosen, pictures, widened
from degrade.option_error import OptionError, nearest

# A picture [B,3,H,W] -> features [B,C,h,w] by the names of layers, as VGG19Features gives them.
Features = Callable[[Tensor], Mapping[str, Tensor]]

# Name -> what the Gram matrix's sums over places are divided by, of channels and places.
GRAMS: Mapping[str, Callable[[int, int], float]] = {
    # Johnson, Alahi, Fei-Fei, ECCV 2016, eq. 3; BasicSR's style loss
    "mean": lambda channels, places: channels * places,
    # the mean square of the difference is then Gatys, Ecker, Bethge, CVPR 2016, eq. 4
    "gatys": lambda channels, places: 2 * places,  # noqa: ARG005 - one signature for all
    # Gatys et al.'s eq. 3 as it is
    "sum": lambda channels, places: 1,  # noqa: ARG005 - one signature for all
}


def perceptual(
    output: Tensor,
    target: Tensor,
    *,
    vgg: Features,
    weights: Mapping[str, float],
    norm: str = "l1",
) -> Tensor:
    """Sum over layers of weight * distance of both pictures' features; a scalar.

    output, target: RGB [B,3,H,W] in [0,1]; no gradient reaches the target. vgg: VGG19Features, or
    another network's features by name. weights: of its layers, those not named count nothing.
    norm: key of DISTANCES; each layer's 'l1' and 'l2' are means over all of its samples, channels
    and places, as in BasicSR's PerceptualLoss. SRGAN's eq. 5 divides by the places alone: C times
    that of 'l2'. Raises ValueError, OptionError.
    """
    total = output.new_zeros(())
    for weight, ours, theirs in _weighed(
        output, target, vgg=vgg, weights=weights, loss="perceptual"
    ):
        total = total + weight * distance(ours, theirs, norm=norm, loss="perceptual")
    return total


def texture(
    output: Tensor,
    target: Tensor,
    *,
    vgg: Features,
    weights: Mapping[str, float],
    norm: str = "l1",
    gram: str = "mean",
    patch: int | None = None,
) -> Tensor:
    """Sum over layers of weight * distance of both pictures' Gram matrices; a scalar.

    The matrix of a layer [C,h,w] is F F^T, F of shape [C,hw] (Gatys, Ecker, Bethge, CVPR 2016,
    eq. 3), divided as `gram`, key of GRAMS, says. Defaults are BasicSR's style loss; Gatys et al.'s
    eq. 4 is norm 'l2', gram 'gatys'. patch: None for the whole map, or the side of the squares of
    it that are compared each to its own, what is left over at the right and below is not seen
    (EnhanceNet, Sajjadi et al., ICCV 2017, section 4.2.3: 16, so that textures match locally).
    Other arguments as in `perceptual`. Raises ValueError, OptionError.
    """
    total = output.new_zeros(())
    for weight, *sides in _weighed(output, target, vgg=vgg, weights=weights, loss="texture"):
        ours, theirs = (_gram(_cut(side, patch=patch), gram=gram) for side in sides)
        total = total + weight * distance(ours, theirs, norm=norm, loss="texture")
    return total


def _weighed(
    output: Tensor, target: Tensor, *, vgg: Features, weights: Mapping[str, float], loss: str
) -> list[tuple[float, Tensor, Tensor]]:
    """(weight, output's features, target's) of each weighed layer."""
    output, target = pictures(output, target, loss=loss)
    with torch.no_grad():
        theirs = vgg(target)
    ours = vgg(output)
    if not weights:
        raise OptionError(f"{loss}: weights of no layer; the features are of {', '.join(ours)}")
    for name in weights:
        if name not in ours:
            raise OptionError(
                f"{loss}: weights of layer {name!r}, and the features are of {', '.join(ours)}; "
                f"build them with this layer{nearest(name, ours)}"
            )
    return [
        (weight, widened(ours[name]), widened(theirs[name])) for name, weight in weights.items()
    ]


def _cut(features: Tensor, *, patch: int | None) -> Tensor:
    """[B,C,h,w] -> [B*squares,C,patch,patch]; the map itself without one."""
    if patch is None:
        return features
    if not 1 <= patch <= min(features.shape[-2:]):
        raise ValueError(
            f"texture: patch {patch} of features of shape {list(features.shape)}; it takes 1 to "
            f"{min(features.shape[-2:])}: give a smaller one or larger pictures"
        )
    cut = features.unfold(2, patch, patch).unfold(3, patch, patch)  # [B,C,rows,columns,p,p]
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)


def _gram(features: Tensor, *, gram: str) -> Tensor:
    """[N,C,h,w] -> [N,C,C]."""
    rows = features.flatten(2)
    divisor = chosen(GRAMS, gram, option="texture: gram")(*rows.shape[1:])
    return rows @ rows.transpose(1, 2) / divisor
