"""Configs of restoration against the numbers of papers and releases, written here a second time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import pytest
import torch
from torch import Tensor

from baselines.configs import demo, dncnn, drunet, msec, nafnet, restormer
from baselines.configs.config import Config, Stage
from baselines.configs.table import CONFIGS
from baselines.networks.architecture import RestorationNetwork, told_arguments
from baselines.networks.dncnn import DnCNN
from baselines.networks.presets import find_preset
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.choices import open_objective
from baselines.objectives.paired import Paired
from baselines.objectives.turn import JUDGE, RESTORER, Batch, Where
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.schedule import factor_at, place, total_steps
from baselines.training.session import Session, Step
from degrade.draws import draw_u32
from degrade.laws import Uniform
from degrade.recipe import Step as RecipeStep
from degrade.recipes import RECIPES

MODULES = (demo, dncnn, drunet, msec, nafnet, restormer)
NAMES = [config.name for module in MODULES for config in module.CONFIGS]
RESTORMERS = [name for name in NAMES if name.startswith("restormer-")]


def rate_at(config: Config, step: int, *, turn: str = RESTORER) -> float:
    where = place(config.stages, step)
    own, optimizer = config.stages[where.stage].schedule, config.optimizers[turn]
    if own is not None:
        return optimizer.rate * factor_at(own, where.within)
    return optimizer.rate * factor_at(optimizer.schedule, step)


def network_of(config: Config) -> RestorationNetwork:
    architecture, preset = find_preset(config.network.preset)
    return architecture.build(**{**preset, **config.network.set})


def noise_of(config: Config) -> object:
    (step,) = RECIPES[config.data.recipe].steps
    assert isinstance(step, RecipeStep)
    return step.set["sigma"]


@pytest.mark.parametrize("name", NAMES)
def test_every_config_is_in_the_table_and_survives_its_file(name: str) -> None:
    config = CONFIGS[name]
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config
    with torch.device("meta"):
        traits = network_of(config).traits
    assert not config.data.recipe or config.data.recipe in RECIPES
    assert (traits.told == "sigma") is name.startswith("drunet")
    assert all(stage.steps > 0 and stage.batch % stage.accumulate == 0 for stage in config.stages)


@pytest.mark.parametrize("name", [one for one in RESTORMERS if not one.endswith("-small")])
def test_restormer_stages(name: str) -> None:
    config = CONFIGS[name]
    rows = [(stage.patch, stage.batch) for stage in config.stages]
    # Restormer, section 4: (patch size, batch size) updated at [92K, 156K, 204K, 240K, 276K]
    assert rows == [(128, 64), (160, 40), (192, 32), (256, 16), (320, 8), (384, 8)]
    assert total_steps(config.stages) == 300_000
    switched = [step for step in range(1, 300_000) if _begins(config, step)]
    assert switched == [92_000, 156_000, 204_000, 240_000, 276_000]
    adamw = config.optimizers[RESTORER]
    assert (adamw.kind, adamw.betas, adamw.weight_decay) == ("adamw", (0.9, 0.999), 1e-4)
    assert (adamw.clip, adamw.clip_at) == ("norm", 0.01)
    assert config.objective == Paired(pixel="l1", weight=1.0)
    for step, rate in ((0, 3e-4), (91_999, 3e-4), (196_000, (3e-4 + 1e-6) / 2), (299_999, 1e-6)):
        assert rate_at(config, step) == pytest.approx(rate, rel=1e-4), step


def _begins(config: Config, step: int) -> bool:
    if step % 4000:
        return False
    return place(config.stages, step).stage != place(config.stages, step - 1).stage


def test_restormer_tasks() -> None:
    tasks = ["derain", "deblur", "defocus", "defocus-dual", "sidd"]
    kinds = [f"{kind}-{level}" for kind in ("gray", "color") for level in ("blind", 15, 25, 50)]
    full = {f"restormer-{one}" for one in (*tasks, *kinds)}
    assert full | {f"{one}-small" for one in full} == set(RESTORMERS)


@pytest.mark.parametrize("name", RESTORMERS)
def test_restormer_mixes_and_frees_its_norm_of_bias_for_noise_alone(name: str) -> None:
    config = CONFIGS[name]
    noise = any(word in name for word in ("gray", "color", "sidd"))
    assert config.data.mixup == (1.2 if noise else 0.0)
    assert config.data.flips and config.data.upside_down and config.data.quarter_turns
    with torch.device("meta"):
        network = network_of(config)
    biased = any(key.endswith("norm1.body.bias") for key in network.state_dict())
    assert biased is not noise
    channels = 6 if "dual" in name else 1 if "gray" in name else 3
    assert network.traits.channels == channels
    for level in (15, 25, 50):
        if f"-{level}" in name:
            assert noise_of(config) == level / 255
    if "blind" in name:
        assert noise_of(config) == Uniform(0.0, 50 / 255)
    assert bool(config.data.recipe) is ("gray" in name or "color" in name)


def test_msec_stages() -> None:
    config = CONFIGS["msec"]
    # 3,535 scenes x 5 exposures; 8, 4 and 2 squares of each and 2 more, partial batches left out
    epochs = [3535 * 5 * (count + 2) // batch for count, batch in ((8, 32), (4, 8), (2, 4))]
    assert [(one.patch, one.batch, one.steps) for one in config.stages] == [
        (128, 32, 40 * epochs[0]),
        (256, 8, 30 * epochs[1]),
        (512, 4, 20 * epochs[2]),
    ]
    begin = 0
    for stage, epoch, drop in zip(config.stages, epochs, (20, 10, 5), strict=True):
        for turn, first in ((RESTORER, 1e-4), (JUDGE, 1e-5)):
            for halvings in range(stage.steps // (drop * epoch)):
                at = begin + halvings * drop * epoch
                rate = first * 0.5**halvings
                assert rate_at(config, at, turn=turn) == pytest.approx(rate)
                assert rate_at(config, at + drop * epoch - 1, turn=turn) == pytest.approx(rate)
        begin += stage.steps
    assert begin == total_steps(config.stages)
    assert config.data.flips and not config.data.upside_down and not config.data.quarter_turns
    assert config.data.least_gradient == 0.06
    assert all(
        one.kind == "adam" and one.betas == (0.9, 0.999) for one in config.optimizers.values()
    )


@pytest.mark.parametrize(
    ("name", "steps", "held", "patch", "depth"),
    [
        *((f"dncnn-s-{level}", 80_000, 48_000, 40, 17) for level in (15, 25, 50)),
        ("dncnn-b", 150_000, 90_000, 50, 20),
        ("dncnn-color", 150_000, 90_000, 50, 20),
    ],
)
def test_dncnn(name: str, steps: int, held: int, patch: int, depth: int) -> None:
    config = CONFIGS[name]
    (stage,) = config.stages
    assert (stage.steps, stage.batch, stage.patch) == (steps, 128, patch)
    assert [rate_at(config, at) for at in (0, held - 1)] == [1e-3, 1e-3]
    assert [rate_at(config, at) for at in (held, steps - 1)] == pytest.approx([1e-4, 1e-4])
    assert config.objective == Paired(pixel="half-l2")
    with torch.device("meta"):
        network = network_of(config)
    assert isinstance(network, DnCNN)
    layers = [type(layer).__name__ for layer in network.model]
    assert (layers.count("Conv2d"), layers.count("BatchNorm2d")) == (depth, depth - 2)
    assert network.traits.channels == (3 if name == "dncnn-color" else 1)
    told = name.rpartition("-")[2]
    sigma = int(told) / 255 if told.isdigit() else Uniform(0.0, 55 / 255)
    assert noise_of(config) == sigma


@pytest.mark.parametrize("kind", ["gray", "color"])
def test_drunet(kind: str) -> None:
    config = CONFIGS[f"drunet-{kind}"]
    (stage,) = config.stages
    assert (stage.batch, stage.patch) == (16, 128)
    assert config.objective == Paired(pixel="l1")
    assert noise_of(config) == Uniform(0.0, 50 / 255)
    rates = [rate_at(config, step) for step in range(0, stage.steps, 100_000)]
    assert rates == pytest.approx([1e-4 / 2**n for n in range(len(rates))])
    assert rates[-1] >= 5e-7 > rates[-1] / 2  # the paper's end


@pytest.mark.parametrize(
    ("name", "steps", "batch", "decay"),
    [
        ("sidd-w32", 200_000, 32, 0.0),
        ("sidd-w64", 400_000, 64, 0.0),
        ("gopro-w32", 200_000, 32, 1e-3),
        ("gopro-w64", 400_000, 64, 1e-3),
    ],
)
def test_nafnet(name: str, steps: int, batch: int, decay: float) -> None:
    config = CONFIGS[f"nafnet-{name}"]
    (stage,) = config.stages
    assert (stage.steps, stage.batch, stage.patch) == (steps, batch, 256)
    adamw = config.optimizers[RESTORER]
    assert (adamw.kind, adamw.betas, adamw.weight_decay) == ("adamw", (0.9, 0.9), decay)
    assert (adamw.clip, adamw.clip_at) == ("norm", 0.01)
    assert config.objective == Paired(pixel="psnr")
    for step in (0, steps // 4, steps // 2, steps):
        cosine = 1e-7 + (1e-3 - 1e-7) * (1 + math.cos(math.pi * step / steps)) / 2
        assert rate_at(config, step) == pytest.approx(cosine), step
    assert (config.data.flips, config.data.quarter_turns) == (("gopro" in name,) * 2)


class _Noisy:
    """The same pictures, smooth ones, at every step; what is restored is darker and noisy."""

    waited = 0.0

    def __init__(self, network: RestorationNetwork) -> None:
        self.traits = network.traits
        self.side = 32  # which every network here divides

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:
        generator = torch.Generator().manual_seed(1)
        count, side = min(stage.batch, 2), self.side
        coarse = torch.rand(count, self.traits.out_channels, 4, 4, generator=generator)
        gt = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
        shape = (count, self.traits.channels, side, side)
        noise = 0.1 * torch.randn(shape, generator=generator)
        lq = 0.7 * gt.repeat(1, self.traits.channels // self.traits.out_channels, 1, 1) + noise
        told = told_arguments(self.traits, lq, sigma=25.0)
        pictures = {"lq": lq, "gt": gt}
        keys = tuple(str(n) for n in range(count))
        sigma: Tensor | None = told[0] if told else None
        return [Batch(where=where, pictures=pictures, keys=keys, told=sigma, draw=_seeded)]

    def close(self) -> None:
        """Nothing is open."""


def _seeded(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(draw_u32(2, name))


@pytest.mark.parametrize(
    "name",
    [
        "demo",
        "dncnn-s-25-small",
        "dncnn-color-small",
        "drunet-gray-small",
        "nafnet-sidd-w32-small",
        "restormer-derain-small",
        "restormer-defocus-dual-small",
        "restormer-gray-25-small",
    ],
)
def test_small_ones_learn(name: str) -> None:
    config = CONFIGS[name]
    network = first_weights(lambda: network_of(config), seed=config.seed, name=RESTORER)
    ingredients = Ingredients(restorer=network, seed=config.seed, patch=config.stages[0].patch)
    objective = open_objective(config.objective, ingredients=ingredients)
    session = Session(config, objective, Processes(device="cpu"), _Noisy(network))
    losses: list[float] = []

    def keep(_session: Session, step: Step) -> None:
        losses.append(float(step.terms["restorer/pixel"]))

    train(session, until=5, hooks=[keep])
    assert len(losses) == 5
    assert losses[-1] < losses[0]


def test_small_msec_learns_with_its_judge() -> None:
    config = CONFIGS["msec-small"]
    network = first_weights(lambda: network_of(config), seed=config.seed, name=RESTORER)
    ingredients = Ingredients(restorer=network, seed=config.seed, patch=config.stages[0].patch)
    objective = open_objective(config.objective, ingredients=ingredients)
    session = Session(config, objective, Processes(device="cpu"), _Noisy(network))
    seen: list[Step] = []
    train(session, until=4, hooks=[lambda _session, step: seen.append(step)])
    session.step = total_steps(config.stages) - 2
    train(session, until=total_steps(config.stages), hooks=[lambda _s, step: seen.append(step)])
    picture = [float(step.terms["restorer/picture"]) for step in seen]
    assert picture[3] < picture[0]
    assert ["judge" in step.rates for step in seen] == [False] * 4 + [True] * 2
