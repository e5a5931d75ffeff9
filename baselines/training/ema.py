"""Averaged weights: an exponential moving mean of a network's, Polyak and Juditsky (1992)."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Averaged:
    """The moving mean of a network's weights; buffers (running means of batch norm) are copied.

    decay: share of the old that stays at each step; 0: no mean, `network` is the network itself.
    """

    def __init__(self, network: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self._of = network
        self._take_in = get_ema_multi_avg_fn(decay)
        self.network = copy.deepcopy(network).requires_grad_(False) if decay else network

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the network's weights as they are now."""
        if not self.decay:
            return
        self._take_in(list(self.network.parameters()), list(self._of.parameters()), None)
        for mean, value in zip(self.network.buffers(), self._of.buffers(), strict=True):
            mean.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """The means; nothing where there are none."""
        return dict(self.network.state_dict()) if self.decay else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over means that `state_dict` gave."""
        if self.decay:
            self.network.load_state_dict(state)
