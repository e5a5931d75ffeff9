"""MSEC: a picture and three levels of its pyramid compared at once, and a judge of pictures.

Afifi, Derpanis, Ommer, Brown, CVPR 2021, section 3.3, as the release has it (final_Loss.m,
modelGradients.m, gtRead.m, packingGLayer.m, train_network.m): on the scale of 0 ... 255, sums over
a sample, the batch's mean. Level n of the network, enlarged, is compared with level n of the
target's Gaussian pyramid, enlarged; the release packs levels 3 and 4 times 2 and 4, which are their
weights. The judge sees results and targets as 256x256 (MATLAB's bicubic), each flipped left-right,
up-down or not at all.

The release's adversarial term teaches the network nothing: it rounds results to 8 bits outside the
automatic gradient, so the term shifts the loss and no more, and its published weights are of a
network that learnt from the differences alone. The paper means it to pass gradients (eq. 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import msgspec
import torch
from torch import Tensor

from baselines.losses.pixel import l1
from baselines.networks.discriminators.msec import SIDE, MSECDiscriminator
from baselines.networks.msec.laplacian_pyramid import enlarge, gaussian_pyramid
from baselines.networks.msec.network import LEVELS, MSEC, RANGE
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.turn import (
    JUDGE,
    RESTORER,
    Batch,
    Nets,
    Objective,
    Shared,
    Terms,
    Turn,
    Where,
)
from degrade.operators.resampling import resize
from degrade.option_error import OptionError, nearest

ADVERSARIAL = ("released", "paper", "none")
NEVER = -1
LEAST = 1e-9  # of the judge's sigmoid under the logarithm, final_Loss.m
WEIGHT = 12.0  # by pixel: 3 channels x 4 levels, W in final_Loss.m
_RESULT = "result"
_FLIPS = ((2,), (3,), ())  # augmentBatch.m: up-down, left-right, neither


class Msec(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="msec",
    tag_field="kind",
):  # fmt: skip
    """levels: weights of the picture and of levels 2, 3 and 4. adversarial: 'released' (the judge
    learns, its term has no gradient), 'paper' (the term passes gradients) or 'none' (no judge at
    work; the paper's Table 1 has both). weight: of the term, by pixel. judge_from: for each stage
    the step within it at which the judge begins, -1 for never; stages beyond the list: never."""

    levels: tuple[float, float, float, float] = (1.0, 1.0, 2.0, 4.0)
    adversarial: str = "released"
    weight: float = WEIGHT
    judge_from: tuple[int, ...] = ()


def open_msec(choice: Msec, *, ingredients: Ingredients) -> Objective:
    """The objective of a config. Raises OptionError for another network than MSEC, a word that is
    not there, or squares that the network's levels do not divide."""
    restorer = ingredients.restorer
    if not isinstance(restorer, MSEC):
        raise OptionError(
            f"objective msec: compares the levels of msec; network.preset names a "
            f"{type(restorer).__name__}, for which take objective paired"
        )
    if choice.adversarial not in ADVERSARIAL:
        raise OptionError(
            f"objective.adversarial {choice.adversarial!r}: one of {', '.join(ADVERSARIAL)}"
            f"{nearest(choice.adversarial, ADVERSARIAL)}"
        )
    if ingredients.patch % restorer.multiple or not ingredients.patch:
        raise OptionError(
            f"stages.0.patch {ingredients.patch}: msec of depth "
            f"{len(restorer.level1.encoder)} takes multiples of {restorer.multiple}"
        )

    def is_due(where: Where) -> bool:
        begins = choice.judge_from[where.stage : where.stage + 1]
        return choice.adversarial != "none" and bool(begins) and 0 <= begins[0] <= where.within

    def restore(networks: Nets, batch: Batch, shared: Shared) -> Terms:
        results = _levels(networks[RESTORER], batch["lq"])
        terms = differences(results, batch["gt"], weights=choice.levels)
        if is_due(batch.where):
            shared[_RESULT] = results[0].detach()
            terms["adversarial"] = _deceit(choice, networks[JUDGE], results[0], batch)
        return terms

    def judge(networks: Nets, batch: Batch, shared: Shared) -> Terms:
        real = networks[JUDGE](_flipped(_judged(batch["gt"]), batch, name="real"))
        fake = networks[JUDGE](_seen(choice, shared[_RESULT], batch))
        return {"real": -_log_sigmoid(real).mean(), "fake": -_log_sigmoid(-fake).mean()}

    networks = {
        RESTORER: restorer,
        JUDGE: first_weights(MSECDiscriminator, seed=ingredients.seed, name=JUDGE),
    }
    return Objective(
        turns=(
            Turn(name=RESTORER, trains=(RESTORER,), loss=restore),
            Turn(name=JUDGE, trains=(JUDGE,), loss=judge, due=is_due),
        ),
        networks=networks,
    )


def differences(results: Sequence[Tensor], target: Tensor, *, weights: Sequence[float]) -> Terms:
    """The terms 'picture', 'level2', 'level3' and 'level4': weighted sums of |difference| over a
    sample on the scale of 0 ... 255, the batch's mean.

    results: the network's levels, [B,3,H,W] twice, [B,3,H/2,W/2] and [B,3,H/4,W/4], and target
    [B,3,H,W], where 1 is white. final_Loss.m, with the weights of packingGLayer.m and gtRead.m.
    """
    with torch.autocast(target.device.type, enabled=False):  # targets keep all their bits
        blurred = gaussian_pyramid(target.float(), levels=LEVELS)
        enlarged = [enlarge(coarse, size=fine.shape[2:]) for fine, coarse in pairwise(blurred)]
    wanted = [blurred[0], *enlarged]
    names = ("picture", *(f"level{n}" for n in range(2, LEVELS + 1)))
    return {
        name: weight * RANGE * l1(result, one, norm="sum-per-sample")
        for name, weight, result, one in zip(names, weights, results, wanted, strict=True)
    }


def _levels(network: Any, picture: Tensor) -> list[Tensor]:
    """Of a network that may be compiled: its levels run as they are written."""
    return cast("MSEC", getattr(network, "_orig_mod", network)).levels(picture)


def _deceit(choice: Msec, judge: Any, result: Tensor, batch: Batch) -> Tensor:
    """The restorer's adversarial term: -weight * pixels * mean log D."""
    pixels = result.shape[2] * result.shape[3]
    with torch.set_grad_enabled(choice.adversarial == "paper"):
        logits = judge(_seen(choice, result, batch))
        return -choice.weight * pixels * _log_sigmoid(logits).mean()


def _seen(choice: Msec, result: Tensor, batch: Batch) -> Tensor:
    """What the judge sees of a result; the release rounds it to 8 bits."""
    if choice.adversarial == "released":
        seen = (_judged(result.detach()) * RANGE).round().clamp(0, RANGE) / RANGE
    else:
        seen = _judged(result)
    return _flipped(seen, batch, name="fake")


def _judged(picture: Tensor) -> Tensor:
    """[B,3,H,W] as [B,3,256,256], float32."""
    count, _, height, width = picture.shape
    picture = picture.float()
    if (height, width) == (SIDE, SIDE):
        return picture
    made, _ = resize(
        picture,
        sizes=[(height, width)] * count,
        origins=[(height, width)] * count,
        method=["matlab-bicubic-double"] * count,
        scale=[SIDE / height] * count,
        base=["current"] * count,
        grid=["round-size"] * count,
        stretch=[height / width] * count,
    )
    return made


def _flipped(pictures: Tensor, batch: Batch, *, name: str) -> Tensor:
    """Each picture up-down, left-right or as it is, by thirds, a function of its number in the
    step."""
    drawn = [
        int(torch.randint(len(_FLIPS), (), generator=batch.draw(f"{name} flip {number}")))
        for number in range(batch.first, batch.first + len(pictures))
    ]
    flips = [
        picture.flip([axis - 1 for axis in _FLIPS[one]])
        for picture, one in zip(pictures, drawn, strict=True)
    ]
    return torch.stack(flips)


def _log_sigmoid(logits: Tensor) -> Tensor:
    """log(max(sigmoid, LEAST)): no gradient below."""
    return torch.log(torch.sigmoid(logits.float()).clamp(min=LEAST))
