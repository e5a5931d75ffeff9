"""Before step 0 the first pair or file that a run cannot use is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from clean_folder import clean_picture, degrade_here, make_clean_folder, save_picture, write_recipe
from training_samples import config, opened

from baselines.configs.config import Stage
from baselines.networks.architecture import Traits
from baselines.training_data.preflight import check_sources
from baselines.training_data.sources import Sources
from builders.planning import Store
from builders.sources import Root


def looked_at(batches: object) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    check_sources(batches, report=lambda done, total: seen.append((done, total)))  # type: ignore[arg-type]
    return seen


def test_good_data_passes_and_is_counted(clean: Path, pyramid: Path) -> None:
    stored = opened(config(), pyramid, network=Traits(scale=2))
    assert looked_at(stored) == [(n, 14) for n in range(1, 15)]
    folder = opened(config(recipe="gaussian-25"), Sources(clean=(Root(clean), Root(clean))))
    assert looked_at(folder)[-1] == (14, 14)


def test_a_pair_of_another_scale_is_named(clean: Path, tmp_path: Path) -> None:
    halves = {"node": "step", "id": "s", "operator": "resize",
              "set": {"method": "matlab-bicubic", "scale": 0.5, "base": "input"}}  # fmt: skip
    same = {"node": "step", "id": "n", "operator": "gaussian_noise", "set": {"sigma": 0.1}}
    outs = [
        degrade_here(clean, tmp_path / name, store=Store(split="train=1"),
                     recipe=write_recipe(tmp_path / f"{name}.json", scale=scale, steps=[step]))
        for name, scale, step in (("two", 2, halves), ("one", 1, same))
    ]  # fmt: skip
    batches = opened(config(), Sources(pairs=tuple(map(Root, outs))), network=Traits(scale=2))
    with pytest.raises(ValueError, match=r"one: pair 'view-000/copy-00': lq of 52x52 .* x2"):
        looked_at(batches)


@pytest.mark.parametrize("road", ["stored", "clean"])
def test_a_small_picture_is_named(road: str, tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=3, side=40)
    save_picture(folder / "view-001.png", clean_picture(seed=1, height=20, width=60))
    save_picture(folder / "view-002.png", clean_picture(seed=2, height=18, width=60))
    one = config(Stage(steps=1, batch=1, patch=16), Stage(steps=1, batch=1, patch=24),
                 recipe="gaussian-25")  # fmt: skip
    if road == "stored":
        noise = [{"node": "step", "id": "n", "operator": "gaussian_noise", "set": {"sigma": 0.1}}]
        recipe = write_recipe(tmp_path / "noise.json", scale=1, steps=noise)
        given: Sources | Path = degrade_here(
            folder, tmp_path / "out", recipe=recipe, store=Store(split="train=1")
        )
    else:
        given = Sources(clean=(Root(folder),))
    with pytest.raises(ValueError, match=r"view-001.*60x20 pixels.*24"):
        looked_at(opened(one, given))


@pytest.mark.parametrize("road", ["stored", "clean"])
def test_another_depth_is_named(road: str, tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=3, side=40)
    save_picture(folder / "view-001.png", clean_picture(seed=1, height=40, width=40, bits=16))
    if road == "stored":
        noise = [{"node": "step", "id": "n", "operator": "gaussian_noise", "set": {"sigma": 0.1}}]
        recipe = write_recipe(tmp_path / "noise.json", scale=1, steps=noise)
        given: Sources | Path = degrade_here(
            folder, tmp_path / "out", recipe=recipe, store=Store(split="train=1")
        )
    else:
        given = Sources(clean=(Root(folder),))
    with pytest.raises(ValueError, match=r"view-001.*(16 bits|uint16).*one depth"):
        looked_at(opened(config(recipe="gaussian-25"), given))


def test_channels_that_the_network_does_not_take_are_named(pyramid: Path) -> None:
    batches = opened(config(), pyramid, network=Traits(scale=2, channels=4))
    with pytest.raises(ValueError, match=r"view-000/x2'.*3 channels, the network takes 4"):
        looked_at(batches)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=2, side=40)
    (folder / "view-001.png").write_text("see attachment")
    batches = opened(config(recipe="gaussian-25"), Sources(clean=(Root(folder),)))
    with pytest.raises(ValueError, match=r"view-001\.png: no picture"):
        looked_at(batches)


def test_whole_pictures_of_another_size_are_named(tmp_path: Path) -> None:
    folder = make_clean_folder(tmp_path / "views", count=2, side=40)
    save_picture(folder / "view-002.png", clean_picture(seed=1, height=40, width=48))
    given = Sources(clean=(Root(folder),))
    alone = opened(config(Stage(steps=1, batch=1, patch=0), recipe="gaussian-25"), given)
    assert len(looked_at(alone)) == 3
    batches = opened(config(Stage(steps=1, batch=2, patch=0), recipe="gaussian-25"), given)
    with pytest.raises(ValueError, match=r"view-002\.png: 48x40 pixels, others have 40x40"):
        looked_at(batches)
