"""Configs with judges and teachers: the ladder, and that each opens, trains and says enough."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import torch

from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import write_ours
from baselines.configs import distilled, esrgan, realesrgan, srgan
from baselines.configs.config import Config, Stage
from baselines.configs.overriding import override
from baselines.configs.table import CONFIGS
from baselines.losses import vgg as vgg19
from baselines.losses.vgg import LAYERS, VGG19Features
from baselines.networks.presets import find_preset
from baselines.networks.table import DISCRIMINATORS
from baselines.objectives.adversarial import Adversarial
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.choices import open_objective
from baselines.objectives.distilled import Distilled
from baselines.objectives.turn import JUDGE, RESTORER
from baselines.training.legs import NEEDED
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.schedule import factor_at, total_steps
from baselines.training.session import Session, Step
from baselines.training_data.recipes import recipe_at
from tests.baselines.training.toy_run import MadeBatches

OURS = {
    config.name: config
    for module in (srgan, esrgan, realesrgan, distilled)
    for config in module.CONFIGS
}
LADDER = (
    "network.preset=esrgan-x4",
    "objective.relativistic=true",
    "objective.perceptual.activated=false",
)
# What makes a step of any of them take no time: not what is learned from, only its size.
TINY = ("stages.0.batch=2", "stages.0.patch=32", 'objective.perceptual.layers={"conv1_2": 1.0}',
        "objective.judge.network=unet", 'objective.judge.set={"width": 2}')  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of VGG19's first weights down to conv1_2, drawn from a seed."""
    drawn = VGG19Features(layers=["conv1_2"], generator=torch.Generator().manual_seed(0))
    path = tmp_path_factory.mktemp("vgg") / vgg19.FILE
    torch.save(drawn.state_dict(), path)
    return path


def session_of(config: Config, *, vgg: Path | None = None, teacher: Path | None = None) -> Session:
    architecture, preset = find_preset(config.network.preset)
    kwargs = {**preset, **config.network.set}
    restorer = first_weights(lambda: architecture.build(**kwargs), seed=config.seed, name=RESTORER)
    ingredients = Ingredients(
        restorer=restorer, seed=config.seed, patch=config.stages[0].patch, vgg=vgg, teacher=teacher
    )
    processes = Processes(device="cpu")
    return Session(
        config=config,
        objective=open_objective(config.objective, ingredients=ingredients),
        processes=processes,
        batches=MadeBatches(
            channels=3, scale=restorer.traits.scale, scales=(), processes=processes
        ),
    )


def steps_of(session: Session, *, until: int) -> list[Step]:
    seen: list[Step] = []
    train(session, until=until, hooks=[lambda _, step: seen.append(step)])
    assert all(torch.isfinite(value) for step in seen for value in step.terms.values())
    assert all(norm > 0 for step in seen for norm in step.norms.values())
    return seen


def rung(number: int, *, of: str) -> Config:
    return override(CONFIGS[of], LADDER[:number])


def test_each_rung_is_one_change() -> None:
    rungs = [rung(number, of="esrgan-ladder-x4") for number in range(len(LADDER) + 1)]
    plain = [msgspec.to_builtins(one) for one in rungs]
    for before, after in itertools.pairwise(plain):
        assert sum(1 for key in before if before[key] != after[key]) == 1
    first, last = rungs[0], rungs[-1]
    assert isinstance(first.objective, Adversarial) and not first.objective.relativistic
    assert first.objective.perceptual.activated
    assert find_preset(first.network.preset)[0].name == "srresnet"
    top = esrgan.ESRGAN_X4
    assert (last.network, last.objective, last.optimizers, last.data) == (
        top.network, top.objective, top.optimizers, top.data,
    )  # fmt: skip
    assert [stage.steps for stage in last.stages] == [stage.steps for stage in top.stages]
    # the paper's first change, and its order: any other is as good
    override(first, ["network=msrresnet-x4", LADDER[2], LADDER[1], LADDER[0]])


