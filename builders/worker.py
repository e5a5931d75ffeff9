"""What a worker process does: one source into one part, or the parts of a shard into a shard.

Nothing heavy is imported at the top: a worker loads only what its tasks need.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from builders.kinds.scene import RenderedScene, SceneTask
    from builders.parts import Dropped, Part
    from builders.plan import PlannedShard
    from builders.shards import ShardState

PARENT_CHECK_SECONDS = 1.0

# Failures that a second try, alone, may mend: a busy network disk, memory taken by others.
_WORTH_A_RETRY = frozenset({"unreadable", "gone", "no-permission", "target-unreadable"})


@dataclass(frozen=True)
class Outcome:
    """What became of one source: 'done' (its part is on disk), 'retry' (failed, try it again
    alone), 'disk-full' (nothing is wrong with the source)."""

    state: Literal["done", "retry", "disk-full"]
    rows: int = 0
    bytes: int = 0
    message: str = ""


def start(parent: int) -> None:
    """Initialises a worker: one thread each, Ctrl-C left to the parent, death with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)
    _silence_libraries()
    import cv2

    cv2.setNumThreads(0)


def _silence_libraries() -> None:
    """LibRaw prints "unknown file: ..." on the error stream; its errors reach us by themselves.

    Python's own error stream stays what it was.
    """
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # damaged tags: we say it once
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def die_with(parent: int) -> None:
    """Ends this process soon after process `parent` is gone, whatever it is doing then."""
    if sys.platform == "linux":
        # prctl(PR_SET_PDEATHSIG = 1, SIGKILL), linux/prctl.h: also while C code holds the GIL.
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def make_part(task: SceneTask, *, kind: str, path: Path, last_try: bool) -> Outcome:
    """Builds one source and saves its part; a `Drop` becomes a part without rows.

    On a first try a drop that may pass is answered with 'retry' and nothing is saved.
    """
    from builders.drops import Drop
    from builders.kinds import KINDS
    from builders.parts import save_part

    try:
        try:
            part = code_scene(task, kind=kind, scene=KINDS[kind].build_scene(task))
        except Drop as drop:
            if drop.reason in _WORTH_A_RETRY and not last_try:
                return Outcome("retry", message=str(drop))
            part = dropped_part(task, reason=drop.reason, message=str(drop))
        save_part(part, path=path)
    except OSError as error:
        if not _disk_is_full(error):
            raise
        return Outcome("disk-full", message=str(error))
    return Outcome("done", rows=len(part.rows), bytes=part.size())


def code_scene(task: SceneTask, *, kind: str, scene: RenderedScene) -> Part:
    """Codes the pictures of a scene one at a time and writes each pair's record."""
    import msgspec
    import numpy as np

    from builders.kinds import KINDS
    from builders.parts import Part, PartRow, code_picture
    from builders.plan import RECIPE_DIGITS, recipe_digest

    codecs = KINDS[kind].codecs(msgspec.convert(task.arguments, KINDS[kind].arguments))
    gts = {name: code_picture(picture, codec=codecs.gt) for name, picture in scene.gts.items()}
    extras = {name: code_picture(p, codec=codecs.gt) for name, p in scene.extras.items()}
    recipe = recipe_digest(kind, arguments=task.arguments)[:RECIPE_DIGITS]
    common = {"version": 1, "kind": kind, "recipe": recipe}
    rows = []
    for pair in scene.pairs:
        record = {**common, **scene.parameters, **pair.parameters}
        identical = np.array_equal(pair.lq, scene.gts[pair.gt_name])
        text = msgspec.json.encode(record, order="sorted").decode()
        lq = code_picture(pair.lq, codec=codecs.lq)
        rows.append(PartRow(pair.variant, text, identical, pair.gt_name, lq))
    drops = [_dropped(task, drop.reason, str(drop)) for drop in scene.drops]
    return Part(task.scene, gts, rows, drops, extras)


def dropped_part(task: SceneTask, *, reason: str, message: str) -> Part:
    """The part of a source that gave no pairs."""
    from builders.parts import Part

    return Part(task.scene, {}, [], [_dropped(task, reason, message)])


def _dropped(task: SceneTask, reason: str, message: str) -> Dropped:
    """A drop as it is stored: paths below the given folders, whoever's machine it was; a target's
    with the target's name before it."""
    from builders.parts import Dropped

    message = message.replace(str(task.file)[: -len(task.path)], "")
    for name, (path, file) in task.targets.items():
        message = message.replace(str(file)[: -len(path)], f"{name}/")
    return Dropped(task.path, reason, message)


def finish_shard(
    out: Path, *, shard: PlannedShard, storage: str, naming: str
) -> ShardState | Outcome:
    """Puts a shard together from its parts; a full disk is an outcome, not an exception."""
    from builders.shards import assemble_shard

    try:
        return assemble_shard(out, shard=shard, storage=storage, naming=naming)
    except (OSError, RuntimeError) as error:
        if not _disk_is_full(error):
            raise
        return Outcome("disk-full", message=" ".join(str(error).split()))


def _disk_is_full(error: OSError | RuntimeError) -> bool:
    """Whether a write failed for want of room. HDF5 finds out as late as when it closes the file;
    h5py then raises RuntimeError, and only the text holds the number."""
    full = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "errno", None) in full or any(f"errno = {n}," in str(error) for n in full)
