"""DRCN: Deeply-Recursive Convolutional Network for Image Super-Resolution.

Kim, Lee, Lee, CVPR 2016. Input: luma in [0,1] enlarged by bicubic. One convolution is applied 16
times; every recursion's features go through the same reconstruction, and the output is the sum of
all predictions with learned weights (the paper's final model: recursive supervision and skip
connection). Key names are our own: the authors released no PyTorch code.

Where the paper leaves a choice: the skip connection adds the input to each prediction, and so the
last convolution has no ReLU (a residual has both signs). The TensorFlow port
jiny2001/deeply-recursive-cnn-tf joins the input to the features before the last convolution
instead, and divides by the sum of the weights; here they are used as they are, 1/16 at first.
Initial weights as the paper's: the recursion is the identity (1 from each channel to itself, else
0), the others are He et al.'s; biases 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import width_of


class DRCN(RestorationNetwork):
    """[B,1,H,W] enlarged -> [B,1,H,W], any size: the weighted sum of all predictions."""

    def __init__(self, *, width: int = 256, recursions: int = 16) -> None:
        """recursions: how often the inference layer is applied; each makes a prediction."""
        super().__init__()
        self.traits = Traits(channels=1, out_channels=1, luma=True, pre_upsampled=True)
        self.embedding = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.inference = nn.Conv2d(width, width, 3, padding=1)
        self.reconstruction = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 3, padding=1),
        )
        self.weights = nn.Parameter(torch.full((recursions,), 1 / recursions))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        nn.init.dirac_(self.inference.weight)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        total = torch.zeros_like(picture)
        for weight, prediction in zip(self.weights, self._predictions(picture), strict=True):
            total = total + weight * prediction
        return total

    def predictions(self, picture: Tensor) -> list[Tensor]:
        """What each recursion predicts, first to last: for supervising all of them (equation 7).

        forward gives the sum of these times `weights`."""
        return list(self._predictions(picture))

    def _predictions(self, picture: Tensor) -> Iterator[Tensor]:
        """One at a time, so that without gradients one recursion's features are held."""
        features = self.embedding(picture)
        for _ in range(len(self.weights)):
            features = self.inference(features).relu_()
            yield self.reconstruction(features) + picture


def _guess(state: State) -> dict[str, Any] | None:
    if "inference.weight" not in state or "weights" not in state:
        return None
    return {"width": width_of(state, "inference.weight"), "recursions": width_of(state, "weights")}


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name    recursions
    "drcn":    {"recursions": 16},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="drcn",
    paper="Deeply-Recursive Convolutional Network for Image Super-Resolution (Kim et al., CVPR "
    "2016)",
    method="DRCN",
    build=DRCN,
    presets=PRESETS,
    guess=_guess,
    reference="the paper, sections 3.1 and 3.2; key names are our own",
)
