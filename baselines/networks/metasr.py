"""Meta-SR: A Magnification-Arbitrary Network for Super-Resolution.

Hu, Mu, Zhang, Wang, Sun, Tan, CVPR 2019. RDN's features; for each pixel of the output a small
network predicts the 3x3 filters that make it, from its offset to the input pixel that it falls on
and from the scale. Key names as in the authors' release (XuecaiHu/Meta-SR-Pytorch,
model/metardn.py), the mean shift among them; pictures of 0 ... 255 inside.

Pixels of equal offsets have equal filters, which are predicted once: r*r of them for a whole scale
r, where everything is one convolution and a pixel shuffle; other scales go by rows of equal offset.
The release (trainer.py, input_matrix_wpn) predicts them for each pixel. It also computes positions
in float32: which input pixel an output pixel falls on is taken over (i * (1 / scale), rounded, can
fall just below a whole number), the offsets are computed exactly, from which the release's are up
to 1e-4 away in large pictures. Where that rounding gives one input pixel more output pixels than
the scale rounded up, the release stops with an IndexError; this does not.
Initialisation: PyTorch's own, as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks.architecture import Architecture, State, Traits
from baselines.networks.mean_shift import SPAN, MeanShift
from baselines.networks.rdn import DenseFeatures, features_kwargs

_SIDE = 3  # of the predicted filters
_HIDDEN = 256  # neurons of the predicting network (paper, section 3.3)
_GRID = 1 << 30  # offsets that agree to 1e-9 are one: i / scale is not exact in float64
_GATHERED = 1 << 23  # numbers, the most that one block of gathered 3x3 patches holds


class _WeightPrediction(nn.Module):
    """[N,3] (1 / scale, offset down, offset right) -> [N, width*9, 3], filters for R, G, B."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.meta_block = nn.Sequential(
            nn.Linear(3, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, _SIDE**2 * width * 3)
        )

    def forward(self, places: Tensor) -> Tensor:
        return self.meta_block(places).view(len(places), -1, 3)


class MetaSR(DenseFeatures):
    """RGB [B,3,H,W], scale -> [B,3,floor(H*scale),floor(W*scale)], any size."""

    def __init__(
        self, *, width: int = 64, blocks: int = 16, layers: int = 8, growth: int = 64
    ) -> None:
        """blocks, layers, growth: RDN's D, C and G, of its configuration B; width: its G0."""
        super().__init__(width=width, blocks=blocks, layers=layers, growth=growth)
        self.traits = Traits(scale=0, told="scale", channels_last=True)
        self.sub_mean = MeanShift(sign=-1)
        self.add_mean = MeanShift(sign=1)
        self.P2W = _WeightPrediction(width)

    def forward(self, picture: Tensor, scale: float) -> Tensor:
        """See the class. scale: 1 or more. Raises ValueError for less."""
        if scale < 1:
            raise ValueError(f"metasr: scale {scale:g}; 1 or more")
        features = self.features(self.sub_mean(picture * SPAN))
        if scale == int(scale):
            enlarged = self._whole(features, int(scale))
        else:
            enlarged = self._by_rows(features, float(scale))
        return self.add_mean(enlarged) / SPAN

    def _whole(self, features: Tensor, scale: int) -> Tensor:
        """For a whole scale: all filters in one convolution."""
        offsets = torch.arange(scale, device="cpu") / scale
        filters = self._filters(offsets, offsets, scale=scale, like=features)
        # [down, right, channel and tap, colour] -> colours first, as the pixel shuffle takes them
        filters = filters.view(scale**2, -1, 3).permute(2, 0, 1)
        filters = filters.reshape(3 * scale**2, features.shape[1], _SIDE, _SIDE)
        return functional.pixel_shuffle(functional.conv2d(features, filters, padding=1), scale)

    def _by_rows(self, features: Tensor, scale: float) -> Tensor:
        """For any scale: output rows of one offset at a time, each column with its own filter."""
        batch, width = features.shape[:2]
        rows, down = _places(features.shape[2], scale)
        columns, right = _places(features.shape[3], scale)
        kinds, kind_of = torch.unique(right, return_inverse=True)
        kind_of = kind_of.to(features.device)
        padded = functional.pad(features, (1, 1, 1, 1))
        taps = torch.arange(_SIDE, device="cpu")
        # where each output column's three input columns are, in the padded features
        across = (columns[:, None] + taps).flatten().to(features.device)
        at_once = max(1, _GATHERED // (batch * width * _SIDE**2 * max(1, len(columns))))
        made, order = [], []
        for offset in torch.unique(down):
            filters = self._filters(offset[None], kinds, scale=scale, like=features)[0][kind_of]
            for block in (down == offset).nonzero()[:, 0].split(at_once):
                along = (rows[block][:, None] + taps).flatten().to(features.device)
                patches = padded[:, :, along][..., across]
                patches = patches.view(batch, width, len(block), _SIDE, len(columns), _SIDE)
                patches = patches.permute(4, 0, 2, 1, 3, 5).flatten(1, 2).flatten(2)
                result = torch.bmm(patches, filters).view(len(columns), batch, len(block), 3)
                made.append(result.permute(1, 3, 2, 0))
                order.append(block)
        back = torch.argsort(torch.cat(order)).to(features.device)
        return torch.cat(made, 2)[:, :, back]

    def _filters(self, down: Tensor, right: Tensor, *, scale: float, like: Tensor) -> Tensor:
        """[len(down), len(right), width*9, 3] for all pairs of offsets."""
        grid = torch.cartesian_prod(down, right).float().view(-1, 2)
        places = functional.pad(grid, (1, 0), value=1.0 / scale).to(like.device)
        return self.P2W(places).view(len(down), len(right), -1, 3).to(like.dtype)


def _places(side: int, scale: float) -> tuple[Tensor, Tensor]:
    """Of each output row or column: the input's that it falls on, and its offset to it, 0 ... 1.

    The first as the release has it, in float32 (see the file's beginning).
    """
    count = int(scale * side)
    index = torch.arange(count, device="cpu")
    source = torch.floor(index.float().mul(1.0 / scale)).long().clamp(max=side - 1)
    offset = index.double() / scale - source
    return source, torch.round(offset * _GRID) / _GRID


def _guess(state: State) -> dict[str, Any] | None:
    kwargs = features_kwargs(state)
    if kwargs is None or "P2W.meta_block.0.weight" not in state:
        return None
    return kwargs


PRESETS: Mapping[str, Mapping[str, Any]] = {
    #  name         blocks        layers       growth
    "meta-rdn":   {"blocks": 16, "layers": 8, "growth": 64},
    "meta-rdn-a": {"blocks": 20, "layers": 6, "growth": 32},  # the release's option, in no paper
}  # fmt: skip

ARCHITECTURE = Architecture(
    name="metasr",
    paper="Meta-SR: A Magnification-Arbitrary Network for Super-Resolution (Hu et al., CVPR 2019)",
    method="Meta-RDN",
    build=MetaSR,
    presets=PRESETS,
    guess=_guess,
    reference="XuecaiHu/Meta-SR-Pytorch model/metardn.py, trainer.py",
)
