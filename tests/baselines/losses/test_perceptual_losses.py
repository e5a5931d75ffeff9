"""Perceptual and texture losses against sums written out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from baselines.losses.perceptual import perceptual, texture
from baselines.losses.vgg import SRGAN_SCALE, VGG19Features
from degrade.option_error import OptionError

LAYERS = ("conv1_2", "relu1_2", "conv2_2", "relu2_2")


@pytest.fixture(scope="module")
def vgg() -> VGG19Features:
    return VGG19Features(layers=LAYERS, generator=torch.Generator().manual_seed(2)).double()


@pytest.fixture
def sides() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(6)
    a, b = (torch.rand(2, 3, 16, 20, generator=generator, dtype=torch.float64) for _ in range(2))
    return a.requires_grad_(), b.requires_grad_()


def slow(vgg: VGG19Features, picture: Tensor) -> dict[str, Tensor]:
    """The features by PyTorch's functions and weights by name, one layer after another."""
    weight = dict(vgg.named_parameters())
    passed = (picture - vgg.mean) / vgg.deviation
    found = {}
    for index, name in ((0, "1_1"), (2, "1_2"), (5, "2_1"), (7, "2_2")):
        if name == "2_1":
            passed = torch.nn.functional.max_pool2d(passed, 2)
        passed = torch.nn.functional.conv2d(
            passed, weight[f"features.{index}.weight"], weight[f"features.{index}.bias"], padding=1
        )
        found[f"conv{name}"] = passed
        passed = passed.clamp(min=0)
        found[f"relu{name}"] = passed
    return found


def test_norms_are_the_sums_that_they_say(vgg: VGG19Features, sides: tuple[Tensor, Tensor]) -> None:
    ours, theirs = (slow(vgg, side) for side in sides)
    weights = {"conv2_2": 0.7, "relu1_2": 0.2}
    d = {name: ours[name] - theirs[name] for name in weights}
    expected = {
        "l1": sum(w * d[n].abs().sum() / d[n].numel() for n, w in weights.items()),
        "l2": sum(w * (d[n] ** 2).sum() / d[n].numel() for n, w in weights.items()),
        "fro": sum(w * (d[n] ** 2).sum() ** 0.5 for n, w in weights.items()),
        "euclidean": sum(
            w * ((d[n] ** 2).sum((1, 2, 3)) ** 0.5).mean() for n, w in weights.items()
        ),
    }
    for norm, value in expected.items():
        found = perceptual(*sides, vgg=vgg, weights=weights, norm=norm)
        assert torch.allclose(found, torch.as_tensor(value), rtol=1e-10)
    assert torch.equal(
        perceptual(*sides, vgg=vgg, weights=weights),
        perceptual(*sides, vgg=vgg, weights=weights, norm="l1"),
    )


def test_before_and_after_the_activation_differ(
    vgg: VGG19Features, sides: tuple[Tensor, Tensor]
) -> None:
    before, after = (
        perceptual(*sides, vgg=vgg, weights={layer: 1.0}).item() for layer in ("conv2_2", "relu2_2")
    )
    assert before > 1.2 * after > 0, "the activation hides what is below 0"


def test_srgan_s_scale_is_squared_by_its_norm(sides: tuple[Tensor, Tensor]) -> None:
    plain, scaled = (
        VGG19Features(
            layers=["relu2_2"], scale=scale, generator=torch.Generator().manual_seed(2)
        ).double()
        for scale in (1.0, SRGAN_SCALE)
    )
    one, other = (
        perceptual(*sides, vgg=vgg, weights={"relu2_2": 1.0}, norm="l2").item()
        for vgg in (plain, scaled)
    )
    assert other == pytest.approx(one / 12.75**2, rel=1e-9)


def test_gradients_reach_the_output_alone(vgg: VGG19Features, sides: tuple[Tensor, Tensor]) -> None:
    output, target = sides
    for loss in (perceptual, texture):
        value = loss(output, target, vgg=vgg, weights={"conv2_2": 1.0})
        [gradient] = torch.autograd.grad(value, [output])
        assert gradient.abs().max() > 0
        value = loss(output, target, vgg=vgg, weights={"conv2_2": 1.0})
        assert torch.autograd.grad(value, [target], allow_unused=True) == (None,)


