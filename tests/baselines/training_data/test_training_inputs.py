"""What networks are given while they train: what evaluation gives them, and what records say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
import trees
from clean_folder import degrade_here, make_clean_folder, save_picture, write_recipe
from numpy.typing import NDArray
from PIL import Image
from training_samples import config, facts, opened, step

from baselines.configs.config import Stage
from baselines.networks.architecture import Traits
from baselines.training_data.as_taken import gray
from baselines.training_data.geometry import Box, Orientation
from baselines.training_data.preview import save_preview
from baselines.training_data.sources import Sources
from builders.kinds.imported_wishes import ImportWishes
from builders.pairs import open_pairs
from builders.planning import Store
from builders.sources import Root
from degrade.apply import degrade
from degrade.reading.clean import read_clean
from degrade.record import Record
from degrade.resize import resize_matlab
from evaluation.inputs import Bicubic, LumaBicubic, make_shown
from evaluation.pictures import to_unit

WHOLE = Stage(steps=5, batch=1, patch=0)


def planes(picture: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(to_unit(picture).astype(np.float32).transpose(2, 0, 1).copy())


def sides(told: dict[str, Any]) -> str:
    """The file of a sample."""
    return told["key"].split(":")[1].rpartition("@")[0]


NETWORKS = {
    "color": (Traits(scale=3), "bicubic-x{scale}", Bicubic(scale=3)),
    "luma": (Traits(scale=3, channels=1, out_channels=1, luma=True),
             "bicubic-double-x{scale}", LumaBicubic(scale=3)),
    "enlarged": (Traits(channels=1, out_channels=1, luma=True, pre_upsampled=True),
                 "bicubic-double-x{scale}", LumaBicubic(scale=3)),
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_trains_on_what_it_is_scored_on(kind: str, testdata: Path) -> None:
    network, recipe, inputs = NETWORKS[kind]
    one = config(WHOLE, recipe=recipe, scales=(3,), flips=False, quarter_turns=False)
    batches = opened(one, Sources(clean=(Root(testdata / "set5"),)), network=network)
    seen = set()
    for number in range(5):
        (batch,) = step(batches, number)
        (told,) = facts(batches, number)
        seen.add(sides(told))
        shown = make_shown(inputs, read_clean(testdata / "set5" / sides(told)))
        lq = to_unit(shown.lq)
        if network.pre_upsampled:
            lq = resize_matlab(lq, scale=3.0, reading="matlab-bicubic-double")
        target = planes(shown.targets[""])
        assert torch.equal(batch["gt"][0], target)
        assert torch.allclose(batch["lq"][0], planes(lq), atol=2e-7, rtol=0)
    assert len(seen) == 5


def test_gray_is_matlabs() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9], [255, 255, 255]]])
    assert gray(colours.astype(np.uint8)).ravel().tolist() == [76, 150, 29, 9, 255]
    assert gray(np.full((1, 1, 3), 40000, np.uint16)).item() == 40000


@pytest.mark.parametrize("network", [
    Traits(scale=2), Traits(channels=1, out_channels=1, luma=True, pre_upsampled=True),
])  # fmt: skip
def test_what_is_stored_is_given(network: Traits, pyramid: Path) -> None:
    stage = Stage(steps=7, batch=1, patch=0)
    one = config(stage, scales=(2,), flips=False, quarter_turns=False)
    batches = opened(one, pyramid, network=network)
    pairs = {pair.key: pair for pair in open_pairs(pyramid)}
    for number in range(7):
        (batch,) = step(batches, number)
        pair = pairs[sides(facts(batches, number)[0])]
        assert pair.variant == "x2"
        if network.scale == 2:
            assert torch.equal(batch["lq"][0], planes(pair.lq))
        else:
            assert batch["lq"].shape == batch["gt"].shape == (1, 1, 52, 52)
            assert 0.02 < float((batch["lq"] - batch["gt"]).abs().mean()) + 0.02 < 0.2


@pytest.mark.parametrize("recipe", ["realesrgan-x2", "gaussian-blind", "srmd-x2"])
def test_a_sample_is_made_again_from_its_facts(recipe: str, clean: Path) -> None:
    scale = 1 if recipe.startswith("gaussian") else 2
    batches = opened(
        config(recipe=recipe, context=8), Sources(clean=(Root(clean),)),
        network=Traits(scale=scale),
    )  # fmt: skip
    (batch,) = step(batches, 2)
    for index, told in enumerate(msgspec.json.decode(msgspec.json.encode(facts(batches, 2)))):
        region = Box(*told["box"]["clean"]).cut(read_clean(clean / sides(told)))
        turned = Orientation(told["left_right"], told["up_down"], told["across"]).of(region)
        record = msgspec.convert(told["record"], Record)
        (target,), (made,) = degrade([planes(turned)], [record])
        inner = Box(*told["inner"])
        assert torch.equal(batch["gt"][index], inner.cut_planes(target))
        assert torch.equal(batch["lq"][index], inner.times(1 / scale).cut_planes(made))


def test_another_folder_name_changes_no_bit(clean: Path, tmp_path: Path) -> None:
    shutil.copytree(clean, tmp_path / "renamed")
    one = config(recipe="gaussian-blind")
    found = [
        step(opened(one, Sources(clean=(Root(folder),))), 1)[0]
        for folder in (clean, tmp_path / "renamed")
    ]
    assert torch.equal(found[0]["lq"], found[1]["lq"])
    assert found[0].keys != found[1].keys  # to be read, they tell the folder
    twice = Sources(clean=(Root(clean), Root(tmp_path / "renamed")))
    (both,) = step(
        opened(config(Stage(steps=1, batch=14, patch=0), recipe="gaussian-25"), twice), 0
    )
    noises = both["lq"] - both["gt"]
    assert len({float(noise.sum()) for noise in noises}) == 14, "roots have draws of their own"


def test_stored_samples_tell_their_record(pyramid: Path) -> None:
    records = {pair.key: pair.record for pair in open_pairs(pyramid)}
    for told in facts(opened(config(), pyramid, network=Traits(scale=2)), 1):
        assert told["record"] == records[sides(told)]


def test_noise_is_not_clipped_and_is_told(clean: Path, tmp_path: Path) -> None:
    one, network = config(recipe="gaussian-blind"), Traits(told="sigma")
    batches = opened(one, Sources(clean=(Root(clean),)), network=network)
    (batch,) = step(batches, 0)
    drawn = [told["record"]["steps"]["noise"]["sigma"] for told in facts(batches, 0)]
    assert isinstance(batch.told, torch.Tensor)
    assert batch.told.tolist() == pytest.approx(drawn)
    measured = (batch["lq"] - batch["gt"]).flatten(1).std(1)
    assert measured.tolist() == pytest.approx(drawn, rel=0.15)
    noisy = torch.cat([step(batches, number)[0]["lq"] for number in range(6)])
    assert noisy.max() > 1 or noisy.min() < 0
    noise = [{"node": "step", "id": "n", "operator": "gaussian_noise", "set": {"sigma": 0.1}}]
    recipe = write_recipe(tmp_path / "noise.json", scale=1, steps=noise)
    out = degrade_here(clean, tmp_path / "out", recipe=recipe, store=Store(split="train=1"))
    told = step(opened(config(), out, network=network), 0)[0].told
    assert isinstance(told, torch.Tensor) and told.tolist() == pytest.approx([0.1] * 4)


def test_a_network_told_the_noise_needs_records_of_it(pyramid: Path) -> None:
    batches = opened(config(scales=(2,)), pyramid, network=Traits(scale=2, told="sigma"))
    with pytest.raises(ValueError, match=r"x2'.*no gaussian_noise"):
        step(batches, 0)


def test_two_views_are_joined_left_first(tmp_path: Path) -> None:
    top = trees.tree(tmp_path, "dpdd-dual")
    wishes = ImportWishes("dpdd-dual", patch="16", stride=8)
    out = trees.build(trees.make(top, wishes).plan, tmp_path / "out")
    pairs = {pair.key: pair for pair in open_pairs(out, split="train")}
    one = config(Stage(steps=2, batch=1, patch=0), flips=False, quarter_turns=False)
    batches = opened(one, out, network=Traits(channels=6))
    assert batches.counts["out"] == len(pairs) / 2
    (batch,) = step(batches, 1)
    left = sides(facts(batches, 1)[0])
    right = left.replace("/left", "/right")
    assert torch.equal(batch["lq"][0, :3], planes(pairs[left].lq))
    assert torch.equal(batch["lq"][0, 3:], planes(pairs[right].lq))
    assert not torch.equal(batch["lq"][0, :3], batch["lq"][0, 3:])
    assert torch.equal(batch["gt"][0], planes(pairs[left].gt))
    assert pairs[left].gt.dtype == np.uint16


def test_two_views_are_made_of_clean_pictures(clean: Path) -> None:
    batches = opened(
        config(recipe="dual-pixel"), Sources(clean=(Root(clean),)), network=Traits(channels=6)
    )
    (batch,) = step(batches, 0)
    assert batch["lq"].shape == (4, 6, 16, 16) and batch["gt"].shape == (4, 3, 16, 16)
    assert (batch["lq"][:, :3] - batch["lq"][:, 3:]).abs().max() > 0.01


def test_sixteen_bits_stay(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=1, side=24, bits=16)
    batches = opened(
        config(Stage(steps=1, batch=1, patch=0), recipe="gaussian-25", flips=False,
               quarter_turns=False),
        Sources(clean=(Root(folder),)),
    )  # fmt: skip
    target = step(batches, 0)[0]["gt"][0]
    assert torch.equal(target, planes(read_clean(folder / "view-000.png")))
    assert (target * 255 - (target * 255).round()).abs().max() > 0.1


def test_the_sheet_shows_what_the_network_sees(tmp_path: Path) -> None:
    bright = np.full((52, 52, 3), 255, np.uint8)
    save_picture(tmp_path / "white/white.png", bright)
    batches = opened(config(recipe="bicubic-x2"), Sources(clean=(Root(tmp_path / "white"),)),
                     network=Traits(scale=2))  # fmt: skip
    assert save_preview(batches, path=tmp_path / "sheet.png", rows=3) == 3
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert (sheet[20:200, 20:200] == 255).all() and sheet.min() < 100, "white pictures, ink"
