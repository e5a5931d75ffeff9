"""NeRCo's terms beside formulas written out, who learns in which turn, going on after a stop."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
import torch

from baselines.configs.config import Stage
from baselines.configs.nerco import NERCO_SMALL
from baselines.networks.espcn import ESPCN
from baselines.objectives.building import Ingredients
from baselines.objectives.nerco import opening
from baselines.objectives.nerco.choice import Nerco
from baselines.objectives.turn import RESTORER, Batch, Objective, Shared, Terms, Where
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.session import Session
from baselines.training.state_files import newest_state, restore_state, save_state
from degrade.draws import draw_u32
from degrade.option_error import OptionError
from tests.baselines.objectives.nerco_toy import (
    SIDE,
    no_clip,
    tiny_batch,
    tiny_objective,
    tiny_restorer,
)
from tests.baselines.objectives.nerco_written_out import layer_of, written_out

RELEASED = Nerco(judge_width=4)
INTENDED = Nerco(
    judge_width=4, edge_fakes="edges", colours="kept", clip_sees="pictures", mask_down=False,
    mask_back=True, normalised=1.0,
)  # fmt: skip


def terms_of(objective: Objective, turn: int, batch: Batch, shared: Shared) -> Terms:
    return objective.turns[turn].loss(objective.networks, batch, shared)


@pytest.mark.parametrize("choice", [RELEASED, INTENDED], ids=["released", "intended"])
def test_terms_and_gradients_are_the_formulas(
    monkeypatch: pytest.MonkeyPatch, choice: Nerco
) -> None:
    objective, batch = tiny_objective(monkeypatch, choice), tiny_batch()
    shared: Shared = {}
    found = terms_of(objective, 0, batch, shared), terms_of(objective, 1, batch, shared)
    wanted = written_out(choice, objective, batch)
    for turn, one, other in zip(objective.turns, found, wanted, strict=True):
        assert one.keys() == other.keys()
        for name, value in other.items():
            torch.testing.assert_close(one[name], value, rtol=1e-4, atol=1e-6, msg=name)
        if choice.clip_sees == "pools":
            other = {name: value for name, value in other.items() if "clip" not in name}
        own = [p for name in turn.trains for p in objective.networks[name].parameters()]
        gradients = [
            torch.autograd.grad(torch.stack(list(terms.values())).sum(), own, retain_graph=True)
            for terms in (one, other)
        ]
        for ours, theirs in zip(*gradients, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_choices_change_what_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each departure of the release, undone alone, changes its own terms in the first step."""
    touched = {
        ("edge_fakes", "edges"): {"edge_A", "edge_B"},
        ("colours", "kept"): {"D_A_edge", "D_B_edge"},
        ("normalised", 1.0): {"gan_normalised"},
        ("mask_back", True): {"cycle_B", "clip_A"},
        ("clip_sees", "pictures"): set[str](),  # gradients alone while pools are filled
    }
    both = []
    for name, value in [("judge_width", 4), *touched]:
        choice = msgspec.structs.replace(RELEASED, **{name: value})
        objective, shared = tiny_objective(monkeypatch, choice), dict[str, Any]()
        terms = terms_of(objective, 0, tiny_batch(), shared)
        both.append(terms | terms_of(objective, 1, tiny_batch(), shared))
    released, *others = both
    for (key, wanted), terms in zip(touched.items(), others, strict=True):
        differing = {
            name for name, value in terms.items() if not torch.equal(value, released[name])
        }
        assert differing == wanted, key


def test_no_judge_learns_with_the_generators_nor_they_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    objective = tiny_objective(monkeypatch, INTENDED)
    session = session_of(objective, INTENDED)
    batch, shared = tiny_batch(), dict[str, Any]()
    for number, turn in enumerate(objective.turns):
        session.let_learn(turn.trains)
        for network in objective.networks.values():
            network.zero_grad(set_to_none=True)
        sum(terms_of(objective, number, batch, shared).values(), torch.zeros(())).backward()
        for name, network in objective.networks.items():
            moved = [one.grad is not None for one in network.parameters()]
            assert all(moved) if name in turn.trains else not any(moved), (turn.name, name)


