"""Pairing by name: the file that belongs to another, by its path without suffix or by its stem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builders.sources import list_files

PICTURE_SUFFIXES = frozenset((".tif", ".tiff", ".png", ".jpg", ".jpeg"))


def match_partners(sources: Sequence[str], *, folder: Path) -> list[str | None]:
    """For each source path, the picture below `folder` with the same path but for the suffix, else
    the only one with the same stem; None where there is none. Case is ignored.

    Raises ValueError where a stem has two pictures, or a picture two sources, and the path does
    not decide; FileNotFoundError where `folder` holds no picture.
    """
    files, others = list_files(folder, suffixes=PICTURE_SUFFIXES)
    if not files:
        raise FileNotFoundError(
            f"{folder}: no target picture in it or below it ({sum(others.values())} other files); "
            f"looked for {' '.join(sorted(PICTURE_SUFFIXES))}"
        )
    by_path: dict[str, list[str]] = defaultdict(list)
    by_stem: dict[str, list[str]] = defaultdict(list)
    for path, _ in files:
        by_path[_without_suffix(path)].append(path)
        by_stem[PurePosixPath(path).stem.lower()].append(path)
    partners = [
        _only(by_path.get(_without_suffix(source), []), folder=folder)
        or _only(by_stem.get(PurePosixPath(source).stem.lower(), []), folder=folder)
        for source in sources
    ]
    owner: dict[str, str] = {}
    for source, partner in zip(sources, partners, strict=True):
        if partner is not None and partner in owner:
            raise ValueError(
                f"{folder}: {partner} could be the target of {owner[partner]} and of {source}; lay "
                "the targets out in the same subfolders as the sources"
            )
        if partner is not None:
            owner[partner] = source
    return partners


def _without_suffix(path: str) -> str:
    return str(PurePosixPath(path).with_suffix("")).lower()


def _only(paths: list[str], *, folder: Path) -> str | None:
    if len(paths) > 1:
        raise ValueError(
            f"{folder}: {' and '.join(paths[:3])} could both be the target; keep one, or lay the "
            "targets out in the same subfolders as the sources"
        )
    return paths[0] if paths else None
