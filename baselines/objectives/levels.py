"""Multi-supervision: all that a network predicts on its way is compared (survey 1902.06068, 3.4.4).

DRCN (Kim, Lee, Lee, CVPR 2016, equation 7) supervises each recursion's picture and their weighted
sum; LapSRN (Lai et al., CVPR 2017, equation 1) the picture of each doubling, against the target
shrunk to its size by MATLAB's bicubic in double, as getBatch_LapSRN.m of its release does. Weight
decay, equation 7's third term, is the optimiser's. Networks are asked for these pictures by methods
of their own, which `compile` leaves as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from torch import Tensor, nn

from baselines.losses.table import LOSSES, Loss
from baselines.objectives.building import Ingredients
from baselines.objectives.turn import RESTORER, Batch, Nets, Objective, Shared, Terms, Turn
from degrade.operators.resampling import resize
from degrade.option_error import OptionError, nearest


class Levels(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="levels",
    tag_field="kind",
):  # fmt: skip
    """of: 'recursions' (DRCN) or 'levels' (LapSRN). pixel: key of LOSSES, for every picture;
    weight: factor of the whole. alpha: share of the mean over recursions, the weighted sum has the
    rest; it falls in a straight line to 0 at step `alpha_until` of the run, 0: it stays. LapSRN's
    levels count alike and have no alpha."""

    of: str
    pixel: str = "l2"
    weight: float = 1.0
    alpha: float = 1.0
    alpha_until: int = 0


def alpha_at(choice: Levels, step: int) -> float:
    """The recursions' share of the loss at a step of the run."""
    if not choice.alpha_until:
        return choice.alpha
    return choice.alpha * max(0.0, 1.0 - step / choice.alpha_until)


def level_targets(target: Tensor, *, count: int) -> list[Tensor]:
    """`target` [B,C,H,W] at 1/2**(count - 1) ... 1/2, 1 of its sides, as LapSRN's levels have it.

    MATLAB's imresize of doubles, neither rounded nor clipped. Raises ValueError for sides that are
    no multiple of 2**(count - 1).
    """
    size = (target.shape[2], target.shape[3])
    if any(side % 2 ** (count - 1) for side in size):
        raise ValueError(
            f"levels: a target of {size[0]}x{size[1]}; {count} levels take multiples of "
            f"{2 ** (count - 1)}"
        )
    return [_shrunk(target, 2.0**-down) for down in range(count - 1, 0, -1)] + [target]


def _shrunk(target: Tensor, scale: float) -> Tensor:
    batch = len(target)
    size = (target.shape[2], target.shape[3])
    small, _ = resize(
        target.detach(), sizes=[size] * batch, origins=[size] * batch,
        method=["matlab-bicubic-double"] * batch, scale=[scale] * batch, base=["current"] * batch,
        grid=["floor-scale"] * batch, stretch=[1.0] * batch,
    )  # fmt: skip
    return small


def _recursions(choice: Levels, pixel: Loss, network: Any, batch: Batch) -> Terms:
    """Equation 7 without its decay: alpha * mean over recursions, (1 - alpha) * weighted sum."""
    alpha, target = alpha_at(choice, batch.where.step), batch["gt"]
    predictions: list[Tensor] = network.predictions(batch["lq"])
    final = sum(share * one for share, one in zip(network.weights, predictions, strict=True))
    each = sum(pixel(one, target) for one in predictions)
    assert isinstance(final, Tensor) and isinstance(each, Tensor)  # there is a recursion
    return {
        "recursions": choice.weight * alpha / len(predictions) * each,
        "final": choice.weight * (1.0 - alpha) * pixel(final, target),
    }


def _levels(choice: Levels, pixel: Loss, network: Any, batch: Batch) -> Terms:
    """Equation 1: a term for each doubling, 'x2', 'x4' ..."""
    pictures: list[Tensor] = network.levels(batch["lq"])
    targets = level_targets(batch["gt"], count=len(pictures))
    return {
        f"x{2**doubling}": choice.weight * pixel(picture, target)
        for doubling, (picture, target) in enumerate(zip(pictures, targets, strict=True), 1)
    }


# What may be supervised -> what the network must have for it, and its terms.
SUPERVISED: Mapping[
    str, tuple[tuple[str, ...], Callable[[Levels, Loss, Any, Batch], Terms]]
] = {
    "recursions": (("predictions", "weights"), _recursions),
    "levels": (("levels",), _levels),
}  # fmt: skip


def open_levels(choice: Levels, *, ingredients: Ingredients) -> Objective:
    """The objective of a config. Raises OptionError for a wrong setting, and for a network that
    has no such pictures."""
    _check(choice, ingredients.restorer)
    _, compare = SUPERVISED[choice.of]
    pixel = LOSSES[choice.pixel]

    def restore(networks: Nets, batch: Batch, _shared: Shared) -> Terms:
        return compare(choice, pixel, networks[RESTORER], batch)

    turn = Turn(name=RESTORER, trains=(RESTORER,), loss=restore)
    return Objective(turns=(turn,), networks={RESTORER: ingredients.restorer})


def _check(choice: Levels, network: nn.Module) -> None:
    for field, value, known in (
        ("of", choice.of, SUPERVISED),
        ("pixel", choice.pixel, LOSSES),
    ):
        if value not in known:
            raise OptionError(
                f"objective.{field} {value!r}: one of {', '.join(known)}{nearest(value, known)}"
            )
    if not (0.0 <= choice.alpha <= 1.0 and choice.alpha_until >= 0):
        raise OptionError(
            f"objective.alpha {choice.alpha:g}, alpha_until {choice.alpha_until}: alpha is in "
            "0 ... 1, alpha_until 0 or more steps"
        )
    if not (math.isfinite(choice.weight) and choice.weight > 0):
        raise OptionError(f"objective.weight {choice.weight:g}: above 0")
    needed, _ = SUPERVISED[choice.of]
    if not all(hasattr(network, one) for one in needed):
        raise OptionError(
            f"objective.of {choice.of!r}: {type(network).__name__} has no such pictures; DRCN has "
            "recursions, LapSRN has levels"
        )