def test_judges_alone_never_reach_the_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where everything may learn: what is left to them is detached."""
    objective, shared = tiny_objective(monkeypatch, RELEASED), dict[str, Any]()
    terms_of(objective, 0, tiny_batch(), shared)
    for network in objective.networks.values():
        network.requires_grad_(True).zero_grad(set_to_none=True)
    sum(terms_of(objective, 1, tiny_batch(), shared).values(), torch.zeros(())).backward()
    for name in (RESTORER, "G_B"):
        assert all(one.grad is None for one in objective.networks[name].parameters())


def test_clip_out_of_pools_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for sees, moves in (("pools", False), ("pictures", True)):
        choice = msgspec.structs.replace(RELEASED, clip_sees=sees)
        terms = terms_of(tiny_objective(monkeypatch, choice), 0, tiny_batch(), {})
        assert terms["clip_A"].requires_grad is moves
        assert terms["clip_B"].requires_grad is moves


def test_the_darkened_picture_goes_through_the_pool_of_bright_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    objective, shared = tiny_objective(monkeypatch, RELEASED), dict[str, Any]()
    terms_of(objective, 0, tiny_batch(samples=1), shared)
    bright: Any = objective.parts["clip_bright"]
    dark: Any = objective.parts["clip_dark"]
    assert (len(bright), len(dark)) == (3, 1)
    assert torch.equal(bright.state_dict()["2"], shared["darkened"][0])


@pytest.mark.parametrize(("colours", "alike"), [("each-call", False), ("kept", True)])
def test_colours_of_real_and_made_edges(
    monkeypatch: pytest.MonkeyPatch, colours: str, alike: bool
) -> None:
    choice = msgspec.structs.replace(RELEASED, colours=colours)
    objective = tiny_objective(monkeypatch, choice)
    weights = [
        layer_of(objective, tiny_batch(step), call).gray2RGB.weight
        for step in (0, 1)
        for call in ("D_A_edge made", "D_A_edge real", "D_A_edge made")
    ]
    assert torch.equal(weights[0], weights[2]), "one call has one address"
    assert torch.equal(weights[0], weights[1]) is alike
    assert torch.equal(weights[0], weights[3]) is alike


def test_without_clip_it_is_neither_loaded_nor_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tiny_objective(monkeypatch, RELEASED)
    bare = tiny_objective(monkeypatch, RELEASED, without=frozenset({"clip"}))
    intended = tiny_objective(monkeypatch, INTENDED, without=frozenset({"clip"}))
    monkeypatch.setattr(opening, "load_clip", no_clip)
    ingredients = Ingredients(restorer=tiny_restorer(), seed=0, patch=SIDE)
    zero = opening.open_nerco(msgspec.structs.replace(RELEASED, clip=0.0), ingredients=ingredients)
    batch = tiny_batch()
    every = terms_of(whole, 0, batch, {})
    for objective in (bare, zero):
        assert not objective.frozen
        assert set(every) - set(terms_of(objective, 0, batch, {})) == {"clip_A", "clip_B"}
        assert set(whole.parts) - set(objective.parts) == {"clip_bright", "clip_dark"}
    assert set(whole.frozen) == {"clip"} and not whole.notes and not zero.notes
    assert bare.notes == (
        "without clip: its terms are left out, which change no weight while objective.clip_sees is "
        "pools",
    )
    assert intended.notes[0].endswith("which are of the recipe")
    with pytest.raises(FileNotFoundError, match=r"weights are not here.*--without clip, which"):
        opening.open_nerco(RELEASED, ingredients=ingredients)
    with pytest.raises(FileNotFoundError, match=r"--without clip$"):
        opening.open_nerco(INTENDED, ingredients=ingredients)


def test_micro_batches_draw_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pools that are full: each micro-batch of a step has its own chances and places."""
    objective = tiny_objective(monkeypatch, Nerco(judge_width=4, pool=6))
    names: list[list[str]] = []
    for first in (0, 2, 4):
        asked: list[str] = []

        def draw(name: str, asked: list[str] = asked) -> torch.Generator:
            asked.append(name)
            return torch.Generator().manual_seed(draw_u32(name))

        batch = dataclasses.replace(tiny_batch(), first=first, draw=draw)
        shared: Shared = {}
        for turn in range(2):
            terms_of(objective, turn, batch, shared)
        names.append(asked)
    assert len(names[0]) == 4 + 5 + 4 == len(set(names[0]))  # CLIP's pools, the judges', colours
    assert not set(names[0]) & set(names[1]) and not set(names[1]) & set(names[2])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"edge_fakes": "edge"}, "objective.edge_fakes 'edge': one of pictures, edges; did you"),
        ({"colours": "new"}, "objective.colours 'new'"),
        ({"clip_sees": "pool"}, "objective.clip_sees 'pool'"),
        ({"gan": "lsgan"}, "objective.gan 'lsgan': one of vanilla, least-squares"),
        ({"edge_kernels": "canny"}, "objective.edge_kernels 'canny'"),
        ({"pool": -1}, "objective.pool -1: 0 or more"),
    ],
)
def test_wrong_words(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as raised:
        opening.open_nerco(
            Nerco(**wrong), ingredients=Ingredients(restorer=tiny_restorer(), seed=0, patch=SIDE)
        )
    assert str(raised.value).startswith(said)


def test_wrong_networks_and_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match=r"network ESPCN.*preset nerco"):
        opening.open_nerco(Nerco(), ingredients=Ingredients(restorer=ESPCN(), seed=0, patch=SIDE))
    for patch in (30, 20):
        ingredients = Ingredients(restorer=tiny_restorer(), seed=0, patch=patch)
        with pytest.raises(OptionError, match=f"patch {patch}: .*multiples of 4, 24 or more"):
            opening.open_nerco(Nerco(), ingredients=ingredients)
    objective, batch = tiny_objective(monkeypatch, RELEASED), tiny_batch()
    for low, high in (((24, 24), (24, 28)), ((30, 32), (30, 32)), ((20, 32), (20, 32))):
        pictures = {"low": torch.rand(1, 3, *low), "high": torch.rand(1, 3, *high)}
        other = Batch(where=batch.where, pictures=pictures, keys=("one",), draw=batch.draw)
        with pytest.raises(ValueError, match=r"data\.fit.*resize"):
            terms_of(objective, 0, other, {})


