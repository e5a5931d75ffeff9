"""Image pools: judges see pictures of the past among those of the moment.

Shrivastava et al., CVPR 2017, section 2.3, as CycleGAN (Zhu et al., ICCV 2017, section 4: 50
pictures) and NeRCo's release have it (util/image_pool.py): until a pool is full each picture is
taken in and given back; then half of the pictures take the place of one that was held, any with
equal chance, and that one is given.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

SWAPPED = 0.5  # of the pictures that come to a full pool


class PicturePool:
    """At most `size` pictures [C,H,W] of this process; 0 gives back what comes, gradients and all.

    A part of a run: what it holds is its state, and chances are the caller's generator's.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._held: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._held)

    def exchange(self, pictures: Tensor, *, draw: torch.Generator) -> Tensor:
        """[B,C,H,W] -> as many, detached, some of them of earlier calls.

        draw: on the CPU; every picture takes two numbers of it, whatever becomes of the picture.
        Held pictures of another size, from an earlier stage, are dropped.
        """
        if not self.size:
            return pictures
        given = [self._one(one, draw) for one in pictures.detach()]
        return torch.stack(given)

    def _one(self, picture: Tensor, draw: torch.Generator) -> Tensor:
        chance, place = torch.rand(2, generator=draw, dtype=torch.float64).tolist()
        self._held = [one for one in self._held if one.shape == picture.shape]
        if len(self._held) < self.size:
            self._held.append(picture.clone())
            return picture
        if chance < 1.0 - SWAPPED:
            return picture
        number = int(place * self.size)
        old, self._held[number] = self._held[number], picture.clone()
        return old.to(picture)

    def state_dict(self) -> dict[str, Tensor]:
        """What is held, by place: '0', '1' ..."""
        return {str(number): one for number, one in enumerate(self._held)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes over what `state_dict` gave. Raises ValueError for more pictures than it holds."""
        if len(state) > self.size:
            raise ValueError(
                f"image pool: {len(state)} pictures for {self.size} places; go on with the "
                "objective.pool that the run began with"
            )
        self._held = [state[str(number)] for number in range(len(state))]
