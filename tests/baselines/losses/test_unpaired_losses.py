"""Losses without pairs: means of differences, and the judge's own answer."""

from __future__ import annotations

from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor

from baselines.losses.unpaired import cycle, identity, prompt
from baselines.networks.nerco.clip_judge import ClipJudge
from degrade.option_error import OptionError


def pictures(seed: int) -> Tensor:
    return torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(seed))


def test_cycle_and_identity_are_means_of_differences() -> None:
    a, b = pictures(1), pictures(2)
    expected = sum(
        abs(x - y) for x, y in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True)
    ) / (2 * 3 * 5 * 7)
    for loss in (cycle, identity):
        assert loss(a, b).item() == pytest.approx(expected, rel=1e-5)
        assert loss(a, a).item() == 0
        with pytest.raises(ValueError, match="of one shape"):
            loss(a, b[:1])


def test_prompt_is_the_probability_that_the_judge_does_not_give() -> None:
    tower: dict[str, Any] = {
        "layers": [1, 1, 1, 1],
        "width": 8,
        "image_size": 64,
        "patch_size": None,
    }
    words: dict[str, Any] = {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 16,
        "heads": 2,
        "layers": 1,
    }
    judge = ClipJudge(
        open_clip.CLIP(
            embed_dim=16,
            vision_cfg=open_clip.CLIPVisionCfg(**tower),
            text_cfg=open_clip.CLIPTextCfg(**words),
        )
    )
    seen = torch.rand(3, 3, 70, 66).requires_grad_()
    given = judge(seen)
    for place, wanted in enumerate(("low", "high")):
        found = prompt(judge, seen, wanted=wanted)
        assert found.item() == pytest.approx(1 - given[:, place].mean().item(), abs=1e-6)
    [gradient] = torch.autograd.grad(prompt(judge, seen, wanted="high"), [seen])
    assert gradient.abs().max() > 0
    with pytest.raises(OptionError, match="wanted 'bright'"):
        prompt(judge, seen, wanted="bright")
