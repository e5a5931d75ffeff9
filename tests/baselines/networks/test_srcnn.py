"""SRCNN: identity, the paper's valid area, the two ways of its edges."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from baselines.networks.srcnn import SRCNN
from degrade.option_error import OptionError


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(len(shape)))


def test_one_in_the_centre_keeps_the_picture() -> None:
    network = SRCNN(widths=(3, 2))
    with torch.no_grad():
        for conv in (network.conv1, network.conv2, network.conv3):
            conv.weight.zero_()
            conv.weight[0, 0, conv.kernel_size[0] // 2, conv.kernel_size[1] // 2] = 1.0
        picture = noise(2, 1, 11, 7)
        assert torch.equal(network(picture), picture)
        # between the layers negative values are lost, at the end they are not
        assert torch.equal(network(picture - 0.5), (picture - 0.5).relu())
        network.conv3.weight.neg_()
        assert torch.equal(network(picture), -picture)


@pytest.mark.parametrize("edges", ["zeros", "replicate"])
def test_edges(edges: str) -> None:
    """'replicate' is MATLAB's imfilter: the picture continued by its last pixel at every layer."""
    network = SRCNN(kernels=(9, 3, 5), widths=(4, 3), edges=edges)
    mode = {"zeros": "constant", "replicate": "replicate"}[edges]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(noise(*parameter.shape) - 0.4)
        picture = noise(1, 1, 19, 17)
        wanted, valid = picture, picture
        for place, conv in enumerate((network.conv1, network.conv2, network.conv3)):
            side = conv.kernel_size[0] // 2
            padded = functional.pad(wanted, [side] * 4, mode=mode)
            wanted = functional.conv2d(padded, conv.weight, conv.bias)
            valid = functional.conv2d(valid, conv.weight, conv.bias)
            if place < 2:
                wanted, valid = wanted.clamp(min=0), valid.clamp(min=0)
        found = network(picture)
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-5)
    # 4 + 1 + 2 pixels inside, where the paper's network without padding has its output
    assert torch.allclose(found[..., 7:-7, 7:-7], valid, rtol=1e-5, atol=1e-5)


def test_begins_as_the_paper() -> None:
    network = SRCNN()
    assert network.conv1.weight.std().item() == pytest.approx(0.001, rel=0.1)
    assert network.conv3.bias is not None and not network.conv3.bias.any()


def test_wrong_options() -> None:
    with pytest.raises(OptionError, match=r"edges 'replicat'; one of .* did you mean 'replicate'"):
        SRCNN(edges="replicat")
    with pytest.raises(OptionError, match=r"kernels \[9, 4, 5\]"):
        SRCNN(kernels=(9, 4, 5))
