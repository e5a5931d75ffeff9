"""NeRCo's edge layer: what its edge discriminators are shown of a picture.

The release (models/sobel.py, GradLayer) takes the luma, its differences across two pixels down and
right, their magnitude, and spreads it over three channels by a 1x1 convolution whose weights are
random: drawn anew at each call, never trained, so that every edge picture has colours of its own.
Here they are drawn once and kept; `draw_colours` draws them anew. Its training multiplies the
result by 4 (`tran`): gain=RELEASED_GAIN. The paper and others' accounts of it speak of a Sobel
filter or a Laplacian: those are here by name, `released` is what the authors computed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from degrade.option_error import OptionError, nearest

# Name -> 3x3 kernels whose answers' magnitude is the edge.
KERNELS: dict[str, tuple[tuple[tuple[float, ...], ...], ...]] = {
    "released": (((0, -1, 0), (0, 0, 0), (0, 1, 0)), ((0, 0, 0), (-1, 0, 1), (0, 0, 0))),
    "sobel": (((-1, -2, -1), (0, 0, 0), (1, 2, 1)), ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))),
    "laplacian4": (((0, 1, 0), (1, -4, 1), (0, 1, 0)),),
    "laplacian8": (((1, 1, 1), (1, -8, 1), (1, 1, 1)),),
}
LUMA = (65.738, 129.057, 25.064)  # of 256; BT.601 in studio range, without its offset of 16
EPSILON = 1e-6  # under the root, so that flat areas have a gradient
RELEASED_GAIN = 4.0


class EdgeLayer(nn.Module):
    """[B,3,H,W] or [B,1,H,W], any range -> edges [B,3,H,W]; zeros beyond the edges.

    The colours are frozen parameters, `gray2RGB.weight` and `gray2RGB.bias`.
    """

    def __init__(
        self,
        *,
        kernels: str = "released",
        gain: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        """kernels: key of KERNELS. generator: of the colours. Raises OptionError."""
        super().__init__()
        if kernels not in KERNELS:
            raise OptionError(
                f"edges {kernels!r}: one of {', '.join(KERNELS)}{nearest(kernels, KERNELS)}"
            )
        self.gain = gain
        filters = torch.tensor(KERNELS[kernels], dtype=torch.float32)
        self.register_buffer("kernels", filters[:, None], persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA)[:, None, None] / 256, persistent=False)
        self.gray2RGB = nn.Conv2d(1, 3, 1).requires_grad_(False)
        self.draw_colours(generator)

    def draw_colours(self, generator: torch.Generator | None = None) -> None:
        """New colours, uniform in [-1,1] as PyTorch draws a 1x1 convolution of one channel."""
        for parameter in self.gray2RGB.parameters():
            nn.init.uniform_(parameter, -1.0, 1.0, generator=generator)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        if picture.shape[1] == 3:
            picture = (picture * self.get_buffer("luma")).sum(1, keepdim=True)
        found = functional.conv2d(picture, self.get_buffer("kernels"), padding=1)
        magnitude = torch.sqrt((found**2).sum(1, keepdim=True) + EPSILON)
        return self.gain * self.gray2RGB(magnitude)
