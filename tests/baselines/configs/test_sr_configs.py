"""Super-resolution's configs against the papers' figures, and that each opens and learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest
import torch
from torch import Tensor

from baselines.configs import (
    carn,
    dbpn,
    drcn,
    drrn,
    edsr,
    espcn,
    fsrcnn,
    lapsrn,
    metasr,
    rcan,
    rdn,
    srcnn,
    srresnet,
    vdsr,
)
from baselines.configs.agreement import check_leg
from baselines.configs.config import Config, Optimizer, Stage
from baselines.configs.table import CONFIGS
from baselines.networks.architecture import RestorationNetwork
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.turn import RESTORER, Batch, Where
from baselines.training.legs import build_restorer, legs_of, network_of_leg, take_over
from baselines.training.loop import train
from baselines.training.optimizers import TurnOptimizer
from baselines.training.processes import Processes
from baselines.training.schedule import factor_at
from baselines.training.session import Session, Step
from degrade.option_error import OptionError
from evaluation.benchmarks.table import BENCHMARKS
from tests.random_pictures import random_picture

MODULES = (
    carn, dbpn, drcn, drrn, edsr, espcn, fsrcnn, lapsrn, metasr, rcan, rdn, srcnn, srresnet, vdsr,
)  # fmt: skip
OURS = {config.name: config for module in MODULES for config in module.CONFIGS}

# Name -> (steps, samples a step) of each stage, written from the papers, not from the configs.
TOTALS: Mapping[str, Sequence[tuple[int, int]]] = {
    "srcnn-x3": [(6_250_000, 128)],  # 8e8 patches
    "fsrcnn-x2": [(4_623_520, 16)],  # 20 x ceil(3,698,808 / 16)
    "fsrcnn-x3": [(927_860, 16)],
    "fsrcnn-x4": [(295_540, 16)],
    "espcn-x3": [(33_800, 16)],  # 200 x 169
    "vdsr": [(9_960, 64)],
    "drcn-x2": [(147_000, 64)],
    "drrn-b1u25": [(660_136, 128)],
    "drrn-b1u9": [(464_056, 128)],  # as the released file's name says
    "lapsrn-x4": [(100_000, 64)],
    "edsr-x2": [(300_000, 16)],
    "edsr-x4": [(300_000, 16), (300_000, 16)],
    "edsr-baseline-curriculum": [(300_000, 16)] * 3,
    "rcan-x2": [(1_000_000, 16)],
    "rcan-x8": [(1_000_000, 16)] * 2,
    "rdn-x3": [(1_000_000, 16)] * 2,
    "carn": [(600_000, 64)],
    "dbpn-x8": [(1_000_000, 20)],
    "srresnet-x4": [(1_000_000, 16)],
    "msrresnet-x2": [(1_000_000, 16)] * 2,
    "metasr": [(1_000_000, 16)],
}
# Name -> step of the last leg -> learning rate.
RATES: Mapping[str, Mapping[int, float]] = {
    "vdsr": {0: 0.1, 2_489: 0.1, 2_490: 0.01, 4_980: 1e-3, 9_959: 1e-4},
    "drcn-x3": {29_399: 1e-2, 29_400: 1e-3, 146_999: 1e-6},
    "drrn-b1u25": {65_359: 0.1, 65_360: 0.05, 130_720: 0.025},
    "lapsrn-x8": {4_999: 1e-5, 5_000: 5e-6, 15_000: 1.25e-6, 20_000: 1e-6, 99_999: 1e-6},
    "espcn-x3": {27_039: 1e-3, 27_040: 1e-4},
    "edsr-x3": {199_999: 1e-4, 200_000: 5e-5},
    "rcan-x4": {0: 1e-4, 999_999: 6.25e-6},
    "carn": {399_999: 1e-4, 400_000: 5e-5},
    "dbpn-x4": {499_999: 1e-4, 500_000: 1e-5},
    "msrresnet-x4": {0: 2e-4, 125_000: 1.0005e-4, 250_000: 2e-4, 999_999: 1e-7},
    "metasr": {200_000: 5e-5},
}
# Name -> parameters that learn at a tenth of the rate.
SLOW: Mapping[str, set[str]] = {
    "srcnn-x2": {"conv3.weight", "conv3.bias"},
    "fsrcnn-x4": {"last_part.weight", "last_part.bias"},
    "espcn-x2": {"last_part.0.weight", "last_part.0.bias"},
    "edsr-x2": set(),
}


@pytest.mark.parametrize("name", OURS)
def test_every_config_agrees_with_its_network_and_data(name: str) -> None:
    config = CONFIGS[name]
    assert config is OURS[name]
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config
    for leg in legs_of(config.stages):
        check_leg(config, leg)
        _, kwargs = network_of_leg(config, leg)
        at = config.validation.set.replace("{scale}", str(kwargs.get("scale", "")))
        assert at in BENCHMARKS
    small = name.endswith("-small")
    assert bool(config.method) is not small
    assert config.about and config.cite
    assert bool(config.differs)


def test_every_paper_has_full_recipes_and_a_small_one() -> None:
    for module in MODULES:
        small = [one.name for one in module.CONFIGS if one.name.endswith("-small")]
        full = {one.name for one in module.CONFIGS} - set(small)
        assert small and all(name.removesuffix("-small") in full for name in small)


@pytest.mark.parametrize("name", TOTALS)
def test_stages_are_the_papers(name: str) -> None:
    found = [(stage.steps, stage.batch) for stage in CONFIGS[name].stages]
    assert found == list(TOTALS[name])


@pytest.mark.parametrize("name", RATES)
def test_rates_are_the_papers(name: str) -> None:
    config = CONFIGS[name]
    optimizer, last = config.optimizers[RESTORER], config.stages[-1]
    schedule = last.schedule or optimizer.schedule
    found = {step: optimizer.rate * factor_at(schedule, step) for step in RATES[name]}
    assert found == pytest.approx(RATES[name], rel=1e-4)


def meta_network(config: Config) -> RestorationNetwork:
    """The network without values."""
    architecture, kwargs = network_of_leg(config, legs_of(config.stages)[-1])
    with torch.device("meta"):
        return architecture.build(**kwargs)


def slow_parameters(config: Config) -> set[str]:
    """Names of those whose rate is a tenth of the others'."""
    network = meta_network(config)
    settings = config.optimizers[RESTORER]
    optimizer = TurnOptimizer(settings, turn=RESTORER, networks={RESTORER: network})
    optimizer.set_rate(Where(step=0, stage=0, within=0), config.stages[0])
    rates = {id(p): group["lr"] for group in optimizer.inner.param_groups for p in group["params"]}
    named = {name: rates[id(one)] for name, one in network.named_parameters()}
    assert all(one in (settings.rate, pytest.approx(settings.rate / 10)) for one in named.values())
    return {name for name, rate in named.items() if rate < settings.rate}


