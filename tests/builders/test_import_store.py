"""Imported pairs in the store: every format, rebuilt to the byte, added to."""

from __future__ import annotations

from pathlib import Path

import pytest
import trees
from built import run_here
from trees import build, make, tree

from builders.export import export
from builders.kinds.imported_plan import append_store
from builders.kinds.imported_wishes import ImportWishes
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from builders.rebuild import rebuild
from builders.start import start_build
from builders.verify import verify
from degrade.option_error import OptionError


@pytest.mark.parametrize("storage", ["hdf5", "hf", "folder"])
def test_every_format_holds_it(storage: str, tmp_path: Path) -> None:
    store = Store(split="official", format=storage)
    out = build(make(tree(tmp_path, "msec"), "msec", store=store).plan, tmp_path / "out")
    assert verify(out) == []
    assert all(trees.holds(pair) for pair in open_pairs(out))
    other = "hf" if storage == "hdf5" else "hdf5"
    export(out, storage=other, target=tmp_path / "other")
    assert verify(tmp_path / "other") == []


def test_a_sample_is_rebuilt_to_the_byte(tmp_path: Path) -> None:
    out = build(
        make(tree(tmp_path, "gopro"), ImportWishes("gopro", patch="16")).plan, tmp_path / "out"
    )
    keys = open_pairs(out).keys()
    assert rebuild(out, key=keys[0]).verdict == "bytes"
    changed = trees.flat(3, trees.LQ)
    trees.save(tmp_path / "set/train/GOPR0372_07_00/blur/000047.png", changed)
    assert keys[0].startswith("GOPR0372_07_00-000047/")
    assert rebuild(out, key=keys[0]).verdict == "differs"


def test_every_variant_is_made_again_to_the_byte(tmp_path: Path) -> None:
    top = tree(tmp_path, "div2k")
    out = build(make(top, "div2k").plan, tmp_path / "out")
    keys = [pair.key for pair in open_pairs(out)]
    assert len(keys) > len({key.partition("/")[0] for key in keys}), "targets with several inputs"
    assert {rebuild(out, key=key).verdict for key in keys} == {"bytes"}
    moved = top.rename(tmp_path / "moved")
    assert {rebuild(out, key=key, sources=[moved]).verdict for key in keys} == {"bytes"}


def test_the_citation_goes_with_the_data(tmp_path: Path) -> None:
    out = build(make(tree(tmp_path, "gopro"), "gopro").plan, tmp_path / "out")
    assert "Nah, Kim, Lee" in (out / "README.md").read_text()


def test_files_are_added_where_the_set_has_no_splits_of_its_own(tmp_path: Path) -> None:
    top = tree(tmp_path, "folders")
    store = Store(split="official")
    planned = make(top, "folders")
    out = build(planned.plan, tmp_path / "out")
    trees.save(top / "lq/new.png", trees.flat(8, trees.LQ))
    trees.save(top / "gt/new.png", trees.flat(8, trees.GT))
    longer = make(top, "folders").plan
    run_here(
        start_build(longer, out=out, store=append_store(longer, store=store), append=True), out
    )
    assert load_manifest(out).splits == {"train": 5}
    assert all(trees.holds(pair) for pair in open_pairs(out))
    with pytest.raises(OptionError, match="--append: test, train are the set's own splits"):
        append_store(make(tree(tmp_path / "g", "gopro"), "gopro").plan, store=store)
