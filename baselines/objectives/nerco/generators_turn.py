"""What NeRCo's generators, normaliser and mask extractor minimise together: fifteen terms.

The paper's cooperative loss as the release adds it up (models/NeRCo_model.py, backward_G). Judges
are frozen meanwhile; gradients pass through them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.losses.adversarial import generator_loss
from baselines.losses.pixel import l1
from baselines.losses.unpaired import cycle, identity
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.nerco.clip_terms import ClipTerms
from baselines.objectives.nerco.edge_pictures import EdgePictures
from baselines.objectives.nerco.loops import DARKENER, Loops, restorer_of, run_loops
from baselines.objectives.turn import Batch, Nets, Shared, Terms

# What the judges' turn takes over: names of Loops.
LEFT = ("low", "high", "normalised", "brightened", "darkened")


class GeneratorsTurn:
    """The loss of the turn 'restorer'. clip: None to go without."""

    def __init__(self, choice: Nerco, *, edges: EdgePictures, clip: ClipTerms | None) -> None:
        self.choice = choice
        self.edges = edges
        self.clip = clip

    def __call__(self, networks: Nets, batch: Batch, shared: Shared) -> Terms:
        """See the module. Raises ValueError for pictures of sizes that it cannot take."""
        loops = run_loops(networks, batch, choice=self.choice)
        shared |= {name: getattr(loops, name).detach() for name in LEFT}
        return (
            self._adversarial(networks, loops, batch)
            | self._ways_back(networks, loops)
            | self._mask_terms(networks, loops)
            | (self.clip.of(loops, batch=batch) if self.clip else {})
        )

    def _real(self, networks: Nets, judge: str, picture: Tensor) -> Tensor:
        return generator_loss(networks[judge](picture), kind=self.choice.gan)

    def _adversarial(self, networks: Nets, loops: Loops, batch: Batch) -> Terms:
        choice = self.choice

        def edge(judge: str, picture: Tensor) -> Tensor:
            if choice.edge_fakes == "edges":
                picture = self.edges.of(picture, batch=batch, call=f"{judge} generators")
            return choice.edge * self._real(networks, judge, picture)

        return {
            "gan_A": self._real(networks, "D_A", loops.brightened),
            "gan_B": self._real(networks, "D_B", loops.darkened),
            "gan_normalised": choice.normalised * self._real(networks, "D_B", loops.normalised),
            "edge_A": edge("D_A_edge", loops.brightened),
            "edge_B": edge("D_B_edge", loops.darkened),
        }

    def _ways_back(self, networks: Nets, loops: Loops) -> Terms:
        choice = self.choice
        low, high = loops.low, loops.high
        brighten, darken = restorer_of(networks).G_A, networks[DARKENER]
        alike = choice.identity * choice.cycle
        return {
            "cycle_A": choice.cycle * cycle(loops.low_again, low),
            "cycle_B": choice.cycle * cycle(loops.high_again, high),
            "identity_A": alike * identity(brighten(torch.cat([high, high], 1)), high),
            "identity_B": alike * identity(darken(low), low),
            "consistency": choice.consistency * choice.cycle * l1(loops.normalised, low),
        }

    def _mask_terms(self, networks: Nets, loops: Loops) -> Terms:
        """Of the picture that H calls lost: added to the dark one it should give the bright one,
        and taken from a bright one it should give a dark one."""
        low, high, lost = loops.low, loops.high, loops.lost
        dimmed = high - lost
        bypass = l1(loops.brightened, low + lost)
        bypass = bypass + l1(restorer_of(networks).G_A(torch.cat([dimmed, dimmed], 1)), high)
        judged = self._real(networks, "D_A", low + lost) + self._real(networks, "D_B", dimmed)
        alike = l1(lost, loops.brightened - low)
        alike = alike + l1(loops.darkened, high - loops.lost_of_darkened)
        weight = self.choice.mask
        return {"bypass": weight * bypass, "gan_lost": weight * judged, "lost": weight * alike}
