"""BSRGAN and its extension: shuffled blurs, resizes, noises and JPEG.

Zhang, Liang, Van Gool and Timofte, Designing a Practical Degradation Model for Deep Blind Image
Super-Resolution, ICCV 2021; laws of github.com/cszn/KAIR utils/utils_blindsr.py.
"""

from __future__ import annotations

import math

from degrade.laws import (
    Choice,
    Integer,
    LogUniform,
    Mixture,
    Of,
    Product,
    Reciprocal,
    Root,
    Uniform,
)
from degrade.recipe import Branch, Node, OneOf, Recipe, Shuffle, Step

_CITE = (
    "Zhang et al., Designing a Practical Degradation Model for Deep Blind Image Super-Resolution, "
    "ICCV 2021; laws of github.com/cszn/KAIR utils_blindsr.py"
)
_LEVEL = Product((Integer(2, 25), 1 / 255))
_OPENCV = Choice(("bilinear", "bicubic", "area"))
_ISP = (
    "the step of the learned camera ISP is left out, as the released code does where no ISP model "
    "is given"
)

_PATCH = "the released code crops a patch at the end; here the whole picture (or --patch) is made"


def _blur(name: str, scale: int) -> Node:
    """add_blur: half anisotropic, eigenvalues of the covariance U(0, 4 + s); half isotropic."""
    size = Integer(7, 25, 2)
    return OneOf(name, (
        Branch(0.5, (Step(f"{name}-aniso", "gaussian_blur", {
            "size": size,
            "sigma_x": Root(Uniform(0.0, 4.0 + scale)),
            "sigma_y": Root(Uniform(0.0, 4.0 + scale)),
            "angle": Uniform(0.0, math.pi),
            "padding": "reflect",
        }),)),
        Branch(0.5, (Step(f"{name}-iso", "gaussian_blur", {
            "size": size,
            "sigma_x": Uniform(0.0, 2.0 + 0.2 * scale),
            "sigma_y": Of("sigma_x"),
            "angle": 0.0,
            "padding": "reflect",
        }),)),
    ))  # fmt: skip


def _noise(name: str) -> tuple[Node, ...]:
    """add_Gaussian_noise: colour, grey or with a random covariance; then clipped."""
    color, gray = ({"sigma": _LEVEL, "gray": one} for one in (False, True))
    return (
        OneOf(name, (
            Branch(0.4, (Step(f"{name}-color", "gaussian_noise", color),)),
            Branch(0.4, (Step(f"{name}-gray", "gaussian_noise", gray),)),
            Branch(0.2, (Step(f"{name}-mixed", "correlated_noise", {"level": 25 / 255}),)),
        )),
        Step(f"{name}-clip", "clip"),
    )  # fmt: skip


def _speckle(name: str) -> tuple[Node, ...]:
    color, gray = ({"sigma": _LEVEL, "gray": one} for one in (False, True))
    mixed = {"level": 25 / 255}
    kinds = OneOf(f"{name}-kind", (
        Branch(0.4, (Step(f"{name}-color", "speckle_noise", color),)),
        Branch(0.4, (Step(f"{name}-gray", "speckle_noise", gray),)),
        Branch(0.2, (Step(f"{name}-mixed", "correlated_speckle_noise", mixed),)),
    ))  # fmt: skip
    return (OneOf(name, (Branch(0.1, (kinds, Step(f"{name}-clip", "clip"))), Branch(0.9))),)


def _poisson(name: str) -> tuple[Node, ...]:
    laws = {"peak": LogUniform(1e2, 1e4), "scale": 1.0, "gray": Choice((False, True))}
    noise = (Step(f"{name}-it", "poisson_noise", laws), Step(f"{name}-clip", "clip"))
    return (OneOf(name, (Branch(0.1, noise), Branch(0.9))),)


def _jpeg(name: str, probability: float = 1.0) -> Step:
    return Step(name, "jpeg", {"quality": Integer(30, 95), "subsampling": "420"}, probability)


def _resize(name: str, *, scale: object, base: str) -> tuple[Node, ...]:
    """cv2.resize to floored sizes, then clipped."""
    return (
        Step(name, "resize", {
            "method": _OPENCV, "scale": scale, "base": base, "grid": "floor-size",
        }),
        Step(f"{name}-clip", "clip"),
    )  # fmt: skip


