"""NeRCo's terms of CLIP: bright pictures should look bright to it, dark ones dark."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from baselines.losses.unpaired import prompt
from baselines.networks.nerco.clip_judge import ClipJudge
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.nerco.loops import Loops
from baselines.objectives.nerco.pool import PicturePool
from baselines.objectives.turn import Batch

# Term -> of each picture: its name in Loops, the pool that it goes through, what it should be. The
# release's order, and its slip: what was darkened goes through the pool of bright pictures.
JUDGED = {
    "clip_A": (("brightened", "clip_bright", "high"), ("high_again", "clip_bright", "high")),
    "clip_B": (("darkened", "clip_bright", "low"), ("low_again", "clip_dark", "low")),
}
POOLS = ("clip_bright", "clip_dark")


@dataclass(frozen=True)
class ClipTerms:
    """pools: by the names in JUDGED; not used where the choice's clip_sees is 'pictures'."""

    choice: Nerco
    judge: ClipJudge
    pools: dict[str, PicturePool]

    def of(self, loops: Loops, *, batch: Batch) -> dict[str, Tensor]:
        """'clip_A' and 'clip_B', weighted; without gradients where they come out of pools."""
        return {
            term: self.choice.clip * sum(
                (self._one(getattr(loops, name), pool, name, wanted, batch)
                 for name, pool, wanted in judged),
                start=loops.low.new_zeros(()),
            )
            for term, judged in JUDGED.items()
        }  # fmt: skip

    def _one(self, picture: Tensor, pool: str, name: str, wanted: str, batch: Batch) -> Tensor:
        if self.choice.clip_sees == "pools":
            draw = batch.draw(f"nerco pool {pool} {name} {batch.first}")
            picture = self.pools[pool].exchange(picture, draw=draw)
        return prompt(self.judge, (picture + 1.0) / 2.0, wanted=wanted)
