"""The edges that NeRCo's edge judges are shown, and where their colours come from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.networks.nerco.edges import EdgeLayer
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.turn import Batch
from degrade.draws import draw_u32


@dataclass(frozen=True)
class EdgePictures:
    """[B,3,H,W] -> edges [B,3,H,W], the choice's kernels times its gain, in drawn colours.

    seed: of the run. The layer is made in each call, as the release makes it: three numbers times
    two. Its colours are an addressed draw, of the call or of the run.
    """

    choice: Nerco
    seed: int

    def of(self, picture: Tensor, *, batch: Batch, call: str) -> Tensor:
        """call: its name within the step."""
        layer = self.layer(batch=batch, call=call)
        if picture.device.type != "cpu":  # moving one of shapes alone fails, even to where it is
            layer.to(picture.device)
        return layer(picture)

    def layer(self, *, batch: Batch, call: str) -> EdgeLayer:
        """The layer of a call, on the CPU, where its colours are drawn."""
        if self.choice.colours == "kept":
            colours = torch.Generator().manual_seed(draw_u32(self.seed, "nerco", "edge colours"))
        else:
            colours = batch.draw(f"nerco edge colours {call} {batch.first}")
        return EdgeLayer(
            kernels=self.choice.edge_kernels, gain=self.choice.edge_gain, generator=colours
        )
