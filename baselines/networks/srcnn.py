"""SRCNN: Image Super-Resolution Using Deep Convolutional Networks.

Dong, Loy, He, Tang, ECCV 2014 and IEEE TPAMI 2016. Input: luma enlarged by bicubic. Key names and
value range (Y of BT.601 in [0,1]) as in the PyTorch port yjn870/SRCNN-pytorch.

Differs from the paper: the paper pads nothing and loses a border; here every convolution keeps the
size. `edges` says how: 'zeros' as the port does, 'replicate' as the authors' MATLAB code tests
(imfilter with 'replicate' at each layer, so that its weights give its results). Shapes do not tell
it. Initial weights are the paper's: normal of deviation 0.001, biases 0 (TPAMI 4.1); the port has
torch's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import width_of
from degrade.option_error import OptionError, nearest

EDGES = ("zeros", "replicate")


class SRCNN(RestorationNetwork):
    """Three convolutions: [B,C,H,W] enlarged -> [B,C,H,W], any size."""

    def __init__(
        self,
        *,
        channels: int = 1,
        kernels: Sequence[int] = (9, 5, 5),
        widths: Sequence[int] = (64, 32),
        edges: str = "zeros",
    ) -> None:
        """kernels: sides of the three filters, odd. widths: channels after the first and second.
        edges: one of EDGES. Raises OptionError."""
        super().__init__()
        if edges not in EDGES:
            raise OptionError(
                f"srcnn: edges {edges!r}; one of {', '.join(EDGES)}{nearest(edges, EDGES)}"
            )
        if len(kernels) != 3 or len(widths) != 2 or not all(side % 2 for side in kernels):
            raise OptionError(
                f"srcnn: kernels {list(kernels)}, widths {list(widths)}; three odd sides and two "
                "numbers of channels"
            )
        self.traits = Traits(
            channels=channels, out_channels=channels, luma=channels == 1, pre_upsampled=True
        )
        ends = (channels, *widths, channels)
        convs = [
            nn.Conv2d(ends[i], ends[i + 1], side, padding=side // 2, padding_mode=edges)
            for i, side in enumerate(kernels)
        ]
        for conv in convs:
            nn.init.normal_(conv.weight, std=0.001)
            assert conv.bias is not None
            nn.init.zeros_(conv.bias)
        self.conv1, self.conv2, self.conv3 = convs

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        features = self.conv1(picture).relu_()
        return self.conv3(self.conv2(features).relu_())


def _guess(state: State) -> dict[str, Any] | None:
    layers = ("conv1", "conv2", "conv3")
    if any(f"{layer}.weight" not in state for layer in layers):
        return None
    outs, ins, sides = (
        [width_of(state, f"{layer}.weight", axis=axis) for layer in layers] for axis in (0, 1, 2)
    )
    if not all(side % 2 for side in sides) or ins[1:] != outs[:2] or outs[2] != ins[0]:
        return None
    return {
        "channels": ins[0],
        "kernels": tuple(sides),
        "widths": tuple(outs[:2]),
        "edges": "zeros",
    }


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name         kernels; TPAMI compares with others by 9-5-5 (4.3), ECCV by 9-1-5
    "srcnn-955":    {"kernels": (9, 5, 5)},
    "srcnn-935":    {"kernels": (9, 3, 5)},
    "srcnn-915":    {"kernels": (9, 1, 5)},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="srcnn",
    paper="Image Super-Resolution Using Deep Convolutional Networks (Dong et al., IEEE TPAMI 2016)",
    method="SRCNN",
    build=SRCNN,
    presets=PRESETS,
    guess=_guess,
    reference="yjn870/SRCNN-pytorch models.py",
    assumed=("edges",),
)
