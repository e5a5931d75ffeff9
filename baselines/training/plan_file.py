"""What a run is, kept in its folder: the same command goes on, another is refused."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from baselines.watching.lines import LOG_FILE
from builders.atomic import write_whole
from degrade.option_error import OptionError
from evaluation.protocol import digest_of

STATE_FOLDER = ".run"
_PLAN = "plan.json"
# Of the config, what changes nothing that is trained.
NEUTRAL = ("validation", "log_every", "save_every", "about", "cite", "published", "differs")
# What a run writes into its folder, and --overwrite deletes.
WRITTEN = (
    "config.json", "log.jsonl", "curves.png", "diverged.json", "profile.txt", "trace.json",
    "tensorboard", "sheets", "validation", "best", "last",
)  # fmt: skip


def begin_plan(folder: Path, plan: Mapping[str, Any], *, overwrite: bool) -> None:
    """Keeps the plan in the run's folder, or finds there the same one.

    plan: plain values, `config` among them. Raises ValueError where another run that has taken a
    step, or other files are there, naming what differs; with `overwrite` what a run has written
    there is deleted.
    """
    path = folder / STATE_FOLDER / _PLAN
    new = msgspec.json.decode(msgspec.json.encode(plan))
    if path.is_file():
        if not overwrite and _has_learnt(folder):
            _check_same(folder, _read(path), new)
        else:
            _clear(folder)
    elif folder.is_dir() and any(one.name != STATE_FOLDER for one in folder.iterdir()):
        raise OptionError(f"--out {folder}: holds files that are of no run; name a new folder")
    write_whole(path, _encoded(new))


def _has_learnt(folder: Path) -> bool:
    """Whether a step was taken: a start that was refused claims no folder."""
    log = folder / LOG_FILE
    logged = log.is_file() and b'"kind":"steps"' in log.read_bytes()
    return logged or any((folder / STATE_FOLDER).glob("step-*.pt"))


def plan_digest(plan: Mapping[str, Any]) -> str:
    """Of what decides what is learned: sha256, 12 digits."""
    plain = _without_neutral(msgspec.json.decode(msgspec.json.encode(plan)))
    return digest_of(plain)


def _read(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: damaged ({error}); --overwrite starts again") from error


def _check_same(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = _flat(_without_neutral(old)), _flat(_without_neutral(new))
    differ = [
        f"{name} was {before.get(name)!r}, is {after.get(name)!r}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    if differ:
        raise ValueError(
            f"{folder} holds another run: {'; '.join(differ[:5])}"
            f"{f' and {len(differ) - 5} more' if len(differ) > 5 else ''}. Take another --out, or "
            "--overwrite"
        )


def _without_neutral(plan: dict[str, Any]) -> dict[str, Any]:
    config = {name: one for name, one in plan.get("config", {}).items() if name not in NEUTRAL}
    return {**plan, "config": config}


def _clear(folder: Path) -> None:
    """Deletes what runs write, and nothing else."""
    for name in WRITTEN:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in (folder / STATE_FOLDER).iterdir():
        if path.name != "lock" and path.is_file():  # held by this process
            path.unlink()


def _encoded(plan: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def _flat(values: Any, before: str = "") -> dict[str, Any]:
    """Nested values by dotted names; lists by their places."""
    if isinstance(values, dict | list) and values:
        items = values.items() if isinstance(values, dict) else enumerate(values)
        found: dict[str, Any] = {}
        for name, value in items:
            found |= _flat(value, f"{before}.{name}" if before else str(name))
        return found
    return {before: values}