@pytest.mark.parametrize("name", SLOW)
def test_last_layers_learn_slower(name: str) -> None:
    assert slow_parameters(CONFIGS[name]) == SLOW[name]


def test_biases_of_lapsrn_learn_slower() -> None:
    config = CONFIGS["lapsrn-x8"]
    biases = {name for name, _ in meta_network(config).named_parameters() if "bias" in name}
    assert len(biases) > 3 and slow_parameters(config) == biases


def test_drrn_clips_the_norm_by_the_rate() -> None:
    layer = torch.nn.Linear(4, 1)
    settings = Optimizer(kind="sgd", rate=0.1, clip="adjustable-norm", clip_at=0.01)
    optimizer = TurnOptimizer(settings, turn=RESTORER, networks={RESTORER: layer})
    for one in layer.parameters():
        one.grad = torch.full_like(one, 3.0)
    (before,) = (float(one) for one in optimizer.norms().values())
    optimizer.clip(0.05, norm=before)
    after = torch.cat([one.grad.flatten() for one in layer.parameters() if one.grad is not None])
    assert before == pytest.approx(3 * 5**0.5) and float(after.norm()) == pytest.approx(0.2)
    assert CONFIGS["drrn-b1u25"].optimizers[RESTORER].clip == "adjustable-norm"


