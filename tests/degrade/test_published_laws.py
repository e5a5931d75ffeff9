"""The recipes' numbers, typed again from their sources: a constant that slips is seen here.

Sources: degrade/recipes/* name them. Weights are those of one-of branches that hold the step.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from degrade.laws import (
    Choice,
    Integer,
    Law,
    LogUniform,
    Mixture,
    Of,
    Product,
    Reciprocal,
    Root,
    Uniform,
)
from degrade.recipe import OneOf, Shuffle, Step, walk
from degrade.recipes import RECIPES

SIZES = Integer(7, 21, 2)
LEVELS = Product((Integer(2, 25), 1 / 255))

LAWS: list[tuple[str, str, dict[str, Any]]] = [
    # train_realesrgan_x4plus.yml
    ("realesrgan-x4", "usm", {"weight": 0.5, "radius": 50, "threshold": 10.0}),
    ("realesrgan-x4", "blur1-iso", {"size": SIZES, "sigma_x": Uniform(0.2, 3.0)}),
    ("realesrgan-x4", "blur1-aniso", {"sigma_y": Uniform(0.2, 3.0),
                                      "angle": Uniform(-math.pi, math.pi)}),
    ("realesrgan-x4", "blur2-iso", {"sigma_x": Uniform(0.2, 1.5), "sigma_y": Of("sigma_x")}),
    ("realesrgan-x4", "blur2-aniso", {"sigma_x": Uniform(0.2, 1.5), "sigma_y": Uniform(0.2, 1.5)}),
    ("realesrgan-x4", "blur1-gen-iso", {"beta": Mixture((Uniform(0.5, 1.0), Uniform(1.0, 4.0)))}),
    ("realesrgan-x4", "blur1-plateau-iso", {"beta": Mixture((1.0, Uniform(1.0, 2.0)))}),
    ("realesrgan-x4", "resize1", {"scale": Mixture((Uniform(1.0, 1.5), Uniform(0.15, 1.0), 1.0),
                                                   (0.2, 0.7, 0.1)), "base": "current"}),
    ("realesrgan-x4", "resize2", {"scale": Product((
        Mixture((Uniform(1.0, 1.2), Uniform(0.3, 1.0), 1.0), (0.3, 0.4, 0.3)), 0.25,
    )), "base": "input"}),
    ("realesrgan-x4", "noise1-gauss", {"sigma": Uniform(1 / 255, 30 / 255)}),
    ("realesrgan-x4", "noise1-poisson", {"scale": Uniform(0.05, 3.0)}),
    ("realesrgan-x4", "noise2-gauss", {"sigma": Uniform(1 / 255, 25 / 255),
                                       "gray": Choice((True, False), (0.4, 0.6))}),
    ("realesrgan-x4", "noise2-poisson", {"scale": Uniform(0.05, 2.5)}),
    ("realesrgan-x4", "jpeg1", {"quality": Uniform(30.0, 95.0)}),
    ("realesrgan-x4", "sinc-first-sinc", {"cutoff": Uniform(math.pi / 3, math.pi)}),
    # utils_blindsr.py: add_blur, downsample2, add_Gaussian_noise, add_JPEG_noise
    ("bsrgan-x4", "blur1-aniso", {"size": Integer(7, 25, 2), "sigma_x": Root(Uniform(0.0, 8.0)),
                                  "sigma_y": Root(Uniform(0.0, 8.0)),
                                  "angle": Uniform(0.0, math.pi)}),
    ("bsrgan-x4", "blur1-iso", {"sigma_x": Uniform(0.0, 2.8)}),
    ("bsrgan-x4", "half-blur1-iso", {"sigma_x": Uniform(0.0, 2.4)}),
    ("bsrgan-x4", "shift-blur", {"size": 25, "sigma_x": Uniform(0.1, 2.4), "shift_x": 1.5,
                                 "shift_y": 1.5}),
    ("bsrgan-x4", "half-shift-blur", {"sigma_x": Uniform(0.1, 1.2), "shift_x": 0.5}),
    ("bsrgan-x4", "shrink2", {"scale": Reciprocal(Uniform(1.0, 8.0))}),
    ("bsrgan-x4", "downsample3", {"scale": 0.25, "base": "input"}),
    ("bsrgan-x4", "half-downsample3", {"scale": 0.25, "base": "input"}),
    ("bsrgan-x4", "noise-color", {"sigma": LEVELS, "gray": False}),
    ("bsrgan-x4", "noise-mixed", {"level": 25 / 255}),
    ("bsrgan-x4", "last-jpeg", {"quality": Integer(30, 95)}),
    ("bsrgan-plus-x4", "s1-resize", {"scale": Mixture((Uniform(0.125, 1.0), Uniform(1.0, 2.0), 1.0),
                                                      (0.7, 0.2, 0.1))}),
    ("bsrgan-plus-x4", "s1-poisson-it", {"peak": LogUniform(1e2, 1e4), "scale": 1.0}),
    # dataset_srmd.py, dataset_usrnet.py
    ("srmd", "blur", {"size": 15, "sigma_x": Root(Uniform(0.1, 10.1)),
                      "angle": Uniform(0.0, math.pi), "padding": "wrap"}),
    ("srmd", "noise", {"sigma": Mixture((0.0, Uniform(0.0, 50 / 255)), (0.1, 0.9))}),
    ("usrnet", "gauss", {"size": 25, "sigma_x": Root(Uniform(0.6, 12.0)), "padding": "wrap"}),
    ("usrnet", "noise", {"sigma": Product((Mixture((0, Integer(0, 24)), (1.0, 8.0)), 1 / 255))}),
    # Zhang et al., RDN, 5.1; DnCNN; the survey with KernelGAN's variances
    ("bd-x3", "blur", {"size": 7, "sigma_x": 1.6, "sigma_y": 1.6}),
    ("bd-x3", "pick", {"factor": 3, "phase": 1}),
    ("dn-x3", "noise", {"sigma": 30 / 255}),
    ("gaussian-25", "noise", {"sigma": 25 / 255, "gray": False}),
    ("gaussian-blind", "noise", {"sigma": Uniform(0.0, 55 / 255)}),
    ("gaussian-blind-50", "noise", {"sigma": Uniform(0.0, 50 / 255)}),
    ("classical-x3", "blur", {"sigma_x": Root(Uniform(0.525, 7.5)), "shift_x": 1.0}),
    # online_dataset_for_old_photos.py
    ("old-photo", "blur", {"size": Choice((3, 5, 7)), "sigma_x": Uniform(1.0, 5.0)}),
    ("old-photo", "impulse", {"amount": Uniform(0.0, 0.01), "salt": Uniform(0.3, 0.8)}),
    ("old-photo", "jpeg", {"quality": Integer(40, 100)}),
    # AGLLNet eq. 1; MBLLEN 4.1
    ("agllnet", "dark", {"alpha": Uniform(0.9, 1.0), "beta": Uniform(0.5, 1.0),
                         "gamma": Uniform(1.5, 5.0)}),
    ("mbllen", "dark", {"gamma": Uniform(2.0, 3.5)}),
    ("mbllen", "noise", {"peak": 200.0, "scale": 1.0}),
    ("defocus", "disk", {"radius": Uniform(1.0, 8.0), "light": "linear"}),
]  # fmt: skip

# Probability of a step within the one-of that chooses it, or of the step itself.
SHARES = [
    ("realesrgan-x4", "blur1-sinc", 0.1), ("realesrgan-x4", "blur1-iso", 0.9 * 0.45),
    ("realesrgan-x4", "blur1-aniso", 0.9 * 0.25), ("realesrgan-x4", "blur1-gen-iso", 0.9 * 0.12),
    ("realesrgan-x4", "blur1-gen-aniso", 0.9 * 0.03),
    ("realesrgan-x4", "blur1-plateau-iso", 0.9 * 0.12),
    ("realesrgan-x4", "blur1-plateau-aniso", 0.9 * 0.03),
    ("realesrgan-x4", "blur2-iso", 0.8 * 0.9 * 0.45), ("realesrgan-x4", "noise1-gauss", 0.5),
    ("realesrgan-x4", "sinc-first-sinc", 0.5 * 0.8), ("bsrgan-x4", "blur1-aniso", 0.5),
    ("bsrgan-x4", "shrink2", 0.75), ("bsrgan-x4", "shift-blur", 0.25),
    ("bsrgan-x4", "noise-color", 0.4), ("bsrgan-x4", "noise-gray", 0.4),
    ("bsrgan-x4", "noise-mixed", 0.2), ("bsrgan-x4", "jpeg", 0.9),
    ("bsrgan-x4", "half-matlab", 0.5),
    ("bsrgan-plus-x4", "s1-poisson-it", 0.1), ("usrnet", "motion", 0.5), ("old-photo", "blur", 0.7),
    ("old-photo", "white", 0.7 / 3), ("old-photo", "target-monochrome", 0.1),
]  # fmt: skip


def step_of(recipe: str, name: str) -> Step:
    nodes = walk((*RECIPES[recipe].target, *RECIPES[recipe].steps))
    return next(node for node in nodes if isinstance(node, Step) and node.id == name)


def near(one: Any, other: Any) -> bool:
    """Equal laws, their floats to the last place or so."""
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, Law) and type(one) is type(other):
        return all(near(getattr(one, f), getattr(other, f)) for f in one.__struct_fields__)
    return one == other


@pytest.mark.parametrize(
    ("recipe", "name", "laws"), LAWS, ids=lambda v: v if type(v) is str else ""
)
def test_laws(recipe: str, name: str, laws: dict[str, Any]) -> None:
    found = step_of(recipe, name).set
    for parameter, law in laws.items():
        assert near(found[parameter], law), (parameter, found[parameter])


@pytest.mark.parametrize(("recipe", "name", "share"), SHARES)
def test_shares(recipe: str, name: str, share: float) -> None:
    found = step_of(recipe, name).probability
    for node in walk((*RECIPES[recipe].target, *RECIPES[recipe].steps)):
        if isinstance(node, OneOf):
            total = sum(branch.weight for branch in node.branches)
            for branch in node.branches:
                if any(getattr(one, "id", "") == name for one in branch.steps):
                    found *= branch.weight / total
    assert found == pytest.approx(share)


def test_orders() -> None:
    shuffles = [n for n in walk(RECIPES["bsrgan-x4"].steps) if isinstance(n, Shuffle)]
    assert [len(shuffle.parts) for shuffle in shuffles] == [6, 6]
    for shuffle in shuffles:
        first, second = (shuffle.parts[index][0].id for index in shuffle.ordered)
        assert first.endswith("downsample2") and second.endswith("downsample3")
    whole, *within = (n for n in walk(RECIPES["bsrgan-plus-x4"].steps) if isinstance(n, Shuffle))
    assert [len(whole.parts), *(len(one.parts) for one in within)] == [11, 3, 3]
    assert within[0].ordered == ()
