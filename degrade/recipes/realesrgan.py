"""Real-ESRGAN's second-order degradation.

Wang, Xie, Dong and Shan, Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data, ICCVW 2021; laws of the released train_realesrgan_x{2,4}plus.yml.
"""

from __future__ import annotations

import math

from degrade.laws import Below, Choice, Integer, Mixture, Of, Product, Uniform
from degrade.recipe import Branch, Node, OneOf, Recipe, Step

_SIZE = Integer(7, 21, 2)
_ANGLE = Uniform(-math.pi, math.pi)
# released random_mixed_kernels: half of the shapes below 1, half above
_BETA_GENERALISED = Mixture((Uniform(0.5, 1.0), Uniform(1.0, 4.0)))
_BETA_PLATEAU = Mixture((1.0, Uniform(1.0, 2.0)))
_TORCH = Choice(("area-adaptive", "bilinear", "bicubic"))


def _blur(name: str, *, sigma: Uniform, left_out: float) -> Node:
    """One of the seven kernel families; `left_out` is the probability of no blur."""
    iso = {"size": _SIZE, "sigma_x": sigma, "sigma_y": Of("sigma_x"), "angle": 0.0}
    aniso = {"size": _SIZE, "sigma_x": sigma, "sigma_y": sigma, "angle": _ANGLE}
    cutoff = Below("size", 13, Uniform(math.pi / 3, math.pi), Uniform(math.pi / 5, math.pi))
    families = (
        (0.1, "sinc", "sinc_blur", {"size": _SIZE, "cutoff": cutoff}),
        (0.9 * 0.45, "iso", "gaussian_blur", iso),
        (0.9 * 0.25, "aniso", "gaussian_blur", aniso),
        (0.9 * 0.12, "gen-iso", "generalised_blur", {**iso, "beta": _BETA_GENERALISED}),
        (0.9 * 0.03, "gen-aniso", "generalised_blur", {**aniso, "beta": _BETA_GENERALISED}),
        (0.9 * 0.12, "plateau-iso", "plateau_blur", {**iso, "beta": _BETA_PLATEAU}),
        (0.9 * 0.03, "plateau-aniso", "plateau_blur", {**aniso, "beta": _BETA_PLATEAU}),
    )
    branches = [
        Branch(
            (1 - left_out) * weight, (Step(f"{name}-{family}", op, {**laws, "padding": "reflect"}),)
        )
        for weight, family, op, laws in families
    ]
    return OneOf(name, (*branches, Branch(left_out)) if left_out else tuple(branches))


def _noise(name: str, *, sigma: float, scale: float) -> tuple[Node, ...]:
    gray = Choice((True, False), (0.4, 0.6))
    return (
        OneOf(name, (
            Branch(0.5, (Step(f"{name}-gauss", "gaussian_noise", {
                "sigma": Uniform(1 / 255, sigma / 255), "gray": gray,
            }),)),
            Branch(0.5, (Step(f"{name}-poisson", "poisson_noise", {
                "scale": Uniform(0.05, scale), "gray": gray,
            }),)),
        )),
        Step(f"{name}-clip", "clip"),
    )  # fmt: skip


def _jpeg(name: str) -> Step:
    return Step(name, "jpeg_simulated", {"quality": Uniform(30.0, 95.0), "rounding": "hard"})


def _resize(name: str, *, scale: object, base: str) -> Step:
    """F.interpolate: with scale_factor the factor sets the positions, with a size the sizes do."""
    return Step(name, "resize", {
        "method": _TORCH, "scale": scale, "base": base,
        "grid": "floor-scale" if base == "current" else "floor-size",
    })  # fmt: skip


def _last(prefix: str, scale: int) -> tuple[Node, ...]:
    """Back to size, then the final sinc with probability 0.8."""
    return (
        _resize(f"{prefix}-size", scale=1.0 / scale, base="input"),
        Step(f"{prefix}-sinc", "sinc_blur", {
            "size": _SIZE, "cutoff": Uniform(math.pi / 3, math.pi), "padding": "reflect",
        }, probability=0.8),
    )  # fmt: skip


def realesrgan(scale: int) -> Recipe:
    """The degradation of RealESRGAN_x4plus and x2plus."""
    up_down = Mixture((Uniform(1.0, 1.5), Uniform(0.15, 1.0), 1.0), (0.2, 0.7, 0.1))
    second = Mixture((Uniform(1.0, 1.2), Uniform(0.3, 1.0), 1.0), (0.3, 0.4, 0.3))
    return Recipe(
        name=f"realesrgan-x{scale}",
        about="sharpened target; blur, resize, noise, JPEG, twice; final sinc before or after JPEG",
        cite="Wang et al., Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure "
        f"Synthetic Data, ICCVW 2021; released train_realesrgan_x{scale}plus.yml",
        scale=scale,
        target=(Step("usm", "usm_sharpen", {"weight": 0.5, "radius": 50, "threshold": 10.0}),),
        steps=(
            _blur("blur1", sigma=Uniform(0.2, 3.0), left_out=0.0),
            _resize("resize1", scale=up_down, base="current"),
            *_noise("noise1", sigma=30.0, scale=3.0),
            _jpeg("jpeg1"),
            _blur("blur2", sigma=Uniform(0.2, 1.5), left_out=0.2),
            _resize("resize2", scale=Product((second, 1.0 / scale)), base="input"),
            *_noise("noise2", sigma=25.0, scale=2.5),
            OneOf("end", (
                Branch(0.5, (*_last("sinc-first", scale), _jpeg("jpeg-last"))),
                Branch(0.5, (_jpeg("jpeg-first"), *_last("sinc-last", scale))),
            )),
        ),
        differs=(
            "released: resize factor and method, noise type, second blur and the last order are "
            "drawn once for a batch; here for each sample, with the same laws",
            "released: grey Gaussian noise is one field for a whole batch; here each sample's own",
            "released: gt is cropped or padded to 400 px, flipped, and cropped to 256 at the end;"
            " here the whole picture (or --patch) is made",
            "released: a pool of 180 older pairs is mixed into each batch; not needed here",
            "released: Poisson counts at white are 2**ceil(log2(number of distinct values)) of the "
            "picture; here drawn from the distribution that photographs give (poisson_noise)",
            "the released losses sharpen the target for L1 and perceptual loss and not for the "
            "discriminator; the target stored here is the sharpened one, of which lq is made",
        ),
    )  # fmt: skip