class OneBatch:
    """The same few pictures at each step; networks that are told scales get them in turn."""

    waited = 0.0

    def __init__(self, config: Config, network: RestorationNetwork, *, patch: int) -> None:
        self.scales, self.traits, self.patch = config.data.scales, network.traits, patch

    def at(self, where: Where, stage: Stage) -> Sequence[Batch]:  # noqa: ARG002 - the protocol's
        """One micro-batch of two."""
        told = self.traits.scales or self.traits.told == "scale"
        scale = self.scales[where.step % 2] if told else float(self.traits.scale)
        gt = smooth(int(self.patch * scale), channels=self.traits.out_channels)
        lq = torch.nn.functional.interpolate(gt, (self.patch, self.patch), mode="area")
        return [
            Batch(
                where=where,
                pictures={"lq": lq, "gt": gt},
                keys=("a", "b"),
                told=scale if told else None,
                draw=lambda _name: torch.Generator(),
            )
        ]

    def close(self) -> None:
        """Nothing to end."""


def smooth(side: int, *, channels: int) -> Tensor:
    """Two pictures without sharp edges, the same for every side but for their sampling."""
    coarse = random_picture(2, channels, 4, 4)
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")


def losses_of(config: Config, network: RestorationNetwork, *, steps: int) -> list[float]:
    """The loss of each step."""
    ingredients = Ingredients(restorer=network, seed=config.seed, patch=8)
    session = Session(
        config=config,
        objective=open_objective(config.objective, ingredients=ingredients),
        processes=Processes(device="cpu"),
        batches=OneBatch(config, network, patch=8),
    )
    found: list[float] = []

    def note(_session: Session, step: Step) -> None:
        found.append(sum(float(one) for one in step.terms.values()))

    train(session, until=steps, hooks=[note])
    return found


@pytest.mark.parametrize(
    "name",
    [
        "vdsr-small", "fsrcnn-x2-small", "carn-small", "metasr-small", "drcn-x2-small",
        "lapsrn-x4-small", "srresnet-x4-small",
    ],
)  # fmt: skip
def test_small_siblings_learn(name: str) -> None:
    config = CONFIGS[name]
    network = build_restorer(config, legs_of(config.stages)[0])
    losses = losses_of(config, network, steps=12)
    assert sum(losses[-4:]) < 0.95 * sum(losses[:4])


def test_the_curriculum_goes_on_with_what_it_learned() -> None:
    config = CONFIGS["edsr-baseline-curriculum-small"]
    legs = legs_of(config.stages)
    assert [leg.scale for leg in legs] == [2, 4, 8]
    before = build_restorer(config, legs[0])
    losses = losses_of(config, before, steps=6)
    assert losses[-1] < losses[0]
    for leg in legs[1:]:
        network = build_restorer(config, leg)
        learned = before.state_dict()
        said = take_over(network, learned)
        assert said.startswith(f"starts from {len(learned)} of {len(learned) + 2} weights")
        assert all(torch.equal(network.state_dict()[key], one) for key, one in learned.items())
        before = network


@pytest.mark.parametrize(
    ("name", "scales"), [("carn", (2.0, 8.0)), ("edsr-x4", (2.0, 4.0)), ("rcan-x2", (3.0,))]
)
def test_scales_that_a_network_has_not_are_refused(name: str, scales: tuple[float, ...]) -> None:
    config = CONFIGS[name]
    data = msgspec.structs.replace(config.data, scales=scales)
    wrong = msgspec.structs.replace(config, data=data)
    with pytest.raises(OptionError, match=r"data\.scales"):
        for leg in legs_of(wrong.stages):
            check_leg(wrong, leg)
