"""The bilateral grid of affine colour maps: its shape, and where a pixel lies in it.

Chen, Adams, Wadhwa, Hasinoff: Bilateral Guided Upsampling, SIGGRAPH Asia 2016. Every node of a grid
over (row, column, luma) holds a map of RGB to RGB, 3x4; a pixel's own map lies between the eight
nodes around it. Arrays are [height, width, depth, 4, 3]: the inputs are red, green, blue and 1,
then come the outputs. A pixel (y, x) of a picture HxW lies at
((y + 0.5) (height - 1) / H, (x + 0.5) (width - 1) / W, luma (depth - 1)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LUMA = (0.25, 0.5, 0.25)  # of red, green, blue (rgb2luminance.m of google/bgu)
INPUTS, OUTPUTS = 4, 3
Grid = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GridShape:
    """Nodes of a grid. The defaults are MSEC's (its bgu/getDefaultAffineGridSize.m).

    Raises ValueError where an axis has less than two.
    """

    height: int = 22
    width: int = 22
    depth: int = 8

    def __post_init__(self) -> None:
        if min(self.height, self.width, self.depth) < 2:
            raise ValueError(
                f"bilateral grid of {self.height}x{self.width}x{self.depth} nodes: two or more "
                "along each axis"
            )

    def smoothness(self, picture: tuple[int, int]) -> tuple[float, float, float]:
        """Weights of the differences along rows' order, columns' order and luma, as equations.

        picture: (height, width) that the grid is fitted to. From bguFit.m of google/bgu: first
        differences across the picture with lambda 1, second differences along luma with 4e-7, each
        scaled by the size of a cell (pixels, pixels, luma).
        """
        high, wide = picture[0] / self.height, picture[1] / self.width
        deep = 1.0 / self.depth
        return wide * deep / high, high * deep / wide, 4e-7 * wide * high / deep**2
