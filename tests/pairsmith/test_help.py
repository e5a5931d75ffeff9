"""Help: every verb has one, with an example; the options of a build are frozen."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from pairsmith.main import app, build_dataset, evaluate_model

# Other people's scripts depend on these: one may be added, none may go or change its name.
COMMON = (
    "--out --format --split --split-file --seed --limit --licence --attribution "
    "--scenes-per-shard --workers --timeout --shard --dask --append --overwrite --dry-run "
)
CAMERA = (
    "--camera --iso --copies --patch --demosaic --style --screens --no-screens --encode --bits "
)
OPTIONS = {
    "exposure": "--raw --target --ev --gt-ev --preset --size --fraction --patch --demosaic --style "
    "--screens --no-screens --encode --bits",
    "pyramid": "--gt --scale --kernel --bits",
    "degrade": "--gt --recipe --copies --patch --bits",
    "noise": CAMERA + "--raw --gt --size",
    "lowlight": CAMERA + "--raw --size --ev-range --amplify --no-amplify",
    "rawsr": CAMERA + "--raw --scale --blur",
}
EVALUATE = (
    "--model --set --root --metrics --out --published --limit --save --device --tile --overlap "
    "--self-ensemble --median --half --bf16 --pre-upsample --strict --overwrite "
    "--batch --compile --network"
)
RESTORE = (
    "--model --out --scale --sigma --max-side --format --suffix --limit --time-limit --device "
    "--tile --overlap --batch --self-ensemble --median --half --bf16 --compile --pre-upsample "
    "--network --overwrite inputs"
)
TRAIN = (
    "--data --gt --recipe --low --high --split --with --init --teacher --vgg --clip --without "
    "--out --val --root --device --fit --deterministic --time-limit --keep --workers --overwrite "
    "--dry-run --preview-batch --profile config"
)
OF_VERBS = {"evaluate": EVALUATE, "restore": RESTORE, "train": TRAIN}
BUILDS = {"exposure", "import", "pyramid", "degrade", "noise", "lowlight", "rawsr"}
VERBS = {f"build {kind}" for kind in BUILDS} | {
    "degrade", "recipes", "gallery", "verify", "rebuild", "info", "preview", "export", "push",
    "evaluate", "sets", "metrics", "fit-niqe", "compare", "leaks", "inspect",
    "interpolate", "export-model", "restore", "train", "configs",
}  # fmt: skip


def verbs(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """(name, command) of every verb, those inside groups with the group's name before."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from verbs(command, f"{before}{name} ")
        else:
            assert isinstance(command, TyperCommand)
            yield f"{before}{name}", command


def group_of(program: typer.Typer) -> TyperGroup:
    command = typer.main.get_command(program)
    assert isinstance(command, TyperGroup)
    return command


COMMANDS = dict(verbs(group_of(app)))


def run(program: typer.Typer, *arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        program(list(arguments))
    return int(stop.value.code or 0)


def test_the_verbs_are_these() -> None:
    assert set(COMMANDS) == VERBS
    assert set(dict(verbs(group_of(build_dataset)))) == BUILDS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--help", "-h"):
        assert run(app, *verb.split(), flag) == 0
        said = capsys.readouterr().out
        assert "Usage:" in said
        assert "Example:" in said
    (example,) = [line for line in (COMMANDS[verb].help or "").splitlines() if "Example:" in line]
    words = example.split()
    programs = {"evaluate": "evaluate", "train-baseline": "train"}
    if words[1] in programs:
        words[1] = programs[words[1]]
    else:
        assert words[1] in ("pairsmith", "build-dataset")
        words = words[1:]
    assert words[1] == verb.split()[-1], "an example of another verb"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_option_is_explained(verb: str) -> None:
    silent = [p.name for p in COMMANDS[verb].params if not getattr(p, "help", None)
              and p.name != "help"]  # fmt: skip
    assert silent == []


@pytest.mark.parametrize("kind", [*sorted(OPTIONS), *OF_VERBS])
def test_the_options_are_frozen(kind: str) -> None:
    verb, frozen = (kind, OF_VERBS[kind]) if kind in OF_VERBS else (f"build {kind}", COMMON)
    options = {
        name
        for parameter in COMMANDS[verb].params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name != "--help"
    }
    wanted = set((frozen + OPTIONS.get(kind, "")).split())
    assert options >= wanted, "an option that scripts depend on is gone"
    assert options == wanted, "add the new option to the list above"


def test_no_argument_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    for program in (app, build_dataset, evaluate_model):
        run(program)
        said = capsys.readouterr()
        assert "Usage:" in said.out + said.err


def test_an_unknown_verb_or_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "verfiy") == 2
    assert "verfiy" in capsys.readouterr().err
    assert run(build_dataset, "exposure", "--raw", "x", "--sise", "9") == 2
    assert "--sise" in capsys.readouterr().err
    assert run(build_dataset, "exposure") == 2
    assert "--raw" in capsys.readouterr().err
    assert run(build_dataset, "exposure", "--raw", "x", "--size", "big") == 2
    assert "'--size'" in capsys.readouterr().err


def test_the_commands_point_at_these_programs() -> None:
    root = Path(__file__).parents[2]
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {
        "pairsmith": "pairsmith.main:app",
        "build-dataset": "pairsmith.main:build_dataset",
        "evaluate": "pairsmith.main:evaluate_model",
        "train-baseline": "pairsmith.main:train_baseline",
    }
