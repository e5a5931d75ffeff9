"""The first step of a build: is OUT ours to write to, and is this the plan it was begun with?"""

from __future__ import annotations

import shutil
from pathlib import Path

from builders.appending import append_to
from builders.lock import build_lock
from builders.manifest import MANIFEST
from builders.plan import BUILD_FOLDER, Plan, differences, load_plan, save_plan
from builders.planning import Store


def start_build(
    plan: Plan, *, out: Path, store: Store, append: bool = False, fresh: bool = False
) -> Plan:
    """Saves the plan in OUT, or finds the same one there, and returns the plan to run.

    append: add the sources that are new since. fresh: delete the dataset in OUT first.
    Raises ValueError where OUT holds something else, another plan (each difference named), or,
    with append, nothing yet.
    """
    _check_place(out)
    if fresh:
        _delete(out)
    old = load_plan(out)
    if old is None:
        if append:
            raise ValueError(f"--append: {out} holds no build to add to")
        save_plan(plan, out=out)
        return plan
    if append:
        longer = append_to(old, new=plan, store=store)
        if longer is not old:
            with build_lock(out, slice_name="0-of-1"):
                save_plan(longer, out=out)
        return longer
    if changed := differences(old, plan):
        raise ValueError(
            f"{out} was begun with another plan: {'; '.join(changed)}. Use another --out, "
            "--append to add new files, or --overwrite to begin again"
        )
    return old


def _check_place(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"--out {out}: a file, not a folder")
    ours = (out / BUILD_FOLDER).is_dir() or (out / MANIFEST).is_file()
    if not ours and any(out.iterdir()):
        raise ValueError(f"--out {out}: holds something else; name a new or an empty folder")


def _delete(out: Path) -> None:
    """Empties a dataset's folder, under its lock; the lock files themselves stay."""
    if not out.exists():
        return
    with build_lock(out, slice_name="0-of-1"):
        for path in (*out.iterdir(), *(out / BUILD_FOLDER).iterdir()):
            if path.name == BUILD_FOLDER or path.name.startswith("lock"):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
