"""Light before the lens and behind it: exposure, low light, vignetting, haze."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from degrade.canvas import Size
from degrade.laws import Uniform
from degrade.operator import Array, Name, Number, Switch, light, operator

FALLOFFS = ("cos4", "quadratic")
_LINEAR = light("linear")


@operator(
    kind="pointwise",
    source="Afifi et al., CVPR 2021 (MSEC): renders at five relative exposures",
    differentiable=True,
    parameters={
        # MSEC renders at -1.5, -1, 0, +1 and +1.5 EV; its ends are the bounds of the law.
        "ev": Number(Uniform(-1.5, 1.5), low=-20.0, high=20.0, neutral=0.0, unit="EV (stops)"),
        "clip": Switch(True, unit="cut at 0 and 1 afterwards, as a sensor and a file do"),
        "light": _LINEAR,
    },
)
def exposure(images: Tensor, *, ev: Tensor, clip: Tensor) -> Tensor:
    """A gain of 2^ev, in linear light unless `light` says otherwise.

    images [B,C,H,W]; clips to [0,1] only where `clip` is on. A plain gain: a RAW converter's tone
    curve, which keeps white at white when it darkens, is another thing.
    """
    brightened = images * torch.exp2(ev)[:, None, None, None].to(images)
    return torch.where(clip[:, None, None, None], brightened.clamp(0.0, 1.0), brightened)


@operator(
    kind="pointwise",
    source="Lv, Li and Lu, IJCV 2021 (AGLLNet); Lv et al., BMVC 2018 (MBLLEN)",
    differentiable=True,
    parameters={
        "alpha": Number(Uniform(0.9, 1.0), low=0.0, high=1.0, neutral=1.0, unit="factor before"),
        "beta": Number(Uniform(0.5, 1.0), low=0.0, high=1.0, neutral=1.0, unit="factor after"),
        "gamma": Number(
            Uniform(1.5, 5.0), low=0.05, high=20.0, neutral=1.0, unit="exponent",
            source="AGLLNet; MBLLEN draws from U(2, 3.5), with alpha and beta at 1",
        ),
    },
)  # fmt: skip
def gamma_darken(images: Tensor, *, alpha: Tensor, beta: Tensor, gamma: Tensor) -> Tensor:
    """Low light by a power: beta * (alpha * x)^gamma, on sRGB values.

    images [B,C,H,W]; below 0 counts as 0, nothing else is clipped. Both papers add noise after it,
    which is a step of its own in a recipe.
    """
    a, b, power = (column[:, None, None, None].to(images) for column in (alpha, beta, gamma))
    # The floor keeps the power's slope finite at black: 1e-8^gamma is black in any file.
    return b * (a * images.clamp(min=0.0)).clamp(min=1e-8) ** power


@operator(
    kind="statistic",
    source="cos^4 law of natural vignetting; quadratic: its first order in the radius",
    differentiable=True,
    parameters={
        # Light lost in the corner of a 36x24 mm frame by cos^4 alone: 0.29 for a lens of 50 mm,
        # 0.70 for one of 24 mm.
        "strength": Number(
            Uniform(0.0, 0.7), low=0.0, high=0.99, neutral=0.0, unit="part of light lost in corners"
        ),
        "falloff": Name("cos4", allowed=FALLOFFS, unit="law of the falloff"),
        "light": _LINEAR,
    },
)
def vignetting(
    images: Tensor, *, sizes: Sequence[Size], strength: Tensor, falloff: Sequence[str]
) -> Tensor:
    """Darker corners: the gain is 1 at the centre and 1 - strength at the corner pixels.

    images [B,C,H,W]. With r the distance from the picture's centre, 1 in its corners:
    cos4       cos^4(a) with tan(a) proportional to r, as light falls off behind a thin lens
    quadratic  1 - strength * r^2
    Centre and corners are those of each picture, not of the canvas. Not clipped.
    """
    size = torch.tensor(sizes, device=images.device, dtype=torch.float64)
    half = (size - 1.0) / 2.0
    down = torch.arange(images.shape[2], device=images.device) - half[:, :1]
    across = torch.arange(images.shape[3], device=images.device) - half[:, 1:]
    corner = (half**2).sum(dim=1).clamp(min=0.25)[:, None, None]  # one pixel has no corner
    square = (down[:, :, None] ** 2 + across[:, None, :] ** 2) / corner
    lost = strength[:, None, None]
    slope = (1.0 - lost) ** -0.5 - 1.0  # tan^2 at the corner, where cos^4 is 1 - strength
    natural = (1.0 + square * slope) ** -2
    wanted = torch.tensor([name == "cos4" for name in falloff], device=images.device)
    gain = torch.where(wanted[:, None, None], natural, 1.0 - lost * square)
    return images * gain[:, None].to(images)


@operator(
    kind="statistic",
    source="Koschmieder; Li et al., TIP 2019 (RESIDE), indoor training set",
    differentiable=True,
    parameters={
        "depth": Array("[H,W], of the picture's size; far is large", unit="any, see `relative`"),
        "relative": Switch(True, unit="depth divided by its largest value first", source="RESIDE"),
        "beta": Number(
            Uniform(0.6, 1.8), low=0.0, high=100.0, neutral=0.0, unit="1 / unit of depth",
            source="RESIDE ITS; its outdoor set takes 0.04 to 0.2, airlight 0.8 to 1",
        ),
        "airlight": Number(Uniform(0.7, 1.0), low=0.0, high=1.0, unit="of full range"),
        "light": light(),
    },
)  # fmt: skip
def haze(
    images: Tensor,
    *,
    sizes: Sequence[Size],
    depth: Sequence[Tensor],
    relative: Tensor,
    beta: Tensor,
    airlight: Tensor,
) -> Tensor:
    """Haze by distance: I = J t + A (1 - t), t = exp(-beta d).

    images [B,C,H,W] in the light that `light` names: sRGB as RESIDE does, or linear, as light adds
    up. depth: one [H,W] map for each picture, finite and >= 0; it is never invented nor resized.
    Not clipped. Raises ValueError for a depth map of another size than its picture.
    """
    through = images.new_zeros((images.shape[0], 1, *images.shape[2:]))
    for b, (own, (height, width)) in enumerate(zip(depth, sizes, strict=True)):
        distance = check_depth(own, size=(height, width), step="haze").to(images)
        scale = torch.where(relative[b], distance.amax().clamp(min=1e-12), 1.0)
        through[b, 0, :height, :width] = torch.exp(-beta[b].to(images) * distance / scale)
    return images * through + airlight[:, None, None, None].to(images) * (1.0 - through)


def check_depth(depth: Tensor, *, size: Size, step: str) -> Tensor:
    """The depth map, if it is one map of the picture's size. Raises ValueError that names both."""
    if tuple(depth.shape) != tuple(size):
        got = "x".join(str(side) for side in depth.shape)
        raise ValueError(
            f"{step}: the depth map is [{got}], the picture {size[0]}x{size[1]} (height x width); "
            "give one [H,W] map of the picture's size at this step: resize or crop it alike first"
        )
    return depth
