"""Both sides of a sample stay partners, whatever is done to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clean_folder import (
    clean_picture,
    degrade_here,
    make_clean_folder,
    save_picture,
    step,
    write_recipe,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import avg_pool2d
from training_samples import config, facts, joined, opened
from training_samples import step as batch_of

from baselines.configs.config import Jitter, Stage
from baselines.networks.architecture import Traits
from baselines.training_data.colour import Colours, draw_colours
from baselines.training_data.geometry import Box, Orientation, patch_sides, squeezed, whole_unit
from baselines.training_data.mixing import mix_at
from baselines.training_data.sources import Sources
from builders.planning import Store
from builders.sources import Root
from degrade.option_error import OptionError
from degrade.reading.clean import read_clean
from degrade.resize import resize_matlab
from evaluation.inputs import mod_crop

HALVES = step("halve", "resize", method="area", scale=0.5, base="input")
HALF_A_CODE = 0.5 / 255 + 1e-6


@pytest.mark.parametrize("road", ["stored", "clean"])
def test_sides_stay_partners(road: str, clean: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "halves.json", scale=2, steps=[HALVES])
    one = config(shuffle_channels=True, recipe=str(recipe), context=6)
    if road == "stored":
        out = degrade_here(clean, tmp_path / "out", recipe=recipe, store=Store(split="train=1"))
        batches = opened(one, out, network=Traits(scale=2))
    else:
        batches = opened(one, Sources(clean=(Root(clean),)), network=Traits(scale=2))
    told = [f for number in range(6) for f in facts(batches, number)]
    for name in ("left_right", "up_down", "across"):
        assert {f[name] for f in told} == {True, False}
    assert len({str(f.get("channels")) for f in told}) > 3
    for number in range(6):
        (batch,) = batch_of(batches, number)
        assert (avg_pool2d(batch["gt"], 2) - batch["lq"]).abs().max() <= HALF_A_CODE


@given(
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(1, 5), st.integers(1, 4)),
)
@settings(max_examples=40, deadline=None)
def test_a_part_of_the_turned_is_the_turned_part(
    how: tuple[bool, bool, bool], at: tuple[int, int, int, int]
) -> None:
    rows = np.arange(9 * 11 * 2.0, dtype=np.float32).reshape(9, 11, 2)
    turns, box = Orientation(*how), Box(*at)
    before = turns.before(box, size=(9, 11))
    assert np.array_equal(box.cut(turns.of(rows)), turns.of(before.cut(rows)))
    assert turns.of(rows).shape[:2] == turns.size_of((9, 11))


@pytest.mark.parametrize("scale", [2.0, 1.5, 2.3])
def test_a_patch_with_context_is_cut_from_the_whole_input(tmp_path: Path, scale: float) -> None:
    folder = tmp_path / "views"
    for seed in range(2):
        save_picture(folder / f"{seed}.png", clean_picture(seed=seed, height=77, width=91))
    one = config(
        Stage(steps=8, batch=2, patch=12), recipe="bicubic-x{scale}", scales=(scale,), context=16,
        patch_of="input",
    )  # fmt: skip
    network = Traits(scale=2) if scale == 2 else Traits(scale=0, told="scale")
    batches = opened(one, Sources(clean=(Root(folder),)), network=network)
    for number in range(8):
        (batch,) = batch_of(batches, number)
        assert batch["gt"].shape[2] == int(scale * 12) and batch["lq"].shape[2] == 12
        assert batch.told == (None if scale == 2 else scale)
        for index, told in enumerate(facts(batches, number)):
            picture = read_clean(folder / told["key"].split(":")[1].split("@")[0])
            turns = Orientation(told["left_right"], told["up_down"], told["across"])
            turned = np.ascontiguousarray(turns.of(picture))
            if scale == 2:  # recipes of a whole scale cut to multiples of it first
                turned = mod_crop(turned, 2)
            whole = resize_matlab(turned, scale=1 / scale)
            (gt,) = np.argwhere(_places(turned, batch["gt"][index]))
            y, x = (round(at / scale) for at in gt)
            expected = torch.from_numpy(whole[y : y + 12, x : x + 12] / np.float32(255))
            assert torch.equal(batch["lq"][index], expected.permute(2, 0, 1))


def _places(picture: NDArray[Any], patch: torch.Tensor) -> NDArray[np.bool_]:
    """Where a patch [3,h,w] lies in a picture."""
    codes = (patch.permute(1, 2, 0) * 255).round().numpy().astype(np.uint8)
    windows = sliding_window_view(picture, codes.shape)[:, :, 0]
    return (windows == codes).all(axis=(2, 3, 4))


def test_pictures_are_shrunk_before_they_are_cut(clean: Path) -> None:
    one = config(
        Stage(steps=4, batch=2, patch=30), recipe="gaussian-25", rescale=(1.0, 0.8, 0.1),
        flips=False, quarter_turns=False,
    )  # fmt: skip
    batches = opened(one, Sources(clean=(Root(clean),)))
    seen = set()
    for number in range(4):
        (batch,) = batch_of(batches, number)
        for index, told in enumerate(facts(batches, number)):
            seen.add(told["rescale"])
            picture = read_clean(clean / told["key"].split(":")[1].split("@")[0])
            small = resize_matlab(picture, scale=told["rescale"])
            part = Box(*told["box"]["clean"]).cut(small) / np.float32(255)
            assert torch.equal(batch["gt"][index], torch.from_numpy(part).permute(2, 0, 1))
    assert seen == {1.0, 0.8}, "a tenth leaves no patch of 30"


def test_dull_places_are_drawn_again(tmp_path: Path) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 40:] = np.random.default_rng(0).integers(0, 255, (64, 24, 3))
    save_picture(tmp_path / "views/half.png", picture)
    dark = []
    for brightness, gradient in (((0.0, 1.0), 0.0), ((0.02, 0.98), 0.0), ((0.0, 1.0), 0.06)):
        one = config(
            Stage(steps=40, batch=1, patch=12), recipe="gaussian-25", brightness=brightness,
            least_gradient=gradient,
        )  # fmt: skip
        batches = opened(one, Sources(clean=(Root(tmp_path / "views"),)))
        means = [float(batch_of(batches, number)[0]["gt"].mean()) for number in range(40)]
        dark.append(sum(mean < 0.02 for mean in means))
    assert dark[0] > 10 and dark[1] <= 3 and dark[2] <= 3


def test_squeezing_is_pillows(clean: Path) -> None:
    picture = read_clean(clean / "view-000.png")
    ours = squeezed(picture, side=20)
    theirs = Image.fromarray(picture).resize((20, 20), Image.Resampling.BICUBIC)
    assert np.array_equal(ours, np.asarray(theirs))
    deep = squeezed(picture.astype(np.uint16) * 257, side=20)
    assert np.abs(deep * 255 - ours).max() < 1.5  # Pillow rounds between its passes


def test_colours_without_change_are_left(clean: Path) -> None:
    assert draw_colours(0, "pair", 3, shuffle=False, jitter=Jitter()).neutral
    picture = {"gt": torch.rand(3, 4, 4)}
    assert Colours().of(picture, anchor="gt")["gt"] is picture["gt"]
    plain, same = (
        opened(config(recipe="gaussian-25", jitter=jitter), Sources(clean=(Root(clean),)))
        for jitter in (Jitter(), Jitter(brightness=0.0, contrast=0.0))
    )
    assert torch.equal(joined(batch_of(plain, 1), "lq"), joined(batch_of(same, 1), "lq"))


def test_colours_change_both_sides_by_one_map() -> None:
    dark, light = torch.full((3, 2, 2), 0.2), torch.full((3, 2, 2), 0.4)
    bright = Colours(brightness=1.5).of({"lq": dark, "gt": light}, anchor="gt")
    assert torch.allclose(bright["lq"], dark * 1.5) and torch.allclose(bright["gt"], light * 1.5)
    flat = Colours(contrast=0.5).of({"lq": dark, "gt": light}, anchor="gt")
    assert torch.allclose(flat["gt"], light), "contrast turns about the target's mean"
    assert torch.allclose(flat["lq"], torch.full_like(dark, 0.3))
    gray = Colours(saturation=0.0).of({"gt": torch.rand(3, 5, 5)}, anchor="gt")["gt"]
    assert torch.allclose(gray, gray[:1].expand(3, 5, 5), atol=1e-6)
    order = Colours(order=(2, 0, 1)).of({"gt": torch.arange(3.0)[:, None, None]}, anchor="gt")
    assert order["gt"].flatten().tolist() == [2.0, 0.0, 1.0]


def test_mixing_takes_lq_and_gt_in_one_share(clean: Path) -> None:
    stage = Stage(steps=12, batch=4, patch=16)
    mixed, plain = (
        opened(config(stage, recipe="gaussian-25", mixup=beta), Sources(clean=(Root(clean),)))
        for beta in (1.2, 0.0)
    )
    shares = []
    for number in range(12):
        mix = mix_at(7, number, beta=1.2, batch=4)
        (own,), (base,) = batch_of(mixed, number), batch_of(plain, number)
        for side in ("lq", "gt"):
            expected = base[side]
            if mix is not None:
                other = base[side][list(mix.partners)]
                expected = mix.share * base[side] + (1 - mix.share) * other
            assert torch.allclose(own[side], expected, atol=1e-6)
        shares += [] if mix is None else [mix.share]
    assert 3 <= len(shares) <= 9
    many = [mix for n in range(2000) if (mix := mix_at(0, n, beta=1.2, batch=2))]
    assert len(many) == pytest.approx(1000, abs=80)
    # Beta(b, b) has mean 1/2 and variance 1 / (4 (2 b + 1))
    assert np.var([mix.share for mix in many]) == pytest.approx(1 / 13.6, rel=0.1)


def test_scales_finer_than_tenths_are_refused() -> None:
    assert [whole_unit(scale) for scale in (1.0, 4.0, 1.5, 1.2, 3.7)] == [1, 1, 2, 5, 10]
    for scale in (0.5, 1.25001, 1.11):
        with pytest.raises(OptionError, match=r"data\.scales"):
            whole_unit(scale)
    assert patch_sides(50, of="input", scale=2.3, enlarged=False).target == int(2.3 * 50)


def test_a_small_picture_is_named(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=1, side=20)
    batches = opened(config(Stage(steps=1, batch=1, patch=24), recipe="gaussian-25"),
                     Sources(clean=(Root(folder),)))  # fmt: skip
    with pytest.raises(ValueError, match=r"view-000\.png@0: 20x20 pixels, smaller .* of 24"):
        batch_of(batches, 0)
