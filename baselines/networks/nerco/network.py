"""NeRCo: Implicit Neural Representation for Cooperative Low-light Image Enhancement.

Yang, Ding, Wu, Li, Zhang, ICCV 2023. Key names as in the authors' release, whose weights lie in
three files, *_net_G_A.pth, *_net_Pre.pth, *_net_H.pth: the folder that holds them is opened, and
their keys stand under 'G_A.', 'Pre.' and 'H.'. As the release's test computes it: the normalised
picture beside the picture itself, both times the mask, through the enhancing generator.

[-1,1] inside. What differs from the release's script around the network: with --preprocess none,
as its README says, it resizes (bicubic, Pillow) to the nearest multiple of 4 and keeps that size,
and cuts fractions off when it stores 8 bits; here sides are padded to a multiple of 4 and cropped
back, and what is stored is rounded. On the 600x400 of LOL and the 960x640 of LSRW sizes are kept by
both. Its training squeezes pictures to 512x512. Instance norm takes means over the whole picture,
so tiles change the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from baselines.networks.architecture import Architecture, RestorationNetwork, State, Traits
from baselines.networks.nerco.generators import LEAST, MULTIPLE, ResidualGenerator
from baselines.networks.nerco.mask import MaskExtractor
from baselines.networks.nerco.normaliser import NEIGHBOURS, Normaliser
from baselines.networks.shapes import count_blocks, width_of
from evaluation.models.sizes import SizeRule

PARTS = ("G_A.", "Pre.", "H.")
_FIRST_BLOCK = 10  # place in the trunk


class NeRCo(RestorationNetwork):
    """A dark picture [B,3,H,W] -> a bright one, the same size: multiples of 4, 8 or more."""

    def __init__(
        self, *, width: int = 64, blocks: int = 9, hidden: int = 256, frequencies: int = 8
    ) -> None:
        """width: planes at full size. hidden: of the network of points. frequencies: of its
        positional encoding, whose inputs the release makes zero."""
        super().__init__()
        self.traits = Traits(sizes=SizeRule(multiple=MULTIPLE, minimum=LEAST), tiling="discouraged")
        self.G_A = ResidualGenerator(width=width, blocks=blocks)
        self.Pre = Normaliser(width=width, blocks=blocks, hidden=hidden, frequencies=frequencies)
        self.H = MaskExtractor(width=width)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        dark = 2.0 * picture - 1.0
        both = torch.cat([dark, self.Pre(dark)], 1)
        return (self.G_A(both * self.H.mask(dark)) + 1.0) / 2.0


def _guess(state: State) -> dict[str, Any] | None:
    points = "Pre.mlp.imnet.layers.0.weight"
    width = width_of(state, "G_A.model.1.weight")
    blocks = count_blocks(state, r"G_A\.model\.(\d+)\.conv_block\.") - _FIRST_BLOCK
    if not width or blocks < 1 or points not in state:
        return None
    return {
        "width": width,
        "blocks": blocks,
        "hidden": width_of(state, points),
        "frequencies": (width_of(state, points, axis=1) - NEIGHBOURS * width - 4) // 4,
    }


def _renamed(state: State) -> State:
    """Parts saved from data-parallel modules lose the 'module.' behind their prefix."""
    if not any(key.startswith(f"{part}module.") for key in state for part in PARTS):
        return state
    return {key.replace(".module.", ".", 1): value for key, value in state.items()}


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name    the release's weights for LSRW and for LOL are both of these
    "nerco":   {},
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="nerco",
    paper="Implicit Neural Representation for Cooperative Low-light Image Enhancement (Yang et "
    "al., ICCV 2023)",
    method="NeRCo",
    build=NeRCo,
    presets=PRESETS,
    guess=_guess,
    renamed=_renamed,
    reference="Ysz2022/NeRCo models/NeRCo_model.py, models/networks.py, models/mlp.py",
    parts={"net_G_A.pth": "G_A.", "net_Pre.pth": "Pre.", "net_H.pth": "H."},
)
