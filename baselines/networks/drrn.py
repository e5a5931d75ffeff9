"""DRRN: Image Super-Resolution via Deep Recursive Residual Network.

Tai, Yang, Liu, CVPR 2017. Input: luma in [0,1] enlarged by bicubic. Two convolutions, each after a
ReLU, are applied U times; each time the first features are added (one recursive block: B1U25 has 52
layers, B1U9 has 20). Key names as in the PyTorch port jt827859032/DRRN-pytorch, which has neither
the biases nor the batch normalisation before each ReLU of the authors' Caffe release.

A quirk of the port that changes numbers: its first ReLUs work in place, so that what is added again
(the first features, and the picture at the end) has lost its negative values. `rectified=True` does
the same, and is taken for weights of which nothing else is known; the paper, and a new network
here, add both as they are. Shapes tell neither that nor U. Initial weights: He et al., deviation
sqrt(2 / (9 channels out)), as in the port.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import width_of


class DRRN(RestorationNetwork):
    """Predicts what bicubic lacks and adds it: [B,1,H,W] enlarged -> [B,1,H,W], any size."""

    def __init__(self, *, width: int = 128, units: int = 25, rectified: bool = False) -> None:
        """units: U, how often the pair of convolutions is applied. rectified: see the file."""
        super().__init__()
        self.traits = Traits(channels=1, out_channels=1, luma=True, pre_upsampled=True)
        self.units, self.rectified = units, rectified
        self.input = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.output = nn.Conv2d(width, 1, 3, padding=1, bias=False)
        for conv in (self.input, self.conv1, self.conv2, self.output):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        positive = picture.relu()
        first = self.input(positive)
        if self.rectified:
            picture, first = positive, first.relu_()
        features = first
        for _ in range(self.units):
            features = self.conv2(self.conv1(features.relu()).relu_()) + first
        return self.output(features.relu_()) + picture


def _guess(state: State) -> dict[str, Any] | None:
    if "conv1.weight" not in state:
        return None
    return {"width": width_of(state, "conv1.weight"), "units": 25, "rectified": True}


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name               U            in place, as the port
    "drrn-b1u25":         {"units": 25},
    "drrn-b1u9":          {"units": 9},
    "drrn-b1u25-port":    {"units": 25, "rectified": True},
    "drrn-b1u9-port":     {"units": 9, "rectified": True},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="drrn",
    paper="Image Super-Resolution via Deep Recursive Residual Network (Tai et al., CVPR 2017)",
    method="DRRN",
    build=DRRN,
    presets=PRESETS,
    guess=_guess,
    reference="jt827859032/DRRN-pytorch drrn.py",
    assumed=("units", "rectified"),
)
