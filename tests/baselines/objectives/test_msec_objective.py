"""MSEC's turns: sums as the release packs them, the cut gradient, and when the judge begins."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from baselines.configs.config import Config, NetworkChoice, Optimizer, Stage
from baselines.configs.table import CONFIGS
from baselines.networks.dncnn import DnCNN
from baselines.networks.msec.laplacian_pyramid import enlarge, gaussian_pyramid
from baselines.networks.msec.network import MSEC
from baselines.objectives.building import Ingredients
from baselines.objectives.msec import Msec, open_msec
from baselines.objectives.turn import JUDGE, RESTORER, Batch, Objective, Shared, Terms, Where
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.session import Session, Step
from degrade.draws import draw_u32
from degrade.option_error import OptionError
from degrade.resize import resize_matlab

START = (0,)  # the judge begins at once


def opened(choice: Msec, *, patch: int = 64) -> Objective:
    torch.manual_seed(1)
    restorer = MSEC(width=2, depth=1)
    return open_msec(choice, ingredients=Ingredients(restorer=restorer, seed=3, patch=patch))


def seeded(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(draw_u32(9, name))


def batch_of(
    *, side: int = 64, within: int = 0, stage: int = 0, keys: Sequence[str] = ("a", "b")
) -> Batch:
    generator = torch.Generator().manual_seed(5)
    shape = (len(keys), 3, side, side)
    pictures = {name: torch.rand(shape, generator=generator) for name in ("lq", "gt")}
    where = Where(step=within, stage=stage, within=within)
    return Batch(where=where, pictures=pictures, keys=tuple(keys), draw=seeded)


def terms_of(objective: Objective, batch: Batch) -> tuple[Terms, Shared]:
    shared: Shared = {}
    return objective.turns[0].loss(objective.networks, batch, shared), shared


def gradients(objective: Objective, batch: Batch) -> list[Tensor]:
    terms, _ = terms_of(objective, batch)
    total = torch.stack(list(terms.values())).sum()
    return list(torch.autograd.grad(total, list(objective.networks[RESTORER].parameters())))


def seen_by_judge(objective: Objective, work: Callable[[], object]) -> list[Tensor]:
    seen: list[Tensor] = []
    judge = objective.networks[JUDGE]
    hook = judge.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    work()
    hook.remove()
    return seen


def test_differences_are_those_of_the_packed_pyramids() -> None:
    objective, batch = opened(Msec()), batch_of()
    restorer = objective.networks[RESTORER]
    assert isinstance(restorer, MSEC)
    terms, _ = terms_of(objective, batch)
    assert list(terms) == ["picture", "level2", "level3", "level4"]

    def packed(levels: Sequence[Tensor]) -> Tensor:
        """packingGLayer.m: twelve planes of the full size, the small ones at the top left."""
        canvas = torch.zeros(2, 12, 64, 64)
        for place, (level, factor) in enumerate(zip(levels, (1, 1, 2, 4), strict=True)):
            height, width = level.shape[2:]
            canvas[:, 3 * place : 3 * place + 3, :height, :width] = 255 * level * factor
        return canvas

    pyramid = gaussian_pyramid(batch["gt"], levels=4)
    sides = (64, 32, 16)
    target = [
        batch["gt"],
        *(enlarge(one, size=(n, n)) for one, n in zip(pyramid[1:], sides, strict=True)),
    ]
    apart = packed(target) - packed(restorer.levels(batch["lq"]))
    expected = apart.abs().sum() / 2
    torch.testing.assert_close(torch.stack(list(terms.values())).sum(), expected)


def test_weights_of_levels_are_factors() -> None:
    batch = batch_of()
    plain, _ = terms_of(opened(Msec(levels=(1, 1, 1, 1))), batch)
    weighted, _ = terms_of(opened(Msec(levels=(3, 0, 2, 0.5))), batch)
    for name, factor in zip(plain, (3, 0, 2, 0.5), strict=True):
        torch.testing.assert_close(weighted[name], factor * plain[name])


def test_released_term_has_no_gradient_and_shifts_the_loss() -> None:
    batch = batch_of()
    released = opened(Msec(judge_from=START))
    terms, _ = terms_of(released, batch)
    assert float(terms["adversarial"]) > 0
    assert not terms["adversarial"].requires_grad
    alone = gradients(opened(Msec(adversarial="none", judge_from=START)), batch)
    for ours, without in zip(gradients(released, batch), alone, strict=True):
        assert torch.equal(ours, without)


def test_papers_term_has_the_gradient_of_its_formula() -> None:
    side = 256  # no resize: the formula can be written out
    batch = batch_of(side=side, keys=("a",))
    objective = opened(Msec(adversarial="paper", levels=(0, 0, 0, 0), judge_from=START), patch=side)
    restorer, judge = objective.networks[RESTORER], objective.networks[JUDGE]
    assert isinstance(restorer, MSEC)
    (seen,) = seen_by_judge(objective, lambda: terms_of(objective, batch))
    result = restorer.levels(batch["lq"])[0]
    axes = [one for one in ((2,), (3,), ()) if torch.equal(result.flip(one), seen)]
    assert axes, "the judge sees the result itself, flipped or not"
    term = -12 * side * side * logsigmoid(judge(result.flip(axes[0]))).mean()
    expected = torch.autograd.grad(term, list(restorer.parameters()), allow_unused=True)
    found = gradients(objective, batch)
    assert any(one.abs().max() > 0 for one in found)
    for ours, theirs in zip(found, expected, strict=True):
        theirs = torch.zeros_like(ours) if theirs is None else theirs
        # sums over 65,536 pixels in float32, in another order
        assert float((ours - theirs).abs().max()) <= 1e-3 * float(theirs.abs().max())


def test_judge_sees_eight_bits_in_the_release_and_all_in_the_paper() -> None:
    batch = batch_of()

    def fraction(adversarial: str) -> float:
        objective = opened(Msec(adversarial=adversarial, judge_from=START))
        (seen,) = seen_by_judge(objective, lambda: terms_of(objective, batch))
        seen = seen.detach()
        assert seen.shape == (2, 3, 256, 256)
        return float((255 * seen - (255 * seen).round()).abs().max())

    assert fraction("released") < 1e-3
    assert fraction("paper") > 0.1


def test_judge_sees_targets_resized_as_matlab_does() -> None:
    objective, batch = opened(Msec(judge_from=START)), batch_of(keys=("a",))
    _, shared = terms_of(objective, batch)
    judged = objective.turns[1]
    real, _ = seen_by_judge(objective, lambda: judged.loss(objective.networks, batch, shared))
    picture = batch["gt"][0].numpy()
    planes = [resize_matlab(p, scale=4, reading="matlab-bicubic-double") for p in picture]
    expected = torch.from_numpy(np.stack(planes)).float()
    flips = [expected.flip(one) for one in ((1,), (2,), ())]
    assert any(torch.allclose(real[0], one, atol=1e-5) for one in flips)


def test_judge_learns_cross_entropy_and_nothing_else_does() -> None:
    objective, batch = opened(Msec(judge_from=START)), batch_of()
    _, shared = terms_of(objective, batch)
    logits: list[Tensor] = []
    judge = objective.networks[JUDGE]

    def keep(_module: object, _inputs: object, output: Tensor) -> None:
        logits.append(output)

    hook = judge.register_forward_hook(keep)
    terms = objective.turns[1].loss(objective.networks, batch, shared)
    hook.remove()
    real, fake = logits
    torch.testing.assert_close(terms["real"], -logsigmoid(real).mean())
    torch.testing.assert_close(terms["fake"], -logsigmoid(-fake).mean())
    (terms["real"] + terms["fake"]).backward()
    assert all(one.grad is not None for one in judge.parameters())
    assert all(one.grad is None for one in objective.networks[RESTORER].parameters())


def test_a_certain_judge_gives_finite_terms() -> None:
    objective, batch = opened(Msec(adversarial="paper", judge_from=START)), batch_of()
    last = list(objective.networks[JUDGE].parameters())[-1]
    with torch.no_grad():
        last.fill_(-1000.0)
    terms, shared = terms_of(objective, batch)
    floor = -12 * 64 * 64 * math.log(1e-9)
    assert terms["adversarial"].item() == pytest.approx(floor, rel=1e-6)
    judged = objective.turns[1].loss(objective.networks, batch, shared)
    assert judged["real"].item() == pytest.approx(-math.log(1e-9), rel=1e-6)
    assert judged["fake"].item() == pytest.approx(0.0, abs=1e-6)


def test_a_sample_is_flipped_alike_in_any_micro_batch() -> None:
    one = batch_of(keys=tuple("abcdefgh"))

    def part(start: int) -> Batch:
        chosen = slice(start, start + 4)
        return dataclasses.replace(
            one,
            pictures={name: value[chosen] for name, value in one.pictures.items()},
            keys=tuple("renamed!"[chosen]),
            first=start,
        )

    def seen(batch: Batch) -> Tensor:
        objective = opened(Msec(judge_from=START))
        return seen_by_judge(objective, lambda: terms_of(objective, batch))[0]

    forward = seen(one)
    torch.testing.assert_close(forward, torch.cat([seen(part(0)), seen(part(4))]))
    upright = [torch.equal(row, row.flip(1)) for row in forward]
    assert not any(upright), "random pictures: a flip shows"


@pytest.mark.parametrize(
    ("stage", "within", "due"),
    [(0, 0, False), (0, 10**6, False), (1, 6, False), (1, 7, True), (2, 0, True), (3, 9, False)],
)
def test_judge_begins_where_its_stage_says(stage: int, within: int, due: bool) -> None:
    where = Where(step=10**6, stage=stage, within=within)
    objective = opened(Msec(judge_from=(-1, 7, 0)))
    assert objective.turns[1].due(where) is due
    batch = batch_of(stage=stage, within=within)
    terms, shared = terms_of(objective, batch)
    assert ("adversarial" in terms) is due
    assert bool(shared) is due
    without = opened(Msec(adversarial="none", judge_from=(-1, 7, 0)))
    assert not without.turns[1].due(where)


def test_published_stages_begin_the_judge_after_fifteen_and_five_epochs() -> None:
    choice = CONFIGS["msec"].objective
    assert isinstance(choice, Msec)
    assert choice.adversarial == "released"
    # 17,675 pictures x 6 squares in batches of 8, x 4 in batches of 4; the last part is left out
    assert choice.judge_from == (-1, 15 * 13_256, 5 * 17_675)


class _Same:
    """One batch for all steps."""

    waited = 0.0

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        count = stage.batch
        one = batch_of(side=stage.patch, keys=[str(n) for n in range(count)])
        return [Batch(where=where, pictures=one.pictures, keys=one.keys, draw=seeded)]

    def close(self) -> None:
        """Nothing is open."""


def test_steps_through_the_loop() -> None:
    rates = {RESTORER: Optimizer(rate=1e-3), JUDGE: Optimizer(rate=1e-3)}
    choice = Msec(judge_from=(-1, 1))
    config = Config(
        name="t",
        about="",
        cite="",
        network=NetworkChoice(preset="msec"),
        objective=choice,
        optimizers=rates,
        stages=(Stage(steps=2, batch=2, patch=32), Stage(steps=4, batch=1, patch=64)),
    )
    objective = opened(choice, patch=32)
    processes = Processes(device="cpu")
    session = Session(config, objective, processes, _Same())
    judge = next(iter(objective.networks[JUDGE].parameters()))
    first = judge.detach().clone()
    told: list[set[str]] = []
    moved: list[bool] = []

    def keep(_session: Session, step: Step) -> None:
        told.append({name for name in step.terms if name.partition("/")[2] not in _LEVELS})
        moved.append(not torch.equal(judge, first))

    train(session, until=6, hooks=[keep])
    at_work = {"restorer/adversarial", "judge/real", "judge/fake"}
    assert told == [set(), set(), set(), at_work, at_work, at_work]
    assert moved == [False, False, False, True, True, True]


_LEVELS = {"picture", "level2", "level3", "level4"}


def test_wrong_choices_are_named() -> None:
    ingredients = Ingredients(restorer=MSEC(width=2, depth=1), seed=0, patch=64)
    with pytest.raises(OptionError, match=r"objective.adversarial 'relesed'.*released"):
        open_msec(Msec(adversarial="relesed"), ingredients=ingredients)
    for patch in (0, 48):
        wrong = Ingredients(restorer=MSEC(width=2, depth=1), seed=0, patch=patch)
        with pytest.raises(OptionError, match=rf"stages.0.patch {patch}: .* multiples of 32"):
            open_msec(Msec(), ingredients=wrong)
    other = Ingredients(restorer=DnCNN(width=4, depth=3), seed=0, patch=64)
    with pytest.raises(OptionError, match="DnCNN"):
        open_msec(Msec(), ingredients=other)
