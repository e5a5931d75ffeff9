"""The program: `pairsmith VERB`, and the short names of three verbs."""

from __future__ import annotations

from typing import Annotated

import typer

from pairsmith import (
    build,
    build_clean,
    build_import,
    build_raw,
    checkpoints,
    compare,
    dataset,
    degrade,
    evaluate,
    leaks,
    metrics,
    restore,
    train,
)
from pairsmith.console import State

_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _debug(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    State.debug = debug


app = typer.Typer(
    name="pairsmith",
    help="Paired image-restoration datasets from camera RAW and clean pictures, built so that any "
    "sample can be rebuilt byte for byte.",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_SETTINGS,
    pretty_exceptions_enable=False,
    callback=_debug,
)
build_dataset = typer.Typer(
    name="build-dataset",
    help="Build a paired dataset. The same command again resumes a build that was stopped.",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_SETTINGS,
    pretty_exceptions_enable=False,
    callback=_debug,
)
build_dataset.command("exposure")(build.exposure)
build_dataset.command("pyramid")(build_clean.pyramid)
build_dataset.command("degrade")(build_clean.degrade)
build_dataset.command("import")(build_import.import_pairs)
build_dataset.command("noise")(build_raw.noise)
build_dataset.command("lowlight")(build_raw.lowlight)
build_dataset.command("rawsr")(build_raw.rawsr)
app.add_typer(build_dataset, name="build", callback=None)
for verb in (
    degrade.degrade,
    degrade.recipes,
    degrade.gallery,
    dataset.verify,
    dataset.rebuild,
    dataset.info,
    dataset.preview,
    dataset.export,
    dataset.push,
    evaluate.evaluate,
    evaluate.sets,
    restore.restore,
    train.train,
    train.configs,
    metrics.metrics,
    metrics.fit_niqe,
    checkpoints.inspect,
    checkpoints.interpolate,
    checkpoints.export_model,
    compare.compare,
    leaks.leaks,
):
    app.command()(verb)
evaluate_model = typer.Typer(
    name="evaluate",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_SETTINGS,
    pretty_exceptions_enable=False,
)
evaluate_model.command()(evaluate.evaluate)


train_baseline = typer.Typer(
    name="train-baseline",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_SETTINGS,
    pretty_exceptions_enable=False,
)
train_baseline.command()(train.train)
