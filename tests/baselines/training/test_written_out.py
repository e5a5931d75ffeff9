"""The loop beside a plain PyTorch loop that is written out here: what both sides of a resumed run
would do wrongly alike."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from baselines.configs.config import Optimizer, Schedule, Stage
from baselines.objectives.turn import RESTORER
from baselines.training.loop import train
from baselines.training.schedule import place
from baselines.training.session import Session, Step
from tests.baselines.training.toy_run import toy_config, toy_session

RATE, DECAY, PATTERN, FACTOR = 0.05, 0.7, r"first_part\.0", 0.1
CLIP_AT = {"none": 0.0, "norm": 0.05, "value": 0.002, "adjustable": 1e-4, "adjustable-norm": 1e-3}
STAGES = (
    Stage(steps=2, batch=4, patch=18, accumulate=2),
    Stage(steps=3, batch=2, patch=24, schedule=Schedule(law="every", steps=(2,), factor=0.5)),
)
RATES = [
    RATE,
    RATE * 0.1,
    RATE,
    RATE,
    RATE * 0.5,
]  # the run's own falls after one step, then theirs


def clipped(gradients: list[torch.Tensor], *, kind: str, rate: float) -> list[torch.Tensor]:
    at = CLIP_AT[kind]
    norm = math.sqrt(sum(float((one.double() ** 2).sum()) for one in gradients))
    match kind:
        case "norm" | "adjustable-norm":
            most = at if kind == "norm" else at / rate
            return [one * min(1.0, most / (norm + 1e-6)) for one in gradients]
        case "value" | "adjustable":
            most = at if kind == "value" else at / rate
            return [one.clamp(-most, most) for one in gradients]
        case _:
            return gradients


@pytest.mark.parametrize("kind", CLIP_AT)
def test_the_loop_does_what_is_written_out(kind: str) -> None:
    config = toy_config(
        stages=STAGES,
        ema=DECAY,
        optimizers={
            RESTORER: Optimizer(
                kind="sgd", rate=RATE, groups={PATTERN: FACTOR}, clip=kind, clip_at=CLIP_AT[kind],
                schedule=Schedule(law="every", steps=(1,), factor=0.1),
            )
        },
    )  # fmt: skip
    session = toy_session(config)
    network = copy.deepcopy(session.objective.networks[RESTORER])
    mean = copy.deepcopy(network)
    losses: list[float] = []
    changed = False
    for step, rate in enumerate(RATES):
        where = place(STAGES, step)
        batches = session.batches.at(where, STAGES[where.stage])
        total = sum((network(b["lq"]) - b["gt"]).abs().mean() for b in batches) / len(batches)
        assert isinstance(total, torch.Tensor)
        names, weights = zip(*network.named_parameters(), strict=True)
        found = list(torch.autograd.grad(total, weights))
        gradients = clipped(found, kind=kind, rate=rate)
        changed = changed or any(
            not torch.equal(*two) for two in zip(found, gradients, strict=True)
        )
        losses.append(float(total.detach()))
        with torch.no_grad():
            for name, weight, gradient in zip(names, weights, gradients, strict=True):
                weight -= rate * (FACTOR if "first_part.0" in name else 1.0) * gradient
            for averaged, weight in zip(mean.parameters(), weights, strict=True):
                averaged.copy_(DECAY * averaged + (1 - DECAY) * weight)
    assert changed == (kind != "none"), "the bound is too wide to be seen"
    seen: list[tuple[float, float]] = []

    def keep(_session: Session, done: Step) -> None:
        seen.append((float(done.terms[f"{RESTORER}/pixel"]), done.rates[RESTORER]))

    train(session, until=len(RATES), hooks=[keep])
    assert [loss for loss, _ in seen] == pytest.approx(losses, rel=1e-5)
    assert [rate for _, rate in seen] == pytest.approx(RATES)
    for own, other in (
        (session.objective.networks[RESTORER], network),
        (session.averaged.network, mean),
    ):
        for (name, a), b in zip(own.named_parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6, msg=name)