@pytest.mark.parametrize("number", range(len(LADDER) + 1))
def test_each_rung_trains(number: int, weights: Path) -> None:
    config = override(
        rung(number, of="esrgan-ladder-x4-small"), [*TINY, 'network.set={"width": 4, "blocks": 1}']
    )
    session = session_of(config, vgg=weights)
    (step,) = steps_of(session, until=1)
    judged = {"judge/gan"} if number >= 2 else {"judge/real", "judge/fake"}
    assert set(step.terms) == {
        "restorer/pixel", "restorer/perceptual", "restorer/gan", *judged,
    }  # fmt: skip
    layers = session.objective.frozen["vgg"].layers
    assert layers == (("relu1_2",) if number < 3 else ("conv1_2",))
    assert ("batch normalisation (restorer)" in session.objective.batch_coupled) == (number == 0)


@pytest.mark.parametrize("name", ["srgan-x4-small", "realesrgan-x2-small", "msrgan-x4-small"])
def test_small_ones_train(name: str, weights: Path) -> None:
    config = override(CONFIGS[name], [TINY[0], TINY[2]])
    if name == "msrgan-x4-small":
        config = override(config, TINY)
    (step,) = steps_of(session_of(config, vgg=weights), until=1)
    assert ("restorer/pixel" in step.terms) == (name != "srgan-x4-small")


def test_a_student_trains(tmp_path: Path) -> None:
    config = override(CONFIGS["rrdb-distilled-x4-small"], ["stages.0.batch=2", "stages.0.patch=32"])
    architecture, preset = find_preset(config.network.preset)
    kwargs = {**preset, "blocks": 2, "width": 24, "growth": 4}
    state = architecture.build(**kwargs).state_dict()
    write_ours(tmp_path / "teacher", state=state, card=Card(network="rrdb", kwargs=kwargs))
    seen = steps_of(session_of(config, teacher=tmp_path / "teacher"), until=2)
    assert set(seen[0].terms) == {"restorer/pixel", "restorer/output", "restorer/features"}


@pytest.mark.parametrize("name", OURS)
def test_what_a_config_says(name: str) -> None:
    config = OURS[name]
    assert CONFIGS[name] is config
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config
    assert config.cite and config.about
    architecture, preset = find_preset(config.network.preset)
    kwargs = {**preset, **config.network.set}
    assert set(kwargs) <= set(inspect.signature(architecture.build).parameters)
    scale = float(kwargs["scale"])
    assert recipe_at(config.data.recipe, scale).scale == scale
    assert config.data.context % scale == 0
    turns = {RESTORER, JUDGE} if isinstance(config.objective, Adversarial) else {RESTORER}
    assert set(config.optimizers) == turns
    if isinstance(config.objective, Adversarial):
        check_judge(config.objective, config.stages)
    if not name.endswith("-small"):
        assert f"{name}-small" in OURS, "no way to try it in minutes"
        for optimizer in config.optimizers.values():
            assert max(optimizer.schedule.steps, default=0) < total_steps(config.stages)
        starts = config.stages[0].init_from.partition(":")[0]
        scratch = isinstance(config.objective, Distilled) or name == "esrgan-psnr-x4"
        assert (starts == NEEDED) != scratch


def check_judge(choice: Adversarial, stages: Sequence[Stage]) -> None:
    assert set(choice.perceptual.layers) <= set(LAYERS)
    build = DISCRIMINATORS[choice.judge.network]
    sized = "size" in inspect.signature(build).parameters
    given = {**choice.judge.set, **({"size": stages[0].patch} if sized else {})}
    with torch.device("meta"):
        build(**given)


def test_rates_over_the_steps() -> None:
    """Halved four times; then a tenth once."""
    (schedule,) = {one.schedule for one in esrgan.ESRGAN_X4.optimizers.values()}
    at = [0, 49_999, 50_000, 100_000, 200_000, 300_000, 399_999]
    assert [factor_at(schedule, step) for step in at] == [1, 1, 0.5, 0.25, 0.125, 0.0625, 0.0625]
    tenth = srgan.SRGAN_X4.optimizers[RESTORER]
    assert [tenth.rate * factor_at(tenth.schedule, step) for step in (99_999, 100_000)] == (
        pytest.approx([1e-4, 1e-5])
    )
    first = esrgan.PSNR_X4.optimizers[RESTORER]
    assert first.rate * factor_at(first.schedule, 999_999) == pytest.approx(2e-4 / 2**4)
