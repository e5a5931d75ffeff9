"""Super-resolution by one kernel, fixed or drawn: bicubic, BD, DN, SRMD, USRNet, classical."""

from __future__ import annotations

import math

from degrade.laws import Choice, Integer, Mixture, Of, Product, Root, Sum, Uniform
from degrade.recipe import Branch, OneOf, Recipe, Step

_AGUSTSSON = "Agustsson and Timofte, NTIRE 2017 challenge (DIV2K), CVPRW 2017"
_STORED = (
    "the released noise stays in float; lq stored as a picture is clipped to [0,1] and rounded"
)
_RDN = "Zhang et al., Residual Dense Network for Image Super-Resolution, CVPR 2018, section 5.1"


def bicubic(scale: int) -> Recipe:
    """MATLAB's bicubic on 8-bit pictures: DIV2K's bicubic track, and the 'BI' of papers at x2, x3
    and x4. Some releases' x8 files are the double reading, or clamped at the edges."""
    return Recipe(
        name=f"bicubic-x{scale}",
        about=f"MATLAB bicubic, 1/{scale}, rounded to 8 bits between the passes",
        cite=_AGUSTSSON,
        scale=scale,
        steps=(_shrink("shrink", scale, "matlab-bicubic"),),
    )


def _shrink(name: str, scale: int, method: str) -> Step:
    return Step(name, "resize", {"method": method, "scale": 1.0 / scale, "base": "input"})


BD_X3 = Recipe(
    name="bd-x3",
    about="Gaussian blur 7x7 of sigma 1.6, then every third pixel: the centre of each 3x3 cell",
    cite=_RDN,
    scale=3,
    steps=(
        Step("blur", "gaussian_blur", {
            "size": 7, "sigma_x": 1.6, "sigma_y": 1.6, "angle": 0.0, "padding": "replicate",
        }),
        Step("round", "quantise", {"bits": 8}),
        Step("pick", "subsample", {"factor": 3, "phase": 1}),
    ),
)  # fmt: skip

DN_X3 = Recipe(
    name="dn-x3",
    about="MATLAB bicubic 1/3, then Gaussian noise of sigma 30/255",
    cite=_RDN,
    scale=3,
    steps=(
        _shrink("shrink", 3, "matlab-bicubic"),
        Step("noise", "gaussian_noise", {"sigma": 30 / 255, "gray": False}),
    ),
)


def srmd(scale: int, *, name: str) -> Recipe:
    """SRMD's general degradation: anisotropic Gaussian, bicubic, noise."""
    return Recipe(
        name=name,
        about=f"anisotropic Gaussian 15x15, bicubic 1/{scale}, noise of sigma 0 to 50/255",
        cite="Zhang et al., Learning a Single Convolutional Super-Resolution Network for Multiple "
        "Degradations, CVPR 2018, section 4; laws of github.com/cszn/KAIR dataset_srmd.py",
        scale=scale,
        steps=(
            Step("blur", "gaussian_blur", {
                "size": 15,
                # covariance eigenvalues l1 = .1 + 10 U, l2 = .1 + (l1 - .1) U
                "sigma_x": Root(Uniform(0.1, 10.1)),
                "sigma_y": Root(Sum((
                    0.1, Product((Sum((Product((Of("sigma_x"), Of("sigma_x"))), -0.1)),
                                  Uniform(0.0, 1.0))),
                ))),
                "angle": Uniform(0.0, math.pi),
                "padding": "wrap",
            }),
            _shrink("shrink", scale, "matlab-bicubic-double"),
            Step("noise", "gaussian_noise", {
                "sigma": Mixture((0.0, Uniform(0.0, 50 / 255)), (0.1, 0.9)), "gray": False,
            }),
        ),
        differs=(_STORED,),
    )  # fmt: skip


def usrnet(scale: int, *, name: str) -> Recipe:
    """USRNet's training degradation: motion or Gaussian kernel, direct subsampling, noise."""
    return Recipe(
        name=name,
        about=f"motion or Gaussian blur 25x25, one pixel in {scale}x{scale}, noise of 0 to 24/255",
        cite="Zhang et al., Deep Unfolding Network for Image Super-Resolution, CVPR 2020, eq. 1; "
        "laws of github.com/cszn/KAIR dataset_usrnet.py",
        scale=scale,
        steps=(
            OneOf("kernel", (
                Branch(0.5, (Step("motion", "trajectory_blur", {
                    "model": "usrnet", "size": 25, "padding": "wrap",
                }),)),
                Branch(0.5, (Step("gauss", "gaussian_blur", {
                    "size": 25,
                    "sigma_x": Root(Uniform(0.6, 12.0)),
                    "sigma_y": Root(Uniform(0.6, 12.0)),
                    "angle": Uniform(0.0, math.pi),
                    # centre moved by (s - 1)/2 px for s of 1, 2, 3, 4, then one of 8 flips
                    "shift_x": Choice((0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5),
                                      (2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
                    "shift_y": Product((Of("shift_x"), Choice((1.0, -1.0)))),
                    "padding": "wrap",
                }),)),
            )),
            Step("pick", "subsample", {"factor": scale, "phase": 0}),
            Step("noise", "gaussian_noise", {
                "sigma": Product((Mixture((0, Integer(0, 24)), (1.0, 8.0)), 1 / 255)),
                "gray": False,
            }),
        ),
        differs=(
            "released: one scale for all samples of a batch; here it is the recipe's",
            "released: the blurred picture is cut to 8 bits before the subsampling; here not",
            _STORED,
        ),
    )  # fmt: skip


def classical(scale: int) -> Recipe:
    """The survey's classical model: lq = (gt * kernel) sampled at every s-th pixel + noise."""
    middle = (scale - 1) / 2
    return Recipe(
        name=f"classical-x{scale}",
        about=f"(HR * kernel), one pixel in {scale}x{scale}, + n: Gaussian kernel, white noise",
        cite="Wang, Chen and Hoi, Deep Learning for Image Super-resolution: A Survey, TPAMI 2020 "
        "(arXiv 1902.06068), eq. 4; kernel variances U(0.175 s, 2.5 s) of Bell-Kligler et al., "
        "KernelGAN, NeurIPS 2019; noise levels 0 to 25/255 of USRNet",
        scale=scale,
        steps=(
            Step("blur", "gaussian_blur", {
                "size": 25,
                "sigma_x": Root(Uniform(0.175 * scale, 2.5 * scale)),
                "sigma_y": Root(Uniform(0.175 * scale, 2.5 * scale)),
                "angle": Uniform(0.0, math.pi),
                # a pixel of lq lies in the middle of its s x s cell, as the survey's bicubic has it
                "shift_x": middle, "shift_y": middle,
                "padding": "wrap",
            }),
            Step("pick", "subsample", {"factor": scale, "phase": 0}),
            Step("noise", "gaussian_noise", {"sigma": Uniform(0.0, 25 / 255), "gray": False}),
        ),
    )  # fmt: skip
