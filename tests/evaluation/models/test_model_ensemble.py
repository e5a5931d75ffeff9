"""evaluation.models.ensemble: that it is equivariant, and exact for what already is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluation.models.ensemble import TURNS, self_ensemble, turn, turn_back
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import ModelOptions


def _picture() -> Tensor:
    return torch.rand(1, 3, 20, 14, generator=torch.Generator().manual_seed(0))


def _network() -> nn.Module:
    generator = torch.Generator().manual_seed(1)
    conv = nn.Conv2d(3, 12, 3, padding=1)
    with torch.no_grad():
        for weights in conv.parameters():
            weights.copy_(torch.rand(weights.shape, generator=generator) - 0.5)
    return nn.Sequential(conv, nn.Tanh(), nn.PixelShuffle(2)).eval()


def test_the_eight_positions_are_different_and_come_back() -> None:
    picture = _picture()
    seen = [turn(picture, turns=turns, flip=flip) for turns, flip in TURNS]
    assert len({part.numpy().tobytes() + bytes(part.shape) for part in seen}) == 8
    for part, (turns, flip) in zip(seen, TURNS, strict=True):
        assert torch.equal(turn_back(part, turns=turns, flip=flip), picture)


@pytest.mark.parametrize("how", ["mean", "median"])
@pytest.mark.parametrize(("turns", "flip"), TURNS)
@torch.inference_mode()
def test_turning_the_input_turns_the_output(how: str, turns: int, flip: bool) -> None:
    net, picture = _network(), _picture()
    straight = self_ensemble(net, picture, how=how)
    turned = self_ensemble(net, turn(picture, turns=turns, flip=flip), how=how)
    assert straight.shape == (1, 3, 40, 28)
    # sums of eight in another order
    assert (turned - turn(straight, turns=turns, flip=flip)).abs().max() <= 1e-6
    alone = net(turn(picture, turns=turns, flip=flip))
    assert (alone - turned).abs().max() > 1e-3  # the network itself is not equivariant


@torch.inference_mode()
def test_mean_and_median_are_numpys() -> None:
    net, picture = _network(), _picture()
    outputs = np.stack(
        [turn_back(net(turn(picture, turns=k, flip=f)), turns=k, flip=f).numpy() for k, f in TURNS]
    )
    np.testing.assert_allclose(
        self_ensemble(net, picture, how="mean").numpy(), outputs.mean(axis=0), atol=1e-6
    )
    np.testing.assert_allclose(
        self_ensemble(net, picture, how="median").numpy(), np.median(outputs, axis=0), atol=1e-7
    )


def test_a_self_ensemble_is_not_what_tables_call_the_method() -> None:
    """Papers print it as another row, 'RCAN+'."""
    network = Network(call=lambda picture: picture, scale=1, method="RCAN")
    for ensemble, method in (("", "RCAN"), ("mean", ""), ("median", "")):
        made = restorer_of(network, name="net", options=ModelOptions(ensemble=ensemble))
        assert made.method == method
