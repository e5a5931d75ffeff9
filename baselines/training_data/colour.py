"""Colours changed on both sides of a pair alike: their channels' order, brightness, contrast.

Every change is one affine map of colours, taken from the target and done to both, so the sides stay
partners (survey arXiv 1902.06068, 3.5.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from baselines.configs.config import Jitter
from degrade.color import BT601
from degrade.draws import draw_below, draw_u32


@dataclass(frozen=True)
class Colours:
    """order: of the three channels; factors of brightness, contrast and saturation."""

    order: tuple[int, int, int] = (0, 1, 2)
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0

    @property
    def neutral(self) -> bool:
        """Whether nothing changes."""
        return self == Colours()

    def facts(self) -> dict[str, Any]:
        """What differs from neutral, as JSON data."""
        found = {name: getattr(self, name) for name in ("brightness", "contrast", "saturation")}
        changed: dict[str, Any] = {name: value for name, value in found.items() if value != 1.0}
        if self.order != (0, 1, 2):
            changed["channels"] = list(self.order)
        return changed

    def of(self, pictures: Mapping[str, Tensor], *, anchor: str) -> dict[str, Tensor]:
        """Pictures [3,h,w], or [6,h,w] of two views; contrast turns about the mean gray of
        `anchor`. Factors clip to 0 ... 1; an order alone does not."""
        if self.neutral:
            return dict(pictures)
        made = {
            name: one.unflatten(0, (-1, 3))[:, list(self.order)].flatten(0, 1)
            for name, one in pictures.items()
        }
        if (self.brightness, self.contrast, self.saturation) == (1.0, 1.0, 1.0):
            return made
        middle = float(_gray(made[anchor]).mean()) * self.brightness
        return {name: self._jittered(one, middle=middle) for name, one in made.items()}

    def _jittered(self, picture: Tensor, *, middle: float) -> Tensor:
        bright = picture * self.brightness
        turned = (bright - middle) * self.contrast + middle
        flat = _gray(turned)
        views = turned.unflatten(0, (-1, 3))
        mixed = (views - flat[:, None]) * self.saturation + flat[:, None]
        return mixed.flatten(0, 1).clamp(0.0, 1.0)


def draw_colours(*address: str | int, shuffle: bool, jitter: Jitter) -> Colours:
    """Factors from 1 - x ... 1 + x, and one of the six orders of three channels."""

    def factor(name: str, reach: float) -> float:
        unit = (draw_u32(*address, name) + 0.5) / 2**32
        return 1.0 + reach * (2.0 * unit - 1.0) if reach else 1.0

    left = [0, 1, 2]
    if shuffle:
        first = left.pop(draw_below(*address, "channels", 0, bound=3))
        second = left.pop(draw_below(*address, "channels", 1, bound=2))
        left = [first, second, *left]
    return Colours(
        (left[0], left[1], left[2]),
        factor("brightness", jitter.brightness),
        factor("contrast", jitter.contrast),
        factor("saturation", jitter.saturation),
    )


def _gray(picture: Tensor) -> Tensor:
    """Luma (BT.601) [views,h,w] of [3 * views,h,w]."""
    weights = torch.tensor(BT601, dtype=picture.dtype)
    return torch.einsum("vchw,c->vhw", picture.unflatten(0, (-1, 3)), weights)
