"""Restoration from pairs: one network, one pixel-wise loss."""

from __future__ import annotations

import msgspec

from baselines.losses.table import LOSSES
from baselines.objectives.building import Ingredients
from baselines.objectives.turn import (
    RESTORER,
    Batch,
    Nets,
    Objective,
    Shared,
    Terms,
    Turn,
    restored,
)
from degrade.option_error import OptionError, nearest


class Paired(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="paired",
    tag_field="kind",
):  # fmt: skip
    """pixel: key of LOSSES; weight: its factor."""

    pixel: str = "l1"
    weight: float = 1.0


def open_paired(choice: Paired, *, ingredients: Ingredients) -> Objective:
    """The objective of a config. Raises OptionError for a loss that is not there."""
    if choice.pixel not in LOSSES:
        raise OptionError(
            f"objective.pixel {choice.pixel!r}: one of {', '.join(LOSSES)}"
            f"{nearest(choice.pixel, LOSSES)}"
        )
    pixel = LOSSES[choice.pixel]

    def restore(networks: Nets, batch: Batch, _shared: Shared) -> Terms:
        return {"pixel": choice.weight * pixel(restored(networks, batch), batch["gt"])}

    turn = Turn(name=RESTORER, trains=(RESTORER,), loss=restore)
    return Objective(turns=(turn,), networks={RESTORER: ingredients.restorer})
