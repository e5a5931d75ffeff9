"""Multi-supervision: DRCN's equation 7 and LapSRN's sum over levels, term by term."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.networks.drcn import DRCN
from baselines.networks.lapsrn import LapSRN
from baselines.networks.vdsr import VDSR
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.levels import Levels, alpha_at, level_targets
from baselines.objectives.turn import RESTORER, Batch, Where
from degrade.option_error import OptionError
from degrade.resize import resize_matlab
from tests.random_pictures import random_picture

DRCN_CHOICE = Levels(of="recursions", pixel="half-l2", alpha=0.8, alpha_until=10)
LAPSRN_CHOICE = Levels(of="levels", pixel="charbonnier-lapsrn")


def terms(choice: Levels, network: Any, *, lq: Tensor, gt: Tensor, step: int = 0) -> dict[str, Any]:
    """What the only turn gives for one batch."""
    objective = open_objective(
        choice, ingredients=Ingredients(restorer=network, seed=0, patch=gt.shape[-1])
    )
    (turn,) = objective.turns
    assert turn.trains == (RESTORER,) and objective.networks[RESTORER] is network
    batch = Batch(
        where=Where(step=step, stage=0, within=step),
        pictures={"lq": lq, "gt": gt},
        keys=("a", "b"),
        draw=lambda _name: torch.Generator(),
    )
    return turn.loss({RESTORER: network}, batch, {})


@pytest.fixture
def drcn() -> DRCN:
    """Three recursions, unequal weights."""
    network = DRCN(width=8, recursions=3)
    with torch.no_grad():
        network.weights.copy_(torch.tensor([0.2, 0.3, 0.4]))
    return network


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    """An input of the target's size, and the target."""
    return random_picture(2, 1, 12, 12), random_picture(2, 1, 12, 12) * 0.5


def test_drcn_is_equation_seven(drcn: DRCN, pair: tuple[Tensor, Tensor]) -> None:
    lq, gt = pair
    alpha, samples = 0.8 * 0.6, 2  # four of ten steps later
    features = drcn.embedding(lq)
    each = []
    for _ in range(3):
        features = drcn.inference(features).relu()
        each.append(lq + drcn.reconstruction(features))
    mean = sum(float(((gt - one.detach()) ** 2).sum()) / (2 * samples) for one in each) / 3
    final = float(((gt - drcn(lq).detach()) ** 2).sum()) / (2 * samples)
    found = terms(DRCN_CHOICE, drcn, lq=lq, gt=gt, step=4)
    assert {name: float(value.detach()) for name, value in found.items()} == pytest.approx(
        {"recursions": alpha * mean, "final": (1 - alpha) * final}, rel=1e-5
    )


@pytest.mark.parametrize(
    ("step", "alpha"), [(0, 0.8), (5, 0.4), (10, 0.0), (10_000, 0.0)]
)  # fmt: skip
def test_alpha_falls_in_a_straight_line(step: int, alpha: float) -> None:
    assert alpha_at(DRCN_CHOICE, step) == pytest.approx(alpha)
    held = msgspec.structs.replace(DRCN_CHOICE, alpha_until=0)
    assert alpha_at(held, step) == 0.8


def test_after_alpha_the_weighted_sum_is_all(drcn: DRCN, pair: tuple[Tensor, Tensor]) -> None:
    lq, gt = pair
    late = terms(DRCN_CHOICE, drcn, lq=lq, gt=gt, step=10)
    assert float(late["recursions"].detach()) == 0
    assert float(late["final"].detach()) == pytest.approx(
        float(((gt - drcn(lq).detach()) ** 2).sum()) / 4, rel=1e-5
    )


