"""What a network costs: parameters, and multiply-adds at an input's size."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evaluation.models.sizes import Size, SizeRule

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SIDE = 256  # pixels of the input, as restoration papers state their costs (Restormer, NAFNet)


def count_parameters(module: Module) -> int:
    """Trainable and frozen parameters; buffers (running means) are none."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_macs(
    module: Module,
    *,
    call: Callable[[Any, Tensor], Any],
    channels: int,
    sizes: SizeRule,
    size: Size = (SIDE, SIDE),
) -> int | None:
    """Multiply-adds of one picture of `size` (or the least size above that the network takes).

    Of convolutions, matrix products and attention, as papers' "FLOPs" mostly are; additions,
    norms and activations are not counted. call: (module, [1,C,H,W]) -> output. Nothing is computed:
    a copy without values is run. None where the network cannot run so (control flow that looks at
    values, tensors made on a device by name).
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    height, width = sizes.padded(size)
    try:
        bare = copy.deepcopy(module).to("meta")
        picture = torch.empty(1, channels, height, width, device="meta")
        counter = FlopCounterMode(display=False)
        with torch.inference_mode(), counter:
            call(bare, picture)
    except (RuntimeError, TypeError, ValueError, AssertionError, AttributeError, IndexError):
        return None
    return int(counter.get_total_flops()) // 2 or None
