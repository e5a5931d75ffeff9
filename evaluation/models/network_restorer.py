"""A network as a Restorer: enlargement before it, self-ensemble, tiles, memory, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from degrade.option_error import OptionError
from degrade.resize import resize_matlab
from evaluation.models.ensemble import self_ensemble
from evaluation.models.memory import free_memory, run_within_memory, tile_for
from evaluation.models.network import Network
from evaluation.models.options import ModelOptions
from evaluation.models.restorer import Restorer
from evaluation.models.sizes import pad_reflect
from evaluation.models.tensors import to_picture, to_tensor
from evaluation.models.tiles import default_overlap, in_tiles
from evaluation.pictures import Samples

if TYPE_CHECKING:
    from torch import Tensor

_PROBED = 128  # pixels, side of the tile on which memory is measured


def restorer_of(network: Network, *, name: str, options: ModelOptions) -> Restorer:
    """The network as a Restorer named `name`. Raises OptionError where an option cannot hold."""
    if options.pre_upsample and network.scale > 1:
        raise OptionError(
            f"--pre-upsample: {name} enlarges x{network.scale} itself; it is for networks that "
            "keep the size"
        )
    if options.tile not in (0, "auto") and network.tiling == "never":
        raise OptionError(
            f"--tile {options.tile}: {name} cuts by itself or needs the whole picture; leave it out"
        )
    notes = list(network.notes)
    if options.tile not in (0, "auto") and network.tiling == "discouraged":
        notes.append(f"{name} sees the whole picture at once; tiles may change its results")
    runner = _Runner(network, name=name, options=options, notes=notes)
    facts = {
        **network.facts,
        "scale": network.scale,
        "options": options.facts(device=network.device),
    }
    told = network.at_noise

    def at_noise(sigma: float) -> Restorer:
        assert told is not None
        return restorer_of(told(sigma), name=name, options=options)

    return Restorer(
        name=name,
        restore=runner.restore,
        method="" if options.ensemble else network.method,
        scale=0 if options.pre_upsample else network.scale,
        channels=network.channels,
        facts=facts,
        notes=notes,
        at_noise=None if told is None else at_noise,
    )


class _Runner:
    """What a Restorer of a network keeps between pictures: the tile that memory allows.

    A tile once made smaller stays so for what is larger than it, so that a run out of memory
    happens once; a picture that the tile holds is taken whole.
    """

    def __init__(
        self, network: Network, *, name: str, options: ModelOptions, notes: list[str]
    ) -> None:
        self.network, self.name, self.options, self.notes = network, name, options, notes
        self.tile: int | None = None if options.tile == "auto" else options.tile

    def restore(self, picture: Samples, scale: int) -> Samples:
        """See Restorer.restore."""
        picture, own = self._fitted(picture, scale)
        tensor = to_tensor(picture)

        def call(part: Tensor) -> Tensor:
            return self._whole(part, scale=own)

        try:
            if self.options.ensemble:
                output = self_ensemble(call, tensor, how=self.options.ensemble)
            else:
                output = call(tensor)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error
        except RuntimeError as error:  # torch's and onnxruntime's word for what does not fit
            height, width, channels = picture.shape
            said = " ".join(str(error).split())[:300]
            raise ValueError(
                f"{self.name}: failed on a picture of {width}x{height}, {channels} channel"
                f"{'s' * (channels != 1)}: {said}"
            ) from error
        restored = to_picture(output)
        if not np.isfinite(restored).all():
            hint = f"; try without {self.options.half_flag}" if self.options.half else ""
            raise ValueError(f"{self.name}: the output holds NaN or infinity{hint}")
        return restored

    def _fitted(self, picture: Samples, scale: int) -> tuple[Samples, int]:
        """The picture as the network gets it and the scale that is left to it, once both fit."""
        channels = picture.shape[2]
        if self.network.channels and channels not in self.network.channels:
            takes = " or ".join(map(str, self.network.channels))
            raise ValueError(
                f"{self.name} takes {takes} channel{'s' * (takes != '1')}, and this set's inputs "
                f"have {channels}: take a set or a model of the other kind"
            )
        if self.options.ensemble and channels == 6:
            raise ValueError(
                "--self-ensemble: a dual-pixel input mirrored or turned has the parallax of its "
                "views the wrong way; leave it out"
            )
        if self.options.pre_upsample:
            large = resize_matlab(picture, scale=scale, reading="matlab-bicubic-double")
            return large, 1
        if self.network.scale not in (0, scale):
            if self.network.scale == 1:
                raise ValueError(
                    f"{self.name} keeps the size; this set wants x{scale}: add --pre-upsample "
                    "(bicubic before the network), or take a model of this scale"
                )
            wants = f"wants x{scale}" if scale > 1 else "keeps the size"
            raise ValueError(
                f"{self.name} is x{self.network.scale}; this set {wants}: take the model or the "
                "set of the other scale"
            )
        return picture, scale

    def _whole(self, tensor: Tensor, *, scale: int) -> Tensor:
        """One picture within the memory there is."""
        network = self.network
        longest = max(tensor.shape[2:])
        if self.tile is None:
            self.tile = self._tile_by_memory(tensor)
        planned = self.tile
        if self.options.tile == "auto" and planned:
            if tensor.shape[2] * tensor.shape[3] <= planned**2:
                planned = 0  # long and narrow, yet no more than the tile holds
            else:
                self._note(f"--tile auto: pictures above {planned}x{planned} went in tiles of it")

        def run(tile: int) -> Tensor:
            side = network.sizes.tile(tile) if tile else 0
            overlap = self.options.overlap
            if overlap is None:
                overlap = default_overlap(side or min(network.sizes.fixed or (0,)))
            if side and side - overlap < network.sizes.multiple:
                side = network.sizes.up(overlap + network.sizes.multiple)  # else none advances
            return in_tiles(
                network.call,
                tensor,
                scale=scale,
                tile=(side, side) if side else None,
                overlap=overlap,
                sizes=network.sizes,
            )

        if network.tiling == "never" or network.sizes.fixed:
            return run(0)
        output, used = run_within_memory(run, tile=planned, longest=longest, notes=self.notes)
        if used != planned:
            self.tile = used
        return output

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _tile_by_memory(self, tensor: Tensor) -> int:
        """--tile auto: measured on a corner of the first picture."""
        network = self.network
        if network.tiling != "supported" or network.sizes.fixed or network.measure is None:
            return 0
        probe = tensor[:, :, :_PROBED, :_PROBED]
        probe = pad_reflect(probe, network.sizes.padded((_PROBED, _PROBED)))
        free = free_memory(network.device)
        used = network.measure(probe) / (probe.shape[2] * probe.shape[3])
        return tile_for(free=free, bytes_per_pixel=used)
