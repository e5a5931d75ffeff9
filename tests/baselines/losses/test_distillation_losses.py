"""Distillation against sums written out, and feature maps read by the names of modules."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from baselines.losses.distillation import (
    feature_distillation,
    features_of,
    output_distillation,
)
from degrade.option_error import OptionError


def maps(seed: int, *shape: int) -> Tensor:
    return torch.randn(
        shape or (2, 3, 4, 5), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


class Small(nn.Module):
    """A convolution that an activation writes into, a block that runs twice, a spare."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.activation = nn.ReLU(inplace=True)
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())
        self.spare = nn.Identity()
        self.fails = False

    def forward(self, picture: Tensor) -> Tensor:
        passed = self.body(self.body(self.activation(self.first(picture))))
        if self.fails:
            raise ArithmeticError("no luck")
        return passed


class Pair(nn.Module):
    """Gives two tensors."""

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return picture, picture


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


def test_outputs_are_compared_and_the_teacher_does_not_learn() -> None:
    student, teacher = maps(1).requires_grad_(), maps(2).requires_grad_()
    difference = (student - teacher).detach()
    assert output_distillation(student, teacher).item() == pytest.approx(
        difference.abs().mean().item()
    )
    found = output_distillation(student, teacher, norm="l2")
    assert found.item() == pytest.approx((difference**2).mean().item())
    ours, theirs = torch.autograd.grad(found, [student, teacher], allow_unused=True)
    assert torch.allclose(ours, 2 * difference / difference.numel())
    assert theirs is None


def test_maps_are_summed_over_layers() -> None:
    ours, theirs = [maps(3), maps(4, 2, 6, 2, 2)], [maps(5), maps(6, 2, 6, 2, 2)]
    expected = sum(((a - b) ** 2).mean().item() for a, b in zip(ours, theirs, strict=True))
    assert feature_distillation(ours, theirs).item() == pytest.approx(expected)
    expected = sum((a - b).abs().mean().item() for a, b in zip(ours, theirs, strict=True))
    assert feature_distillation(ours, theirs, norm="l1").item() == pytest.approx(expected)
    learning = ours[0].requires_grad_(), theirs[0].requires_grad_()
    value = feature_distillation([learning[0]], [learning[1]])
    assert torch.autograd.grad(value, learning, allow_unused=True)[1] is None
    assert torch.autograd.gradcheck(
        lambda a: feature_distillation([a], [theirs[0]], kind="attention"), [learning[0]]
    )


def test_attention_is_the_published_one() -> None:
    student, teacher = maps(7, 2, 3, 4, 5), maps(8, 2, 8, 4, 5)
    squares, lengths = [], []
    for sample in range(2):
        sides = []
        for side in (student, teacher):
            q = [
                sum(side[sample, c, y, x].item() ** 2 for c in range(side.shape[1]))
                for y in range(4)
                for x in range(5)
            ]
            length = sum(value**2 for value in q) ** 0.5
            sides.append([value / length for value in q])
        different = [(a - b) ** 2 for a, b in zip(*sides, strict=True)]
        squares += different
        lengths.append(sum(different) ** 0.5)
    found = feature_distillation([student], [teacher], kind="attention")
    assert found.item() == pytest.approx(sum(squares) / len(squares)), "the release's mean"
    found = feature_distillation([student], [teacher], kind="attention", norm="euclidean")
    assert found.item() == pytest.approx(sum(lengths) / 2), "eq. 2's norm"


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**31), factor=st.floats(0.01, 100))
def test_attention_sees_neither_strength_nor_order_of_channels(seed: int, factor: float) -> None:
    student, teacher = maps(seed), maps(seed + 1)
    value = feature_distillation([student], [teacher], kind="attention").item()
    other = factor * teacher.flip(1)
    found = feature_distillation([student], [other], kind="attention").item()
    assert found == pytest.approx(value, rel=1e-9)
    assert feature_distillation([other], [other], kind="attention").item() == 0


def test_unequal_maps_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"map 1 .*as many channels: take kind 'attention'"):
        feature_distillation([maps(1), maps(2)], [maps(3), maps(4, 2, 5, 4, 5)])
    for kind in ("maps", "attention"):
        with pytest.raises(ValueError, match=r"\[2, 3, 4, 5\].*\[2, 3, 8, 10\].*one scale"):
            feature_distillation([maps(1)], [maps(2, 2, 3, 8, 10)], kind=kind)
        with pytest.raises(ValueError, match=r"it takes \[B,C,h,w\]"):
            feature_distillation([maps(1, 2, 3)], [maps(2, 2, 3)], kind=kind)
    for ours, theirs in (([maps(1)], []), ([], [])):
        with pytest.raises(ValueError, match="as many of both, one or more"):
            feature_distillation(ours, theirs)
    with pytest.raises(OptionError, match=r"kind 'atention'.*did you mean 'attention'"):
        feature_distillation([maps(1)], [maps(2)], kind="atention")


def test_features_are_those_on_the_way() -> None:
    network, seen = Small(), torch.randn(1, 3, 6, 6)
    before = copy.deepcopy(network.state_dict())
    output, [body, first, activation] = features_of(
        network, seen, names=["body.0", "first", "activation"]
    )
    expected = network.first(seen)
    assert first.min() < 0, "the activation wrote into another tensor"
    assert torch.equal(first, expected)
    assert torch.equal(activation, expected.relu())
    assert torch.equal(body, network.body[0](network.body(expected.relu()))), "of its second run"
    assert torch.equal(output, network(seen))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    # and they lead back to the weights
    [gradient] = torch.autograd.grad(first.sum(), [network.first.weight])
    assert gradient.abs().max() > 0


def test_no_hook_is_left_behind() -> None:
    network, seen = Small(), torch.randn(1, 3, 6, 6)
    kept = network.first.register_forward_hook(lambda *_: None)
    features_of(network, seen, names=["first", "first", "body"])
    assert hooks(network) == 1, "the caller's own"
    network.fails = True
    with pytest.raises(ArithmeticError, match="no luck"):
        features_of(network, seen, names=["first"])
    assert hooks(network) == 1
    network.fails = False
    with pytest.raises(ValueError, match="'spare' did not run"):
        features_of(network, seen, names=["first", "spare"])
    assert hooks(network) == 1
    pair = nn.Sequential(Pair())
    with pytest.raises(ValueError, match="'0' gives a tuple, not a tensor"):
        features_of(pair, seen, names=["0"])
    assert hooks(pair) == 0
    kept.remove()


def test_an_unknown_name_says_the_nearest() -> None:
    network, seen = Small(), torch.randn(1, 3, 6, 6)
    with pytest.raises(OptionError, match=r"'bodi.0' is no module of Small, which holds first"):
        features_of(network, seen, names=["first", "bodi.0"])
    with pytest.raises(OptionError, match=r"did you mean 'activation'"):
        features_of(network, seen, names=["activatoin"])
    with pytest.raises(OptionError, match="'' is no module"):
        features_of(network, seen, names=[""])
    assert hooks(network) == 0
