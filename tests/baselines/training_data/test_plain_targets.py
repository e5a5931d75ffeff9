"""Targets that a recipe changes first come along as they were."""

from __future__ import annotations

from pathlib import Path

import torch
from training_samples import config, joined, opened, step

from baselines.configs.config import Stage
from baselines.networks.architecture import Traits
from baselines.training_data.sources import Sources
from builders.sources import Root

STAGE = Stage(steps=2, batch=4, patch=16)


def test_a_sharpened_target_has_its_plain_one(clean: Path) -> None:
    """The same regions under a recipe that leaves targets alone are the plain ones."""
    found = {}
    for recipe in ("realesrgan-x2", "bicubic-x2"):
        one = opened(
            config(STAGE, recipe=recipe, context=8),
            Sources(clean=(Root(clean),)),
            network=Traits(scale=2),
        )
        found[recipe] = step(one, 1)
        one.close()
    sharpened, left = found["realesrgan-x2"], found["bicubic-x2"]
    assert all("gt_plain" not in batch.pictures for batch in left)
    plain = joined(sharpened, "gt_plain")
    assert torch.equal(plain, joined(left, "gt"))
    assert plain.shape == joined(sharpened, "gt").shape
    assert not torch.equal(plain, joined(sharpened, "gt"))
