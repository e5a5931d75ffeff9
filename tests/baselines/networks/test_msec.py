"""MSEC against its layers written out by function, its counts, and the restoring of photographs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from random_pictures import random_picture
from torch import Tensor
from torch.nn import functional

from baselines.networks.discriminators.msec import MSECDiscriminator
from baselines.networks.msec.full_size import SIDE, correct_photograph
from baselines.networks.msec.laplacian_pyramid import laplacian_pyramid
from baselines.networks.msec.network import ARCHITECTURE, MSEC
from degrade.resize import resize_matlab
from evaluation.models.cost import count_macs, count_parameters


def small_network(*, depth: int = 1) -> MSEC:
    network = MSEC(width=2, depth=depth).eval()
    draws = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draws) * 0.3)
    return network


def picture(height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(6))


def test_parameters_of_each_part() -> None:
    with torch.device("meta"):
        network = MSEC()
    counts = {name: count_parameters(part) for name, part in network.named_children()}
    assert counts == {
        "level1": 482_067, "level2": 1_083_675, "level3": 1_083_675, "level4": 4_365_915,
        "up2": 39, "up3": 39, "up4": 39,
    }  # fmt: skip
    assert count_parameters(network) == 7_015_449
    keys = set(network.state_dict())
    assert len(keys) == 2 * (3 * 18 + 23 + 3)
    assert {
        "level4.encoder.3.conv2.weight", "level1.bridge.conv1.bias", "level2.up.2.weight",
        "level3.decoder.0.conv1.weight", "level4.last.bias", "up4.weight",
    } <= keys  # fmt: skip


def u_net(state: dict[str, Tensor], name: str, features: Tensor, *, depth: int) -> Tensor:
    def conv(key: str, value: Tensor, *, pad: int = 1) -> Tensor:
        return functional.conv2d(
            value, state[f"{name}.{key}.weight"], state[f"{name}.{key}.bias"], padding=pad
        )

    def stage(key: str, value: Tensor) -> Tensor:
        for n in (1, 2):
            value = conv(f"{key}.conv{n}", value)
            value = torch.where(value > 0, value, 0.2 * value)
        return value

    kept = []
    for place in range(depth):
        features = stage(f"encoder.{place}", features)
        kept.append(features)
        quarters = [features[:, :, a::2, b::2] for a in (0, 1) for b in (0, 1)]
        features = torch.stack(quarters).amax(0)
    features = stage("bridge", features)
    for place in range(depth):
        features = enlarged(state, f"{name}.up.{place}", features).clamp(min=0)  # not leaky
        features = stage(f"decoder.{place}", torch.cat((features, kept[depth - 1 - place]), 1))
    return conv("last", features, pad=0)


def enlarged(state: dict[str, Tensor], name: str, features: Tensor) -> Tensor:
    """A 2x2 transposed convolution of stride 2: each pixel becomes its own 2x2 block."""
    blocks = torch.einsum("bchw,coij->bohiwj", features, state[f"{name}.weight"])
    batch, out, high, _, wide, _ = blocks.shape
    return blocks.reshape(batch, out, 2 * high, 2 * wide) + state[f"{name}.bias"][:, None, None]


def test_levels_by_function() -> None:
    network = small_network(depth=2)
    state = dict(network.state_dict())
    whole, gains = picture(64, 128), (1.5, 1.25, 0.75, 1.05)
    x = [a * g * 255 for a, g in zip(laplacian_pyramid(whole, levels=4), gains, strict=True)]
    y4 = enlarged(state, "up4", u_net(state, "level4", x[3], depth=3))
    y3 = enlarged(state, "up3", u_net(state, "level3", x[2] + y4, depth=2) + y4)
    y2 = enlarged(state, "up2", u_net(state, "level2", x[1] + y3, depth=2) + y3)
    y1 = u_net(state, "level1", x[0] + y2, depth=2) + y2
    with torch.no_grad():
        found = network.levels(whole, gains=gains)
    for ours, theirs in zip(found, (y1, y2, y3, y4), strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs / 255).abs().max() <= 1e-5 * theirs.abs().max() / 255
    assert [one.shape[2] for one in found] == [64, 64, 32, 16]


def test_other_sizes_are_filled_up_at_the_top_and_the_left() -> None:
    network = small_network()
    odd = picture(41, 70)
    filled = functional.pad(odd, (26, 0, 23, 0), mode="replicate")
    with torch.no_grad():
        torch.testing.assert_close(network(odd), network(filled)[:, :, 23:, 26:])
        with pytest.raises(ValueError, match="multiples of 32"):
            network.levels(odd)


def test_gradients_reach_every_weight() -> None:
    network = small_network().train()
    torch.stack([one.abs().sum() for one in network.levels(picture(32, 32))]).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_initial_weights_are_matlabs() -> None:
    state = MSEC().state_dict()
    spread = {name: float(state[f"{name}.weight"].std()) for name in (
        "level4.bridge.conv2", "level4.up.0", "level4.last",
    )}  # fmt: skip
    assert spread["level4.bridge.conv2"] == pytest.approx((2 / (9 * 384)) ** 0.5, rel=0.02)
    assert spread["level4.up.0"] == pytest.approx((2 / (4 * 384)) ** 0.5, rel=0.02)
    assert spread["level4.last"] == pytest.approx((2 / 24) ** 0.5, rel=0.4)
    assert float(state["up2.weight"].abs().max()) <= 0.5  # sqrt(6 / 24)
    assert all(float(value.abs().max()) == 0 for key, value in state.items() if "bias" in key)


def test_keys_of_others_are_refused() -> None:
    state = small_network().state_dict()
    assert ARCHITECTURE.kwargs_of(state) == {"width": 2, "depth": 1}
    assert ARCHITECTURE.kwargs_of({**state, "more": torch.zeros(1)}) is None
    assert ARCHITECTURE.kwargs_of({k: v for k, v in state.items() if k != "up3.bias"}) is None


class Brighter(torch.nn.Module):
    """Stands in for the network: a known exposure change, and what it was called with."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Tensor, tuple[float, ...]]] = []

    def levels(self, whole: Tensor, *, gains: tuple[float, ...]) -> list[Tensor]:
        self.seen.append((whole, tuple(gains)))
        return [whole * whole.new_tensor([1.5, 1.4, 1.2]).view(3, 1, 1) + 0.05]


