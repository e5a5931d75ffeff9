"""Patches of one scene within a build: where they lie, what the screens refuse, and the cut."""

from __future__ import annotations

from typing import Any

from builders.crops import TRIES, patch_count, patch_positions
from builders.drops import Drop
from builders.kinds.scene import SceneTask
from builders.screens import AFIFI, screen
from degrade.images import Picture

Place = tuple[int, int]


def find_patches(
    task: SceneTask, gt: Picture, *, side: int | None, screens: bool, step: int = 1
) -> tuple[dict[str, Place | None], list[Drop]]:
    """Name endings and corners of the patches of a gt; {"": None} where it is kept whole.

    step: corners are multiples of it. screens: a patch that Afifi's bounds refuse is tried anew;
    one that none of its tries yields is a drop of its own. Raises Drop for a whole picture that
    the screens refuse, and for one that holds no patch.
    """
    if side is None:
        if screens:
            screen(gt, limits=AFIFI)
        return {"": None}, []
    count = patch_count(side, split=task.split)
    last: list[Drop] = []

    def accept(row: int, column: int) -> bool:
        try:
            screen(cut(gt, (row * step, column * step), side=side), limits=AFIFI)
        except Drop as drop:
            last[:] = [drop]
            return False
        return True

    height, width = gt.shape[:2]
    if step > 1 and min(height, width) < side:  # the message below would count steps
        raise Drop(
            "too-small",
            f"{task.file}: the picture is {height}x{width} pixels (height x width), smaller than "
            f"the patch of {side}x{side}; choose a smaller --patch",
        )
    found = patch_positions(
        task.seed, scene=task.scene, shape=(height // step, width // step), patch=side // step,
        count=count, accept=accept if screens else None,
    )  # fmt: skip
    short = count - len(found)
    drops = [
        Drop(
            last[0].reason if last else "too-small",
            f"{task.file}: {short} of {count} patches of {side} not found in {TRIES} tries each"
            + (f"; the last: {last[0]}" if last else ""),
        )
    ] * bool(short)
    places: dict[str, Place | None] = {
        f"-p{index:02d}": (row * step, column * step) for index, (row, column) in enumerate(found)
    }
    return places, drops


def cut(picture: Picture, place: Place | None, *, side: int | None, scale: int = 1) -> Picture:
    """The patch at `place` (both counted in the gt's pixels; the picture's are `scale` times as
    large), or the whole picture."""
    if place is None or side is None:
        return picture
    top, left, size = place[0] // scale, place[1] // scale, side // scale
    return picture[top : top + size, left : left + size]


def place_parameters(place: Place | None, *, side: int | None) -> dict[str, Any]:
    """What a pair's record says of its patch."""
    return {} if place is None else {"patch": [*place, side]}
