"""The unstructured degradations of old photographs.

Wan et al., Bringing Old Photos Back to Life, CVPR 2020; laws of the released
online_dataset_for_old_photos.py (online_add_degradation_v2).
"""

from __future__ import annotations

from degrade.laws import Choice, Integer, Of, Product, Reciprocal, Uniform
from degrade.recipe import Branch, OneOf, Recipe, Shuffle, Step

_LEVEL = Uniform(5 / 255, 50 / 255)

OLD_PHOTO = Recipe(
    name="old-photo",
    about="blur, noise, lost resolution and JPEG, each with probability 0.7, in random order",
    cite="Wan et al., Bringing Old Photos Back to Life, CVPR 2020; laws of the released "
    "online_dataset_for_old_photos.py",
    steps=(
        Shuffle("order", (
            (Step("blur", "gaussian_blur", {
                "size": Choice((3, 5, 7)), "sigma_x": Uniform(1.0, 5.0), "sigma_y": Of("sigma_x"),
                "angle": 0.0, "padding": "reflect",
            }, probability=0.7),),
            (OneOf("noise", (
                Branch(0.7 / 3, (Step("white", "gaussian_noise", {
                    "sigma": _LEVEL, "gray": False,
                }),)),
                Branch(0.7 / 3, (Step("speckle", "speckle_noise", {
                    "sigma": _LEVEL, "gray": False,
                }),)),
                Branch(0.7 / 3, (Step("impulse", "impulse_noise", {
                    "amount": Uniform(0.0, 0.01), "salt": Uniform(0.3, 0.8),
                }),)),
                Branch(0.3),
            )), Step("noise-clip", "clip")),
            (OneOf("resolution", (
                Branch(0.7, (
                    Step("smaller", "resize", {
                        "method": "bicubic-half-antialias",
                        "scale": Uniform(0.5, 1.0), "base": "input",
                        "stretch": Product((Uniform(0.5, 1.0), Reciprocal(Of("scale")))),
                        "grid": "floor-size",
                    }),
                    Step("larger", "resize", {
                        "method": Choice(("nearest", "bilinear")), "scale": 1.0, "base": "input",
                        "grid": "floor-size",
                    }),
                    Step("resolution-clip", "clip"),
                )),
                Branch(0.3),
            )),),
            (Step("jpeg", "jpeg", {
                "quality": Integer(40, 100), "subsampling": "420",
            }, probability=0.7),),
        )),
        Step("monochrome", "grayscale", when="target-monochrome"),
    ),
    # PairOldPhotos: one picture in ten loses its colours, input and target alike
    target=(Step("target-monochrome", "grayscale", probability=0.1),),
    differs=(
        "structured degradations (scratches, holes) need the authors' textures: not here",
        "released: the picture is cut to 8 bits, truncated, after blur and noise; here it is "
        "rounded, where the JPEG and the file need it",
    ),
)  # fmt: skip
