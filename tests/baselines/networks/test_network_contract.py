"""What every network of the table promises, whatever its paper."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from baselines.networks.architecture import Architecture, RestorationNetwork
from baselines.networks.table import NETWORKS
from evaluation.models.network import TILINGS

PRESETS = [
    pytest.param(one, dict(kwargs), id=name)
    for one in NETWORKS.values()
    for name, kwargs in one.presets.items()
]


def built(architecture: Architecture, kwargs: dict[str, Any]) -> RestorationNetwork:
    """At full size, without values: nothing is allocated or computed."""
    with torch.device("meta"):
        return architecture.build(**kwargs).eval()


def call(network: RestorationNetwork, height: int, width: int) -> torch.Tensor:
    traits = network.traits
    picture = torch.empty(1, traits.channels, height, width, device="meta")
    more = {"": (), "sigma": (torch.empty(1, device="meta"),), "scale": (3.0,)}[traits.told]
    with torch.no_grad():
        return network(picture, *more)


def test_names_are_unique() -> None:
    names = [name for one in NETWORKS.values() for name in one.presets]
    assert len(set(names)) == len(names)
    assert all(name == one.name for name, one in NETWORKS.items())


@pytest.mark.parametrize(("architecture", "kwargs"), PRESETS)
def test_sizes_and_channels_are_as_declared(
    architecture: Architecture, kwargs: dict[str, Any]
) -> None:
    network = built(architecture, kwargs)
    traits = network.traits
    assert traits.tiling in TILINGS
    for wanted in ((1, 1), (33, 70), (64, 48)):
        height, width = traits.sizes.padded(wanted)
        out = call(network, height, width)
        scale = traits.scale or 3
        assert tuple(out.shape) == (1, traits.out_channels, height * scale, width * scale)


@pytest.mark.parametrize(("architecture", "kwargs"), PRESETS)
def test_shapes_tell_the_arguments(architecture: Architecture, kwargs: dict[str, Any]) -> None:
    network = built(architecture, kwargs)
    state = network.state_dict()
    assert architecture.renamed(state) is state
    claims = [
        (one.name, found)
        for one in NETWORKS.values()
        if (found := one.kwargs_of(one.renamed(state))) is not None
    ]
    assert len(claims) == 1, "no two claim one state"
    (first,) = claims
    defaults = {
        name: value.default
        for name, value in inspect.signature(architecture.build).parameters.items()
    }
    told = {**defaults, **kwargs}
    assert first[0] == architecture.name
    assert set(first[1]) <= set(defaults)
    found = {**defaults, **first[1]}
    unsure = set(architecture.assumed)
    assert {k: v for k, v in found.items() if k not in unsure} == {
        k: v for k, v in told.items() if k not in unsure
    }


@pytest.mark.parametrize("architecture", NETWORKS.values(), ids=NETWORKS)
def test_arguments_are_keyword_only_and_have_defaults(architecture: Architecture) -> None:
    for parameter in inspect.signature(architecture.build).parameters.values():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty


@pytest.mark.parametrize("architecture", NETWORKS.values(), ids=NETWORKS)
def test_each_says_where_it_is_from(architecture: Architecture) -> None:
    assert architecture.paper and architecture.method and architecture.reference
    assert architecture.paper.rstrip(")")[-4:].isdigit(), "ends with the year"


def test_foreign_weights_are_no_network_of_ours() -> None:
    foreign = {"layer.weight": torch.zeros(3, 3, 3, 3), "layer.bias": torch.zeros(3)}
    for one in NETWORKS.values():
        assert one.renamed(foreign) is foreign
        assert one.kwargs_of(foreign) is None
        assert one.kwargs_of({}) is None
