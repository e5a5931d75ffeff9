"""`build-dataset import`: other people's pairs, in the layouts they were published in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pairsmith import options as o
from pairsmith.carry_out import carry_out
from pairsmith.console import user_errors
from pairsmith.options import RENDERED, STORED, Opt


def import_pairs(
    layout: Annotated[
        str,
        Opt(
            help="sidd, gopro, hide, realblur-j, realblur-r, dpdd, dpdd-dual, rain13k, lol-v1, "
            "lol-v2-real, lol-v2-syn, lsrw, msec, div2k; folders (partners of one name in two "
            "folders) or unpaired (two folders without partners)."
        ),
    ],
    source: Annotated[Path, Opt("--from", help="Folder of the set as it was unpacked.")],
    out_folder: o.Out = None,
    inputs: Annotated[
        list[str] | None,
        Opt(
            "--input",
            help="Which inputs, where a target has several (x4, blur_gamma, ev-1.5), or the "
            "inputs' folder. May be repeated.",
            rich_help_panel=RENDERED,
        ),
    ] = None,
    target: Annotated[
        str,
        Opt(
            "--target",
            help="Which targets, where there are several (expert_a), or the targets' folder.",
            rich_help_panel=RENDERED,
        ),
    ] = "",
    patch: Annotated[
        str,
        Opt(
            help="Cut training pictures into squares of this side, px; 'authors': as they did.",
            rich_help_panel=RENDERED,
        ),
    ] = "",
    stride: Annotated[
        int | None,
        Opt(help="Pixels from patch to patch.", show_default="the side", rich_help_panel=RENDERED),
    ] = None,
    format_: o.Format = "",
    split: Annotated[
        str,
        Opt(help="official, or fractions that divide the set's train.", rich_help_panel=STORED),
    ] = "official",
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
    """Published pairs in their own folders: paired by name, their splits kept.

    --split official keeps the set's own train, val and test; fractions divide its train.

    Example: build-dataset import --layout gopro --from GOPRO_Large --out datasets/gopro
    """
    with user_errors():
        from builders.kinds.imported_plan import append_store, plan_import
        from builders.kinds.imported_wishes import ImportWishes
        from builders.planning import Store
        from degrade.option_error import OptionError

        folder = out_folder or Path("datasets", f"import-{source.resolve().name}")
        inside = folder.resolve()
        if source.resolve() in (inside, *inside.parents):
            raise OptionError(f"--out {folder}: inside --from {source}; name a folder outside")
        wishes = ImportWishes(layout, tuple(inputs or ()), target, patch, stride)
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        planned = plan_import(source, wishes=wishes, store=store)
        if append:
            store = append_store(planned.plan, store=store)
        carry_out(planned, store=store, how=how)
