"""DISTANCES: one number of two feature maps, as perceptual losses and distillation take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from baselines.losses.operands import chosen, paired


def _frobenius(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.vector_norm(a - b)


def _euclidean(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.vector_norm((a - b).flatten(1), dim=1).mean()


# Name -> distance. BasicSR's PerceptualLoss has the first three under these names.
DISTANCES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": functional.l1_loss,  # mean of |difference|
    "l2": functional.mse_loss,  # mean of its square
    "fro": _frobenius,  # root of the sum of squares over the whole batch: grows with it
    "euclidean": _euclidean,  # root of the sum of squares of each sample, their mean
}


def distance(a: Tensor, b: Tensor, *, norm: str, loss: str) -> Tensor:
    """The distance of that name between two tensors of one shape, in float32 or wider.

    norm: key of DISTANCES. loss: who asks, for messages. Raises OptionError, ValueError.
    """
    compare = chosen(DISTANCES, norm, option=f"{loss}: norm")
    return compare(*paired(a, b, loss=loss))