@pytest.mark.parametrize("norm", ["l1", "l2", "fro", "euclidean"])
def test_equal_pictures_have_no_loss_and_a_finite_gradient(
    vgg: VGG19Features, sides: tuple[Tensor, Tensor], norm: str
) -> None:
    output, _ = sides
    for loss in (perceptual, texture):
        value = loss(output, output.detach(), vgg=vgg, weights={"relu1_2": 1.0}, norm=norm)
        [gradient] = torch.autograd.grad(value, [output])
        assert value.item() == 0
        assert torch.equal(gradient, torch.zeros_like(output))


def flat(picture: Tensor) -> Mapping[str, Tensor]:
    """The picture itself as the features."""
    return {"itself": picture}


def gram(features: Tensor) -> Tensor:
    """[B,C,C], unscaled, place by place."""
    batch, channels = features.shape[:2]
    found = features.new_zeros(batch, channels, channels)
    for y in range(features.shape[2]):
        for x in range(features.shape[3]):
            here = features[:, :, y, x]
            found += here[:, :, None] * here[:, None, :]
    return found


def test_grams_are_the_published_ones(sides: tuple[Tensor, Tensor]) -> None:
    ours, theirs = (gram(side.detach()) for side in sides)
    channels, places = 3, 16 * 20
    options = {"vgg": flat, "weights": {"itself": 2.0}}
    # BasicSR: L1 of matrices over c*h*w, the default
    basicsr = (ours - theirs).abs().mean() / (channels * places)
    assert torch.allclose(texture(*sides, **options), 2 * basicsr, rtol=1e-10)
    # Gatys et al., eq. 4, of each sample: sum of squares / (4 N**2 M**2)
    gatys = ((ours - theirs) ** 2).sum((1, 2)) / (4 * channels**2 * places**2)
    found = texture(*sides, **options, norm="l2", gram="gatys")
    assert torch.allclose(found, 2 * gatys.mean(), rtol=1e-10)
    found = texture(*sides, **options, norm="l2", gram="sum")
    assert torch.allclose(found, 2 * ((ours - theirs) ** 2).mean(), rtol=1e-10)


def test_patches_are_compared_each_to_its_own(sides: tuple[Tensor, Tensor]) -> None:
    found = texture(*sides, vgg=flat, weights={"itself": 1.0}, norm="l2", gram="sum", patch=6)
    values = []
    for y in (0, 6):
        for x in (0, 6, 12):
            ours, theirs = (gram(side.detach()[..., y : y + 6, x : x + 6]) for side in sides)
            values.append(((ours - theirs) ** 2).mean())
    assert torch.allclose(found, torch.stack(values).mean(), rtol=1e-10)


def test_textures_do_not_know_their_places(sides: tuple[Tensor, Tensor]) -> None:
    output, _ = sides
    places = torch.randperm(16 * 20, generator=torch.Generator().manual_seed(0))
    mixed = output.flatten(2)[..., places].view_as(output)
    assert texture(output, mixed, vgg=flat, weights={"itself": 1.0}).item() < 1e-12
    assert perceptual(output, mixed, vgg=flat, weights={"itself": 1.0}).item() > 0.1
    local = texture(output, mixed, vgg=flat, weights={"itself": 1.0}, patch=4)
    assert local.item() > 1e-3, "patches do"


def test_wrong_usage_says_what_is_allowed(vgg: VGG19Features, sides: tuple[Tensor, Tensor]) -> None:
    for name, loss in (("perceptual", perceptual), ("texture", texture)):
        with pytest.raises(OptionError, match=f"{name}: weights of layer 'conv2_3'.*did you mean"):
            loss(*sides, vgg=vgg, weights={"conv2_3": 1.0})
        with pytest.raises(OptionError, match=f"{name}: weights of no layer"):
            loss(*sides, vgg=vgg, weights={})
        with pytest.raises(OptionError, match=f"{name}: norm 'l3'.*l1, l2, fro"):
            loss(*sides, vgg=vgg, weights={"conv1_2": 1.0}, norm="l3")
        with pytest.raises(ValueError, match=f"{name}: an output of shape"):
            loss(sides[0], sides[1][:1], vgg=vgg, weights={"conv1_2": 1.0})
    with pytest.raises(OptionError, match=r"gram 'gaty'.*did you mean 'gatys'"):
        texture(*sides, vgg=vgg, weights={"conv1_2": 1.0}, gram="gaty")
    with pytest.raises(ValueError, match=r"patch 17.*1 to 16"):
        texture(*sides, vgg=vgg, weights={"conv1_2": 1.0}, patch=17)
