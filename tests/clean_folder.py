"""Folders of small clean pictures, small recipes, and datasets built of them in this process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from built import run_here
from numpy.typing import NDArray

from builders.kinds.clean_plan import plan_degrade, plan_pyramid
from builders.plan import Plan
from builders.planning import Store
from builders.sources import Root
from builders.start import start_build
from degrade.images import Picture
from degrade.recipe_file import parse_recipe

HEIGHT, WIDTH = 38, 45  # no multiple of 2, 3 or 4 on both sides


def clean_picture(*, seed: int, height: int = HEIGHT, width: int = WIDTH, bits: int = 8) -> Picture:
    """Waves and a little noise [height,width,3]; every seed gives another picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (2 + c + seed % 4) + y / (5 - c)) for c in range(3)]
    top = 2**bits - 1
    picture = (0.5 + 0.4 * np.stack(waves, axis=2)) * top
    picture += rng.normal(0.0, 0.02 * top, picture.shape)
    return picture.clip(0, top).astype(np.uint8 if bits == 8 else np.uint16)


def save_picture(path: Path, picture: Picture) -> Path:
    """A lossless picture file, PNG by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    reversed_channels: NDArray = picture[..., ::-1]
    assert cv2.imwrite(str(path), reversed_channels)
    return path


def make_clean_folder(
    folder: Path, *, count: int, first: int = 0, bits: int = 8, side: int = 0, empty: bool = False
) -> Path:
    """`folder` with pictures view-<first>.png ..., and with `empty` a file without a byte."""
    for index in range(first, first + count):
        picture = clean_picture(seed=index, height=side or HEIGHT, width=side or WIDTH, bits=bits)
        save_picture(folder / f"view-{index:03d}.png", picture)
    if empty:
        (folder / "view-000-empty.png").touch()
    return folder


def step(name: str, operator: str, probability: float = 1.0, **laws: Any) -> dict[str, Any]:
    """A step of a recipe as JSON has it."""
    return {"node": "step", "id": name, "operator": operator, "probability": probability,
            "set": laws}  # fmt: skip


SHRINK = step("shrink", "resize", method="matlab-bicubic", scale=0.5, base="input")
NOISE = step("noise", "gaussian_noise", sigma={"law": "uniform", "low": 0.02, "high": 0.1})
JPEG = step("jpeg", "jpeg", quality={"law": "integer", "low": 30, "high": 90})
DARKEN = step("darken", "exposure", ev={"law": "uniform", "low": -1.0, "high": -0.2})


def write_recipe(path: Path, *, scale: int = 2, steps: Any = None, target: Any = ()) -> Path:
    """A recipe of x2, noise and JPEG unless other steps are given."""
    recipe = {"name": "mine", "about": "a test", "cite": "nobody", "scale": scale,
              "steps": steps or [SHRINK, NOISE, JPEG], "target": list(target)}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(recipe))
    return path


def pyramid_here(
    roots: Path | Sequence[Root],
    out: Path,
    *,
    scales: Sequence[int] = (2, 3, 4),
    kernel: str = "matlab-bicubic",
    bits: int | None = None,
    store: Store | None = None,
    append: bool = False,
) -> Path:
    """A finished pyramid in `out`; returns `out`."""
    store = store or Store()
    roots = [Root(roots)] if isinstance(roots, Path) else roots
    planned = plan_pyramid(roots, scales=scales, kernel=kernel, bits=bits, store=store)
    return _build(planned.plan, out, store, append=append)


def degrade_here(
    roots: Path | Sequence[Root],
    out: Path,
    *,
    recipe: Path,
    copies: int = 1,
    patch: int | None = None,
    bits: int | None = None,
    store: Store | None = None,
    append: bool = False,
) -> Path:
    """A finished degraded dataset in `out`; returns `out`."""

    store = store or Store()
    planned = plan_degrade(
        [Root(roots)] if isinstance(roots, Path) else roots,
        recipe=parse_recipe(recipe.read_bytes(), file=str(recipe)),
        file=recipe,
        copies=copies,
        patch=patch,
        bits=bits,
        store=store,
    )
    return _build(planned.plan, out, store, append=append)


def _build(plan: Plan, out: Path, store: Store, *, append: bool = False) -> Path:
    run_here(start_build(plan, out=out, store=store, append=append), out)
    return out
