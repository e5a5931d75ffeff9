"""`build-dataset pyramid` and `build-dataset degrade`: pairs made from clean pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pairsmith import options as o
from pairsmith.carry_out import carry_out
from pairsmith.console import err, user_errors
from pairsmith.options import RENDERED, STORED, Opt

if TYPE_CHECKING:
    from builders.sources import Root

Gt = Annotated[
    list[str],
    Opt("--gt", help="Folder of clean pictures, or DIR:WEIGHT, or 'demo'. May be repeated."),
]
Bits = Annotated[
    int | None,
    Opt(
        help="8: round deeper pictures to 8 bits.",
        show_default="each picture's own",
        rich_help_panel=STORED,
    ),
]


def pyramid(
    gt: Gt,
    out_folder: o.Out = None,
    scale: Annotated[
        list[int] | None,
        Opt(
            help="Factor, a whole number; may be repeated. gt is cut to a multiple of its own.",
            show_default="2 3 4",
            rich_help_panel=RENDERED,
        ),
    ] = None,
    kernel: Annotated[
        str,
        Opt(
            help="matlab-bicubic (8 bits between the passes, as benchmarks are), "
            "matlab-bicubic-double (im2double first) or matlab-bicubic-replicate (clamped edges).",
            rich_help_panel=RENDERED,
        ),
    ] = "matlab-bicubic",
    bits: Bits = None,
    format_: o.Format = "",
    split: o.Split = o.SPLIT,
    split_file: o.SplitFile = None,
    seed: o.Seed = 0,
    limit: o.Limit = None,
    licence: o.Licence = "",
    attribution: o.Attribution = "",
    scenes_per_shard: o.ScenesPerShard = o.SCENES_PER_SHARD,
    workers: o.Workers = 0,
    timeout: o.Timeout = o.TIMEOUT,
    shard: o.Slice = "0/1",
    dask: o.Dask = "",
    append: o.Append = False,
    overwrite: o.Overwrite = False,
    dry_run: o.DryRun = False,
) -> None:
    """Bicubic pyramids: clean pictures beside what MATLAB's imresize makes of them.

    Example: build-dataset pyramid --gt DIV2K_train_HR/ --out datasets/div2k --scale 2 --scale 4
    """
    with user_errors():
        from builders.kinds.clean_plan import plan_pyramid
        from builders.planning import Store

        roots, folder = clean_roots(gt, out_folder, kind="pyramid")
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        planned = plan_pyramid(
            roots, scales=scale or (2, 3, 4), kernel=kernel, bits=bits, store=store
        )
        carry_out(planned, store=store, how=how)


def degrade(
    gt: Gt,
    recipe: Annotated[
        str,
        Opt(help="Published recipe (pairsmith recipes), or a .json.", rich_help_panel=RENDERED),
    ],
    out_folder: o.Out = None,
    copies: Annotated[
        int, Opt(help="Inputs a picture, each drawn anew.", rich_help_panel=RENDERED)
    ] = 1,
    patch: Annotated[
        int | None,
        Opt(help="Make each copy of a random square of this side, px.", rich_help_panel=RENDERED),
    ] = None,
    bits: Bits = None,
    format_: o.Format = "",
    split: o.Split = o.SPLIT,
    split_file: o.SplitFile = None,
    seed: o.Seed = 0,
    limit: o.Limit = None,
    licence: o.Licence = "",
    attribution: o.Attribution = "",
    scenes_per_shard: o.ScenesPerShard = o.SCENES_PER_SHARD,
    workers: o.Workers = 0,
    timeout: o.Timeout = o.TIMEOUT,
    shard: o.Slice = "0/1",
    dask: o.Dask = "",
    append: o.Append = False,
    overwrite: o.Overwrite = False,
    dry_run: o.DryRun = False,
) -> None:
    """Degraded pairs: clean pictures through a published recipe, or one of your own.

    Example: build-dataset degrade --gt DIV2K_train_HR/ --recipe realesrgan-x4 --copies 3
    """
    with user_errors():
        from builders.kinds.clean_plan import plan_degrade
        from builders.planning import Store
        from degrade.recipe_file import find_recipe

        roots, folder = clean_roots(gt, out_folder, kind="degrade")
        chosen = find_recipe(recipe)
        file = Path(recipe) if Path(recipe).is_file() else None
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        planned = plan_degrade(
            roots, recipe=chosen, file=file, copies=copies, patch=patch, bits=bits, store=store
        )
        carry_out(planned, store=store, how=how)


def clean_roots(gt: list[str], out_folder: Path | None, *, kind: str) -> tuple[list[Root], Path]:
    """The folders of clean pictures and the dataset's; 'demo' copies scikit-image's photographs
    beside the dataset."""
    from builders.sources import Root, parse_root
    from degrade.option_error import OptionError

    first = "demo" if gt[0] == "demo" else parse_root(gt[0], option="--gt").folder.resolve().name
    folder = out_folder or Path("datasets", f"{kind}-{first}")
    roots = []
    for text in gt:
        if text == "demo":
            from builders.demo_pictures import make_demo_pictures

            place = folder.parent / "demo-gt"
            made = make_demo_pictures(place)
            err.print(f"note: {len(made)} demo pictures in {place}")
            roots.append(Root(place))
            continue
        root = parse_root(text, option="--gt")
        inside = folder.resolve()
        if root.folder.resolve() in (inside, *inside.parents):
            raise OptionError(
                f"--out {folder}: inside --gt {root.folder}, whose pictures are the sources; name "
                "a folder outside of it"
            )
        roots.append(root)
    return roots, folder