GAIN = torch.tensor([1.5, 1.4, 1.2]).view(3, 1, 1)


def smooth(height: int, width: int) -> Tensor:
    plane = picture(9, 9)[0].permute(1, 2, 0).numpy()
    made = resize_matlab(plane, size=(height, width), reading="matlab-bicubic-double")
    return torch.from_numpy(np.clip(made, 0, 1)).permute(2, 0, 1)[None]


def test_a_large_photograph_is_upsampled_under_guidance() -> None:
    module, whole = Brighter(), smooth(401, 777)
    found = correct_photograph(module, whole)
    assert found.shape == whole.shape
    torch.testing.assert_close(found, whole * GAIN + 0.05, atol=1e-4, rtol=0)
    ((seen, gains),) = module.seen
    assert seen.shape == (1, 3, 512, 512) and gains == (1.5, 1.5, 1.5, 1.05)
    top = SIDE - 265  # ceil(401 * 512 / 777) rows are the picture's
    assert torch.equal(seen[:, :, :top], seen[:, :, top : top + 1].expand(-1, -1, top, -1))
    assert not torch.equal(seen[:, :, top], seen[:, :, top + 1])


def test_a_small_photograph_is_enlarged_and_shrunk_back() -> None:
    module, whole = Brighter(), smooth(75, 64)
    found = correct_photograph(module, whole)

    def resize(planes: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
        return resize_matlab(planes, size=(height, width), reading="matlab-bicubic-double")

    # 75 is enlarged by exactly 512 / 75, and 64 by the same: 437 of ceil(436.9)
    large = resize_matlab(
        whole[0].permute(1, 2, 0).double().numpy(), scale=SIDE / 75, reading="matlab-bicubic-double"
    )
    assert large.shape == (512, 437, 3)
    wanted = resize(large * GAIN.view(3).double().numpy() + 0.05, 75, 64)
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy(), wanted, atol=1e-5)
    ((seen, gains),) = module.seen
    assert gains == (1, 1, 1, 1) and seen.shape == (1, 3, 512, 512)
    correct_photograph(module, whole, gains=(2.0, 1.0, 1.0, 1.0))
    assert module.seen[1][1] == (2.0, 1.0, 1.0, 1.0)


def test_a_photograph_of_512_is_a_small_one() -> None:
    module, whole = Brighter(), smooth(300, SIDE)
    found = correct_photograph(module, whole)
    torch.testing.assert_close(found, whole * GAIN + 0.05, atol=1e-5, rtol=0)
    ((_, gains),) = module.seen
    assert gains == (1, 1, 1, 1)


def test_its_cost_is_known() -> None:
    with torch.device("meta"):
        network = MSEC()
    macs = count_macs(network, call=correct_photograph, channels=3, sizes=network.traits.sizes)
    assert macs == pytest.approx(4.06e9, rel=0.01)


def test_discriminator() -> None:
    judge = MSECDiscriminator().eval()
    assert count_parameters(judge) == 962_585
    assert judge(random_picture(2, 3, 256, 256)).shape == (2, 1)
    kinds = [type(layer).__name__ for layer in judge.layers]
    assert kinds.count("BatchNorm2d") == 1 and kinds[3] == "BatchNorm2d"
    assert {layer.negative_slope for layer in judge.layers
            if isinstance(layer, torch.nn.LeakyReLU)} == {0.01}  # fmt: skip
    with pytest.raises(ValueError, match="resize pictures first"):
        judge(random_picture(1, 3, 128, 128))
