"""What a run was trained on, in one hash a root."""

from __future__ import annotations

import hashlib

import msgspec

from baselines.training_data.sources import Sources
from builders.atomic import sha256_file
from builders.manifest import MANIFEST
from builders.sources import Root, list_files
from degrade.reading.clean import PICTURE_SUFFIXES


def data_digests(sources: Sources) -> dict[str, str]:
    """sha256 by name of what is trained on: of a built dataset its dataset.json, which holds those
    of its shards; of a folder the paths and sizes of its pictures, for reading all would take as
    long as an epoch."""
    found: dict[str, str] = {}
    for root in (*sources.pairs, *sources.clean, *sources.low, *sources.high):
        name = root.folder.resolve().name
        again = sum(one == name or one.startswith(f"{name} (") for one in found)
        found[f"{name} ({again + 1})" if again else name] = _digest(root)
    return found


def described_roots(sources: Sources) -> list[dict[str, str | float]]:
    """Every root in the command line's order: its side, weight and digest. Its name is left out: a
    folder may move."""
    sides = {"pairs": sources.pairs, "clean": sources.clean, "low": sources.low,
             "high": sources.high}  # fmt: skip
    return [
        {"side": side, "weight": root.weight, "sha256": _digest(root)}
        for side, roots in sides.items()
        for root in roots
    ]


def _digest(root: Root) -> str:
    if (root.folder / MANIFEST).is_file():
        return sha256_file(root.folder / MANIFEST)
    files, _ = list_files(root.folder, suffixes=PICTURE_SUFFIXES)
    return hashlib.sha256(msgspec.json.encode(files)).hexdigest()
