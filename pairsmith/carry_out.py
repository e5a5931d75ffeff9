"""What every `build` verb does once its plan is made: dry run, or begin, run and report."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pairsmith.console import Meter, err, out
from pairsmith.options import How

if TYPE_CHECKING:
    from builders.plan import Plan
    from builders.planning import Planned, Store
    from builders.run import RunOptions


def carry_out(planned: Planned, *, store: Store, how: How) -> None:
    """Says the plan's notes, then builds it, or with --dry-run says what would be built."""
    options = _checked(how)
    for note in planned.notes:
        err.print(f"note: {note}")
    if how.dry_run:
        _dry_run(planned.plan, how.folder, options=options)
        return
    from builders.start import start_build

    plan = start_build(
        planned.plan, out=how.folder, store=store, append=how.append, fresh=how.overwrite
    )
    with Meter("build", "sources") as meter:
        if how.dask:
            from builders.cluster import build_on_cluster

            build_on_cluster(
                plan,
                out=how.folder,
                address=how.dask,
                timeout=how.timeout,
                report=lambda p: meter.show(p.done, p.total),
            )
        else:
            from builders.run import build

            build(
                plan,
                out=how.folder,
                options=options,
                report=lambda p: meter.show(p.done, p.total),
            )
    _summary(plan, how.folder)


def _checked(how: How) -> RunOptions:
    """The run's options; wrong ones and wrong pairs of them are refused before anything is done."""
    from builders.run import RunOptions
    from degrade.option_error import OptionError

    first, slash, second = how.shard.partition("/")
    if not (slash and first.isdecimal() and second.isdecimal() and int(first) < int(second)):
        raise OptionError(f"--shard {how.shard}: write i/n with i from 0 to n - 1, as 0/4 ... 3/4")
    if how.dask and int(second) > 1:
        raise OptionError("--dask with --shard: the cluster takes all shards; give one of them")
    if how.overwrite and (int(second) > 1 or how.append):
        other = "--append" if how.append else "--shard"
        raise OptionError(f"--overwrite with {other}: it would delete what that builds on")
    return RunOptions(how.workers or _cores(), how.timeout, (int(first), int(second)))


def _summary(plan: Plan, folder: Path) -> None:
    from builders.manifest import load_manifest
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
    planned = dict.fromkeys(scene.split for scene in plan.scenes)
    if pairs and (empty := [split for split in planned if split not in manifest.splits]):
        err.print(
            f"note: no pairs in {', '.join(empty)}: every source of it was dropped. Scenes are "
            "split before any is read; --split or --seed divides them otherwise"
        )
    if not pairs:
        raise RuntimeError(f"{folder}: no source gave a pair; drops.jsonl says why")
    out.print(f"look at it: {folder / 'preview.png'}")


def _dry_run(plan: Plan, folder: Path, *, options: RunOptions) -> None:
    from builders.estimate import estimate
    from builders.planning import planned_counts

    counts = planned_counts(plan)
    splits = ", ".join(f"{name} {rows}" for name, rows in counts.items())
    out.print(f"would build {sum(counts.values())} pairs ({splits})")
    out.print(
        f"from {len(plan.scenes)} sources in {len(plan.shards)} shards, {plan.format}, in {folder}"
    )
    guess = estimate(plan, workers=options.workers, timeout=options.timeout)
    if guess is None:
        out.print("disk, time, memory: not known, none of the first sources could be used")
        return
    out.print(f"disk:   about {guess.bytes / 2**20:,.0f} MiB, {_free(folder)} GiB free")
    amount = f"{guess.seconds / 60:,.1f} min" if guess.seconds > 90 else f"{guess.seconds:.0f} s"
    out.print(f"time:   about {amount} with {options.workers} workers")
    out.print(f"memory: about {guess.memory / 2**20:,.0f} MiB a worker")
    out.print(f"(measured on {guess.source})")


def _cores() -> int:
    """Cores this process may use: fewer than the machine has, in a container or a batch job."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free(folder: Path) -> str:
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return f"{shutil.disk_usage(there).free / 2**30:,.1f}"
