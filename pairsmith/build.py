"""`build-dataset KIND`: the options of each kind of build, turned into a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pairsmith import options as o
from pairsmith.carry_out import carry_out
from pairsmith.console import err, user_errors
from pairsmith.options import RENDERED, STORED, Opt

if TYPE_CHECKING:
    from builders.sources import Root


def exposure(
    raw: Annotated[
        list[str],
        Opt("--raw", help="Folder of RAW files, or DIR:WEIGHT, or 'demo'. May be repeated."),
    ],
    out_folder: o.Out = None,
    target: Annotated[
        Path | None, Opt(help="Folder of retouched targets, matched by stem.")
    ] = None,
    ev: Annotated[
        list[float] | None,
        Opt(
            help="Stops; may be repeated.", show_default="-1.5 -1 0 1 1.5", rich_help_panel=RENDERED
        ),
    ] = None,
    gt_ev: Annotated[
        float | None,
        Opt("--gt-ev", help="EV of the target render.", show_default="0", rich_help_panel=RENDERED),
    ] = None,
    preset: Annotated[
        str, Opt(help="msec: what the MSEC release holds.", rich_help_panel=RENDERED)
    ] = "",
    size: Annotated[
        int | None,
        Opt(help="Long side, px; never enlarged.", show_default="512", rich_help_panel=RENDERED),
    ] = None,
    fraction: Annotated[
        float | None,
        Opt(help="Instead of --size: output side / full side; 1 = full.", rich_help_panel=RENDERED),
    ] = None,
    patch: Annotated[
        int | None, Opt(help="Store square patches of this side, px.", rich_help_panel=RENDERED)
    ] = None,
    demosaic: Annotated[
        str, Opt(help="ahd, linear, ppg, vng, dcb or half.", rich_help_panel=RENDERED)
    ] = "ahd",
    style: Annotated[
        str | None,
        Opt(help="srgb (pure gain) or acr-like.", show_default="srgb", rich_help_panel=RENDERED),
    ] = None,
    screens: Annotated[
        bool | None,
        Opt(
            "--screens/--no-screens",
            help="Drop targets too dark, bright or flat.",
            show_default="on with --patch",
            rich_help_panel=RENDERED,
        ),
    ] = None,
    encode: Annotated[
        str | None,
        Opt(help="png, jpeg75 or raw.", show_default="png", rich_help_panel=STORED),
    ] = None,
    bits: Annotated[int, Opt(help="8 or 16.", rich_help_panel=STORED)] = 8,
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
    """Exposure pairs from RAW files: each rendered at several EVs, with its target.

    Example: build-dataset exposure --raw photos/ --out datasets/mine --size 512
    """
    with user_errors():
        from builders.kinds.exposure_arguments import Wishes
        from builders.kinds.exposure_plan import plan_exposure
        from builders.planning import Store

        roots, folder = raw_roots(raw, out_folder, kind="exposure")
        wishes = Wishes(
            preset=preset, ev=tuple(ev or ()), size=size, fraction=fraction, patch=patch,
            gt_ev=gt_ev, demosaic=demosaic, style=style, encode=encode, bits=bits, screens=screens,
        )  # fmt: skip
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        how = o.How(folder, workers, timeout, shard, dask, append, overwrite, dry_run)
        planned = plan_exposure(roots, target=target, wishes=wishes, store=store)
        carry_out(planned, store=store, how=how)


def raw_roots(raw: list[str], out_folder: Path | None, *, kind: str) -> tuple[list[Root], Path]:
    """The source folders and the dataset's; 'demo' makes its RAW files beside the dataset."""
    from builders.sources import Root, parse_root

    first = "demo" if raw[0] == "demo" else parse_root(raw[0]).folder.resolve().name
    folder = out_folder or Path("datasets", f"{kind}-{first}")
    roots = []
    for text in raw:
        if text == "demo":
            from builders.demo import make_demo

            place = folder.parent / "demo-raw"
            made = make_demo(place)
            err.print(f"note: {len(made)} demo RAW files in {place}")
            roots.append(Root(place))
        else:
            roots.append(parse_root(text))
    return roots, folder
