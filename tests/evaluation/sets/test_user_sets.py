"""Sets of one's own: datasets built here and folders, and what is refused about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clean_folder import make_clean_folder, pyramid_here
from set_folders import dark, make_pairs, save, scene

from builders.pairs import open_pairs
from builders.planning import Store
from evaluation.inputs import Stored
from evaluation.pictures import to_u8
from evaluation.sets.check import check_set
from evaluation.sets.user_sets import own_dataset, own_folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pyramid of x2 and x4 with splits."""
    folder = tmp_path_factory.mktemp("own")
    make_clean_folder(folder / "clean", count=4)
    store = Store(split="train=0.5,test=0.5")
    return pyramid_here(folder / "clean", folder / "data", scales=(2, 4), store=store)


def test_a_dataset_of_several_scales_asks_which(built: Path) -> None:
    with pytest.raises(ValueError, match=r"x2 \(x2\), x4 \(x4\): --set .*data:test/VARIANT"):
        own_dataset(built, split="")
    benchmark, found = own_dataset(built, split="test/x4")
    assert benchmark.name == "data-test-x4" and benchmark.inputs == Stored(scale=4)
    pairs = open_pairs(built, split="test")
    wanted = [pair for pair in pairs if pair.variant == "x4"]
    assert [case.name for case in found.cases] == [pair.key for pair in wanted]
    for case, pair in zip(found.cases, wanted, strict=True):
        shown = case.show()
        np.testing.assert_array_equal(to_u8(shown.lq), pair.lq)
        np.testing.assert_array_equal(shown.targets[""], pair.gt)


def test_splits_and_variants_that_are_not_there_are_named(built: Path) -> None:
    with pytest.raises(ValueError, match="no split 'val'; it has train"):
        own_dataset(built, split="val")
    with pytest.raises(ValueError, match="no variant 'x3' in test; it has x2, x4"):
        own_dataset(built, split="test/x3")
    train, test = (own_dataset(built, split=f"{name}/x2")[0] for name in ("train", "test"))
    assert train.digest != test.digest


def test_two_folders_of_one_name_are_two_sets(tmp_path: Path) -> None:
    digests = []
    for place, start in (("a", 1), ("b", 10)):
        for number in (1, 2):
            target = scene(start + number)
            save(tmp_path / place / "val" / "target" / f"{number}.png", target)
            save(tmp_path / place / "val" / "input" / f"{number}.png", dark(target))
        benchmark, found = own_folder(tmp_path / place / "val")
        assert check_set(benchmark, found, report=lambda _done, _total: None) == []
        assert benchmark.name == "val" and len(found.cases) == 2
        digests.append(benchmark.digest)
    assert digests[0] != digests[1]


def test_a_folder_of_pictures_alone_says_so(tmp_path: Path) -> None:
    for number in (1, 2):
        save(tmp_path / "night" / f"{number}.png", scene(number))
    benchmark, found = own_folder(tmp_path / "night")
    assert benchmark.protocol.metrics == ("niqe",)
    assert not any(case.has_target for case in found.cases)
    assert "no two folders of pairs" in found.notes[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no picture in it"):
        own_folder(tmp_path / "empty")


def test_faults_of_ones_own_pairs_are_told_as_such(tmp_path: Path) -> None:
    make_pairs(tmp_path, lq="input", gt="target", count=3)
    (tmp_path / "target" / "2.png").unlink()
    benchmark, found = own_folder(tmp_path)
    with pytest.raises(ValueError, match=r"cannot be scored:\n.*input/2\.png.*\nMend or remove"):
        check_set(benchmark, found, report=lambda _done, _total: None)
