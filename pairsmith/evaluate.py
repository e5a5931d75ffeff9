"""The verbs that judge: evaluate, sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import Meter, err, out, user_errors
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
    from evaluation.benchmark import Benchmark
    from evaluation.models.restorer import Restorer
    from evaluation.runs.run import RunOptions
    from evaluation.runs.summary import Summary
    from evaluation.sets.choose import Chosen

Opt = typer.Option


def evaluate(
    model: Annotated[
        list[str],
        Opt(help="Checkpoint, module:function, or a name (bicubic ...). Several are a chain."),
    ],
    set_name: Annotated[
        list[str], Opt("--set", help="Benchmark, folder, dataset[:split] or .json; repeatable.")
    ],
    root: Annotated[
        list[Path] | None, Opt(help="Parent of the sets' folders, or a set's own folder.")
    ] = None,
    metrics: Annotated[
        str, Opt(help="Comma-separated; pairsmith metrics lists.", show_default="the set's own")
    ] = "",
    out_folder: Annotated[
        Path | None, Opt("--out", help="Folder of the run.", show_default="runs/<set>-<model>")
    ] = None,
    published: Annotated[str, Opt(help="Method whose printed figures are meant.")] = "",
    limit: Annotated[int | None, Opt(min=1, help="The first so many pictures only.")] = None,
    save: Annotated[bool, Opt("--save", help="Keep the restored pictures as PNG.")] = False,
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
    strict: Annotated[
        bool, Opt("--strict", help="Exit 1 where a metric is unavailable, or left pictures out.")
    ] = False,
    overwrite: Annotated[bool, Opt("--overwrite", help="Start again in --out.")] = False,
) -> None:
    """Score a model on a benchmark by its papers' protocol, printed figures beside.

    Example: evaluate --model RRDB_PSNR_x4.pth --set set5-x4 --root benchmarks/

    The same command again resumes a run that was stopped.
    """
    with user_errors():
        from baselines.opening import open_named_models
        from degrade.option_error import OptionError
        from evaluation.models.chaining import chain
        from evaluation.models.options import find_device
        from evaluation.reports.terminal import summary_lines
        from evaluation.runs.run import RunOptions

        if out_folder is not None and len(set_name) > 1:
            raise OptionError(
                f"--out {out_folder}: one run a folder; leave it out for several sets"
            )
        how = read_model_options(
            device=device, tile=tile, overlap=overlap, batch=batch, self_ensemble=self_ensemble,
            median=median, half=half, bf16=bf16, compile_model=compile_model,
            pre_upsample=pre_upsample,
        )  # fmt: skip
        restorer = chain(open_named_models(model, networks=network or (), options=how))
        options = RunOptions(
            metrics=tuple(name.strip() for name in metrics.split(",") if name.strip()),
            device=find_device(how),
            limit=limit,
            keep=save,
            published=published,
            overwrite=overwrite,
        )
        chosen = [_choose(name, restorer, roots=root or []) for name in set_name]
        gone: list[str] = []
        for one in chosen:
            summary, run = _evaluate_one(one, restorer, run=out_folder, options=options)
            for line in summary_lines(summary):
                out.print(line)
            out.print(f"report: {run / 'report.html'}")
            gone += [missing.metric for missing in summary.unavailable] + _left_out(summary)
            if none := [name for name in summary.about if name not in summary.metrics]:
                raise RuntimeError(f"{summary.set}: no picture has a score of {', '.join(none)}")
        if strict and gone:
            raise RuntimeError(f"--strict: not of every picture: {', '.join(dict.fromkeys(gone))}")


def _left_out(summary: Summary) -> list[str]:
    """Metrics that some pictures have no score of."""
    return [
        metric
        for metric, score in summary.metrics.items()
        if summary.about[metric].mode != "set" and score.n + score.n_identical < summary.images
    ]


def _choose(name: str, restorer: Restorer, *, roots: list[Path]) -> Chosen:
    """One set, found and checked: all of them are before any is scored."""
    from evaluation.sets.choose import choose_set

    with Meter("check", "files") as meter:
        chosen = choose_set(name, roots=roots, restorer=restorer, report=meter.show)
    for note in chosen.notes:
        err.print(f"note: {note}")
    return chosen


def _evaluate_one(
    chosen: Chosen, restorer: Restorer, *, run: Path | None, options: RunOptions
) -> tuple[Summary, Path]:
    """One set, scored. Returns its summary and its folder."""
    from evaluation.runs.run import run_evaluation

    benchmark = chosen.benchmark
    folder = run or Path("runs") / f"{benchmark.name}-{restorer.name}"
    with Meter(benchmark.name, "pictures") as meter:
        begun: list[int] = []

        def report(done: int, total: int) -> None:
            if not begun and done:
                err.print(f"note: {done} of {total} pictures were scored before, and are kept")
            begun.append(done)
            meter.show(done, total)

        summary = run_evaluation(
            benchmark, chosen.found.cases, restorer=restorer, run=folder, options=options,
            report=report,
        )  # fmt: skip
    return summary, folder


def sets(
    name: Annotated[str, typer.Argument(help="One set in full.", show_default=False)] = "",
    root: Annotated[list[Path] | None, Opt(help="Where to look, besides $PAIRSMITH_SETS.")] = None,
    task: Annotated[str, Opt(help="Only sets of this task: sr, denoise ...")] = "",
) -> None:
    """List the benchmarks and whether they are found here, or print every choice of one.

    Example: pairsmith sets set5-x4 --root benchmarks/
    """
    with user_errors():
        from degrade.option_error import OptionError, nearest
        from evaluation.benchmarks.table import BENCHMARKS
        from evaluation.sets.places import sets_roots
        from evaluation.words import benchmark_lines

        roots = sets_roots(root or [])
        if name:
            if name not in BENCHMARKS:
                raise OptionError(f"{name}: no such set{nearest(name, BENCHMARKS)}")
            for line in benchmark_lines(BENCHMARKS[name]):
                out.print(line)
            out.print(f"here: {_where(BENCHMARKS[name], roots)}")
            return
        tasks = list(dict.fromkeys(one.task for one in BENCHMARKS.values()))
        if task and task not in tasks:
            raise OptionError(f"--task {task}: one of {', '.join(tasks)}{nearest(task, tasks)}")
        width = max(map(len, BENCHMARKS))
        out.print(f"{'name':<{width}}  {'task':<12} {'count':>5}  {'digest':<12}  where")
        for one in BENCHMARKS.values():
            if task in ("", one.task):
                count = str(one.count or "any")
                out.print(
                    f"{one.name:<{width}}  {one.task:<12} {count:>5}  {one.digest}  "
                    f"{_where(one, roots)}"
                )


def _where(benchmark: Benchmark, roots: list[Path]) -> str:
    """Where a set is, or that it is not found; what is wrong with its files is not looked at."""
    from evaluation.sets.find import find_set

    try:
        found = find_set(benchmark, roots=roots)
    except FileNotFoundError:
        return "not found"
    except ValueError as error:
        return f"not clear: {str(error).splitlines()[0]}"
    return "comes with the installation" if benchmark.archive == "bundled" else str(found.folder)
