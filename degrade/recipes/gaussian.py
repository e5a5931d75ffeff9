"""White Gaussian noise: the denoising benchmarks' degradation."""

from __future__ import annotations

from degrade.laws import Uniform
from degrade.recipe import Recipe, Step

_STORED = "the papers' noise stays in float; lq stored as a picture is clipped to [0,1] and rounded"
_DNCNN = (
    "Zhang et al., Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising "
    "(DnCNN), TIP 2017, section IV"
)


def gaussian(level: int) -> Recipe:
    """Noise of one level."""
    return Recipe(
        name=f"gaussian-{level}",
        about=f"white Gaussian noise of sigma {level}/255 on sRGB values",
        cite=_DNCNN,
        steps=(Step("noise", "gaussian_noise", {"sigma": level / 255, "gray": False}),),
        differs=(_STORED,),
    )


GAUSSIAN_BLIND = Recipe(
    name="gaussian-blind",
    about="white Gaussian noise of a level between 0 and 55/255",
    cite=_DNCNN + " (DnCNN-B)",
    steps=(Step("noise", "gaussian_noise", {"sigma": Uniform(0.0, 55 / 255), "gray": False}),),
    differs=(_STORED,),
)

GAUSSIAN_BLIND_50 = Recipe(
    name="gaussian-blind-50",
    about="white Gaussian noise of a level between 0 and 50/255",
    cite="Zhang et al., Plug-and-Play Image Restoration with Deep Denoiser Prior (DRUNet), IEEE "
    "TPAMI 2022, section 3.2; Zamir et al., Restormer, CVPR 2022 (sigma_range of its options)",
    steps=(Step("noise", "gaussian_noise", {"sigma": Uniform(0.0, 50 / 255), "gray": False}),),
    differs=(_STORED,),
)
