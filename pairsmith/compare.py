"""The verb for runs that are done: compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pairsmith.console import out, user_errors

FORMATS = ("table", "markdown", "latex", "csv")
_WIDE = 1000  # columns of a file or a pipe, where no line needs to be folded


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders of evaluate, two or more.", show_default=False)
    ],
    form: Annotated[
        str, typer.Option("--format", help=f"What is printed: {', '.join(FORMATS)}.")
    ] = "table",
    metric: Annotated[
        list[str] | None, typer.Option(help="Of the table; may be repeated.", show_default="all")
    ] = None,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder: also write Markdown, LaTeX, CSV and plots."),
    ] = None,
) -> None:
    """Put runs into one table; two runs are tested against each other, picture by picture.

    Runs of different protocols or pictures are refused. Best is bold, second underlined.

    Example: pairsmith compare runs/edsr-set5-x4 runs/rcan-set5-x4 --format latex
    """
    with user_errors():
        from degrade.option_error import OptionError, nearest

        if form not in FORMATS:
            raise OptionError(f"--format {form}: {', '.join(FORMATS)}{nearest(form, FORMATS)}")
        if len(runs) < 2:
            raise OptionError(f"compare {runs[0]}: name two runs or more")
        if len({run.resolve() for run in runs}) < len(runs):
            raise OptionError(f"compare {' '.join(map(str, runs))}: a run is named twice")
        if out_folder is not None and out_folder.exists() and not out_folder.is_dir():
            raise OptionError(f"--out {out_folder}: a file; name a folder")
        from evaluation.comparison.compare import compare_runs, load_run
        from evaluation.comparison.files import table_csv, write_comparison
        from evaluation.comparison.tables import caption, latex, markdown, rich_tables

        comparison = compare_runs([load_run(run) for run in runs], metrics=metric or ())
        if form == "table":
            console = out if out.is_terminal else Console(width=_WIDE, color_system=None)
            out.print(caption(comparison))
            for table in rich_tables(comparison, styled=out.is_terminal):
                console.print(table)
            for note in comparison.notes:
                out.print(note)
        else:
            text = {"markdown": markdown, "latex": latex, "csv": table_csv}[form](comparison)
            out.print(text, end="")
        if out_folder is not None:
            written = write_comparison(comparison, out=out_folder)
            if form == "table":
                out.print(f"{out_folder}: {', '.join(path.name for path in written)}")
