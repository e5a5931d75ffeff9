"""The verb that restores pictures, folders and videos."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import PLAIN_SECONDS, Meter, err, out, user_errors
from pairsmith.model_options import (
    BatchOption,
    Bf16Option,
    CompileOption,
    DeviceOption,
    EnsembleOption,
    HalfOption,
    MedianOption,
    NetworkOption,
    OverlapOption,
    TileOption,
    UpsampleOption,
    read_model_options,
)

if TYPE_CHECKING:
    from baselines.restoring.models import ModelRequest
    from baselines.restoring.options import RestoreOptions
    from evaluation.models.options import ModelOptions
    from evaluation.pictures import Samples

Opt = typer.Option


def restore(
    inputs: Annotated[
        list[str], typer.Argument(help="Pictures, folders, patterns, camera files, videos.")
    ],
    model: Annotated[
        list[str],
        Opt(help="Checkpoint, module:function, or a name (bicubic, zssr ...). Several: a chain."),
    ],
    out_folder: Annotated[Path, Opt("--out", help="Folder of the results; the tree is kept.")],
    scale: Annotated[
        float | None,
        Opt(help="Enlarge by this, where the model can by any.", show_default="the model's"),
    ] = None,
    sigma: Annotated[
        float | None, Opt(help="Noise in 0 ... 255, for models that are told it (DRUNet).")
    ] = None,
    max_side: Annotated[
        int | None, Opt(help="Reduce longer inputs to this longer side first.")
    ] = None,
    picture_format: Annotated[str, Opt("--format", help="png, jpg, tiff, webp.")] = "png",
    suffix: Annotated[str, Opt(help="Put behind each name: _x4.")] = "",
    limit: Annotated[int | None, Opt(help="The first so many inputs only.")] = None,
    time_limit: Annotated[
        float, Opt(help="Seconds a picture, for zssr and dip.", show_default="their own steps")
    ] = 0.0,
    device: DeviceOption = "auto",
    tile: TileOption = "auto",
    overlap: OverlapOption = None,
    batch: BatchOption = "auto",
    self_ensemble: EnsembleOption = False,
    median: MedianOption = False,
    half: HalfOption = False,
    bf16: Bf16Option = False,
    compile_model: CompileOption = False,
    pre_upsample: UpsampleOption = False,
    network: NetworkOption = None,
    overwrite: Annotated[
        bool, Opt("--overwrite", help="Begin again, and write over what is in --out.")
    ] = False,
) -> None:
    """Restore pictures, whole folders and videos with a model.

    Example: pairsmith restore --model dncnn_25.pth photographs/ --out restored

    The same command again goes on with a run that was stopped.
    """
    with user_errors():
        from baselines.restoring.models import ModelRequest
        from baselines.restoring.options import RestoreOptions

        how = read_model_options(
            device=device, tile=tile, overlap=overlap, batch=batch, self_ensemble=self_ensemble,
            median=median, half=half, bf16=bf16, compile_model=compile_model,
            pre_upsample=pre_upsample,
        )  # fmt: skip
        options = RestoreOptions(
            format=picture_format, suffix=suffix, max_side=max_side, limit=limit,
            overwrite=overwrite,
        )  # fmt: skip
        asked = ModelRequest(
            names=model, networks=network or (), scale=scale, sigma=sigma, seconds=time_limit
        )
        _restore(inputs, asked=asked, how=how, options=options, folder=out_folder)


def _restore(
    inputs: list[str],
    *,
    asked: ModelRequest,
    how: ModelOptions,
    options: RestoreOptions,
    folder: Path,
) -> None:
    from baselines.restoring.inputs import find_jobs
    from baselines.restoring.models import half_error, open_restorer
    from baselines.restoring.run import Reports, restore_all
    from baselines.zero_shot.as_restorer import NAMES as ZERO_SHOT

    jobs = find_jobs(inputs, out=folder, options=options)
    steps = _every(" ".join(asked.names), "step")
    opened = open_restorer(asked, options=how, report=steps)
    alike = [job.name for job in jobs if job.own_suffix]
    if alike:
        err.print(
            f"note: {len(alike)} results would have had the names of others, and keep their "
            f"inputs' suffixes: {alike[0]} ..."
        )

    def first(picture: Samples) -> None:
        if how.half:
            err.print(f"note: {half_error(asked, options=how, model=opened, picture=picture)}")

    frames: dict[str, Callable[[int, int], None]] = {}

    def inner(name: str, done: int, total: int) -> None:
        frames.setdefault(name, _every(name, "frame"))(done, total)

    with Meter("restore", "files") as meter:
        outcome = restore_all(
            jobs, model=opened, out=folder, options=options,
            reports=Reports(
                progress=meter.show, first=first, inner=inner,
                failed=lambda name, reason: err.print(f"{name}: {reason}"),
                waiting=None if any(name in ZERO_SHOT for name in asked.names) else _wait,
            ),
        )  # fmt: skip
    for note in opened.restorer.notes:
        err.print(f"note: {note}")
    if outcome.reduced:
        err.print(f"note: --max-side {options.max_side}: {outcome.reduced} were reduced first")
    before = f", {outcome.kept} were there from before" if outcome.kept else ""
    out.print(f"{outcome.finished} restored into {folder}{before}")
    if outcome.failed:
        raise RuntimeError(f"{len(outcome.failed)} of {outcome.all} failed")


def _wait(name: str, seconds: float) -> None:
    """Tells how long a picture has taken; on a terminal above the bar, whose console that is."""
    (out if out.is_terminal else err).print(f"{name}: {seconds:.0f} s so far")


def _every(name: str, unit: str) -> Callable[[int, int], None]:
    """Tells how far one long picture or video is, now and then."""
    said = [time.monotonic()]

    def report(done: int, total: int) -> None:
        if time.monotonic() - said[0] > PLAIN_SECONDS:
            said[0] = time.monotonic()
            err.print(f"{name}: {unit} {done}" + (f" of {total}" if total else ""))

    return report
