"""LapSRN: Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution.

Lai, Huang, Ahuja, Yang, CVPR 2017. Input: luma in [0,1] at its own size. Each level doubles it:
`depth` convolutions and a transposed one give features of the double size, from them a residual is
predicted, and it is added to the picture of the level before, enlarged by a learned 4x4 filter that
begins as bilinear. Levels share no weights. Key names as in the PyTorch port
twtygqyy/pytorch-LapSRN, which has x4 alone; x8 goes on counting.

The releases differ, and shapes tell which is meant:
- the authors' (MatConvNet, init_LapSRN_model.m; the default): the transposed convolutions of
  features are 3x3 and lose the last row and column, all but the picture's filters have biases.
  x4 has 814,242 parameters, 812,768 without biases: the 813K of published tables. depth is 10,
  for x8 it is 5 (the released models).
  Their .mat files hold MATLAB's names and layout: such a state is renamed and turned.
- the port's (kernel=4, bias=False): 4x4 as the paper writes (section 3.3), x4 has 870,112.
Initial weights are the authors': first convolution of deviation 0.001, others sqrt(2 / (9 width)),
biases 0. The port begins the transposed convolutions of features with the bilinear filter between
all channels, which adds up 64 copies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.shapes import count_blocks, width_of
from degrade.option_error import OptionError

_LEAK = 0.2  # of every leaky ReLU (paper, 3.3)


class _Extraction(nn.Module):
    """Features of a level: `depth` convolutions, then the double size."""

    def __init__(self, *, width: int, depth: int, kernel: int, bias: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers.append(nn.Conv2d(width, width, 3, padding=1, bias=bias))
            layers.append(nn.LeakyReLU(_LEAK, inplace=True))
        # kernel 3: twice the size and one more, cropped below
        padding = 0 if kernel == 3 else 1
        layers.append(nn.ConvTranspose2d(width, width, kernel, 2, padding, bias=bias))
        self.cov_block = nn.Sequential(*layers, nn.LeakyReLU(_LEAK, inplace=True))

    def forward(self, features: Tensor) -> Tensor:
        """[B,C,h,w] -> [B,C,2h,2w]; of a 3x3 the last row and column go (MatConvNet's crop
        [0 1 0 1])."""
        height, width = features.shape[2:]
        return self.cov_block(features)[..., : 2 * height, : 2 * width]


class LapSRN(RestorationNetwork):
    """[B,1,H,W] -> [B,1,H*scale,W*scale], any size; `levels` gives each doubling's picture."""

    def __init__(
        self,
        *,
        scale: int = 4,
        width: int = 64,
        depth: int = 10,
        kernel: int = 3,
        bias: bool = True,
    ) -> None:
        """scale: a power of two. kernel: side of the features' transposed convolutions, 3 or 4.
        Raises OptionError."""
        super().__init__()
        if scale < 2 or scale & (scale - 1):
            raise OptionError(f"lapsrn: scale {scale}; a power of two: 2, 4, 8")
        if kernel not in (3, 4):
            raise OptionError(f"lapsrn: kernel {kernel}; 3 (the authors') or 4 (the paper's text)")
        self.traits = Traits(scale=scale, channels=1, out_channels=1, luma=True, channels_last=True)
        self.count = scale.bit_length() - 1
        self.conv_input = nn.Conv2d(1, width, 3, padding=1, bias=bias)
        for i in range(1, self.count + 1):
            extraction = _Extraction(width=width, depth=depth, kernel=kernel, bias=bias)
            enlarging = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False)
            self.add_module(f"convt_I{i}", enlarging)
            self.add_module(f"convt_R{i}", nn.Conv2d(width, 1, 3, padding=1, bias=bias))
            self.add_module(f"convt_F{i}", nn.Sequential(extraction))
        self._begin(width)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return self.levels(picture)[-1]

    def levels(self, picture: Tensor) -> list[Tensor]:
        """The picture at x2, x4 ... scale: for supervising all of them (equation 1)."""
        features = nn.functional.leaky_relu(self.conv_input(picture), _LEAK)
        pictures = []
        for i in range(1, self.count + 1):
            features = self.get_submodule(f"convt_F{i}")(features)
            residual = self.get_submodule(f"convt_R{i}")(features)
            picture = self.get_submodule(f"convt_I{i}")(picture) + residual
            pictures.append(picture)
        return pictures

    def _begin(self, width: int) -> None:
        """Initial weights: see the file."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, std=math.sqrt(2 / (9 * width)))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.conv_input.weight, std=0.001)
        half = torch.tensor([0.25, 0.75, 0.75, 0.25])
        with torch.no_grad():
            for i in range(1, self.count + 1):
                filters = self.get_parameter(f"convt_I{i}.weight")
                filters.copy_(torch.outer(half, half)[None, None])


def _guess(state: State) -> dict[str, Any] | None:
    levels = count_blocks(state, r"convt_I(\d+)\.weight$") - 1
    last = count_blocks(state, r"convt_F1\.0\.cov_block\.(\d+)\.weight$") - 1
    if levels < 1 or last < 2:
        return None
    return {
        "scale": 2**levels,
        "width": width_of(state, "conv_input.weight"),
        "depth": last // 2,
        "kernel": width_of(state, f"convt_F1.0.cov_block.{last}.weight", axis=2),
        "bias": "conv_input.bias" in state,
    }


def _renamed(state: State) -> State:
    """MatConvNet's names and filters [h,w,in,out] (a transposed one [h,w,out,in]) as ours; levels
    count down there. Axes of length 1 may be missing, as MATLAB and readers drop them."""
    if "input_conv_f" not in state:
        return state
    levels = count_blocks(state, r"level(\d+)_img_up_f$") - 1
    depth = count_blocks(state, rf"level{levels}_conv(\d+)_f$") - 1
    layers = {"conv_input": "input_conv"}
    for i in range(1, levels + 1):
        theirs = f"level{levels + 1 - i}"
        layers |= {f"convt_I{i}": f"{theirs}_img_up", f"convt_R{i}": f"{theirs}_residual_conv"}
        names = [*(f"{theirs}_conv{d}" for d in range(1, depth + 1)), f"{theirs}_upconv"]
        layers |= {f"convt_F{i}.0.cov_block.{2 * n}": name for n, name in enumerate(names)}
    own: dict[str, Tensor] = {}
    for ours, theirs in layers.items():
        if f"{theirs}_f" in state:
            filters = state[f"{theirs}_f"]
            ins = 1 if ours == "conv_input" else -1
            outs = filters.shape[3] if filters.dim() == 4 else 1 if ins < 0 else -1
            filters = filters.reshape(*filters.shape[:2], ins, outs)
            own[f"{ours}.weight"] = filters.permute(3, 2, 0, 1).contiguous()
        if f"{theirs}_b" in state:
            own[f"{ours}.bias"] = state[f"{theirs}_b"].reshape(-1)
    return own


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name         scale       depth
    "lapsrn-x4":    {"scale": 4, "depth": 10},
    "lapsrn-x2":    {"scale": 2, "depth": 10},
    "lapsrn-x8":    {"scale": 8, "depth": 5},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="lapsrn",
    paper="Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution (Lai et al., "
    "CVPR 2017)",
    method="LapSRN",
    build=LapSRN,
    presets=PRESETS,
    guess=_guess,
    renamed=_renamed,
    reference="phoenix104104/LapSRN init_LapSRN_model.m; key names of twtygqyy/pytorch-LapSRN",
)
