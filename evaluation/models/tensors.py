"""Pictures [H,W,C] to tensors [1,C,H,W] and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluation.pictures import Samples

if TYPE_CHECKING:
    from torch import Tensor


def to_tensor(picture: Samples) -> Tensor:
    """float32 [1,C,H,W] on the CPU, a copy, from a float picture [H,W,C]; values unchanged."""
    import torch

    return torch.from_numpy(np.array(picture.transpose(2, 0, 1)[None], np.float32, order="C"))


def to_picture(tensor: Tensor) -> NDArray[np.float32]:
    """float32 [H,W,C] from a tensor [1,C,H,W] on the CPU; values unchanged."""
    return np.ascontiguousarray(tensor[0].numpy().transpose(1, 2, 0))
