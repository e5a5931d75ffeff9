"""Who learns in which turn, from what, and what is refused."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor

from baselines.configs.config import Config, Optimizer, Stage
from baselines.losses import vgg as vgg19
from baselines.objectives.adversarial import PLAIN, Adversarial, Judge, Perceptual
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.levels import Levels
from baselines.objectives.paired import Paired
from baselines.objectives.turn import JUDGE, RESTORER
from baselines.training.loop import train
from degrade.option_error import OptionError
from tests.baselines.objectives.adversarial_cases import (
    BARE,
    LAYERS,
    PATCH,
    PLAIN_GAN,
    SIDE,
    UNET,
    batch_of,
    both_turns,
    ones,
    opened,
    vgg_file,
)
from tests.baselines.training.toy_run import toy_config, toy_session
from tests.small_networks import small_network


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vgg_file(tmp_path_factory.mktemp("vgg"))


@pytest.mark.parametrize(
    ("network", "choice"),
    [("srresnet", Paired()), ("dncnn", Paired()), ("lapsrn", Levels(of="levels"))],
)
def test_it_is_named_of_every_objective(network: str, choice: Any) -> None:
    restorer = small_network(network)
    restorer.extra = torch.nn.BatchNorm2d(1)
    ingredients = Ingredients(restorer=restorer, seed=0, patch=SIDE)
    objective = open_objective(choice, ingredients=ingredients)
    assert objective.batch_coupled.startswith("batch normalisation (restorer) takes its statistics")


@pytest.mark.parametrize(
    "choice",
    [
        PLAIN_GAN,
        Adversarial(perceptual=BARE, judge=UNET, plain_real=True, gan="hinge"),
    ],
)
def test_a_turn_leaves_the_other_network_as_it_is(choice: Adversarial) -> None:
    session = toy_session(toy(choice))
    shared: dict[str, Any] = {}
    for turn in session.objective.turns:
        session.let_learn(turn.trains)
        terms = turn.loss(session.called, batch_of(), shared)
        torch.stack([*terms.values()]).sum().backward()
        for name, network in session.objective.networks.items():
            learned = [one.grad is not None for one in network.parameters()]
            assert all(learned) if name == turn.name else not any(learned), (turn.name, name)
            network.zero_grad()
    assert not shared["fake"].requires_grad


def toy(choice: Adversarial, *, accumulate: int = 1, kind: str = "adam") -> Config:
    optimizer = Optimizer(kind=kind, rate=1e-3)
    return toy_config(
        network="rrdb", objective=choice, optimizers={RESTORER: optimizer, JUDGE: optimizer},
        stages=[Stage(steps=3, batch=2, patch=SIDE, accumulate=accumulate)],
    )  # fmt: skip


def test_micro_batches_are_the_whole() -> None:
    """With instance norm in the judge, and no relativistic means, samples are apart."""
    found = []
    for accumulate in (1, 2):
        # sgd: Adam makes steps of the rounding errors of biases that instance norm takes away
        session = toy_session(toy(PLAIN_GAN, accumulate=accumulate, kind="sgd"))
        assert session.objective.batch_coupled == ""
        kept: dict[str, float] = {}
        train(session, until=2, hooks=[lambda _, step, kept=kept: kept.update(step.norms)])
        found.append((kept, [*session.objective.networks[JUDGE].parameters()]))
    (norms, whole), (cut_norms, cut) = found
    assert norms == pytest.approx(cut_norms, rel=1e-4)
    torch.testing.assert_close(whole, cut)


def test_what_couples_a_batch_is_named() -> None:
    relativistic = opened(Adversarial(judge=PATCH, perceptual=BARE)).batch_coupled
    assert relativistic == "relativistic means are of one micro-batch of all processes"
    spectral = opened(Adversarial(judge=UNET, perceptual=BARE, relativistic=False)).batch_coupled
    assert spectral.startswith("spectral normalisation (judge)")
    judge = Judge(network="srgan", set={"width": 2})
    choice = Adversarial(judge=judge, perceptual=BARE, relativistic=False)
    both = opened(choice, restorer=small_network("srresnet")).batch_coupled
    assert both.startswith("batch normalisation (restorer, judge)") and ";" not in both


@pytest.mark.parametrize(
    "choice",
    [
        Adversarial(judge=UNET, tv=1e-3, perceptual=BARE),
        Adversarial(judge=Judge(network="srgan", set={"width": 2}), perceptual=BARE),
        PLAIN_GAN,
    ],
)
def test_steps_move_both_and_stay_finite(choice: Adversarial) -> None:
    session = toy_session(toy(choice))
    before = copy.deepcopy(dict(session.objective.networks))
    seen: list[Mapping[str, Tensor]] = []
    train(session, until=3, hooks=[lambda _, step: seen.append(step.terms)])
    assert len(seen) == 3 and all(torch.isfinite(one) for step in seen for one in step.values())
    for name, network in session.objective.networks.items():
        now = dict(network.named_parameters())
        for key, value in before[name].named_parameters():
            assert not torch.equal(value, now[key]), f"{name}.{key}"


def test_the_judge_sees_the_plain_target_where_there_is_one() -> None:
    choice = msgspec.structs.replace(PLAIN_GAN, plain_real=True)
    objective = opened(choice)
    judge = objective.networks[JUDGE]
    with_plain, without = batch_of(plain=True), batch_of()
    shown = ones(judge(with_plain[PLAIN]))
    torch.testing.assert_close(both_turns(objective, with_plain)[1]["real"], shown)
    torch.testing.assert_close(
        both_turns(objective, without)[1]["real"], ones(judge(without["gt"]))
    )
    unasked = both_turns(opened(PLAIN_GAN), with_plain)
    torch.testing.assert_close(unasked[1]["real"], ones(judge(with_plain["gt"])))
    assert not torch.allclose(shown, ones(judge(with_plain["gt"])))


def test_first_weights_are_the_seeds() -> None:
    def judge(seed: int) -> Tensor:
        network = opened(PLAIN_GAN, seed=seed, restorer=restorer).networks[JUDGE]
        return torch.cat([one.flatten() for one in network.parameters()])

    restorer = small_network("rrdb")
    before = torch.get_rng_state()
    assert torch.equal(judge(1), judge(1)) and not torch.equal(judge(1), judge(2))
    assert torch.equal(before, torch.get_rng_state())


def test_without_vggs_weights(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_address: str) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(vgg19.reachable, "reach", unreachable)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    choice = Adversarial(perceptual=Perceptual(layers=LAYERS), judge=PATCH)
    with pytest.raises(FileNotFoundError, match=r"download\.pytorch\.org.*--without perceptual"):
        opened(choice)
    gone = opened(choice, without=frozenset({"perceptual"}))
    assert not gone.frozen and "VGG19's terms are left out" in gone.notes[0]
    assert set(both_turns(gone, batch_of())[0]) == {"pixel", "gan"}
    assert not opened(choice, vgg=weights).notes
    alone = msgspec.structs.replace(choice, pixel_weight=0.0)
    with pytest.raises(OptionError, match="nothing is left that compares with the target"):
        opened(alone, without=frozenset({"perceptual"}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pixel": "l3"}, r"objective\.pixel 'l3'.*did you mean"),
        ({"gan": "vanila"}, r"objective\.gan 'vanila'.*did you mean 'vanilla'"),
        ({"perceptual": Perceptual(norm="l9")}, r"objective\.perceptual\.norm 'l9'"),
        ({"judge": PATCH, "perceptual": Perceptual(layers={"conv9_1": 1.0})}, "layer 'conv9_1'"),
        ({"judge": Judge(network="vg")}, r"objective\.judge\.network 'vg'.*did you mean 'vgg'"),
        ({"judge": Judge(set={"widht": 3})}, r"set\.widht: vgg takes .*did you mean 'width'"),
        ({"judge": Judge()}, r"objective\.judge: vgg: size 16: one of 128, 256"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        opened(msgspec.structs.replace(Adversarial(), **changed))
