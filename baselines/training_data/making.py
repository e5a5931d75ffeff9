"""Making a sample on the processor: read, shrunk, cut, turned, coloured.

Everything is a function of the run's seed, the sample's position and its picture, so any worker of
any process makes the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from torch import Tensor

from baselines.configs.config import Data
from baselines.networks.architecture import Traits
from baselines.training_data.as_taken import to_planes
from baselines.training_data.collection import Collection, Kept, Loaded
from baselines.training_data.colour import draw_colours
from baselines.training_data.geometry import (
    Box,
    Orientation,
    Sides,
    draw_orientation,
    draw_place,
    lively,
    patch_sides,
    squeezed,
    with_context,
)
from baselines.training_data.recipes import draw_at
from baselines.training_data.sample import CLEAN, Made, Ready, Wanted
from builders.containers import Samples
from degrade.draws import draw_below
from degrade.resize import resize_matlab

# Input pixels on each side of a patch that bicubic's kernels reach, 2 shrinking and 2 enlarging,
# and one for the half pixel that positions are off.
_REACH = 5
_EVERY = (0.0, 1.0)  # brightness that leaves no patch out


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes samples. recipe: of clean pictures. kept: pictures that were decoded lately."""

    seed: int
    data: Data
    traits: Traits
    collections: Sequence[Collection]
    recipe: str = ""
    kept: Kept = field(default_factory=lambda: Kept(mib=0))

    def key(self, wanted: Wanted) -> str:
        """'root:pair-or-file@position'; a low and a high one joined by ' + '. To be read: draws are
        addressed by the root's number, so that a folder's name changes nothing."""
        names = [
            f"{self.collections[where].name}:{self.collections[where].label(index)}"
            for where, index in wanted.places
        ]
        return f"{' + '.join(names)}@{wanted.position}"

    def make(self, wanted: Wanted) -> Ready:
        """The sample. Raises ValueError or OSError naming its file and key."""
        key = self.key(wanted)
        try:
            loaded = [self._load(where, index) for where, index in wanted.places]
            if len(loaded) > 1:
                return self._unpaired(wanted, key, loaded)
            if CLEAN in loaded[0].pictures:
                return self._made(wanted, key, loaded[0].pictures[CLEAN])
            return self._stored(wanted, key, loaded[0])
        except ValueError as error:
            raise ValueError(f"sample {key}: {error}") from error

    def _load(self, where: int, index: int) -> Loaded:
        collection = self.collections[where]
        return self.kept.get((where, index), load=lambda: collection.load(index))

    def _unpaired(self, wanted: Wanted, key: str, loaded: Sequence[Loaded]) -> Ready:
        pictures: dict[str, Tensor] = {}
        facts: dict[str, Any] = {"key": key}
        for one in loaded:
            ((side, picture),) = one.pictures.items()
            box = self._place(
                wanted, picture.shape[:2], side=self._crop(wanted.patch), of=picture, name=side
            )
            oriented = self._orientation(wanted, picture, name=side)
            planes, told = self._turned({side: picture}, {side: box}, oriented, wanted, name=side)
            pictures |= planes
            facts[side] = told
        return Ready(key, pictures, facts)

    def _stored(self, wanted: Wanted, key: str, loaded: Loaded) -> Ready:
        lq, gt, scale = loaded.pictures["lq"], loaded.pictures["gt"], loaded.scale
        if wanted.scale and not self.traits.pre_upsampled and scale != wanted.scale:
            raise ValueError(f"x{scale:g} between its sides, the network needs x{wanted.scale:g}")
        side = self._sides(wanted, scale, enlarged=False).input or wanted.patch
        factor = self._factor(wanted, lq.shape[:2], least=side)
        if factor != 1 and scale != 1:
            raise ValueError("data.rescale: of pairs of equal sizes alone; give clean pictures")
        lq, gt = _shrunk(lq, factor), _shrunk(gt, factor)
        box = self._place(
            wanted, lq.shape[:2], side=self._crop(side), of=gt, name="pair", times=scale
        )
        boxes = {"lq": box, "gt": box.times(scale)}
        oriented = self._orientation(wanted, lq, name="pair")
        pictures, told = self._turned({"lq": lq, "gt": gt}, boxes, oriented, wanted, name="pair")
        facts = {"key": key, "scale": scale, "rescale": factor, **told}
        return Ready(key, pictures, facts, scale, loaded.sigma)

    def _made(self, wanted: Wanted, key: str, picture: Samples) -> Ready:
        """A region that becomes the pair, with what has to be cut off afterwards. Places are those
        of the turned picture: the same as if it were turned, degraded whole and then cut."""
        scale, enlarged = wanted.scale, self.traits.pre_upsampled
        sides = self._sides(wanted, scale, enlarged=enlarged)
        grid, whole = sides.grid, enlarged or scale == int(scale)
        # Bicubic's enlargement must not see the patch's borders either
        context = max(self.data.context, _REACH * grid if enlarged else 0)
        factor = self._factor(wanted, picture.shape[:2], least=sides.target + grid - 1)
        picture = _shrunk(picture, factor)
        oriented = self._orientation(wanted, picture, name="pair")
        full = picture.shape[0], picture.shape[1]
        size = oriented.size_of(full)
        if whole or not sides.target:
            size = size[0] // grid * grid, size[1] // grid * grid
        box = self._place(
            wanted, size, side=sides.target, of=oriented.of(picture), name="pair",
            grid=1 if enlarged else grid,
        )  # fmt: skip
        region = with_context(box, size=size, context=context, grid=grid, whole=whole)
        boxes = {CLEAN: oriented.before(region, size=full)}
        pictures, told = self._turned({CLEAN: picture}, boxes, oriented, wanted, name="pair")
        inner = Box(box.top - region.top, box.left - region.left, box.height, box.width)
        ((where, index),) = wanted.places
        address = f"{where}:{self.collections[where].label(index)}@{wanted.position}"
        record = draw_at(self.recipe, scale=scale, seed=self.seed, key=address)
        facts = {
            "key": key, "scale": scale, "rescale": factor, **told, "inner": inner.listed(),
            "recipe": record.recipe, "record": msgspec.to_builtins(record),
        }  # fmt: skip
        made = Made(record, inner, sides.input)
        return Ready(key, pictures, facts, scale, made=made)

    def _sides(self, wanted: Wanted, scale: float, *, enlarged: bool) -> Sides:
        return patch_sides(wanted.patch, of=self.data.patch_of, scale=scale, enlarged=enlarged)

    def _crop(self, side: int) -> int:
        """The side of what is cut: nothing where whole pictures are squeezed."""
        return 0 if self.data.fit == "resize" else side

    def _factor(self, wanted: Wanted, size: Sequence[int], *, least: int) -> float:
        """One of `data.rescale`, among those that leave `least` pixels; 1 where none does."""
        room = [one for one in self.data.rescale if int(min(size) * one) >= max(1, least)]
        if not room:
            return 1.0
        return room[draw_below(self.seed, "rescale", wanted.position, bound=len(room))]

    def _place(
        self,
        wanted: Wanted,
        size: Sequence[int],
        *,
        side: int,
        of: Samples,
        name: str,
        grid: int = 1,
        times: float = 1.0,
    ) -> Box:
        """Where the square is cut. Picture `of`, `times` as large, tells which places are dull."""
        data = self.data

        def fits(box: Box) -> bool:
            return lively(
                of, box.times(times), brightness=data.brightness, gradient=data.least_gradient
            )

        choosy = data.least_gradient or tuple(data.brightness) != _EVERY
        return draw_place(
            (size[0], size[1]), self.seed, name, wanted.position,
            side=side, grid=grid, fits=fits if choosy else None,
        )  # fmt: skip

    def _orientation(self, wanted: Wanted, picture: Samples, *, name: str) -> Orientation:
        """How it is turned. A whole picture that is no square is not turned by quarters, for a
        batch is of one size."""
        square = bool(wanted.patch) or picture.shape[0] == picture.shape[1]
        return draw_orientation(
            self.seed, name, wanted.position,
            flips=self.data.flips, quarters=self.data.quarter_turns and square,
            upside_down=self.data.upside_down,
        )  # fmt: skip

    def _turned(
        self,
        pictures: Mapping[str, Samples],
        boxes: Mapping[str, Box],
        oriented: Orientation,
        wanted: Wanted,
        *,
        name: str,
    ) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The parts as planes, turned and with other colours; and the facts."""
        data = self.data
        parts = {side: box.cut(pictures[side]) for side, box in boxes.items()}
        if data.fit == "resize":
            parts = {side: squeezed(one, side=wanted.patch) for side, one in parts.items()}
        planes = {side: to_planes(oriented.of(one)) for side, one in parts.items()}
        colours = draw_colours(
            self.seed, name, wanted.position, shuffle=data.shuffle_channels, jitter=data.jitter
        )
        planes = colours.of(planes, anchor="gt" if "gt" in planes else next(iter(planes)))
        facts = {
            "box": {side: box.listed() for side, box in boxes.items()},
            "left_right": oriented.left_right, "up_down": oriented.up_down,
            "across": oriented.across,
            **colours.facts(),
        }  # fmt: skip
        return planes, facts


def _shrunk(picture: Samples, factor: float) -> Samples:
    """By MATLAB's bicubic; integers are rounded between its passes."""
    if factor == 1:
        return picture
    double = picture.dtype == np.float32
    reading = "matlab-bicubic-double" if double else "matlab-bicubic"
    return resize_matlab(picture, scale=factor, reading=reading)
