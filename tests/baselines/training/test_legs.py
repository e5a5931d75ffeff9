"""Legs: when networks are made anew, and what they take over."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch

from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import write_ours
from baselines.configs.config import NetworkChoice, Stage
from baselines.training.legs import Leg, build_restorer, legs_of, start_weights, take_over
from degrade.option_error import OptionError
from tests.baselines.training.toy_run import toy_config
from tests.small_networks import small_kwargs


def stage(*, scale: int = 0, init_from: str = "before") -> Stage:
    return Stage(steps=10, batch=1, patch=24, scale=scale, init_from=init_from)


def test_stages_of_one_network_are_one_leg() -> None:
    assert legs_of([stage(), stage(), stage()]) == [Leg((0, 3), 0, 30, 0, "before")]
    rising = legs_of([stage(scale=2), stage(), stage(scale=4), stage(scale=4), stage(scale=8)])
    assert [(leg.stages, leg.begin, leg.end, leg.scale) for leg in rising] == [
        ((0, 2), 0, 20, 2), ((2, 4), 20, 40, 4), ((4, 5), 40, 50, 8)
    ]  # fmt: skip
    again = legs_of([stage(), stage(init_from="scratch")])
    assert [leg.init_from for leg in again] == ["before", "scratch"]


def test_another_scale_takes_over_all_but_its_enlargement() -> None:
    config = toy_config(network="edsr")
    config = msgspec.structs.replace(
        config, network=NetworkChoice(preset="edsr-x2", set=small_kwargs("edsr"))
    )
    two, four = (build_restorer(config, Leg((0, 1), 0, 1, scale, "before")) for scale in (2, 4))
    assert (two.traits.scale, four.traits.scale) == (2, 4)
    with torch.no_grad():
        for value in two.parameters():
            value.add_(1.0)
    said = take_over(four, two.state_dict())
    taken = [
        name for name, value in four.state_dict().items()
        if name in two.state_dict() and torch.equal(value, two.state_dict()[name])
    ]  # fmt: skip
    assert "conv_first.weight" in taken and len(taken) < len(four.state_dict())
    assert said.startswith(f"starts from {len(taken)} of {len(four.state_dict())} weights; new: ")


def test_a_network_without_scale_refuses_one() -> None:
    with pytest.raises(OptionError, match="dncnn has no scale"):
        build_restorer(toy_config(network="dncnn"), Leg((3, 4), 0, 1, 2, "before"))


def test_first_weights_are_a_function_of_the_seed() -> None:
    config, leg = toy_config(), Leg((0, 1), 0, 1, 0, "before")
    shared = torch.random.get_rng_state()
    a, b = build_restorer(config, leg).state_dict(), build_restorer(config, leg).state_dict()
    other = build_restorer(msgspec.structs.replace(config, seed=1), leg).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert any(not torch.equal(a[name], other[name]) for name in a)
    assert torch.equal(shared, torch.random.get_rng_state())


def test_where_weights_come_from(tmp_path: Path) -> None:
    config = toy_config()
    leg = Leg((0, 1), 0, 1, 0, "needed: those of toy")
    with pytest.raises(OptionError, match=r"--init: .*those of toy.*stages\.0\.init_from"):
        start_weights(leg, before=None)
    assert start_weights(msgspec_leg(leg, "scratch"), before={}) is None
    before = {"a": torch.ones(1)}
    assert start_weights(msgspec_leg(leg, "before"), before=before) is before
    network = build_restorer(config, leg)
    card = Card(network="espcn", kwargs=small_kwargs("espcn"))
    write_ours(tmp_path / "run" / "best", state=network.state_dict(), card=card)
    for place in (tmp_path / "run", tmp_path / "run" / "best"):
        found = start_weights(msgspec_leg(leg, str(place)), before=None)
        assert found is not None
        assert all(torch.equal(found[name], one) for name, one in network.state_dict().items())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        start_weights(msgspec_leg(leg, str(tmp_path / "nowhere")), before=None)


def msgspec_leg(leg: Leg, init_from: str) -> Leg:
    return Leg(leg.stages, leg.begin, leg.end, leg.scale, init_from)
