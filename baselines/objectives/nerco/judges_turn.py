"""What NeRCo's four patch judges minimise: bright, dark, and the edges of both.

Half of the two terms of each (models/NeRCo_model.py, backward_D_basic). Made pictures come out of
pools; the judge of dark pictures learns from darkened and from normalised ones, against the same
real ones, each with full weight.
"""

from __future__ import annotations

from torch import Tensor

from baselines.losses.adversarial import discriminator_loss
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.nerco.edge_pictures import EdgePictures
from baselines.objectives.nerco.pool import PicturePool
from baselines.objectives.turn import Batch, Nets, Shared, Terms

JUDGES = ("D_A", "D_B", "D_A_edge", "D_B_edge")
POOLS = ("brightened", "darkened", "normalised", "edges_brightened", "edges_darkened")


class JudgesTurn:
    """The loss of the turn 'judge'. pools: by POOLS."""

    def __init__(
        self, choice: Nerco, *, edges: EdgePictures, pools: dict[str, PicturePool]
    ) -> None:
        self.choice = choice
        self.edges = edges
        self.pools = pools

    def __call__(self, networks: Nets, batch: Batch, shared: Shared) -> Terms:
        """See the module. Takes the pictures that the generators' turn left."""

        def pooled(name: str, picture: Tensor) -> Tensor:
            draw = batch.draw(f"nerco pool {name} {batch.first}")
            return self.pools[name].exchange(picture, draw=draw)

        def half(judge: str, real: Tensor, made: Tensor) -> Tensor:
            call = networks[judge]
            return discriminator_loss(call(real), call(made), kind=self.choice.gan) / 2.0

        def edge_half(judge: str, real: Tensor, name: str) -> Tensor:
            made = self.edges.of(shared[name], batch=batch, call=f"{judge} made")
            seen = self.edges.of(real, batch=batch, call=f"{judge} real")
            return half(judge, seen, pooled(f"edges_{name}", made))

        low, high = shared["low"], shared["high"]
        return {
            "D_A": half("D_A", high, pooled("brightened", shared["brightened"])),
            "D_B": half("D_B", low, pooled("darkened", shared["darkened"])),
            "D_B_normalised": half("D_B", low, pooled("normalised", shared["normalised"])),
            "D_A_edge": edge_half("D_A_edge", high, "brightened"),
            "D_B_edge": edge_half("D_B_edge", low, "darkened"),
        }
