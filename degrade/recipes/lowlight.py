"""Low light made from well exposed pictures."""

from __future__ import annotations

from degrade.laws import Integer, Uniform
from degrade.operators.photon_noise import BROOKS
from degrade.recipe import Recipe, Step

AGLLNET = Recipe(
    name="agllnet",
    about="darkened by beta (alpha x)^gamma, with Poisson-Gaussian noise and JPEG",
    cite="Lv, Li and Lu, Attention Guided Low-Light Image Enhancement with a Large Scale Low-Light "
    "Simulation Dataset, IJCV 2021, eq. 1 and 2",
    steps=(
        Step("dark", "gamma_darken", {
            "alpha": Uniform(0.9, 1.0), "beta": Uniform(0.5, 1.0), "gamma": Uniform(1.5, 5.0),
        }),
        Step("noise", "shot_read_noise", {
            **BROOKS, "light": "linear",
        }),
        Step("noise-clip", "clip"),
        Step("jpeg", "jpeg", {"quality": Integer(70, 100), "subsampling": "420"}),
    ),
    differs=(
        "the paper's noise passes a camera pipeline whose parameters it does not print; here shot "
        "and read noise with Brooks et al.'s laws in linear light, then JPEG of quality 70 to 100",
    ),
)  # fmt: skip

MBLLEN = Recipe(
    name="mbllen",
    about="darkened by a random gamma, with Poisson noise of peak 200",
    cite="Lv et al., MBLLEN: Low-light Image/Video Enhancement Using CNNs, BMVC 2018, section 4.1",
    steps=(
        Step("dark", "gamma_darken", {
            "alpha": 1.0, "beta": 1.0, "gamma": Uniform(2.0, 3.5),
        }),
        Step("noise", "poisson_noise", {"peak": 200.0, "scale": 1.0, "gray": False}),
    ),
)  # fmt: skip
