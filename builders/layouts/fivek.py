"""MIT-Adobe FiveK's own tree: raw_photos/.../photos/*.dng and experts in tiff16_a ... tiff16_e.

Bychkovsky et al., "Learning Photographic Global Tonal Adjustment with a Database of Input/Output
Image Pairs", CVPR 2011: 5,000 DNG files, five retouches each as 16-bit ProPhoto TIFF.
"""

from __future__ import annotations

import os
from pathlib import Path

_EXPERTS = {f"tiff16_{letter}": f"expert_{letter}" for letter in "abcde"}


def find_experts(folder: Path, *, depth: int = 3) -> dict[str, Path]:
    """{'expert_c': .../tiff16_c, ...} of those found in `folder`, at most `depth` levels down.

    Expert C comes first: it is the target the exposure papers train on. A folder found twice is
    taken where it is found first, nearest to the top.
    """
    found: dict[str, Path] = {}
    levels = [folder]
    for _ in range(depth + 1):
        for parent in levels:
            name = _EXPERTS.get(parent.name.lower())
            if name is not None and name not in found:
                found[name] = parent
        levels = [
            Path(entry.path)
            for parent in levels
            for entry in sorted(os.scandir(parent), key=lambda entry: entry.name)
            if entry.is_dir()
        ]
    return dict(sorted(found.items(), key=lambda item: (item[0] != "expert_c", item[0])))


def beside(folder: Path) -> dict[str, Path]:
    """The experts beside `folder`, itself first, if it is one of them; else {}."""
    name = _EXPERTS.get(folder.name.lower())
    if name is None:
        return {}
    return {name: folder, **(find_experts(folder.absolute().parent, depth=1) | {name: folder})}
