"""Rain."""

from __future__ import annotations

from degrade.laws import Mixture, Uniform
from degrade.recipe import Recipe, Step

RAIN = Recipe(
    name="rain",
    about="one to five layers of streaks, screened in linear light, half of them under a veil",
    cite="screen blend of motion-blurred noise: the sets of Zhang, Sindagi and Patel, TCSVT 2020, "
    "and Fu et al., CVPR 2017; layers and veil: Yang et al., CVPR 2017, Li et al., CVPR 2019",
    steps=(
        Step("rain", "rain", {"transmission": Mixture((1.0, Uniform(0.7, 1.0)))}),
        Step("clip", "clip"),
    ),
    differs=(
        "the published sets are pictures rendered once, whose scripts are not released; laws here "
        "are chosen to cover their range: density, length, angle and width of rain's own defaults",
    ),
)
