"""What every network of the table does when it runs, small and with drawn weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from random_pictures import random_picture
from small_networks import small_kwargs, small_network
from torch import Tensor, nn
from vector_file import assert_same

from baselines.networks.architecture import RestorationNetwork
from baselines.networks.table import NETWORKS

# What the loss of a restored picture does not reach: NeRCo's mask extractor makes a second picture,
# for training alone; CARN has one enlargement for each scale.
UNUSED = {"nerco": ("H.output.",), "carn": ("upsample.up2.", "upsample.up3.")}

# Of the largest value. Of NeRCo's many norms each divides what was rounded by its deviation.
BFLOAT16, BFLOAT16_NORMED = 0.05, 0.1

# What runs on the fast path alone, by the networks that have one.
FAST = {
    "rrdb": "baselines.networks.rrdb.doubled",
    "nafnet": "baselines.networks.nafnet._scaled",
    "restormer": "baselines.networks.restormer.rows.run_stage",
    "nerco": "baselines.networks.nerco.layers.in_strips",
}


def inputs(network: RestorationNetwork, *, batch: int = 1) -> tuple[Any, ...]:
    """Pictures of more rows than a strip has, and what the network is told besides."""
    traits = network.traits
    picture = random_picture(batch, traits.channels, *traits.sizes.padded((21, 14)))
    told = {"": (), "sigma": (torch.linspace(0.05, 0.1, batch),), "scale": (2.5,)}
    return picture, *told[traits.told]


@pytest.mark.parametrize("name", NETWORKS)
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path) -> None:
    network = small_network(name)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    again = NETWORKS[name].build(**small_kwargs(name)).eval()
    again.load_state_dict(torch.load(tmp_path / "weights.pth", weights_only=True), strict=True)
    with torch.no_grad():
        assert torch.equal(again(*inputs(again)), network(*inputs(network)))


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_every_weight(name: str) -> None:
    network = small_network(name, seed=2).train()  # one that leaves no ReLU of RCAN's dead
    given = inputs(network, batch=2)
    before = given[0].clone()
    network(*given).square().mean().backward()
    assert torch.equal(given[0], before), "the input was overwritten"
    for key, parameter in network.named_parameters():
        if not parameter.requires_grad or key.startswith(UNUSED.get(name, ())):
            continue
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize("name", NETWORKS)
def test_training_changes_batch_norms_alone(name: str) -> None:
    network = small_network(name)
    with torch.no_grad():
        restored = network(*inputs(network))
        trained = network.train()(*inputs(network))
    normed = any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert torch.equal(restored, trained) != normed


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_is_near(name: str) -> None:
    """And the same with gradients as without: only the plain path runs."""
    network = small_network(name)
    exact = network(*inputs(network)).detach()
    with torch.autocast("cpu", torch.bfloat16):
        plain = network(*inputs(network)).detach()
        with torch.inference_mode():
            rounded = network(*inputs(network))
    assert rounded.isfinite().all()
    near = BFLOAT16_NORMED if name == "nerco" else BFLOAT16
    assert (rounded.float() - exact).abs().max() < near * exact.abs().max()
    assert torch.equal(rounded, plain)


@pytest.mark.parametrize("name", NETWORKS)
def test_faster_path_is_the_plain_one(name: str) -> None:
    network = small_network(name)
    given = inputs(network, batch=2)
    plain = network(*given).detach()
    with torch.inference_mode():
        assert_same(network(*given), plain)
        last = copy.deepcopy(network).to(memory_format=torch.channels_last)
        assert_same(last(*given), plain)


@pytest.mark.parametrize("name", NETWORKS)
def test_two_pictures_are_restored_as_one_by_one(name: str) -> None:
    network = small_network(name)
    given = inputs(network, batch=2)
    with torch.inference_mode():
        both = network(*given)
        for i in range(2):
            own = (one[i : i + 1] if isinstance(one, Tensor) else one for one in given)
            assert_same(network(*own), both[i : i + 1])


@pytest.mark.filterwarnings("ignore:`torch.jit.trace", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("name", FAST)
def test_only_eager_float32_without_gradients_is_hurried(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = small_network(name)
    given = inputs(network)
    monkeypatch.setattr(FAST[name], never)
    with pytest.raises(LookupError, match="fast path"), torch.no_grad():
        network(*given)
    network.train()(*given)
    network.eval()(*given)
    with torch.no_grad():
        with torch.autocast("cpu", torch.bfloat16):
            network(*given)
        torch.export.export(network, given)
        torch.compile(network, backend="eager", fullgraph=True)(*given)
        torch.jit.trace(network, given, check_trace=False)
        copy.deepcopy(network).to("meta")(given[0].to("meta"))


def never(*_: Any, **__: Any) -> None:
    raise LookupError("the fast path ran")
