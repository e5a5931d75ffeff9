"""VDSR: Accurate Image Super-Resolution Using Very Deep Convolutional Networks.

Kim, Lee, Lee, CVPR 2016. Input: luma in [0,1] enlarged by bicubic; one network for x2, x3 and x4.
Key names as in the PyTorch port twtygqyy/pytorch-vdsr, which leaves the biases out: preset `vdsr`,
first because its released file has that form. The paper's form has them: `vdsr-bias`. Initial
weights: He et al., deviation sqrt(2 / (9 channels out)), in paper and port; biases 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of


class _Layer(nn.Module):
    """Convolution and ReLU."""

    def __init__(self, *, width: int, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        return self.conv(features).relu_()


class VDSR(RestorationNetwork):
    """Predicts what bicubic lacks and adds it: [B,1,H,W] enlarged -> [B,1,H,W], any size."""

    def __init__(self, *, width: int = 64, depth: int = 20, bias: bool = False) -> None:
        """depth: convolutions, the first and last included."""
        super().__init__()
        self.traits = Traits(
            channels=1, out_channels=1, luma=True, pre_upsampled=True, channels_last=True
        )
        self.residual_layer = nn.Sequential(
            *(_Layer(width=width, bias=bias) for _ in range(depth - 2))
        )
        self.input = nn.Conv2d(1, width, 3, padding=1, bias=bias)
        self.output = nn.Conv2d(width, 1, 3, padding=1, bias=bias)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        features = self.residual_layer(self.input(picture).relu_())
        return self.output(features) + picture


def _guess(state: State) -> dict[str, Any] | None:
    middle = count_blocks(state, r"residual_layer\.(\d+)\.conv\.weight$")
    if not middle:
        return None
    return {
        "width": width_of(state, "input.weight"),
        "depth": middle + 2,
        "bias": "input.bias" in state,
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name         bias
    "vdsr":         {"bias": False},  # the port
    "vdsr-bias":    {"bias": True},   # the paper
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="vdsr",
    paper="Accurate Image Super-Resolution Using Very Deep Convolutional Networks (Kim et al., "
    "CVPR 2016)",
    method="VDSR",
    build=VDSR,
    presets=PRESETS,
    guess=_guess,
    reference="twtygqyy/pytorch-vdsr vdsr.py",
)
