"""ZSSR: what it learns from one picture, its training pictures, its limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from random_pictures import random_picture

from baselines.zero_shot.as_restorer import open_zero_shot
from baselines.zero_shot.clock import Clock
from baselines.zero_shot.zssr import ZssrNetwork, ZssrSettings, _projected, _stopped_falling, zssr
from baselines.zero_shot.zssr_fathers import FatherSettings, draw_father
from degrade.resize import resize_matlab
from evaluation.models.options import ModelOptions

CPU = ModelOptions(device="cpu")


def edges(side: int) -> np.ndarray:
    """Bars of several slopes, as a lens would have them: the same edges come back at every size."""
    y, x = np.mgrid[: side * 4, : side * 4] / (side * 4)
    bars = np.stack([np.sin(15 * (x + k * y)) > 0.2 for k in (0.2, 0.9, -0.7)], axis=-1)
    area = bars.reshape(side, 4, side, 4, 3).mean(axis=(1, 3))
    return (area * 0.8 + 0.1).astype(np.float32)


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    inner = (slice(4, -4), slice(4, -4))
    return float(-10 * np.log10(np.mean((one[inner] - other[inner]) ** 2)))


def test_it_beats_the_interpolation_that_it_starts_from() -> None:
    large = edges(64)
    small = resize_matlab(large, scale=0.5, reading="matlab-bicubic-double").clip(0, 1)
    bicubic = resize_matlab(small, scale=2.0, reading="matlab-bicubic-double").clip(0, 1)
    settings = ZssrSettings(fathers=FatherSettings(crop=24), width=16, back_projections=2)
    restored = zssr(small, scale=2, clock=Clock(steps=300), settings=settings)
    assert restored.shape == large.shape
    assert restored.min() >= 0.0 and restored.max() <= 1.0
    assert decibels(restored, large) > decibels(bicubic, large) + 1.0


def test_the_same_seed_gives_the_same_picture() -> None:
    small = edges(32)
    settings = ZssrSettings(fathers=FatherSettings(crop=24), back_projections=1, width=8)
    made = [
        zssr(small, scale=2, clock=Clock(steps=4), settings=settings, seed=seed)
        for seed in (3, 3, 4)
    ]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_the_network_is_the_papers() -> None:
    network = ZssrNetwork(
        channels=3, settings=ZssrSettings(), draws=torch.Generator().manual_seed(0)
    )
    shapes = [tuple(weight.shape) for weight in network.parameters()]
    widths = [3, *[64] * 7, 3]
    assert shapes == [(b, a, 3, 3) for a, b in itertools.pairwise(widths)]
    spread = [
        float(weight.detach().std() ** 2 * weight[0].numel()) for weight in network.parameters()
    ]
    assert spread == pytest.approx([0.1] * 8, rel=0.15)
    nothing = random_picture(1, 3, 9, 7)
    for weight in network.parameters():
        weight.data.zero_()
    assert torch.equal(network(nothing), nothing), "it learns what is added to the enlargement"


def test_fathers_follow_their_law() -> None:
    picture = np.random.default_rng(0).random((40, 40, 3)).astype(np.float32)
    draws = np.random.default_rng(1)
    as_is = draw_father(
        picture, settings=FatherSettings(as_is=1.0, no_interpolation=0.0), side=40, draws=draws
    )
    assert np.array_equal(as_is, picture)
    whole = FatherSettings(as_is=0.0, no_interpolation=1.0)
    turned = [draw_father(picture, settings=whole, side=40, draws=draws) for _ in range(60)]
    views = [np.rot90(view, k) for view in (picture, picture[:, ::-1]) for k in range(4)]
    seen = {next(i for i, view in enumerate(views) if np.array_equal(view, t)) for t in turned}
    assert seen == set(range(8))
    settings = FatherSettings()
    mixed = [draw_father(picture, settings=settings, side=24, draws=draws) for _ in range(400)]
    own = set(np.round(picture, 6).ravel())
    exact = sum(set(np.round(father, 6).ravel()) <= own for father in mixed)
    assert 150 < exact < 250, "half of them are not interpolated"
    assert all(father.shape == (24, 24, 3) and father.dtype == np.float32 for father in mixed)
    assert all(father.min() >= 0.0 and father.max() <= 1.0 for father in mixed)


def test_back_projection_makes_the_reduced_picture_fit() -> None:
    small = edges(24) * np.float32(0.5) + np.float32(0.2)
    start = np.full((48, 48, 3), 0.5, np.float32)
    errors = [
        float(
            np.abs(
                resize_matlab(
                    _projected(start, small, scale=2, times=times),
                    scale=0.5,
                    reading="matlab-bicubic-double",
                )
                - small
            ).mean()
        )
        for times in (0, 1, 10)
    ]
    assert errors[2] < errors[1] < errors[0] and errors[2] < 0.01


def test_the_rate_is_lowered_where_the_error_stays() -> None:
    noise = np.random.default_rng(0).normal(size=6) * 0.01
    flat = [(50 * k, 1.0 + float(noise[k])) for k in range(6)]
    falling = [(50 * k, 1.0 - 0.1 * k + float(noise[k])) for k in range(6)]
    assert _stopped_falling(flat, ratio=1.5)
    assert not _stopped_falling(falling, ratio=1.5)


def test_limits_and_progress() -> None:
    told: list[tuple[int, int]] = []
    restorer = open_zero_shot(
        "zssr", options=CPU, seconds=0.2, report=lambda n, total: told.append((n, total))
    )
    assert restorer.restore(edges(24), 2).shape == (48, 48, 3)
    assert told[0] == (1, 3000) and told[-1][0] < 3000
    assert "steps in 0.2 s" in restorer.notes[0]


def test_what_it_cannot_do_is_said() -> None:
    restorer = open_zero_shot("zssr", options=CPU)
    with pytest.raises(ValueError, match="scale 2 or more"):
        restorer.restore(edges(24), 1)
    with pytest.raises(ValueError, match="sides must be 16"):
        restorer.restore(edges(12), 2)
    with pytest.raises(ValueError, match="one of zssr, dip"):
        open_zero_shot("sszr", options=CPU)


def _without_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network gives the enlargement that it is given."""
    monkeypatch.setattr(ZssrNetwork, "forward", lambda _self, picture: picture)
    monkeypatch.setattr("baselines.zero_shot.zssr._Fit.train", lambda *_: None)


def test_turned_outputs_are_turned_back(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_learning(monkeypatch)
    small = np.random.default_rng(0).random((20, 33, 3)).astype(np.float32)
    made = zssr(small, scale=2, clock=Clock(steps=1), settings=ZssrSettings(back_projections=0))
    bicubic = resize_matlab(small, scale=2.0, reading="matlab-bicubic-double").clip(0, 1)
    np.testing.assert_allclose(made, bicubic, atol=1e-6)


def test_the_result_reduced_is_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_learning(monkeypatch)
    small = (np.random.default_rng(0).random((20, 33, 3)) * 0.4 + 0.3).astype(np.float32)
    calls: list[int] = []
    monkeypatch.setattr(
        "baselines.zero_shot.zssr._projected",
        lambda large, picture, *, scale, times: (
            calls.append(times),
            _projected(large, picture, scale=scale, times=times),
        )[1],
    )
    made = zssr(small, scale=2, clock=Clock(steps=1), settings=ZssrSettings())
    again = resize_matlab(made, scale=0.5, reading="matlab-bicubic-double")
    assert np.abs(again - small).max() < 2e-3
    assert calls == [10] * 9, "each of the eight, and their median"
