"""A network's picture in the memory there is: whole or in tiles, one tile at a time or several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from evaluation.models.memory import (
    PLANNED,
    free_memory,
    is_out_of_memory,
    release_memory,
    run_within_memory,
    tile_for,
)
from evaluation.models.network import Network
from evaluation.models.options import MOST_TILES, ModelOptions
from evaluation.models.restorer import Scale
from evaluation.models.sizes import pad_reflect
from evaluation.models.tiles import default_overlap, in_tiles

if TYPE_CHECKING:
    from torch import Tensor

Told = tuple[float, ...]

_PROBED = 128  # pixels, side of the tile on which memory is measured


class MemoryPlan:
    """The tile and the number of tiles at a time that memory allows, kept between pictures.

    A tile once made smaller stays so for what is larger than it, so that a run out of memory
    happens once; a picture that the tile holds is taken whole. What is done for want of memory is
    added to `notes`.
    """

    def __init__(
        self, network: Network, *, name: str, options: ModelOptions, notes: list[str]
    ) -> None:
        self.network, self.name, self.options, self.notes = network, name, options, notes
        self.tile: int | None = None if options.tile == "auto" else options.tile
        self.batch: int | None = None if options.batch == "auto" else options.batch
        if not network.batches or (self.batch is None and not network.device.startswith("cuda")):
            self.batch = 1
        self._each = network.bytes_per_pixel

    def run(self, tensor: Tensor, told: Told, *, scale: Scale) -> Tensor:
        """One picture [1,C,H,W] through the network. told: what it is told besides."""
        network = self.network
        longest = max(tensor.shape[2:])
        if self.tile is None:
            self.tile = self._tile_by_memory(tensor, told)
        planned = self.tile
        if self.options.tile == "auto" and planned:
            if tensor.shape[2] * tensor.shape[3] <= planned**2:
                planned = 0  # long and narrow, yet no more than the tile holds
            else:
                self._note(f"--tile auto: pictures above {planned}x{planned} went in tiles of it")
                if network.tiling == "discouraged":
                    self._note(
                        f"{self.name} sees the whole picture at once; memory did not hold it, and "
                        "tiles may change its results"
                    )

        def run(tile: int) -> Tensor:
            side = network.sizes.tile(tile) if tile else 0
            overlap = self.options.overlap
            if overlap is None:
                overlap = default_overlap(side or min(network.sizes.fixed or (0,)))
            if side and side - overlap < network.sizes.multiple:
                side = network.sizes.up(overlap + network.sizes.multiple)  # else none advances
            return in_tiles(
                lambda part: network.call(part, *told),
                tensor,
                scale=scale,
                tile=(side, side) if side else None,
                overlap=overlap,
                sizes=network.sizes,
                batch=self._batch_by_memory(tensor, told, side=side),
            )

        if network.tiling == "never" or network.sizes.fixed:
            return run(0)
        fewer = partial(self._with_fewer, run)
        output, used = run_within_memory(fewer, tile=planned, longest=longest, notes=self.notes)
        if used != planned:
            self.tile = used
        return output

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _tile_by_memory(self, tensor: Tensor, told: Told) -> int:
        """--tile auto: the side that memory holds, 0 where that cannot be known."""
        network = self.network
        if network.tiling == "never" or network.sizes.fixed:
            return 0
        used = self._bytes_per_pixel(tensor, told)
        return tile_for(free=free_memory(network.device), bytes_per_pixel=used) if used else 0

    def _batch_by_memory(self, tensor: Tensor, told: Told, *, side: int) -> int:
        """--batch auto: the tiles of this side that memory holds at a time."""
        if self.batch is None and not side:
            return 1
        if self.batch is None:
            self.batch = 1
            if used := self._bytes_per_pixel(tensor, told):
                fits = int(free_memory(self.network.device) * PLANNED / max(used * side**2, 1.0))
                self.batch = min(max(fits, 1), MOST_TILES)
        return self.batch

    def _with_fewer(self, run: Callable[[int], Tensor], tile: int) -> Tensor:
        """run(tile), with half as many tiles at a time again and again where memory runs out."""
        while True:
            try:
                return run(tile)
            except (RuntimeError, MemoryError) as error:
                if (self.batch or 1) == 1 or not is_out_of_memory(error):
                    raise
            release_memory()
            self.batch = (self.batch or 1) // 2
            self._note(f"out of memory with several tiles at a time, went on with {self.batch}")

    def _bytes_per_pixel(self, tensor: Tensor, told: Told) -> float:
        """What the network holds: as it says, or measured on a corner of the first picture; 0 where
        neither is possible."""
        if not self._each and self.network.measure is not None:
            probe = tensor[:, :, :_PROBED, :_PROBED]
            probe = pad_reflect(probe, self.network.sizes.padded((_PROBED, _PROBED)))
            used = self.network.measure(probe, *told)
            self._each = used / (probe.shape[2] * probe.shape[3])
        return self._each
