"""What a run is about to do, kept in its folder: the same command goes on, another is refused."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from builders.atomic import write_whole
from evaluation.runs.rows import RUN_FOLDER, TABLE_FILE

_PLAN = "plan.json"
# Libraries whose version may change a score or a model's output.
_VERSIONED = (
    *("pairsmith", "numpy", "scipy", "torch", "opencv-python-headless", "pyiqa", "spandrel"),
    "onnxruntime",
)


class RunPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that decides a row: the benchmark's choices, the model's facts, metrics, pictures.

    contents: of each picture, a digest of its files (see `contents_digest`)."""

    choices: dict[str, Any]
    model: dict[str, Any]
    metrics: list[str]
    names: list[str]
    contents: list[str]
    keep: bool
    versions: dict[str, str]


def begin_run(run: Path, plan: RunPlan, *, overwrite: bool, renew: bool = False) -> None:
    """Keeps the plan in `run`, or finds there the same one and lets the run go on.

    Raises ValueError where another run is there, naming what differs; with `renew` that one is
    deleted, with `overwrite` any. A folder that holds something else is left alone: ValueError too.
    """
    path = run / RUN_FOLDER / _PLAN
    if path.is_file():
        try:
            old = msgspec.json.decode(path.read_bytes(), type=RunPlan)
        except msgspec.DecodeError as error:
            if not (overwrite or renew):
                raise ValueError(f"{path}: damaged ({error}); --overwrite starts again") from error
            old = None
        # compared as JSON has them: a tuple is a list there
        new = msgspec.json.decode(msgspec.json.encode(plan), type=RunPlan)
        if not overwrite and old is not None and _goes_on(old, new):
            write_whole(path, _encoded(plan))
            return
        if old is not None and not (overwrite or renew):
            raise ValueError(
                f"{run} holds another run: {'; '.join(_differences(old, new))}. Take another --out "
                "or --overwrite"
            )
        _clear(run)
    elif any(entry.name != RUN_FOLDER for entry in run.iterdir()):
        raise ValueError(f"{run}: holds files that are of no run; take a new --out folder")
    write_whole(path, _encoded(plan))


def _encoded(plan: RunPlan) -> bytes:
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def _goes_on(old: RunPlan, new: RunPlan) -> bool:
    """Whether both are of one run: equal, but for how many of the set's pictures are taken."""
    both = min(len(old.names), len(new.names))
    cut = [
        msgspec.structs.replace(plan, names=plan.names[:both], contents=plan.contents[:both])
        for plan in (old, new)
    ]
    return cut[0] == cut[1]


def _clear(run: Path) -> None:
    """Deletes what runs write, and nothing else."""
    for name in ("summary.json", TABLE_FILE, "rows.csv", "report.html"):
        (run / name).unlink(missing_ok=True)
    for name in ("pictures", "submission"):
        shutil.rmtree(run / name, ignore_errors=True)
    for entry in (run / RUN_FOLDER).iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":  # held by this process
            entry.unlink()


def _differences(old: RunPlan, new: RunPlan) -> list[str]:
    found: list[str] = []
    for title in ("choices", "model", "versions"):
        before, after = _flat(getattr(old, title)), _flat(getattr(new, title))
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                found.append(f"{name} was {before.get(name)}, is {after.get(name)}")
    if old.metrics != new.metrics:
        found.append(f"metrics were {', '.join(old.metrics)}, are {', '.join(new.metrics)}")
    for title in ("names", "contents"):
        pairs = list(zip(getattr(old, title), getattr(new, title), strict=False))
        differ = [index for index, (before, after) in enumerate(pairs) if before != after]
        if differ:
            first = new.names[differ[0]]
            what = "another name" if title == "names" else "another content"
            found.append(f"{len(differ)} pictures have {what}, the first is {first}")
            break
    if old.keep != new.keep:
        found.append(f"pictures were {'' if old.keep else 'not '}kept")
    return found


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested values by dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found


def versions() -> dict[str, str]:
    """The versions of what a score may depend on, and the processor family."""
    found = {"python": platform.python_version(), "processor": platform.machine()}
    for name in _VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
