"""Patch positions: reproducible, independent of count, inside the picture, at most 200 tries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.crops import TRIES, patch_count, patch_positions
from builders.drops import Drop


@pytest.mark.parametrize(
    ("patch", "train", "other"),
    [(128, 8, 4), (256, 4, 2), (512, 2, 1), (64, 16, 8), (384, 2, 1), (1024, 1, 1), (3000, 1, 1)],
)
def test_counts(patch: int, train: int, other: int) -> None:
    assert patch_count(patch, split="train") == train
    assert patch_count(patch, split="val") == patch_count(patch, split="test") == other


def test_golden_positions() -> None:
    assert patch_positions(0, scene="a0001", shape=(400, 600), patch=128, count=3) == [
        (74, 240),
        (198, 101),
        (26, 42),
    ]


@settings(max_examples=50)
@given(st.integers(), st.text(max_size=8), st.integers(1, 40), st.integers(1, 40), st.data())
def test_inside_different_and_stable(
    seed: int, scene: str, height: int, width: int, data: st.DataObject
) -> None:
    patch = data.draw(st.integers(1, min(height, width)))
    few = patch_positions(seed, scene=scene, shape=(height, width), patch=patch, count=2)
    many = patch_positions(seed, scene=scene, shape=(height, width), patch=patch, count=5)
    assert len(set(many)) == len(many)
    assert many[: len(few)] == few
    assert all(0 <= top <= height - patch and 0 <= left <= width - patch for top, left in many)


def test_every_position_can_be_drawn() -> None:
    found = {
        position
        for seed in range(200)
        for position in patch_positions(seed, scene="s", shape=(5, 6), patch=4, count=1)
    }
    assert found == {(top, left) for top in range(2) for left in range(3)}


def test_seed_and_scene_move_the_patches() -> None:
    def positions(seed: int, scene: str) -> list[tuple[int, int]]:
        return patch_positions(seed, scene=scene, shape=(999, 999), patch=9, count=4)

    assert len({tuple(positions(s, k)) for s in (0, 1) for k in ("a", "b")}) == 4


def test_a_patch_has_two_hundred_tries() -> None:
    asked: list[tuple[int, int]] = []

    def refuse(top: int, left: int) -> bool:
        asked.append((top, left))
        return False

    shape = (100_000, 100_000)
    assert patch_positions(0, scene="s", shape=shape, patch=8, count=2, accept=refuse) == []
    assert TRIES == 200
    assert len(asked) == len(set(asked)) == 2 * TRIES


def test_acceptance_is_obeyed_and_leaves_other_patches_alone() -> None:
    good = np.zeros((60, 60), dtype=bool)
    good[10:30, 20:50] = True
    free = patch_positions(3, scene="s", shape=(64, 64), patch=8, count=6)
    kept = patch_positions(
        3,
        scene="s",
        shape=(64, 64),
        patch=8,
        count=6,
        accept=lambda top, left: bool(good[top, left]),
    )
    assert len(kept) == 6
    assert all(good[position] for position in kept)
    assert {p for p in free if good[p]} <= set(kept)


def test_too_small_is_a_drop() -> None:
    with pytest.raises(Drop, match=r"a0001: .* 90x200 .* patch of 128x128") as caught:
        patch_positions(0, scene="a0001", shape=(90, 200), patch=128, count=1)
    assert caught.value.reason == "too-small"


def test_whole_picture_is_one_patch() -> None:
    assert patch_positions(0, scene="s", shape=(8, 8), patch=8, count=4) == [(0, 0)]


def test_wrong_numbers_are_refused() -> None:
    for patch, count in ((0, 1), (8, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            patch_positions(0, scene="s", shape=(8, 8), patch=patch, count=count)
    with pytest.raises(ValueError, match="patch is 0"):
        patch_count(0, split="train")
