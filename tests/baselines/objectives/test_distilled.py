"""A student's terms against their formulas, and a teacher that stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from random_pictures import random_picture
from torch.nn import functional

from baselines.checkpoints.card import Card
from baselines.checkpoints.load import load_checkpoint
from baselines.checkpoints.ours import write_ours
from baselines.networks.architecture import RestorationNetwork
from baselines.networks.table import NETWORKS
from baselines.objectives.building import Ingredients
from baselines.objectives.choices import open_objective
from baselines.objectives.distilled import TEACHER, Distilled
from baselines.objectives.turn import RESTORER, Batch, Objective, Terms, Where
from degrade.option_error import OptionError
from tests.small_networks import small_kwargs, small_network

WIDER = 12  # of a teacher of other channels; the student has 8
TAUGHT = Distilled(
    pixel_weight=0.5, output="l2", output_weight=2.0, features_weight=3.0,
    layers={"conv_body": "conv_body", "body.0": "body.1.rdb2"},
)  # fmt: skip


def teacher_file(folder: Path, *, network: str = "rrdb", **differing: Any) -> Path:
    """A checkpoint of ours with first weights."""
    kwargs = {**small_kwargs(network), **differing}
    state = NETWORKS[network].build(**kwargs).state_dict()
    write_ours(folder / "teacher", state=state, card=Card(network=network, kwargs=kwargs))
    return folder / "teacher"


def loaded(path: Path) -> RestorationNetwork:
    found = load_checkpoint(path)
    assert found is not None
    return found.module


def opened(choice: Distilled, *, teacher: Path | None, network: str = "rrdb") -> Objective:
    ingredients = Ingredients(restorer=small_network(network), seed=0, patch=32, teacher=teacher)
    return open_objective(choice, ingredients=ingredients)


def batch_of() -> Batch:
    return Batch(
        where=Where(step=0, stage=0, within=0),
        pictures={"lq": random_picture(2, 3, 6, 5), "gt": random_picture(2, 3, 24, 20, seed=1)},
        keys=("a", "b"),
        draw=lambda _name: torch.Generator(),
    )


def terms_of(objective: Objective, batch: Batch) -> Terms:
    (turn,) = objective.turns
    assert turn.trains == (RESTORER,)
    return turn.loss(objective.networks, batch, {})


def body_of(network: Any, picture: torch.Tensor, *, blocks: int) -> torch.Tensor:
    """RRDB's features after so many blocks."""
    features = network.conv_first(picture)
    for block in network.body[:blocks]:
        features = block(features)
    return features


@pytest.mark.parametrize("kind", ["maps", "attention"])
def test_every_term_is_its_formula(kind: str, tmp_path: Path) -> None:
    path = teacher_file(tmp_path, blocks=2, width=8 if kind == "maps" else WIDER)
    objective = opened(msgspec.structs.replace(TAUGHT, features=kind), teacher=path)
    batch, teacher, student = batch_of(), loaded(path), objective.networks[RESTORER]
    ours: Any = student
    theirs: Any = teacher
    terms = terms_of(objective, batch)
    lq, gt = batch["lq"], batch["gt"]
    with torch.no_grad():
        shown = teacher(lq)
        second = theirs.body[1].rdb2(theirs.body[1].rdb1(body_of(teacher, lq, blocks=1)))
        taught = [theirs.conv_body(body_of(teacher, lq, blocks=2)), second]
    own = [ours.conv_body(body_of(student, lq, blocks=1)), body_of(student, lq, blocks=1)]
    output = student(lq)

    def seen(maps: torch.Tensor) -> torch.Tensor:
        if kind == "maps":
            return maps
        return functional.normalize((maps**2).mean(1).flatten(1))

    features = sum(((seen(a) - seen(b)) ** 2).mean() for a, b in zip(own, taught, strict=True))
    torch.testing.assert_close(terms["pixel"], 0.5 * (output - gt).abs().mean())
    torch.testing.assert_close(terms["output"], 2.0 * ((output - shown) ** 2).mean())
    torch.testing.assert_close(terms["features"], 3.0 * features)
    assert terms.keys() == {"pixel", "output", "features"}


def test_the_teacher_stays_as_it_is(tmp_path: Path) -> None:
    """In eval, without gradients; its batch norm counts nothing."""
    path = teacher_file(tmp_path, network="srresnet")
    objective = opened(Distilled(), teacher=path, network="srresnet")
    teacher, before = objective.frozen[TEACHER], loaded(path).state_dict()
    torch.stack([*terms_of(objective, batch_of()).values()]).sum().backward()
    assert not any(module.training for module in teacher.modules())
    assert all(one.grad is None and not one.requires_grad for one in teacher.parameters())
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    assert all(one.grad is not None for one in objective.networks[RESTORER].parameters())
    assert objective.batch_coupled.startswith("batch normalisation (restorer)")


def test_a_student_approaches_its_teacher(tmp_path: Path) -> None:
    objective = opened(
        Distilled(pixel_weight=0.0, layers={"conv_body": "conv_body"}),
        teacher=teacher_file(tmp_path, blocks=2),
    )
    student, batch = objective.networks[RESTORER], batch_of()
    optimizer = torch.optim.Adam(student.parameters(), 1e-3)
    losses = []
    for _ in range(6):
        terms = terms_of(objective, batch)
        assert terms.keys() == {"output", "features"}
        loss = torch.stack([*terms.values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.95 * losses[0]


def test_what_a_teacher_must_be(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--teacher: this objective learns from a trained"):
        opened(Distilled(), teacher=None)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        opened(Distilled(), teacher=tmp_path / "nowhere")
    other = teacher_file(tmp_path, scale=2)
    with pytest.raises(OptionError, match=r"--teacher .*: rrdb of scale 2, and the student's is 4"):
        opened(Distilled(), teacher=other)
    unknown = tmp_path / "unknown.pth"
    torch.save({"a.weight": torch.zeros(3)}, unknown)
    with pytest.raises(OptionError, match=r"unknown\.pth: of none of the bundled networks"):
        opened(Distilled(), teacher=unknown)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"output": "l3"}, r"objective\.output 'l3'"),
        ({"features": "map"}, r"objective\.features 'map'.*did you mean 'maps'"),
        ({"layers": {"conv_bdy": "conv_body"}}, "'conv_bdy': the student has no such module.*did"),
        ({"layers": {"body.0": "body.7"}}, "'body.7': the teacher has no such module"),
        ({"pixel_weight": 0.0, "output_weight": 0.0}, "nothing compares the pictures"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=message):
        opened(msgspec.structs.replace(Distilled(), **changed), teacher=teacher_file(tmp_path))


def test_a_network_that_is_told_has_no_maps(tmp_path: Path) -> None:
    path = teacher_file(tmp_path, network="fdncnn")
    with pytest.raises(OptionError, match="not for a network that is told sigma"):
        opened(Distilled(layers={"model.0": "model.0"}), teacher=path, network="fdncnn")
