"""Applying records: exact where nothing is asked, the same on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from degrade.apply import apply_steps, apply_together, degrade, degrade_picture
from degrade.recipe import Recipe, Step
from degrade.recipes import RECIPES
from degrade.record import Record, draw_record, parse_record, record_json

NOTHING = Recipe("nothing", "", "", ())
CPU_AND_GPU = 5e-3  # float sums in another order, through up to a dozen steps and two codecs


def photograph(height: int = 96, width: int = 120) -> np.ndarray:
    import skimage.data

    return skimage.data.astronaut()[60 : 60 + height, 160 : 160 + width]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_step_changes_no_value(dtype: type) -> None:
    top = np.iinfo(dtype).max
    codes = np.arange(256 * 256 * 3).reshape(256, 256, 3) % (top + 1)
    picture = codes.astype(dtype)
    target, made, record = degrade_picture(picture, draw_record(NOTHING, seed=0, key="k"))
    assert target.dtype == made.dtype == dtype
    np.testing.assert_array_equal(target, picture)
    np.testing.assert_array_equal(made, picture)
    assert record.geometry == {"input": (256, 256), "target": (256, 256), "output": (256, 256)}


def test_pictures_are_cut_to_a_multiple_of_the_scale() -> None:
    picture = photograph(97, 122)
    record = draw_record(RECIPES["bicubic-x4"], seed=0, key="k")
    target, made, _ = degrade_picture(picture, record)
    np.testing.assert_array_equal(target, picture[:96, :120])
    assert made.shape == (24, 30, 3)
    with pytest.raises(ValueError, match="3x2 pixels is too small for a recipe of scale 4"):
        degrade_picture(picture[:2, :3], record)


def test_a_recipe_that_does_not_shrink_as_it_says_is_refused() -> None:
    half = Recipe("half", "", "", (Step("it", "resize", {"scale": 0.5}),), scale=4)
    with pytest.raises(ValueError, match="'half' has scale 4, and makes 60x48 pixels of"):
        degrade_picture(photograph(), draw_record(half, seed=0, key="k"))


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_runs_and_replays(name: str) -> None:
    recipe = RECIPES[name]
    picture = photograph()
    record = draw_record(recipe, seed=0, key="face")
    target, made, used = degrade_picture(picture, record)
    assert target.shape == (96 - 96 % recipe.scale, 120 - 120 % recipe.scale, 3)
    views = 2 if name == "dual-pixel" else 1
    assert made.shape == (96 // recipe.scale, views * (120 // recipe.scale), 3)
    assert made.std() > 2, "something is left of the picture"
    replayed = parse_record(record_json(used), file="r.json")
    again = degrade_picture(picture, replayed)
    assert again[0].tobytes() == target.tobytes()
    assert again[1].tobytes() == made.tobytes()
    assert again[2] == used


def test_a_replay_that_makes_something_else_is_refused() -> None:
    picture = photograph()
    used = degrade_picture(picture, draw_record(RECIPES["bsrgan-x2"], seed=0, key="k"))[2]
    wrong = used.with_geometry({**used.geometry, "output": (24, 30)})
    with pytest.raises(ValueError, match=r"the record says .*\(24, 30\).*its steps make"):
        degrade_picture(picture, wrong)


@pytest.mark.parametrize("name", ["realesrgan-x4", "bsrgan-x4", "unprocess"])
def test_threads_change_nothing(name: str) -> None:
    picture = photograph()
    record = draw_record(RECIPES[name], seed=1, key="face")
    before = torch.get_num_threads()
    made = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(degrade_picture(picture, record)[1].tobytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert made[0] == made[1]


def batch(count: int) -> tuple[list[torch.Tensor], list[Record]]:
    sizes = [(64 + 4 * (i % 3), 80 - 4 * (i % 5)) for i in range(count)]
    whole = torch.from_numpy(photograph(160, 200).transpose(2, 0, 1).astype(np.float32) / 255)
    images = [whole[:, i : i + h, 2 * i : 2 * i + w] for i, (h, w) in enumerate(sizes)]
    names = ["realesrgan-x4", "bsrgan-x4", "bsrgan-plus-x4", "old-photo", "unprocess"]
    return images, [draw_record(RECIPES[names[i % 5]], seed=5, key=f"k{i}") for i in range(count)]


def test_a_batch_of_eight_is_eight_of_one_in_any_order() -> None:
    images, records = batch(8)
    whole = degrade(images, records)[1]
    for index in (5, 2, 7, 0, 1, 3, 6, 4):
        alone = degrade([images[index]], [records[index]])[1][0]
        assert alone.numpy().tobytes() == whole[index].numpy().tobytes()


def test_the_ragged_way_of_a_gpu_agrees() -> None:
    """Different recipes, orders and sizes in one batch, through the canvas."""
    images, records = batch(8)
    targets, alone = degrade(images, records)
    together = apply_together(targets, [[r.steps[i] for i in r.order] for r in records])
    for one, other in zip(alone, together, strict=True):
        assert one.shape == other.shape
        codes = [(p.clamp(0, 1) * 255 + 0.5).floor() for p in (one, other)]
        differ = (codes[0] != codes[1]).float()
        # a JPEG coefficient on the edge between two steps moves its whole block
        assert float(differ.mean()) < 0.02
        assert float((one - other).abs().mean()) < 2e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_cpu_and_gpu_agree() -> None:
    images, records = batch(8)
    ours = degrade(images, records)[1]
    theirs = degrade([image.cuda() for image in images], records)[1]
    for one, other in zip(ours, theirs, strict=True):
        assert float((one - other.cpu()).abs().mean()) < CPU_AND_GPU


def test_nothing_in_nothing_out() -> None:
    assert apply_steps([], []) == []
    assert apply_together([], []) == []
