"""Learning rates and stages as functions of the step."""

from __future__ import annotations

import math

import pytest

from baselines.configs.config import Schedule, Stage
from baselines.training.schedule import LAWS, factor_at, place, total_steps
from degrade.option_error import OptionError

STAGES = [Stage(steps=3, batch=1, patch=8), Stage(steps=2, batch=1, patch=8)]


def test_each_step_lies_in_one_stage() -> None:
    found = [(place(STAGES, step).stage, place(STAGES, step).within) for step in range(5)]
    assert found == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert total_steps(STAGES) == 5


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), {0: 1.0, 10**6: 1.0}),
        # ESRGAN's: halved at 50k, 100k, 200k and 300k
        (
            Schedule(law="milestones", steps=(50_000, 100_000, 200_000, 300_000)),
            {49_999: 1.0, 50_000: 0.5, 199_999: 0.25, 300_000: 0.0625},
        ),
        # VDSR's: a tenth every so many steps
        (Schedule(law="every", steps=(20,), factor=0.1), {19: 1.0, 20: 0.1, 40: 0.01}),
        (Schedule(law="every", steps=(10,), factor=0.5, least=0.25), {100: 0.25}),
        # CycleGAN's: held, then down to 0 in a line
        (Schedule(law="linear", steps=(100, 300)), {100: 1.0, 200: 0.5, 300: 0.0, 400: 0.0}),
        # Restormer's: 3e-4 for 92k, then half a cosine down to 1e-6
        (
            Schedule(law="cosine", steps=(92_000, 300_000), least=1e-6 / 3e-4),
            {0: 1.0, 92_000: 1.0, 196_000: (1 + 1e-6 / 3e-4) / 2, 300_000: 1e-6 / 3e-4},
        ),
        # restarts: each pair begins at 1 again
        (Schedule(law="cosine", steps=(0, 4, 4, 8)), {0: 1.0, 2: 0.5, 4: 1.0, 6: 0.5, 9: 0.0}),
        (Schedule(warm_up=3), {0: 0.25, 1: 0.5, 3: 1.0, 9: 1.0}),
    ],
)
def test_factors_are_those_of_the_papers(schedule: Schedule, expected: dict[int, float]) -> None:
    for step, factor in expected.items():
        assert math.isclose(factor_at(schedule, step), factor, rel_tol=1e-9, abs_tol=1e-12), step


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Schedule(law="cosin"), "did you mean 'cosine'"),
        (Schedule(law="cosine", steps=(5,)), "pairs of rising steps"),
        (Schedule(law="linear", steps=(5, 5)), "takes 2, rising"),
        (Schedule(law="every"), "takes 1"),
    ],
)
def test_a_schedule_that_cannot_hold_is_refused(schedule: Schedule, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        factor_at(schedule, 1)


def test_every_law_is_tried_here() -> None:
    assert set(LAWS) == {"constant", "milestones", "every", "linear", "cosine"}
