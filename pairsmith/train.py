"""The verbs that train: train, configs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.console import out, user_errors

if TYPE_CHECKING:
    from baselines.configs.config import Config
    from baselines.training_data.sources import Sources

Opt = typer.Option
LEARNED, HOW, LOOK = "What is learned", "How it is run", "To look first"


def train(
    config: Annotated[str, typer.Argument(help="Name (pairsmith configs) or a .json file.")],
    data: Annotated[
        list[str] | None,
        Opt(help="Built dataset, DIR or DIR:weight; repeatable.", rich_help_panel=LEARNED),
    ] = None,
    gt: Annotated[
        list[str] | None,
        Opt(help="Clean pictures, degraded on the way; repeatable.", rich_help_panel=LEARNED),
    ] = None,
    recipe: Annotated[
        str, Opt(help="Of --gt.", show_default="the config's own", rich_help_panel=LEARNED)
    ] = "",
    low: Annotated[
        list[str] | None, Opt(help="Dark pictures without partners.", rich_help_panel=LEARNED)
    ] = None,
    high: Annotated[
        list[str] | None, Opt(help="Bright pictures without partners.", rich_help_panel=LEARNED)
    ] = None,
    split: Annotated[str, Opt(help="Of --data.", rich_help_panel=LEARNED)] = "train",
    with_values: Annotated[
        list[str] | None,
        Opt("--with", help="key=value of the config, dotted; repeatable.", rich_help_panel=LEARNED),
    ] = None,
    init: Annotated[
        str, Opt(help="Checkpoint or run that it starts from.", rich_help_panel=LEARNED)
    ] = "",
    teacher: Annotated[
        Path | None, Opt(help="Checkpoint that distillation learns from.", rich_help_panel=LEARNED)
    ] = None,
    vgg: Annotated[
        Path | None, Opt(help="VGG19's weights for perceptual losses.", rich_help_panel=LEARNED)
    ] = None,
    clip: Annotated[
        Path | None, Opt(help="CLIP RN50's weights for NeRCo.", rich_help_panel=LEARNED)
    ] = None,
    without: Annotated[
        list[str] | None,
        Opt(help="Go without: perceptual, clip; repeatable.", rich_help_panel=LEARNED),
    ] = None,
    out_folder: Annotated[
        Path | None, Opt("--out", help="Folder of the run.", show_default="runs/<config>")
    ] = None,
    val: Annotated[
        str, Opt(help="Set to validate on, as --set of evaluate.", rich_help_panel=HOW)
    ] = "",
    root: Annotated[
        list[Path] | None, Opt(help="Where benchmarks lie.", rich_help_panel=HOW)
    ] = None,
    device: Annotated[str, Opt(help="auto, cpu, cuda, mps.", rich_help_panel=HOW)] = "auto",
    fit: Annotated[
        bool, Opt("--fit", help="Micro-batches that fit the memory.", rich_help_panel=HOW)
    ] = False,
    deterministic: Annotated[
        bool, Opt("--deterministic", help="Bit-equal runs on a GPU, slower.", rich_help_panel=HOW)
    ] = False,
    time_limit: Annotated[
        float, Opt(help="Seconds, then stop; 0 none.", min=0.0, rich_help_panel=HOW)
    ] = 0.0,
    keep: Annotated[int, Opt(help="States that stay.", min=1, rich_help_panel=HOW)] = 2,
    workers: Annotated[int, Opt(help="Threads that read.", min=1, rich_help_panel=HOW)] = 2,
    overwrite: Annotated[
        bool, Opt("--overwrite", help="Delete the run in --out first.", rich_help_panel=HOW)
    ] = False,
    dry_run: Annotated[
        bool,
        Opt("--dry-run", help="Config, sizes, memory, counts; no step.", rich_help_panel=LOOK),
    ] = False,
    preview_batch: Annotated[
        Path | None, Opt(help="PNG of what the network sees; no step.", rich_help_panel=LOOK)
    ] = None,
    profile: Annotated[
        bool, Opt("--profile", help="Where the time of some steps goes.", rich_help_panel=LOOK)
    ] = False,
) -> None:
    """Train a bundled baseline by its paper's recipe.

    Example: train-baseline dncnn-s-25 --gt train400/ --out runs/dncnn

    The same command again resumes a run that was stopped.
    """
    with user_errors():
        from baselines.training.options import Judges, RunOptions
        from baselines.training.run import train_run

        chosen = _config(config, settings=with_values or [], init=init, val=val)
        sources = _sources(data, gt=gt, recipe=recipe, low=low, high=high, split=split)
        options = RunOptions(
            folder=out_folder or Path("runs") / Path(config.removesuffix(".json")).name,
            sources=sources,
            roots=tuple(root or ()),
            judges=Judges(vgg=vgg, clip=clip, teacher=teacher, without=frozenset(without or ())),
            device=device,
            deterministic=deterministic,
            fit=fit,
            seconds=time_limit,
            keep=keep,
            workers=workers,
            profile=profile,
            overwrite=overwrite,
        )
        if dry_run:
            from baselines.training.dry_run import dry_run_lines

            for line in dry_run_lines(chosen, options=options):
                out.print(line)
            return
        if preview_batch is not None:
            from baselines.training import first_look

            rows = first_look.preview_batch(chosen, options=options, path=preview_batch)
            out.print(f"{rows} samples, look at them: {preview_batch}")
            return
        ended = train_run(chosen, options=options, say=out.print)
        if ended.why:
            out.print(
                f"stopped at step {ended.step:,} of {ended.total:,} ({ended.why}); the same "
                f"command{', without --overwrite,' if overwrite else ''} goes on from there"
            )
            raise typer.Exit(ended.code)
        out.print(f"done: {ended.total:,} steps; the model: {options.folder / 'last'}")


def _config(name: str, *, settings: list[str], init: str, val: str) -> Config:
    """The config with what --with, --init and --val change of it."""
    from baselines.configs.overriding import override
    from baselines.configs.reading import find_config

    short = [f"stages.0.init_from={init}"] if init else []
    short += [f"validation.set={val}"] if val else []
    return override(find_config(name), [*settings, *short])


def _sources(
    data: list[str] | None,
    *,
    gt: list[str] | None,
    recipe: str,
    low: list[str] | None,
    high: list[str] | None,
    split: str,
) -> Sources:
    """What is trained on. Raises OptionError where nothing is given."""
    from baselines.training_data.sources import Sources
    from builders.sources import Root, parse_root
    from degrade.option_error import OptionError

    given = {"--data": data, "--gt": gt, "--low": low, "--high": high}

    def roots(option: str) -> tuple[Root, ...]:
        return tuple(parse_root(text, option=option) for text in given[option] or ())

    if not any(given.values()):
        raise OptionError("--data, --gt or --low with --high: name what to train on")
    return Sources(
        pairs=roots("--data"), clean=roots("--gt"), recipe=recipe, low=roots("--low"),
        high=roots("--high"), split=split,
    )  # fmt: skip


def configs(
    name: Annotated[str, typer.Argument(help="One config in full.", show_default=False)] = "",
) -> None:
    """List the training runs, or print one in full as JSON.

    Example: pairsmith configs restormer-derain
    """
    with user_errors():
        from baselines.configs.reading import config_json, find_config
        from baselines.configs.table import CONFIGS

        if name:
            out.print(config_json(find_config(name)).decode().rstrip())
            return
        for one in CONFIGS.values():
            out.print(f"{one.name:<28} {one.about}")
