"""The plan of a degraded dataset: its recipe kept whole, its arrays hashed, wrong words named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clean_folder import (
    HEIGHT,
    SHRINK,
    WIDTH,
    degrade_here,
    make_clean_folder,
    step,
    write_recipe,
)

from builders.kinds.clean_plan import plan_degrade
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from builders.rebuild import rebuild
from builders.sources import Root
from degrade.option_error import OptionError
from degrade.recipe_file import read_recipe


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clean_folder(tmp_path_factory.mktemp("clean") / "gt", count=2)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipe") / "my.json")


def haze(folder: Path, *, depth: float) -> Path:
    """A recipe whose haze reads its depth from depth.npy beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    ramp = np.linspace(0.1, depth, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    np.save(folder / "depth.npy", ramp)
    steps = [step("haze", "haze", depth={"file": "depth.npy"}, relative=False, beta=1.0)]
    return write_recipe(folder / "haze.json", scale=1, steps=steps)


def test_arrays_are_hashed_and_looked_for_beside_the_recipe(clean: Path, tmp_path: Path) -> None:
    out = degrade_here(clean, tmp_path / "set", recipe=haze(tmp_path / "r", depth=1.0))
    pair = open_pairs(out)[0]
    held = pair.record["degradation"]["steps"]["haze"]["depth"]
    assert held["file"] == "depth.npy"
    assert load_manifest(out).arguments["arrays"] == {"depth.npy": held["sha256"]}
    assert str(tmp_path) not in json.dumps(pair.record)
    assert rebuild(out, key=pair.key).verdict == "bytes"
    (tmp_path / "r").rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError, match=r"depth\.npy"):
        rebuild(out, key=pair.key)
    assert rebuild(out, key=pair.key, targets=tmp_path / "moved").verdict == "bytes"
    haze(tmp_path / "r", depth=2.0)
    with pytest.raises(ValueError, match=r"depth\.npy: not the array that it was"):
        rebuild(out, key=pair.key)


def plan(clean: Path, recipe: Path, **changes: Any) -> object:
    settings: dict[str, Any] = {"copies": 1, "patch": None, "bits": None, **changes}
    chosen = read_recipe(recipe)
    return plan_degrade([Root(clean)], recipe=chosen, file=recipe, store=Store(), **settings)


@pytest.mark.parametrize(("changes", "said"), [
    ({"copies": 0}, "--copies 0: 1 to 100"),
    ({"copies": 101}, "--copies 101: 1 to 100"),
    ({"patch": 17}, "--patch 17: a multiple of 2, the scale of mine"),
    ({"patch": 0}, "--patch 0: a multiple of 2"),
    ({"bits": 12}, "--bits 12: 8, or leave it out"),
])  # fmt: skip
def test_wrong_options_are_named(
    changes: dict[str, Any], said: str, clean: Path, recipe: Path
) -> None:
    with pytest.raises(OptionError, match=said):
        plan(clean, recipe, **changes)


def test_what_a_recipe_lacks_is_said_before_the_build(clean: Path, tmp_path: Path) -> None:
    lost = haze(tmp_path / "r", depth=1.0)
    (tmp_path / "r" / "depth.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"depth\.npy: no such file, the recipe names it"):
        plan(clean, lost)
    wrong = write_recipe(tmp_path / "w.json", steps=[
        SHRINK, step("n", "gaussian_noise", sigma={"law": "uniform", "low": -2.0, "high": -1.0})
    ])  # fmt: skip
    with pytest.raises(ValueError, match="step 'n': sigma of gaussian_noise is -2"):
        plan(clean, wrong)
