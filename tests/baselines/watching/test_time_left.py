"""The rule by which the remaining time is told."""

from __future__ import annotations

import pytest

from baselines.configs.config import Stage
from baselines.watching.eta import RECENT, Pace, shown_time

STAGES = (
    Stage(steps=100, batch=8, patch=16),
    Stage(steps=50, batch=4, patch=32),
    Stage(steps=10, batch=2, patch=0),
)


def test_stages_to_come_cost_by_samples_and_pixels() -> None:
    pace = Pace(STAGES)
    assert pace.left(0) == 0.0
    pace.add(0, seconds=10.0, steps=20)
    half, quarter = 0.5 * (4 / 8) * 4, 0.5 * (2 / 8)
    assert pace.left(20) == pytest.approx(80 * 0.5 + 50 * half + 10 * quarter)
    pace.add(1, seconds=30.0, steps=10)
    assert pace.left(110) == pytest.approx(40 * 3.0 + 10 * 3.0 * (2 / 4))
    assert pace.left(160) == 0.0


def test_the_recent_pace_counts() -> None:
    pace = Pace(STAGES[:1])
    pace.add(0, seconds=1000.0, steps=1)
    for _ in range(RECENT):
        pace.add(0, seconds=1.0, steps=1)
    assert pace.left(50) == pytest.approx(50.0)


def test_time_beside_the_steps_is_added_by_its_share() -> None:
    pace = Pace(STAGES[:1])
    pace.add_aside(1000.0)  # before the first step: it does not come again
    pace.add(0, seconds=10.0, steps=10)
    pace.add_aside(20.0)
    assert pace.left(50) == pytest.approx(50 * 1.0 + 50 * 2.0)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (310, "5 min 10 s"),
     (48000, "13 h 20 min"), (3 * 86400 + 4 * 3600 + 59, "3 d 4 h")],
)  # fmt: skip
def test_times_for_people(seconds: float, shown: str) -> None:
    assert shown_time(seconds) == shown
