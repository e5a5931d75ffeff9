"""What a step is said to hold, against what PyTorch's allocator says that it held."""

from __future__ import annotations

import contextlib
import dataclasses

import msgspec
import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from baselines.configs.config import Config, NetworkChoice, Optimizer, Stage
from baselines.objectives.adversarial import Adversarial, Judge, Perceptual
from baselines.objectives.turn import RESTORER, Objective, Shared, Terms, traits_of
from baselines.training.memory import MemoryUnknown, specimen, training_memory
from tests.baselines.training.toy_run import toy_config, toy_session

# Convolutions on a processor take scratch space of their own, some of each activation's size.
NEAR = 1.25
# With 8 channels it would be most of all.
WIDE = {"dncnn": {"width": 64, "depth": 10}}


def _config(network: str, *, patch: int, batch: int = 4, precision: str = "fp32") -> Config:
    config = toy_config(network=network, stages=[Stage(steps=2, batch=batch, patch=patch)])
    wide = NetworkChoice(preset=network, set={**config.network.set, **WIDE.get(network, {})})
    return msgspec.structs.replace(config, precision=precision, network=wide)


def _gan_config(*, patch: int) -> Config:
    optimizers = {RESTORER: Optimizer(rate=1e-4), "judge": Optimizer(rate=1e-4)}
    return toy_config(
        network="rrdb", optimizers=optimizers, stages=[Stage(steps=2, batch=2, patch=patch)],
        objective=Adversarial(
            perceptual=Perceptual(weight=0.0), judge=Judge(network="unet", set={"width": 8})
        ),
    )  # fmt: skip


def _objective(config: Config) -> Objective:
    return toy_session(config).objective


def _really_held(config: Config, objective: Objective) -> int:
    """The most bytes that the allocator gave for a step's turns, gradients being there."""
    networks = objective.networks
    learnable = [one for net in networks.values() for one in net.parameters() if one.requires_grad]
    for one in learnable:
        one.grad = torch.zeros_like(one)
    half = torch.autocast("cpu", torch.bfloat16)
    shared: Shared = {}
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        traits = traits_of(networks[RESTORER])
        batch = specimen(config, stage=0, samples=config.stages[0].batch, traits=traits)
        for turn in objective.turns:
            for name, net in networks.items():
                net.requires_grad_(name in turn.trains)
            with contextlib.nullcontext() if config.precision == "fp32" else half:
                terms = turn.loss(networks, batch, shared)
                total = torch.stack([one.float() for one in terms.values()]).sum()
            total.backward()
            del terms, total
    assert watched.profiler is not None and watched.profiler.kineto_results is not None
    events = [e for e in watched.profiler.kineto_results.events() if e.name() == "[memory]"]
    live = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        live += event.nbytes()  # type: ignore[attr-defined]
        most = max(most, live)
    return most


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("network", "patch"), [("nafnet", 64), ("dncnn", 40), ("restormer", 32)])
def test_what_is_said_is_what_is_held(network: str, patch: int, precision: str) -> None:
    config = _config(network, patch=patch, precision=precision)
    objective = _objective(config)
    memory = training_memory(config, stage=0, objective=objective)
    said = memory.at(4) - memory.fixed
    held = _really_held(config, objective)
    assert said / NEAR < held < said * NEAR


def test_two_turns_are_counted() -> None:
    config = _gan_config(patch=64)
    objective = _objective(config)
    memory = training_memory(config, stage=0, objective=objective)
    said = memory.at(2) - memory.fixed
    held = _really_held(config, objective)
    assert said / NEAR < held < said * NEAR
    learning = sum(
        one.numel() * 4 for net in objective.networks.values() for one in net.parameters()
    )
    assert memory.gradients == learning
    assert memory.moments == 2 * learning  # Adam's


def test_the_law_is_a_straight_line() -> None:
    config = _config("nafnet", patch=32)
    objective = _objective(config)
    memory = training_memory(config, stage=0, objective=objective)
    assert memory.at(8) - memory.at(4) == 4 * memory.sample
    again = training_memory(config, stage=0, objective=objective, apart=memory.apart)
    assert again == memory
    larger = training_memory(_config("nafnet", patch=64), stage=0, objective=objective)
    assert 3.9 < larger.sample / memory.sample < 4.1


def test_what_an_optimiser_keeps() -> None:
    objective = _objective(_config("espcn", patch=18))
    sizes = sum(one.numel() * 4 for one in objective.networks[RESTORER].parameters())

    def moments(optimizer: Optimizer) -> int:
        config = toy_config(optimizers={RESTORER: optimizer})
        return training_memory(config, stage=0, objective=objective).moments

    assert moments(Optimizer(rate=1.0, kind="adamw")) == 2 * sizes
    assert moments(Optimizer(rate=1.0, kind="sgd", momentum=0.9)) == sizes
    assert moments(Optimizer(rate=1.0, kind="sgd")) == 0
    plain = training_memory(toy_config(ema=0.0), stage=0, objective=objective)
    averaged = training_memory(toy_config(ema=0.9), stage=0, objective=objective)
    assert averaged.weights == 2 * plain.weights


def test_the_objective_is_left_as_it_was() -> None:
    config = _gan_config(patch=64)
    objective = _objective(config)
    before = {
        name: {key: value.clone() for key, value in net.state_dict().items()}
        for name, net in objective.networks.items()
    }
    training_memory(config, stage=0, objective=objective)
    for name, net in objective.networks.items():
        assert all(one.requires_grad and one.grad is None for one in net.parameters())
        for key, value in net.state_dict().items():
            assert type(value) is torch.Tensor and torch.equal(value, before[name][key])


def test_whole_pictures_are_said_to_be_unknown() -> None:
    config = _config("espcn", patch=0)
    with pytest.raises(MemoryUnknown, match="stage 1: whole pictures"):
        training_memory(config, stage=0, objective=_objective(_config("espcn", patch=18)))


def test_code_that_needs_values_is_said_to_be_unknown() -> None:
    config = _config("espcn", patch=18)
    objective = _objective(config)
    (turn,) = objective.turns

    def by_values(networks: object, batch: object, shared: Shared) -> Terms:
        terms = turn.loss(networks, batch, shared)  # type: ignore[arg-type]
        return {"chosen": terms["pixel"].detach().numpy().sum() * terms["pixel"]}

    numbered = dataclasses.replace(
        objective,
        turns=(dataclasses.replace(turn, loss=by_values),),
    )
    with pytest.raises(MemoryUnknown, match="not known before it runs"):
        training_memory(config, stage=0, objective=numbered)


def test_micro_batches_that_wait_are_counted() -> None:
    config = _config("espcn", patch=18)
    memory = training_memory(config, stage=0, objective=_objective(config))
    pictures = 4 * (18 * 18 + 6 * 6)  # float32, one channel, x3
    assert memory.at(4, batches=3) - memory.at(4) >= 2 * 4 * pictures