class Made:
    """Batches of one sample."""

    waited = 0.0

    def at(self, where: Where, stage: Stage) -> list[Batch]:
        """This step's."""
        assert stage.batch == 1
        return [tiny_batch(where.step, samples=1)]

    def close(self) -> None:
        """Nothing is open."""


def session_of(objective: Objective, choice: Nerco) -> Session:
    config = msgspec.structs.replace(NERCO_SMALL, objective=choice)
    return Session(config, objective, Processes(device="cpu"), Made())


def test_a_stop_in_the_middle_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """20 steps, pools of 2 that are full and swap before the stop; all terms finite."""
    choice, stop = Nerco(judge_width=4, pool=2), 12
    seen: list[dict[str, float]] = []

    def keep(session: Session, step: Any) -> None:
        seen.append({name: float(value) for name, value in step.terms.items()})
        if session.step == stop:
            save_state(tmp_path, session, leg=0, keep=1)

    unbroken = session_of(tiny_objective(monkeypatch, choice), choice)
    train(unbroken, until=20, hooks=[keep])
    whole = seen.copy()
    assert len(whole) == 20
    assert all(len(one) == 20 for one in whole), "15 terms of the generators, 5 of the judges"
    assert torch.tensor([list(one.values()) for one in whole]).isfinite().all()
    seen.clear()
    second = session_of(tiny_objective(monkeypatch, choice), choice)
    state = newest_state(tmp_path, say=pytest.fail)
    assert state is not None
    restore_state(second, state)
    train(second, until=20, hooks=[keep])
    assert seen == whole[stop:]
    for name, network in unbroken.objective.networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, second.objective.networks[name].state_dict()[key]), key
    for name, part in unbroken.objective.parts.items():
        other = second.objective.parts[name].state_dict()
        assert all(torch.equal(value, other[key]) for key, value in part.state_dict().items())
