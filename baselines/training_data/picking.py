"""Which samples a step has: position, scale and pictures, as functions of the step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

from baselines.configs.config import Config
from baselines.networks.architecture import Traits
from baselines.objectives.turn import Where
from baselines.training_data.opening import Opened
from baselines.training_data.order import Order
from baselines.training_data.recipes import recipe_at
from baselines.training_data.sample import Wanted
from baselines.training_data.stored import StoredPairs
from degrade.draws import draw_below
from degrade.option_error import OptionError


@dataclass(frozen=True, kw_only=True)
class Picker:
    """Gives a step's samples, before anything is read."""

    config: Config
    opened: Opened
    traits: Traits
    _views: dict[tuple[int, float | None], tuple[int, ...]] = field(default_factory=dict)
    _orders: dict[tuple[int, int, float | None], Order] = field(default_factory=dict)

    @functools.cached_property
    def _before(self) -> list[int]:
        """Samples of the run before each stage."""
        sums = [0]
        for stage in self.config.stages:
            sums.append(sums[-1] + stage.steps * stage.batch)
        return sums

    @property
    def stored(self) -> bool:
        """Whether the samples are built pairs."""
        return isinstance(self.opened.collections[0], StoredPairs)

    def wanted(self, where: Where, number: int) -> Wanted:
        """Sample `number` of a step of all processes."""
        stage = self.config.stages[where.stage]
        within = where.within * stage.batch + number
        position = self._before[where.stage] + within
        scale = self._scale(where, position)
        # A stage of its own weights walks its own order from its first sample on.
        at = within if stage.weights else position
        view = scale if self.stored and scale else None
        places = tuple(
            self._place(where.stage, half, view, at) for half in range(len(self.opened.halves))
        )
        return Wanted(position, places, scale, stage.patch)

    def scales(self, number: int) -> tuple[float, ...]:
        """Those that samples of stage `number` may have; (0,) where the pairs say it."""
        if self.config.data.scales:
            return tuple(float(one) for one in self.config.data.scales)
        named = [s.scale for s in self.config.stages[: number + 1] if s.scale]
        if named:
            return (float(named[-1]),)
        if self.config.data.unpaired:
            return (1.0,)
        if self.stored and self.traits.pre_upsampled:
            return (0.0,)
        return (float(self.traits.scale),)

    def check(self, *, recipe: str) -> None:
        """Raises OptionError for a stage that has no data, or whose scale the data does not tell.

        recipe: that clean pictures go through."""
        for number in range(len(self.config.stages)):
            for scale in self.scales(number):
                self._check_scale(scale, recipe=recipe)
                for half in range(len(self.opened.halves)):
                    self._order(number, half, scale if self.stored and scale else None)

    def _check_scale(self, scale: float, *, recipe: str) -> None:
        if not recipe:
            return
        if self.traits.pre_upsampled and not self.config.data.scales:
            raise OptionError(
                "data.scales: the network keeps the size, so the scale of --gt is not known; list "
                "one or more (2, or 2 3 4)"
            )
        recipe_at(recipe, scale)

    def _scale(self, where: Where, position: int) -> float:
        scales = self.scales(where.stage)
        if len(scales) == 1:
            return scales[0]
        shared = self.config.data.scale_per == "batch"
        address = ("batch", where.step) if shared else ("sample", position)
        return scales[draw_below(self.config.seed, "scale", *address, bound=len(scales))]

    def _place(self, stage: int, half: int, view: float | None, at: int) -> tuple[int, int]:
        root, index = self._order(stage, half, view).at(at)
        where = self.opened.halves[half][root]
        return where, self._view(where, view)[index]

    def _view(self, where: int, view: float | None) -> tuple[int, ...]:
        if (where, view) not in self._views:
            self._views[where, view] = self.opened.collections[where].scaled(view)
        return self._views[where, view]

    def _order(self, stage: int, half: int, view: float | None) -> Order:
        if (stage, half, view) not in self._orders:
            self._orders[stage, half, view] = self._new_order(stage, half, view)
        return self._orders[stage, half, view]

    def _new_order(self, stage: int, half: int, view: float | None) -> Order:
        """The order of a half's pictures in a stage. Raises OptionError where there are none."""
        members = self.opened.halves[half]
        own: Sequence[float] = self.config.stages[stage].weights
        if own and len(own) != len(self.opened.collections):
            raise OptionError(
                f"stages.{stage}.weights {list(own)}: {len(self.opened.collections)} roots are "
                "given, each has one"
            )
        counts = tuple(len(self._view(where, view)) for where in members)
        if not any(counts):
            there = sorted(
                {
                    scale
                    for one in self.opened.collections
                    if isinstance(one, StoredPairs)
                    for scale in one.scales()
                }
            )
            held = ", ".join(f"x{one:g}" for one in there)
            raise OptionError(f"--data: no pairs of x{view:g}; there are {held}")
        weights = tuple(
            own[where] if own else self.opened.collections[where].weight for where in members
        )
        address: tuple[str | int, ...] = (self.config.seed, "order", half, f"{view}")
        if own:
            address = (*address, "stage", stage)
        return Order(address=address, counts=counts, weights=weights)
