"""Authors' list files: which pictures are for training, which for testing."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builders.layouts.layout import Layout
from builders.layouts.pairing import list_key
from builders.sources import list_files


def read_lists(root: Path, *, layout: Layout) -> tuple[dict[str, str], list[str]]:
    """(path as `list_key` has it -> split, names of the list files that are not below `root`)."""
    texts, _ = list_files(root, suffixes=frozenset({".txt"}))
    found: dict[str, str] = {}
    missing = []
    for split, name in layout.lists.items():
        held = [path for path, _ in texts if PurePosixPath(path).name.lower() == name.lower()]
        if not held:
            missing.append(name)
            continue
        for word in (root / held[0]).read_text(errors="replace").split():
            found[list_key(word)] = split
    return found, missing
