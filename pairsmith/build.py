"""`build-dataset KIND`: the options of each kind of build, turned into a plan and run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import Meter, err, out, user_errors

if TYPE_CHECKING:
    from builders.plan import Plan
    from builders.sources import Root

Opt = typer.Option
_RAW, _STORE, _RUN = "What is rendered", "What is stored", "How it is run"


def exposure(
    raw: Annotated[
        list[str],
        Opt("--raw", help="Folder of RAW files, or DIR:WEIGHT, or 'demo'. May be repeated."),
    ],
    out_folder: Annotated[
        Path | None, Opt("--out", help="Dataset folder [default: datasets/exposure-<folder>].")
    ] = None,
    target: Annotated[
        Path | None, Opt(help="Folder of retouched targets, matched by stem.")
    ] = None,
    ev: Annotated[
        list[float] | None,
        Opt(help="Stops; may be repeated.", show_default="-1.5 -1 0 1 1.5", rich_help_panel=_RAW),
    ] = None,
    gt_ev: Annotated[
        float | None,
        Opt("--gt-ev", help="EV of the target render.", show_default="0", rich_help_panel=_RAW),
    ] = None,
    preset: Annotated[
        str, Opt(help="msec: what the MSEC release holds.", rich_help_panel=_RAW)
    ] = "",
    size: Annotated[
        int | None,
        Opt(help="Long side, px; never enlarged.", show_default="512", rich_help_panel=_RAW),
    ] = None,
    scale: Annotated[
        float | None,
        Opt(help="Instead of --size: output side / full side; 1 = full.", rich_help_panel=_RAW),
    ] = None,
    patch: Annotated[
        int | None, Opt(help="Store square patches of this side, px.", rich_help_panel=_RAW)
    ] = None,
    demosaic: Annotated[
        str,
        Opt(help="ahd, linear, ppg, vng, dcb or half.", rich_help_panel=_RAW),
    ] = "ahd",
    style: Annotated[
        str | None,
        Opt(help="srgb (pure gain) or acr-like.", show_default="srgb", rich_help_panel=_RAW),
    ] = None,
    screens: Annotated[
        bool | None,
        Opt(
            "--screens/--no-screens",
            help="Drop targets too dark, bright or flat.",
            show_default="on with --patch",
            rich_help_panel=_RAW,
        ),
    ] = None,
    encode: Annotated[
        str | None, Opt(help="png, jpeg75 or raw.", show_default="png", rich_help_panel=_STORE)
    ] = None,
    bits: Annotated[int, Opt(help="8 or 16.", rich_help_panel=_STORE)] = 8,
    format_: Annotated[
        str, Opt("--format", help="hdf5, hf or folder.", rich_help_panel=_STORE)
    ] = "hdf5",
    split: Annotated[
        str, Opt(help="Fractions of scenes.", rich_help_panel=_STORE)
    ] = "train=0.9,val=0.05,test=0.05",
    split_file: Annotated[
        Path | None,
        Opt(help="Instead: JSON, split to list of scenes.", rich_help_panel=_STORE),
    ] = None,
    seed: Annotated[int, Opt(help="Of split and patches.", rich_help_panel=_STORE)] = 0,
    limit: Annotated[
        int | None, Opt(help="Use the first N sources only.", rich_help_panel=_STORE)
    ] = None,
    licence: Annotated[str, Opt(help="Of all sources, for the card.", rich_help_panel=_STORE)] = "",
    attribution: Annotated[
        str, Opt(help="Of all sources, for the card.", rich_help_panel=_STORE)
    ] = "",
    scenes_per_shard: Annotated[
        int, Opt(help="At most so many scenes in a file.", rich_help_panel=_STORE)
    ] = 32,
    workers: Annotated[
        int, Opt(help="Processes; 0 = one per core.", min=0, rich_help_panel=_RUN)
    ] = 0,
    timeout: Annotated[
        float, Opt(help="Seconds for one file.", min=1.0, rich_help_panel=_RUN)
    ] = 300.0,
    shard: Annotated[
        str, Opt(help="i/n: build every n-th shard, from i = 0.", rich_help_panel=_RUN)
    ] = "0/1",
    dask: Annotated[
        str, Opt(help="Address of a Dask scheduler to run on.", rich_help_panel=_RUN)
    ] = "",
    append: Annotated[
        bool, Opt("--append", help="Add files that are new since the build.", rich_help_panel=_RUN)
    ] = False,
    overwrite: Annotated[
        bool, Opt("--overwrite", help="Delete the dataset in --out first.", rich_help_panel=_RUN)
    ] = False,
    dry_run: Annotated[
        bool, Opt("--dry-run", help="Say what would be built; build nothing.", rich_help_panel=_RUN)
    ] = False,
) -> None:
    """Exposure pairs from RAW files: each rendered at several EVs, with its target.

    Example: build-dataset exposure --raw photos/ --out datasets/mine --size 512
    """
    with user_errors():
        from builders.kinds.exposure_arguments import Wishes
        from builders.planning import Store, plan_exposure

        roots, folder = _roots(raw, out_folder, kind="exposure")
        wishes = Wishes(
            preset=preset, ev=tuple(ev or ()), size=size, scale=scale, patch=patch, gt_ev=gt_ev,
            demosaic=demosaic, style=style, encode=encode, bits=bits, screens=screens,
        )  # fmt: skip
        store = Store(
            format=format_, split=split, split_file=split_file, seed=seed, limit=limit,
            licence=licence, attribution=attribution, scenes_per_shard=scenes_per_shard,
        )  # fmt: skip
        planned = plan_exposure(roots, target=target, wishes=wishes, store=store)
        for note in planned.notes:
            err.print(f"note: {note}")
        if dry_run:
            _dry_run(planned.plan, folder, workers=workers, timeout=timeout)
            return
        from builders.start import start_build

        plan = start_build(planned.plan, out=folder, store=store, append=append, fresh=overwrite)
        _run(plan, folder, workers=workers, timeout=timeout, shard=shard, dask=dask)


def _roots(raw: list[str], out_folder: Path | None, *, kind: str) -> tuple[list[Root], Path]:
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


def _run(plan: Plan, folder: Path, *, workers: int, timeout: float, shard: str, dask: str) -> None:
    """Builds, showing progress, and says what came of it."""
    from builders.run import RunOptions, build, parse_slice

    part = parse_slice(shard)
    with Meter("build", "sources") as meter:
        if dask:
            if part != (0, 1):
                raise ValueError("--dask and --shard: the cluster takes all shards; give one")
            from builders.cluster import build_on_cluster

            build_on_cluster(
                plan,
                out=folder,
                address=dask,
                timeout=timeout,
                report=lambda p: meter.show(p.done, p.total),
            )
        else:
            options = RunOptions(workers or _cores(), timeout, part)
            build(plan, out=folder, options=options, report=lambda p: meter.show(p.done, p.total))
    _summary(plan, folder)


def _summary(plan: Plan, folder: Path) -> None:
    from builders.manifest import MANIFEST, load_manifest
    from builders.shards import load_state

    left = sum(load_state(folder, shard=shard) is None for shard in plan.shards)
    if left:
        out.print(f"{folder}: this slice is done; {left} of {len(plan.shards)} shards are missing")
        return
    manifest = load_manifest(folder)
    pairs = sum(manifest.splits.values())
    splits = ", ".join(f"{name} {rows}" for name, rows in manifest.splits.items())
    out.print(f"{folder}: {pairs} pairs of {manifest.scenes} scenes ({splits or 'none'})")
    if manifest.drops:
        reasons = ", ".join(f"{n} {reason}" for reason, n in manifest.drops.items())
        out.print(
            f"{sum(manifest.drops.values())} dropped ({reasons}): see {folder / 'drops.jsonl'}"
        )
    if not pairs:
        raise RuntimeError(f"{folder / MANIFEST}: no source gave a pair; drops.jsonl says why")
    out.print(f"look at it: {folder / 'preview.png'}")


def _dry_run(plan: Plan, folder: Path, *, workers: int, timeout: float) -> None:
    from builders.estimate import estimate
    from builders.planning import planned_counts

    counts = planned_counts(plan)
    splits = ", ".join(f"{name} {rows}" for name, rows in counts.items())
    out.print(f"would build {sum(counts.values())} pairs ({splits})")
    out.print(
        f"from {len(plan.scenes)} sources in {len(plan.shards)} shards, {plan.format}, in {folder}"
    )
    number = workers or _cores()
    guess = estimate(plan, workers=number, timeout=timeout)
    if guess is None:
        out.print("disk, time, memory: not known, none of the first sources could be used")
        return
    out.print(f"disk:   about {guess.bytes / 2**20:,.0f} MiB, {_free(folder)} MiB free")
    out.print(f"time:   about {guess.seconds / 60:,.1f} min with {number} workers")
    out.print(f"memory: about {guess.memory / 2**20:,.0f} MiB a worker")
    out.print(f"(measured on {guess.source})")


def _cores() -> int:
    """Cores this process may use: fewer than the machine has, in a container or a batch job."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free(folder: Path) -> str:
    import shutil

    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return f"{shutil.disk_usage(there).free / 2**20:,.0f}"
