"""Deep Image Prior: its network, its reduction, what it does to a picture."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from random_pictures import random_picture

from baselines.zero_shot import dip as dip_file
from baselines.zero_shot.as_restorer import open_zero_shot
from baselines.zero_shot.clock import Clock
from baselines.zero_shot.dip import DipSettings, dip, reduce_lanczos, settings_of
from baselines.zero_shot.skip_network import SkipNetwork
from evaluation.models.cost import count_parameters
from evaluation.models.options import ModelOptions


def waves(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([np.sin(x / 5), np.cos(y / 4), np.sin((x + y) / 6)], axis=-1).astype(
        np.float32
    ) * np.float32(0.3) + np.float32(0.5)


def test_the_network_is_the_papers() -> None:
    # counted from the release's skip(32, 3, [128]*5, [128]*5, [4]*5) layer by layer
    first = 32 * 128 * 9 + 128 + 256 + 32 * 4 + 4 + 8
    deeper = 4 * (128 * 128 * 9 + 128 + 256 + 128 * 4 + 4 + 8)
    second = 5 * (128 * 128 * 9 + 128 + 256)
    up = 5 * (2 * 132 + 132 * 128 * 9 + 128 + 256 + 128 * 128 + 128 + 256)
    assert count_parameters(SkipNetwork()) == first + deeper + second + up + 128 * 3 + 3
    out = SkipNetwork()(random_picture(1, 32, 64, 96))
    assert out.shape == (1, 3, 64, 96)
    assert out.min() >= 0 and out.max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_reduction_keeps_constants_ramps_and_symmetry(scale: int) -> None:
    side = 16 * scale
    ramp = torch.linspace(0, 1, side).expand(1, 2, side, side).contiguous()
    small = reduce_lanczos(ramp, scale=scale)
    assert small.shape == (1, 2, 16, 16)
    assert torch.allclose(reduce_lanczos(ramp * 0 + 0.7, scale=scale), torch.tensor(0.7))
    middles = ramp.reshape(1, 2, side, 16, scale).mean(-1)[:, :, ::scale]
    assert torch.allclose(small[..., 3:-3], middles[..., 3:-3], atol=1e-5), "centres are shifted"
    assert torch.allclose(reduce_lanczos(ramp.flip(3), scale=scale), small.flip(3), atol=1e-6)


def test_it_comes_nearer_to_the_picture() -> None:
    picture = waves(40, 24)
    settings = DipSettings(steps=60, jitter=0.03, average=0.0, width=8)
    early, late = (
        dip(picture, scale=1, clock=Clock(steps=steps), settings=settings) for steps in (1, 60)
    )
    assert early.shape == late.shape == picture.shape
    assert np.abs(late - picture).mean() < 0.5 * np.abs(early - picture).mean()


def test_enlarging() -> None:
    settings = DipSettings(steps=45, jitter=0.03, average=0.0, width=8)
    small = waves(15, 11)
    large = dip(small, scale=3, clock=Clock(steps=45), settings=settings)
    assert large.shape == (45, 33, 3)
    again = reduce_lanczos(torch.from_numpy(large.transpose(2, 0, 1)[None].copy()), scale=3)
    error = np.abs(again[0].numpy().transpose(1, 2, 0) - small)[2:-2, 2:-2].mean()
    assert error < 0.12


def test_a_step_that_falls_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is made to jump once: the fit goes on from before the jump."""
    real, calls = dip_file.mse_loss, []

    def jumping(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        loss = real(output, target)
        return loss * 1e6 if len(calls) == 5 else loss

    picture = waves(32, 32)
    monkeypatch.setattr(dip_file, "mse_loss", jumping)

    def fitted(*, steps: int, fall: float) -> np.ndarray:
        calls.clear()
        settings = DipSettings(steps=steps, jitter=0.0, average=0.0, width=8, rate=0.02, fall=fall)
        made = dip(picture, scale=1, clock=Clock(steps=steps), settings=settings)
        assert len(calls) == steps
        return made

    back = fitted(steps=5, fall=5.0)
    # the weights before the last step, not those after it; what batch norms remember differs
    assert np.abs(back - fitted(steps=3, fall=0.0)).mean() < 1e-4
    assert np.abs(back - fitted(steps=4, fall=0.0)).mean() > 1e-3
    assert np.abs(back - fitted(steps=5, fall=0.0)).mean() > 1e-3


def test_settings_are_the_notebooks() -> None:
    assert (settings_of(1).steps, settings_of(1).average) == (3000, 0.99)
    assert (settings_of(4).steps, settings_of(4).jitter) == (2000, 0.03)
    assert (settings_of(8).steps, settings_of(8).jitter) == (4000, 0.05)
    assert [settings_of(scale).fall for scale in (1, 2, 8)] == [5.0, 0.0, 0.0]


def test_the_restorer_is_the_same_for_the_same_seed() -> None:
    options = ModelOptions(device="cpu")
    one, same, other = (
        open_zero_shot("dip", options=options, seconds=1e-6, seed=seed).restore(waves(9, 30), 2)
        for seed in (1, 1, 2)
    )
    assert one.shape == (18, 60, 3)
    assert np.array_equal(one, same) and not np.array_equal(one, other)


class Counting(torch.nn.Module):
    """Gives 0.1, 0.2, 0.3 ... whatever it is given, which it keeps."""

    seen: ClassVar[list[torch.Tensor]] = []

    def __init__(self, *, channels: int, inputs: int, width: int) -> None:
        super().__init__()
        self.channels = channels
        self.nothing = torch.nn.Parameter(torch.zeros(inputs + width))

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        self.seen.append(noise.detach().clone())
        level = len(self.seen) * 0.1 + self.nothing.sum() * 0
        return level.expand(1, self.channels, *noise.shape[2:])


def test_the_mean_of_outputs_and_the_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dip_file, "SkipNetwork", Counting)
    monkeypatch.setattr(Counting, "seen", [])
    settings = DipSettings(steps=3, jitter=0.02, average=0.75)
    made = dip(waves(64, 64), scale=1, clock=Clock(steps=3), settings=settings)
    wanted = 0.75 * (0.75 * 0.1 + 0.25 * 0.2) + 0.25 * 0.3
    np.testing.assert_allclose(made, wanted, rtol=1e-5)
    first, second, third = Counting.seen
    assert float((second - first).std()) == pytest.approx(0.02 * 2**0.5, rel=0.05)
    assert float((third - first).std()) == pytest.approx(0.02 * 2**0.5, rel=0.05)
    settings = DipSettings(steps=3, jitter=0.0, average=0.0)
    dip(waves(64, 64), scale=1, clock=Clock(steps=3), settings=settings)
    assert torch.equal(Counting.seen[3], Counting.seen[4])
