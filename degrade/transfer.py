"""The sRGB transfer curve on tensors (IEC 61966-2-1): the tensor twin of degrade/color.py."""

from __future__ import annotations

import torch
from torch import Tensor

# IEC 61966-2-1, 5.2: the published, rounded break points of the two directions.
_LINEAR_BREAK, _ENCODED_BREAK = 0.0031308, 0.04045


def srgb_to_linear(images: Tensor) -> Tensor:
    """Encoded to linear light, any shape; nothing is clipped: the toe goes on below 0."""
    power = ((images.clamp(min=_ENCODED_BREAK) + 0.055) / 1.055) ** 2.4
    return torch.where(images <= _ENCODED_BREAK, images / 12.92, power)


def linear_to_srgb(images: Tensor) -> Tensor:
    """Linear light to encoded, any shape; nothing is clipped: the toe goes on below 0."""
    power = 1.055 * images.clamp(min=_LINEAR_BREAK) ** (1.0 / 2.4) - 0.055
    return torch.where(images <= _LINEAR_BREAK, 12.92 * images, power)
