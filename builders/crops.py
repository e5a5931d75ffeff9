"""Where a scene's patches lie: positions as addressed draws, so any patch can be found again.

Rules after Afifi et al., CVPR 2021: uniform positions, each tried until the target's patch passes
the screens, the same positions for every exposure of a scene.
"""

from __future__ import annotations

from collections.abc import Callable

from builders.drops import Drop
from degrade.draws import draw_below

# Afifi et al. give up a scene after 200 rejected positions. Here each patch has its own 200 tries,
# so that what one patch meets cannot change where, or whether, another is found.
TRIES = 200

# 8, 4 and 2 patches of 128, 256 and 512 (Afifi et al.) are one rule: as many as keep
# patches * side at 1024 pixels.
SIDE_TOTAL = 1024


def patch_count(patch: int, *, split: str) -> int:
    """How many patches a scene gives: max(1, 1024 // patch) for training, half of it otherwise.

    patch: side in pixels. 8/4/2 for 128/256/512 are the paper's counts for training, 4/2/1 for
    validation; other sides follow the same rule (64: 16, 384: 2, 1024 and above: 1). Every split
    but "train" (test, validation, names of the user's own) counts as validation, at least 1.
    The authors' published script stops two patches later than the counts it is given; the stated
    counts are kept here. Errors: ValueError for a side below 1.
    """
    if patch < 1:
        raise ValueError(f"patch is {patch}: a side of at least 1 pixel is needed")
    training = max(1, SIDE_TOTAL // patch)
    return training if split == "train" else max(1, training // 2)


def patch_positions(
    seed: int,
    *,
    scene: str,
    shape: tuple[int, int],
    patch: int,
    count: int,
    accept: Callable[[int, int], bool] | None = None,
) -> list[tuple[int, int]]:
    """The patches of one scene: up to `count` different (top, left) in pixels, in index order.

    seed, scene: the run's seed and the scene's key. shape: (height, width) of the picture. patch:
    side of the square patch. accept: called with (top, left), says whether the patch there is
    good (by the screens, on the target); None takes every position.

    Position `index` takes its first good try of at most 200; a try is
    top = floor(u * (height - patch + 1)) with u drawn at (seed, scene, "patch", index, try, "top"),
    left alike with "left". A position that an earlier patch holds already counts as a rejected
    try. A patch none of whose tries is good is left out, so fewer than `count`, even none, may
    come back. A larger `count` keeps the earlier patches as they are.

    Errors: Drop('too-small') when the patch does not fit; ValueError for a count or side below 1.
    """
    height, width = shape
    if patch < 1 or count < 1:
        raise ValueError(f"{count} patches of side {patch}: both must be at least 1")
    if height < patch or width < patch:
        raise Drop(
            "too-small",
            f"{scene}: the picture is {height}x{width} pixels (height x width), smaller than the "
            f"patch of {patch}x{patch}; choose a smaller --patch or a larger --size",
        )
    found: dict[tuple[int, int], None] = {}
    judged: dict[tuple[int, int], bool] = {}
    for index in range(count):
        for attempt in range(TRIES):
            address = (seed, scene, "patch", index, attempt)
            position = (
                draw_below(*address, "top", bound=height - patch + 1),
                draw_below(*address, "left", bound=width - patch + 1),
            )
            if position in found:
                continue
            if position not in judged:
                judged[position] = accept is None or accept(*position)
            if judged[position]:
                found[position] = None
                break
    return list(found)
