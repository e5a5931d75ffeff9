"""The verbs for single pictures and recipes: degrade, recipes, gallery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import err, out, user_errors

if TYPE_CHECKING:
    from degrade.images import Picture
    from degrade.recipe import Recipe
    from degrade.record import Record

Opt = typer.Option


def degrade(
    recipe: Annotated[str, typer.Argument(help="Name or .json file.", show_default=False)],
    image: Annotated[Path, typer.Argument(help="Picture or camera RAW.", show_default=False)],
    out_file: Annotated[
        Path | None, Opt("--out", help="PNG to write.", show_default="<image>-<recipe>.png")
    ] = None,
    target: Annotated[
        Path | None, Opt(help="PNG: also write the target that belongs to it.")
    ] = None,
    seed: Annotated[int | None, Opt(help="Of every draw.", show_default="0")] = None,
    key: Annotated[
        str, Opt(help="Of every draw, with the seed.", show_default="the picture's name")
    ] = "",
    record: Annotated[Path | None, Opt(help="JSON: write every parameter that was used.")] = None,
    replay: Annotated[
        Path | None, Opt(help="JSON of --record, or a pair's record: draw nothing.")
    ] = None,
) -> None:
    """Degrade one picture by a published recipe or one of your own.

    Example: pairsmith degrade realesrgan-x4 photo.png --out small.png --record small.json
    """
    with user_errors():
        from degrade.apply import degrade_picture
        from degrade.images import encode_picture
        from degrade.option_error import OptionError
        from degrade.recipe_file import find_recipe, recipe_folder
        from degrade.record import draw_record, record_json

        chosen = find_recipe(recipe)
        made = out_file or Path(f"{image.stem}-{chosen.name}.png")
        for option, path in (("--out", made), ("--target", target)):
            if path is not None and path.suffix.lower() != ".png":
                raise OptionError(f"{option} {path}: must end in .png, which keeps every value")
        written = {"--out": made, "--target": target, "--record": record}
        taken = {image.resolve(): "the picture itself"}
        for option, path in written.items():
            if path is not None and path.resolve() in taken:
                raise OptionError(f"{option} {path}: it is {taken[path.resolve()]}")
            if path is not None:
                taken[path.resolve()] = option
        if replay is None:
            folder = recipe_folder(recipe)
            used = draw_record(chosen, seed=seed or 0, key=key or image.stem, folder=folder)
        elif seed is not None or key:
            raise OptionError(f"--replay {replay}: nothing is drawn; leave out --seed and --key")
        else:
            used = _replayed(replay, recipe=chosen)
        picture = _read(image)
        planned = used.geometry.get("input", picture.shape[:2])
        if tuple(planned) != picture.shape[:2]:
            raise OptionError(
                f"--replay {replay}: made of {planned[1]}x{planned[0]} pixels, {image} has "
                f"{picture.shape[1]}x{picture.shape[0]}"
            )
        try:
            gt, lq, used = degrade_picture(picture, used)
        except ValueError as error:
            raise ValueError(f"{image}: {error}") from error
        for path, side in ((made, lq), (target, gt)):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(encode_picture(side, codec="png"))
        if record is not None:
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_bytes(record_json(used) + b"\n")
        out.print(f"{made}: {lq.shape[1]}x{lq.shape[0]} by {chosen.name}")


def _replayed(path: Path, *, recipe: Recipe) -> Record:
    from degrade.option_error import OptionError
    from degrade.record import parse_record

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file (--replay)")
    record = parse_record(path.read_bytes(), file=str(path))
    if record.recipe != recipe.name:
        raise OptionError(f"--replay {path}: its recipe is {record.recipe}, not {recipe.name}")
    if record.digest != recipe.digest:
        err.print(f"note: {recipe.name} has changed since {path} was written; the record counts")
    return record


def recipes(
    name: Annotated[str, typer.Argument(help="Name or .json file.", show_default=False)] = "",
    show: Annotated[str, Opt("--show", help="The same as NAME.", metavar="NAME")] = "",
    json: Annotated[bool, Opt("--json", help="Print it as JSON, to be edited.")] = False,
) -> None:
    """List the published recipes, or print one: its source, its steps, its laws.

    Example: pairsmith recipes realesrgan-x4
    """
    with user_errors():
        from degrade.describe import recipe_lines
        from degrade.option_error import OptionError
        from degrade.recipe_file import find_recipe, recipe_json
        from degrade.recipes import RECIPES

        if name and show and name != show:
            raise OptionError(f"--show {show}: and {name} was given too; one of them")
        if not (name or show):
            if json:
                raise OptionError("--json: name the recipe to print")
            width = max(map(len, RECIPES))
            for known in RECIPES.values():
                out.print(f"{known.name:<{width}}  {known.about}")
            return
        chosen = find_recipe(name or show)
        out.print(recipe_json(chosen).decode() if json else "\n".join(recipe_lines(chosen)))


def gallery(
    image: Annotated[
        Path | None, typer.Argument(help="Picture or camera RAW.", show_default="a photograph")
    ] = None,
    out_path: Annotated[
        Path, Opt("--out", help="A .png: one sheet. A folder: a page with everything.")
    ] = Path("gallery.png"),
    recipe: Annotated[
        list[str] | None, Opt(help="Of the sheet; may be repeated.", show_default="twelve")
    ] = None,
    seed: Annotated[int, Opt(help="Of every draw.")] = 0,
) -> None:
    """Show the middle of a picture degraded by twelve recipes, their parameters under them.

    Example: pairsmith gallery photo.png --out sheet.png --recipe rain --recipe old-photo
    """
    with user_errors():
        from degrade.gallery import TWELVE, middle, recipe_sheet, write_gallery
        from degrade.images import encode_picture
        from degrade.option_error import OptionError
        from degrade.recipe_file import find_recipe

        picture = middle(_photograph() if image is None else _read(image))
        if out_path.suffix.lower() not in ("", ".png") and not out_path.is_dir():
            raise OptionError(f"--out {out_path}: a .png for one sheet, or a folder for the page")
        if out_path.suffix.lower() == ".png":
            recipes = [find_recipe(name) for name in recipe or TWELVE]
            out_path.parent.mkdir(parents=True, exist_ok=True)
            sheet = recipe_sheet(picture, recipes, seed=seed)
            out_path.write_bytes(encode_picture(sheet, codec="png"))
            out.print(f"{out_path}: {len(recipes)} recipes")
            return
        if recipe:
            raise OptionError(f"--recipe: the page {out_path} has them all; name a .png to choose")
        out.print(f"{write_gallery(picture, out_path, seed=seed)}: every operator and recipe")


def _photograph() -> Picture:
    """NASA's portrait of Eileen Collins (public domain), which scikit-image carries: the face."""
    from builders.demo import PHOTOGRAPHS, photograph_path
    from degrade.images import read_picture

    return read_picture(photograph_path(PHOTOGRAPHS["astronaut"].file))[20:276, 110:366]


def _read(image: Path) -> Picture:
    """A picture, or a RAW rendered at EV 0: sRGB, upright."""
    from builders.sources import RAW_SUFFIXES

    if image.is_dir():
        raise IsADirectoryError(f"{image}: a folder; build-dataset degrade --gt takes folders")
    if not image.is_file():
        raise FileNotFoundError(f"{image}: no such file")
    if image.suffix.lower() not in RAW_SUFFIXES:
        from degrade.reading.clean import read_clean

        return read_clean(image)
    from builders.demosaic import demosaic
    from builders.raw import read_raw
    from builders.render import develop, render

    return render(develop(demosaic(read_raw(image))), ev=0.0)
