"""The adversarial terms against their formulas written out, and the release's turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.losses.vgg import VGG19Features
from baselines.objectives.adversarial import VGG, Adversarial, Perceptual
from baselines.objectives.turn import JUDGE, RESTORER, Terms
from tests.baselines.objectives.adversarial_cases import (
    BARE,
    LAYERS,
    PATCH,
    PLAIN_GAN,
    batch_of,
    both_turns,
    ones,
    opened,
    vgg_file,
    zeros,
)
from tests.small_networks import small_network


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vgg_file(tmp_path_factory.mktemp("vgg"))


def test_every_term_is_its_formula(weights: Path) -> None:
    compared = Perceptual(layers=LAYERS, activated=True, norm="l2", scale=0.5, weight=3.0)
    choice = Adversarial(
        pixel="charbonnier", pixel_weight=0.7, perceptual=compared, texture=5.0, tv=0.2,
        gan_weight=0.3, relativistic=False, judge=PATCH,
    )  # fmt: skip
    objective = opened(choice, vgg=weights)
    batch = batch_of()
    terms, judged = both_turns(objective, batch)
    judge, gt = objective.networks[JUDGE], batch["gt"]
    fake = objective.networks[RESTORER](batch["lq"])
    read = VGG19Features(layers=["relu1_2", "relu2_2"], scale=0.5)
    read.load_state_dict(torch.load(weights, weights_only=True))
    pairs = [
        (LAYERS[name.replace("relu", "conv")], ours, read(gt)[name])
        for name, ours in read(fake).items()
    ]
    wanted: Terms = {
        "pixel": 0.7 * torch.sqrt((fake - gt) ** 2 + 1e-12).mean(),
        "perceptual": 3.0 * sum((w * ((a - b) ** 2).mean() for w, a, b in pairs), torch.zeros(())),
        "texture": 5.0
        * sum((w * ((gram(a) - gram(b)) ** 2).mean() for w, a, b in pairs), torch.zeros(())),
        "tv": 0.2 * (fake.diff(dim=2).abs().mean() + fake.diff(dim=3).abs().mean()),
        "gan": 0.3 * ones(judge(fake)),
    }
    assert terms.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(terms[name], value, msg=name)
    torch.testing.assert_close(judged, {"real": ones(judge(gt)), "fake": zeros(judge(fake))})
    assert set(objective.frozen) == {VGG}


def gram(maps: Tensor) -> Tensor:
    rows = maps.flatten(2)
    return torch.einsum("ncp,ndp->ncd", rows, rows) / (rows.shape[1] * rows.shape[2])


@pytest.mark.parametrize(
    ("gan", "fooling", "real", "fake"),
    [
        ("vanilla", ones, ones, zeros),
        ("least-squares", lambda x: ((x - 1) ** 2).mean(), lambda x: ((x - 1) ** 2).mean(),
         lambda x: (x**2).mean()),
        ("hinge", lambda x: -x.mean(), lambda x: functional.relu(1 - x).mean(),
         lambda x: functional.relu(1 + x).mean()),
        ("wasserstein", lambda x: -x.mean(), lambda x: -x.mean(), lambda x: x.mean()),
    ],
)  # fmt: skip
def test_kinds_of_gan(
    gan: str,
    fooling: Callable[[Tensor], Tensor],
    real: Callable[[Tensor], Tensor],
    fake: Callable[[Tensor], Tensor],
) -> None:
    objective = opened(msgspec.structs.replace(PLAIN_GAN, gan=gan))
    batch = batch_of()
    terms, judged = both_turns(objective, batch)
    judge, made = objective.networks[JUDGE], objective.networks[RESTORER](batch["lq"])
    torch.testing.assert_close(terms["gan"], 5e-3 * fooling(judge(made)))
    torch.testing.assert_close(
        judged, {"real": real(judge(batch["gt"])), "fake": fake(judge(made))}
    )


def gradients(loss: Tensor, network: nn.Module) -> list[Tensor]:
    network.zero_grad()
    loss.backward()
    return [one.grad.clone() for one in network.parameters() if one.grad is not None]


def test_relativistic_is_detached_as_released() -> None:
    """ESRGANModel.optimize_parameters written out, its second judging of the fake included."""
    objective = opened(Adversarial(perceptual=BARE, judge=PATCH))
    batch = batch_of()
    restorer, judge = objective.networks[RESTORER], objective.networks[JUDGE]
    terms, judged = both_turns(objective, batch)
    made = restorer(batch["lq"])
    real, fake = judge(batch["gt"]).detach(), judge(made)
    wanted = 5e-3 * (zeros(real - fake.mean()) + ones(fake - real.mean())) / 2
    torch.testing.assert_close(terms["gan"], wanted)
    torch.testing.assert_close(gradients(terms["gan"], restorer), gradients(wanted, restorer))
    judge.zero_grad()
    made = made.detach()
    real = judge(batch["gt"])
    (0.5 * ones(real - judge(made).detach().mean())).backward()
    (0.5 * zeros(judge(made) - real.detach().mean())).backward()
    wanted_gradients = [one.grad.clone() for one in judge.parameters() if one.grad is not None]
    torch.testing.assert_close(gradients(judged["gan"], judge), wanted_gradients)


def test_the_papers_means_have_gradients() -> None:
    choice = Adversarial(perceptual=BARE, judge=PATCH)
    batch, found, restorer = batch_of(), {}, small_network("rrdb")
    for learning in (False, True):
        changed = msgspec.structs.replace(choice, learning_means=learning)
        objective = opened(changed, restorer=restorer)
        judge = objective.networks[JUDGE]
        loss = both_turns(objective, batch)[1]["gan"]
        found[learning] = (loss.detach(), gradients(loss, judge)[0])
    torch.testing.assert_close(found[False][0], found[True][0])
    assert not torch.allclose(found[False][1], found[True][1])


def test_means_are_the_batchs() -> None:
    """Over all processes, whatever the loop makes of that."""
    seen: list[bool] = []

    def elsewhere(values: Tensor) -> Tensor:
        seen.append(values.requires_grad)
        return values.mean() + 10.0

    objective = opened(Adversarial(perceptual=BARE, judge=PATCH))
    far, near = both_turns(objective, batch_of(mean=elsewhere)), both_turns(objective, batch_of())
    for turn in (0, 1):
        assert float(far[turn]["gan"].detach()) > 2 * float(near[turn]["gan"].detach())
    assert sorted(seen) == [False, False, False, True]  # the restorer's of its own logits alone
