"""The two sides of a loss, and the tables that its options are chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

from degrade.option_error import OptionError, nearest

Entry = TypeVar("Entry")


def widened(values: Tensor) -> Tensor:
    """float32 of float16 and bfloat16, in which sums overflow and small constants vanish."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def paired(output: Tensor, target: Tensor, *, loss: str) -> tuple[Tensor, Tensor]:
    """Both sides in float32 or wider.

    Raises ValueError where they have different shapes: broadcasting would compare every sample
    with every other and go unnoticed.
    """
    if output.shape != target.shape:
        raise ValueError(
            f"{loss}: an output of shape {list(output.shape)} and a target of shape "
            f"{list(target.shape)}; it takes two of one shape"
        )
    return widened(output), widened(target)


def pictures(output: Tensor, target: Tensor, *, loss: str) -> tuple[Tensor, Tensor]:
    """`paired` of two batches of pictures [B,C,H,W]. Raises ValueError."""
    if output.dim() != 4:
        raise ValueError(f"{loss}: a shape of {list(output.shape)}; it takes [B,C,H,W]")
    return paired(output, target, loss=loss)


def chosen(table: Mapping[str, Entry], name: str, *, option: str) -> Entry:
    """The table's entry of that name. Raises OptionError with the nearest one."""
    if name not in table:
        raise OptionError(f"{option} {name!r}: one of {', '.join(table)}{nearest(name, table)}")
    return table[name]