def _shuffled(prefix: str, scale: int, full: int) -> Shuffle:
    """The six shuffled parts, downsample3 after downsample2; `full` is the recipe's own scale."""
    shifted = (
        Step(f"{prefix}shift-blur", "gaussian_blur", {
            "size": 25,
            "sigma_x": Uniform(0.1, 0.6 * scale), "sigma_y": Of("sigma_x"), "angle": 0.0,
            # a picked pixel shows the middle of its cell: shift_pixel of the released code
            "shift_x": (scale - 1) / 2, "shift_y": (scale - 1) / 2, "padding": "reflect",
        }),
        Step(f"{prefix}pick", "subsample", {"factor": scale, "phase": 0}),
        Step(f"{prefix}pick-clip", "clip"),
    )  # fmt: skip
    random_size = Reciprocal(Uniform(1.0, 2.0 * scale))
    return Shuffle(
        f"{prefix}order",
        (
            (_blur(f"{prefix}blur1", scale),),
            (_blur(f"{prefix}blur2", scale),),
            (OneOf(f"{prefix}downsample2", (
                Branch(0.75, _resize(f"{prefix}shrink2", scale=random_size, base="current")),
                Branch(0.25, shifted),
            )),),
            _resize(f"{prefix}downsample3", scale=1.0 / full, base="input"),
            _noise(f"{prefix}noise"),
            (_jpeg(f"{prefix}jpeg", 0.9),),
        ),
        ordered=(2, 3),
    )  # fmt: skip


def bsrgan(scale: int) -> Recipe:
    """The degradation model of BSRGAN."""
    steps: tuple[Node, ...] = (_shuffled("", scale, scale),)
    if scale == 4:
        steps = (OneOf("downsample1", (
            Branch(0.75, (_shuffled("", 4, 4),)),
            Branch(0.25, (
                OneOf("half", (
                    Branch(0.5, _resize("half-opencv", scale=0.5, base="current")),
                    Branch(0.5, (
                        Step("half-matlab", "resize", {
                            "method": "matlab-bicubic-double", "scale": 0.5, "base": "current",
                        }),
                        Step("half-clip", "clip"),
                    )),
                )),
                _shuffled("half-", 2, 4),
            )),
        )),)  # fmt: skip
    return Recipe(
        name=f"bsrgan-x{scale}",
        about="blurs, two downsamplings, noise and JPEG in random order, then JPEG",
        cite=_CITE,
        scale=scale,
        steps=(*steps, _jpeg("last-jpeg")),
        differs=(
            _ISP,
            "released: a shifted kernel of downsample2 is the sampled Gaussian moved by linear "
            "interpolation, which widens it (sigma 0.5: 0.7); here the Gaussian itself is moved",
            _PATCH,
        ),
    )


def _second_order(name: str, scale: int) -> list[tuple[Node, ...]]:
    """blur, resize, then the shuffled noises of one of the two rounds."""
    size = Mixture((Uniform(0.5 / scale, 1.0), Uniform(1.0, 2.0), 1.0), (0.7, 0.2, 0.1))
    return [
        (_blur(f"{name}blur", scale),),
        _resize(f"{name}resize", scale=size, base="current"),
        _noise(f"{name}noise"),
        _poisson(f"{name}poisson"),
        _speckle(f"{name}speckle"),
    ]


def bsrgan_plus(scale: int) -> Recipe:
    """BSRGAN's extension by the second order of Real-ESRGAN."""
    jpeg = (_jpeg("middle-jpeg"),)
    shuffled = [*_second_order("s1-", scale), (_jpeg("s-jpeg"),), *_second_order("s2-", scale)]
    first, second = _second_order("f1-", scale), _second_order("f2-", scale)
    fixed = (
        *first[0], *first[1], Shuffle("f1-order", tuple(first[2:])),
        *jpeg,
        *second[0], *second[1], Shuffle("f2-order", tuple(second[2:])),
    )  # fmt: skip
    return Recipe(
        name=f"bsrgan-plus-x{scale}",
        about="two rounds of blur, resize and noises, shuffled whole or within the rounds, JPEG",
        cite="degradation_bsrgan_plus of github.com/cszn/KAIR utils_blindsr.py (BSRGAN, ICCV 2021, "
        "with the second order of Real-ESRGAN, ICCVW 2021)",
        scale=scale,
        steps=(
            OneOf("plan", (
                Branch(0.5, (Shuffle("order", tuple(shuffled)),)),
                Branch(0.5, fixed),
            )),
            *_resize("last-size", scale=1.0 / scale, base="input"),
            _jpeg("last-jpeg"),
        ),
        differs=(
            _ISP,
            "released: the Poisson step also rounds the picture under it to 8 bits; here not",
            _PATCH,
        ),
    )  # fmt: skip
