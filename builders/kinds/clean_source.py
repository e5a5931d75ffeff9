"""A clean picture as a source of a build: read once, hashed, sRGB, or dropped with the reason."""

from __future__ import annotations

from typing import Any

from builders.drops import Drop
from builders.kinds.capture import read_source
from builders.kinds.scene import SceneTask
from degrade.images import Picture
from degrade.reading.clean import read_clean
from degrade.reading.stored import UnsupportedPicture
from degrade.reading.to_srgb import change_depth


def read_clean_source(task: SceneTask, *, bits: int | None) -> tuple[Picture, dict[str, Any]]:
    """(picture, what the records say of it): sRGB [H,W,3] in the file's own depth, or in `bits`.

    Raises Drop: 'unsupported' where `degrade.reading.clean.read_clean` refuses the kind of picture,
    'unreadable' where the file is damaged, and what `read_source` raises.
    """
    data, digest = read_source(task)
    try:
        picture = read_clean(task.file, data=data)
    except UnsupportedPicture as error:
        raise Drop("unsupported", str(error)) from error
    except ValueError as error:
        raise Drop("unreadable", str(error)) from error
    if bits is not None:
        picture = change_depth(picture, bits=bits)
    return picture, {
        "source": {"root": task.root, "path": task.path, "sha256": digest},
        "bits": 8 * picture.dtype.itemsize,
        "source_size": list(picture.shape[:2]),
    }
