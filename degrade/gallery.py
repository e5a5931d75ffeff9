"""The gallery: every operator and every recipe on one picture, with their laws and sources."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from degrade.apply import degrade, degrade_picture, to_image, to_picture
from degrade.describe import law_words, step_words
from degrade.images import Picture
from degrade.laws import Of
from degrade.operator import RUNNER_NAMES, Array, NoiseSeed, Number, Operator, Whole
from degrade.operators import FAMILIES, OPERATORS
from degrade.recipe import Recipe, Step
from degrade.recipes import RECIPES
from degrade.record import Record, draw_record
from degrade.sheet import Cell, labelled_grid

# The twelve that a newcomer sees first: one of each kind.
TWELVE = (
    "bicubic-x4", "classical-x4", "bsrgan-x4", "realesrgan-x4", "gaussian-50", "sidd-like",
    "usrnet", "old-photo", "agllnet", "rain", "defocus", "dual-pixel",
)  # fmt: skip
_COLUMNS, _WIDTH = 5, 256
# What has to come first for a picture to be what the operator takes.
_BEFORE = {"process": ("unprocess",)}
SHOWN = 384  # px of a user's picture on a sheet
_PAGE = 192  # px on the page, which has ninety pictures


def middle(picture: Picture, *, side: int = SHOWN) -> Picture:
    """At most side x side pixels of the picture's middle: a whole photograph would take minutes
    and show no noise once it is shrunk to a cell."""
    top, left = (max(0, length - side) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def recipe_sheet(
    picture: Picture, recipes: Sequence[Recipe], *, seed: int = 0
) -> NDArray[np.uint8]:
    """One picture by each of these recipes, every parameter under it: a sheet [H,W,3] uint8."""
    cells = [Cell(picture, ("the clean picture",))]
    for recipe in recipes:
        record = draw_record(recipe, seed=seed, key="gallery")
        cells.append(_recipe_cell(picture, record, name=recipe.name))
    return _grid(cells)


def write_gallery(picture: Picture, folder: Path, *, seed: int = 0) -> Path:
    """Writes gallery.md and its sheets (JPEG) into `folder`; returns the page.

    Operators that need a depth map get that of a plane which recedes from 1 m at the bottom of
    the picture to 20 m at its top; the page says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    picture = middle(picture, side=_PAGE)
    lines = _head()
    with tempfile.TemporaryDirectory() as place:
        files = _arrays(picture, Path(place))
        for family in FAMILIES:
            name = family.__name__.rpartition(".")[2]
            members = [op for op in OPERATORS.values() if op.apply.__module__ == family.__name__]
            cells = [_operator_cell(picture, op, files=files, seed=seed) for op in members]
            _save(folder / f"operators-{name}.jpg", _grid(cells))
            lines += ["", f"## {name.replace('_', ' ').capitalize()}", ""]
            lines += [(family.__doc__ or "").strip().splitlines()[0], ""]
            lines += [f"![{name}](operators-{name}.jpg)", ""]
            lines += [line for op in members for line in _operator_lines(op)]
    lines += ["", "## Recipes", ""]
    recipes = list(RECIPES.values())
    for at in range(0, len(recipes), 14):
        file = f"recipes-{at // 14 + 1}.jpg"
        _save(folder / file, recipe_sheet(picture, recipes[at : at + 14], seed=seed))
        lines += [f"![recipes]({file})", ""]
    lines += [line for recipe in recipes for line in _recipe_lines(recipe)]
    page = folder / "gallery.md"
    page.write_text("\n".join(lines) + "\n")
    return page


def _arrays(picture: Picture, folder: Path) -> dict[str, dict[str, str]]:
    """Files for the operators that take arrays, by the parameter's name."""
    depth = np.geomspace(20.0, 1.0, picture.shape[0], dtype=np.float32)
    np.save(folder / "depth.npy", np.repeat(depth[:, None], picture.shape[1], axis=1))
    np.save(folder / "kernel.npy", np.eye(15, dtype=np.float32))
    return {name: {"file": str(folder / f"{name}.npy")} for name in ("depth", "kernel")}


def _head() -> list[str]:
    return [
        "# Gallery: every operator and every recipe",
        "",
        "Made by `pairsmith gallery --out docs/gallery`. Each picture is one draw of the laws",
        "under it. Operators that need a depth map were given a plane that recedes from 1 m at",
        "the bottom to 20 m at the top; kernel_blur was given a diagonal line. Sensor operators",
        "show a sensor's colours: green before white balance, magenta after gains that a picture",
        "did not need.",
        "",
        "Laws: U is uniform, log-U uniform in the logarithm, N normal (mean, standard deviation),",
        "7..21 step 2 an integer of that row, a | b one of them (with their probabilities), = p",
        "the value of another parameter.",
    ]


def _recipe_cell(picture: Picture, record: Record, *, name: str) -> Cell:
    lq = degrade_picture(picture, record)[1]
    steps = [record.steps[step] for step in (*record.target, *record.order)]
    return Cell(lq, (name, *(step_words(values) for values in steps)))


def _operator_cell(picture: Picture, op: Operator, *, files: dict[str, Any], seed: int) -> Cell:
    laws = {name: files[name] for name, p in op.parameters.items() if isinstance(p, Array)}
    if op.name == "crop":  # its own law would be too large for a small picture
        laws |= {"height": picture.shape[0] // 2, "width": 2 * picture.shape[1] // 3}
    before = tuple(Step(name, name) for name in _BEFORE.get(op.name, ()))
    for step in before:
        laws |= {name: Of(f"{step.id}.{name}") for name in OPERATORS[step.operator].parameters}
    recipe = Recipe(op.name, "", "", (*before, Step("it", op.name, laws)))
    try:
        record = draw_record(recipe, seed=seed, key="gallery")
        made = degrade([to_image(picture)], [record])[1][0]
    except ImportError as error:
        return Cell(np.full_like(picture, 230), (op.name, str(error)))
    return Cell(to_picture(made, dtype=picture.dtype), (step_words(record.steps["it"]),))


def _operator_lines(op: Operator) -> Iterable[str]:
    yield f"- **{op.name}**: {op.about} *{op.source}.* {op.kind}, " + (
        "differentiable." if op.differentiable else "not differentiable."
    )
    for name, parameter in op.parameters.items():
        if isinstance(parameter, NoiseSeed) or name in RUNNER_NAMES:
            continue
        said = parameter.axes if isinstance(parameter, Array) else law_words(parameter.law)
        bounds = ""
        if (
            isinstance(parameter, Number | Whole)
            and np.isfinite([parameter.low, parameter.high]).any()
        ):
            bounds = f", {parameter.low:g} to {parameter.high:g}"
        unit = f" ({parameter.unit}{bounds})" if parameter.unit or bounds else ""
        yield f"  - `{name}`{unit}: {said}" + (f"; {parameter.source}" if parameter.source else "")


def _recipe_lines(recipe: Recipe) -> Iterable[str]:
    yield f"- **{recipe.name}**: {recipe.about}. *{recipe.cite}.*"
    for line in recipe.differs:
        yield f"  - unlike it: {line}"


def _grid(cells: Sequence[Cell]) -> NDArray[np.uint8]:
    """Five to a row, each as wide as the clean picture, so that its pixels are seen as they are."""
    width = min(_WIDTH, max(cell.picture.shape[1] for cell in cells))
    return labelled_grid(cells, columns=min(_COLUMNS, len(cells)), width=width)


def _save(path: Path, sheet: NDArray[np.uint8]) -> None:
    Image.fromarray(sheet).save(path, quality=85, subsampling=0)
