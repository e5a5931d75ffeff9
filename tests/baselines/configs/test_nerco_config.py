"""NeRCo's recipe beside the release's options, and its small sibling on the same path."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from baselines.configs.config import Config
from baselines.configs.nerco import EPOCH, NERCO, NERCO_SMALL
from baselines.configs.table import CONFIGS
from baselines.networks.nerco.network import NeRCo
from baselines.objectives.turn import RESTORER
from baselines.training.schedule import factor_at, place, total_steps
from baselines.training_data.sources import Sources
from builders.sources import Root
from tests.training_samples import opened


def released_factor(epoch: int) -> float:
    """Of the rate in an epoch from 1 on: get_scheduler of models/networks.py, which train.py has
    stepped once before its first epoch."""
    return 1.0 - max(0, epoch + 1 - 100) / (200 + 1)


def test_numbers_of_the_release() -> None:
    assert NERCO.stages[0].batch == 1 and NERCO.stages[0].patch == 512
    assert total_steps(NERCO.stages) == 300 * EPOCH
    for optimizer in NERCO.optimizers.values():
        assert (optimizer.kind, optimizer.rate, optimizer.betas) == ("adam", 2e-4, (0.5, 0.999))
    data = NERCO.data
    assert data.unpaired and data.fit == "resize"
    assert data.flips and not data.upside_down and not data.quarter_turns


@pytest.mark.parametrize("epoch", [1, 50, 99, 100, 101, 200, 299, 300])
def test_rate_falls_with_the_release_s(epoch: int) -> None:
    schedule = NERCO.optimizers[RESTORER].schedule
    for within in (0, EPOCH // 2, EPOCH - 1):
        ours = factor_at(schedule, (epoch - 1) * EPOCH + within)
        assert 0.0 <= ours - released_factor(epoch) <= 1 / 201 + 1e-9
    assert factor_at(schedule, epoch * EPOCH) == pytest.approx(released_factor(epoch))


@pytest.mark.parametrize("name", ["nerco", "nerco-small"])
def test_goes_through_json(name: str) -> None:
    config = CONFIGS[name]
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config


def test_small_takes_the_same_path() -> None:
    assert NERCO_SMALL.optimizers.keys() == NERCO.optimizers.keys()
    assert NERCO_SMALL.data == NERCO.data
    differing = {
        name
        for name in NERCO.objective.__struct_fields__
        if getattr(NERCO.objective, name) != getattr(NERCO_SMALL.objective, name)
    }
    assert differing == {"judge_width", "pool"}
    for optimizer in NERCO_SMALL.optimizers.values():
        assert factor_at(optimizer.schedule, total_steps(NERCO_SMALL.stages)) == 0.0


def test_pictures_are_squeezed_whole_and_mirrored_each_for_itself(tmp_path: Path) -> None:
    """A picture bright at its top left: the bright corner is seen left and right, never below."""
    for side, level in (("low", 60), ("high", 250)):
        (tmp_path / side).mkdir()
        picture = np.zeros((90, 160, 3), np.uint8)
        picture[:45, :80] = level
        Image.fromarray(picture).save(tmp_path / side / "one.png")
    config = NERCO_SMALL
    sources = Sources(low=(Root(tmp_path / "low"),), high=(Root(tmp_path / "high"),))
    batches = opened(config, sources, network=NeRCo(width=16, blocks=1).traits)
    seen = set[tuple[int, int]]()
    for step in range(16):
        (batch,) = batches.at(place(config.stages, step), config.stages[0])
        corners = []
        for side, level in (("low", 60), ("high", 250)):
            assert batch[side].shape == (1, 3, 64, 64)
            quarters = batch[side][0].unfold(1, 32, 32).unfold(2, 32, 32).mean((0, 3, 4))
            corners.append(int(quarters.argmax()))
            assert float(quarters.max()) == pytest.approx(level / 255, abs=0.02)
        seen.add((corners[0], corners[1]))
    batches.close()
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}