def test_every_recursion_and_the_shares_learn(drcn: DRCN, pair: tuple[Tensor, Tensor]) -> None:
    lq, gt = pair
    predictions: list[Tensor] = []
    given = drcn.predictions

    def watched(picture: Tensor) -> list[Tensor]:
        predictions.extend(given(picture))
        for one in predictions:
            one.retain_grad()
        return predictions

    drcn.predictions = watched
    torch.stack([*terms(DRCN_CHOICE, drcn, lq=lq, gt=gt).values()]).sum().backward()
    assert len(predictions) == 3
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in predictions)
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in drcn.parameters())


def reduced(target: Tensor, scale: float) -> Tensor:
    """Each picture by NumPy's imresize, in double."""
    planes = [resize_matlab(one[0].numpy(), scale=scale, reading=DOUBLE) for one in target]
    return torch.from_numpy(np.stack(planes)[:, None].astype(np.float32))


DOUBLE = "matlab-bicubic-double"


def test_targets_of_levels_are_matlabs() -> None:
    target = random_picture(2, 1, 24, 16)
    quarter, half, whole = level_targets(target, count=3)
    assert whole is target
    torch.testing.assert_close(half, reduced(target, 0.5))
    torch.testing.assert_close(quarter, reduced(target, 0.25))
    assert level_targets(target, count=1) == [target]
    with pytest.raises(ValueError, match="multiples of 4"):
        level_targets(target[..., :14], count=3)


def test_lapsrn_sums_charbonnier_over_levels() -> None:
    network = LapSRN(scale=4, width=8, depth=2)
    lq, gt = random_picture(2, 1, 4, 4), random_picture(2, 1, 16, 16)
    doubled, quadrupled = network.levels(lq)

    def summed(output: Tensor, target: Tensor) -> float:
        return float(torch.sqrt((output - target) ** 2 + 1e-6).sum()) / len(output)

    found = terms(LAPSRN_CHOICE, network, lq=lq, gt=gt)
    assert {name: float(value.detach()) for name, value in found.items()} == pytest.approx(
        {"x2": summed(doubled, reduced(gt, 0.5)), "x4": summed(quadrupled, gt)}, rel=1e-5
    )


def test_a_level_moves_what_made_it_and_no_later_one() -> None:
    network = LapSRN(scale=8, width=8, depth=2)
    lq, gt = random_picture(2, 1, 4, 4), random_picture(2, 1, 32, 32)
    names = [name for name, _ in network.named_parameters()]
    for level, term in enumerate(("x2", "x4", "x8"), 1):
        found = terms(LAPSRN_CHOICE, network, lq=lq, gt=gt)
        moved = torch.autograd.grad(found[term], list(network.parameters()), allow_unused=True)
        for name, gradient in zip(names, moved, strict=True):
            # a residual of an earlier level reaches a later one through the enlarged picture
            later = any(f"{part}{k}." in name for k in range(level + 1, 4) for part in "IRF")
            assert (gradient is None or not gradient.abs().sum()) == later, (term, name)


@pytest.mark.parametrize(
    ("network", "change", "said"),
    [
        (DRCN, {"of": "recursion"}, r"objective\.of 'recursion'.*recursions"),
        (DRCN, {"pixel": "half-l1"}, r"objective\.pixel 'half-l1'"),
        (DRCN, {"alpha": 1.5}, r"objective\.alpha 1\.5"),
        (DRCN, {"alpha_until": -1}, r"alpha_until -1"),
        (DRCN, {"weight": 0.0}, r"objective\.weight 0"),
        (VDSR, {}, r"objective\.of 'recursions': VDSR"),
        (DRCN, {"of": "levels"}, r"objective\.of 'levels': DRCN"),
    ],
)
def test_wrong_settings_are_named(
    network: type[nn.Module], change: dict[str, Any], said: str
) -> None:
    choice = msgspec.structs.replace(DRCN_CHOICE, **change)
    built = network(width=4, **({"recursions": 2} if network is DRCN else {"depth": 3}))
    with pytest.raises(OptionError, match=said):
        open_objective(choice, ingredients=Ingredients(restorer=built, seed=0, patch=8))  # type: ignore[arg-type]
