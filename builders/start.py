"""The first step of a build: is OUT ours to write to, and is this the plan it was begun with?"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from builders.appending import append_to, changes
from builders.atomic import TEMPORARY
from builders.lock import build_lock, plan_lock
from builders.manifest import MANIFEST
from builders.plan import BUILD_FOLDER, Plan, load_plan, plan_path, save_plan
from builders.planning import Store
from degrade.option_error import OptionError


def start_build(
    plan: Plan, *, out: Path, store: Store, append: bool = False, fresh: bool = False
) -> Plan:
    """Saves the plan in OUT, or finds the same one there, and returns the plan to run.

    append: add the sources that are new since. fresh: delete the dataset in OUT first. Of several
    processes that start at once the first one's plan counts and the others are held against it.
    Raises ValueError where OUT holds something else, another plan (each difference named), or,
    with append, nothing yet.
    """
    _check_place(out)
    if append and load_plan(out) is None:
        raise OptionError(f"--append: {out} holds no build to add to")
    with plan_lock(out):
        if fresh:
            _delete(out)
        old = load_plan(out)
        if old is None:
            save_plan(plan, out=out)
            return plan
        if append:
            longer = append_to(old, new=plan, store=store)
            if longer is not old:
                with build_lock(out, slice_name="0-of-1"):
                    save_plan(longer, out=out)
            return longer
    if changed := changes(old, new=plan):
        raise ValueError(
            f"{out} was begun with another plan: {'; '.join(changed)}. Use another --out, "
            "--append to add new files, or --overwrite to begin again"
        )
    return old


def _check_place(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OptionError(f"--out {out}: a file, not a folder") from None
    except OSError as error:
        raise OptionError(f"--out {out}: cannot be made ({error.strerror})") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise OptionError(f"--out {out}: cannot be written to (no permission)")
    ours = plan_path(out).is_file() or (out / MANIFEST).is_file()
    if not ours and not _holds_locks_only(out):
        raise OptionError(f"--out {out}: holds something else; name a new or an empty folder")


def _holds_locks_only(out: Path) -> bool:
    """Empty, or what a build leaves that was killed before its plan was saved."""
    if any(path.name != BUILD_FOLDER for path in out.iterdir()):
        return False
    inside = (out / BUILD_FOLDER).iterdir() if (out / BUILD_FOLDER).is_dir() else ()
    return all(path.name.startswith(("lock", TEMPORARY)) for path in inside)


def _delete(out: Path) -> None:
    """Empties a dataset's folder, under its lock: the manifest first, because it calls the rest
    whole, the plan last, so that a kill in between leaves a build that only starts over."""
    with build_lock(out, slice_name="0-of-1"):
        (out / MANIFEST).unlink(missing_ok=True)
        inside = [path for path in (out / BUILD_FOLDER).iterdir() if path != plan_path(out)]
        for path in (*out.iterdir(), *inside, plan_path(out)):
            if path.name == BUILD_FOLDER or path.name.startswith("lock"):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
