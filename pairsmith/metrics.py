"""The verbs for metrics: what there is and what it needs, and a NIQE fitted to one's pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import Meter, err, out, user_errors

if TYPE_CHECKING:
    from evaluation.metrics.metric import Metric
    from evaluation.pictures import Samples

Opt = typer.Option


def metrics(
    name: Annotated[str, typer.Argument(help="Print all of this one.", show_default=False)] = "",
) -> None:
    """List the metrics: what each judges by, which way is better, what it needs, its licence.

    Example: pairsmith metrics lpips
    """
    with user_errors():
        from degrade.option_error import OptionError, nearest
        from evaluation.metrics.table import METRICS

        if name and name not in METRICS:
            raise OptionError(
                f"{name}: no such metric{nearest(name, METRICS)}; `pairsmith metrics` lists them"
            )
        if name:
            out.print("\n".join(_all_of(METRICS[name])))
            return
        head = ("name", "mode", "better", "range", "weights", "licence")
        rows = [head, *(_row(metric) for metric in METRICS.values())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        for row in rows:
            cells = zip(row, widths, strict=True)
            out.print("  ".join(f"{cell:<{width}}" for cell, width in cells).rstrip())
        out.print(
            "mode: full compares with the target, none looks at the output alone, set judges all "
            "outputs together"
        )


def fit_niqe(
    folder: Annotated[
        Path, typer.Argument(help="Undistorted pictures, with its subfolders.", show_default=False)
    ],
    out_file: Annotated[Path, Opt("--out", help="Model to write, .json.", show_default=False)],
) -> None:
    """Fit NIQE's pristine model to your own pictures, for `--metrics niqe-fit:FILE`.

    Example: pairsmith fit-niqe photographs/ --out city.json
    """
    with user_errors():
        from builders.sources import list_files
        from degrade.option_error import OptionError
        from degrade.reading.clean import PICTURE_SUFFIXES
        from evaluation.metrics.niqe import fit_niqe as fit
        from evaluation.metrics.niqe import save_pristine

        if out_file.suffix.lower() != ".json":
            raise OptionError(f"--out {out_file}: must end in .json")
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder}: no such folder")
        files, _ = list_files(folder, suffixes=PICTURE_SUFFIXES)
        paths = sorted(folder / file for file, _ in files)
        left_out: list[str] = []
        with Meter("fit", "pictures") as meter:
            try:
                pristine = fit(_readable(paths, left_out=left_out, meter=meter))
            except ValueError as error:
                note = f"; {len(left_out)} were left out: {left_out[0]}" if left_out else ""
                raise ValueError(f"{folder}: {error}{note}") from error
        for line in left_out:
            err.print(f"left out: {line}")
        save_pristine(pristine, out_file)
        out.print(
            f"{out_file}: niqe-fit-{pristine.digest} of {pristine.pictures} pictures, "
            f"{pristine.patches} sharp patches; {len(left_out)} left out"
        )
        out.print(f"use it: --metrics niqe-fit:{out_file}")


def _readable(paths: list[Path], *, left_out: list[str], meter: Meter) -> Iterator[Samples]:
    """The pictures that a patch fits into; why of the others goes to left_out."""
    from degrade.reading.clean import read_clean
    from evaluation.metrics.niqe import PATCH

    for done, path in enumerate(paths):
        meter.show(done, len(paths))
        try:
            picture = read_clean(path)
        except (ValueError, OSError) as error:
            left_out.append(str(error))
            continue
        height, width = picture.shape[:2]
        if min(height, width) < PATCH:
            left_out.append(f"{path}: {width}x{height}, below one patch of {PATCH}x{PATCH}")
            continue
        yield picture


def _row(metric: Metric) -> tuple[str, ...]:
    licence = metric.licence.split(";")[0].split(",")[0].removeprefix("code: ")
    span = _span(metric)
    return metric.name, metric.mode, metric.better, span, _weights(metric), licence


def _span(metric: Metric) -> str:
    low, high = (f"{end:g}" if math.isfinite(end) else "..." for end in (metric.low, metric.high))
    return f"{low} to {high}".replace("... to ...", "any").replace(" to ...", " or more")


def _weights(metric: Metric) -> str:
    """'none', 'present' or the files that are missing; pyiqa itself comes first."""
    import importlib.util

    from evaluation.metrics.perceptual import weights_place
    from evaluation.metrics.pyiqa_table import ENTRIES

    if metric.name in ENTRIES and importlib.util.find_spec("pyiqa") is None:
        return "pip install 'pairsmith[iqa]'"
    if not metric.weights:
        return "none"
    files = ENTRIES[metric.name].files
    missing = [file.name for file in files if weights_place(file)[0] is None]
    return f"missing: {', '.join(missing)}" if missing else "present"


def _all_of(metric: Metric) -> list[str]:
    from evaluation.metrics.metric import MEANS
    from evaluation.metrics.perceptual import weights_place
    from evaluation.metrics.pyiqa_table import ENTRIES

    unit = f" {metric.unit}" if metric.unit else ""
    lines = [
        f"{metric.name}: {metric.title}",
        f"  mode      {metric.mode}",
        f"  better    {metric.better}",
        f"  range     {_span(metric)}{unit}, printed with {metric.decimals} decimals",
        f"  of a set  {'judged as a whole' if metric.mode == 'set' else MEANS[metric.mean]}",
        f"  source    {metric.source}",
        f"  checked   {metric.checked}",
        f"  licence   {metric.licence}",
        f"  weights   {_weights(metric)}",
    ]
    for file in ENTRIES[metric.name].files if metric.name in ENTRIES else ():
        path, place = weights_place(file)
        lines.append(f"    {file.name}: {'in' if path else 'goes to'} {place}")
    return lines
