"""Defocus without a depth map: one circle of confusion for the whole picture."""

from __future__ import annotations

from degrade.laws import Uniform
from degrade.recipe import Recipe, Step

_CITE = (
    "Abuolaim et al., Learning to Reduce Defocus Blur by Realistically Modeling Dual-Pixel Data, "
    "ICCV 2021"
)
_DEPTH = (
    "the paper's blur follows a rendered depth map; none is invented here, so a picture has one "
    "circle of confusion. With a depth map: the operators defocus_depth and dual_pixel_depth"
)

DEFOCUS = Recipe(
    name="defocus",
    about="an antialiased disk of 1 to 8 px radius, in linear light",
    cite=f"thin lens, disk of confusion: {_CITE}; disk as MATLAB's fspecial('disk')",
    steps=(
        Step("disk", "disk_blur", {
            "radius": Uniform(1.0, 8.0), "light": "linear", "padding": "symmetric",
        }),
    ),
    differs=(_DEPTH,),
)  # fmt: skip

DUAL_PIXEL = Recipe(
    name="dual-pixel",
    about="left and right view side by side, of one circle of confusion, in linear light",
    cite=_CITE,
    steps=(
        Step("views", "dual_pixel", {
            "coc": Uniform(-20.0, 20.0), "light": "linear",
        }),
    ),
    differs=(_DEPTH, "lq holds the left view in its left half and the right view in its right"),
)  # fmt: skip
