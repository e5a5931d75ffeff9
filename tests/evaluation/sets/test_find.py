"""Sets are found whatever lies around them, and paired by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from set_folders import dark, make_pairs, save, scene

from evaluation.benchmarks.table import BENCHMARKS
from evaluation.pictures import to_u8
from evaluation.sets.check import check_set
from evaluation.sets.find import Found, find_set, natural
from evaluation.sets.places import sets_roots

LOL = BENCHMARKS["lol-v1"]


def quiet(done: int, total: int) -> None:
    """No report of progress."""


def names(found: Found) -> list[str]:
    return [case.name for case in found.cases]


USUAL = LOL.folders[0]


@pytest.mark.parametrize("above", ["", USUAL, USUAL.lower(), f"sets/deep/{USUAL.upper()}"])
def test_a_set_is_found_below_its_parent_and_as_its_own_folder(tmp_path: Path, above: str) -> None:
    make_pairs(tmp_path / above, lq="eval15/low", gt="eval15/high", count=3)
    roots = [tmp_path, tmp_path / above]
    for root in roots:
        assert names(find_set(LOL, roots=[root])) == ["1", "2", "3"]


def test_pairs_go_by_name_and_rows_by_number(tmp_path: Path) -> None:
    for number in (2, 10, 1):
        save(tmp_path / "our485" / "low" / f"{number}.png", dark(scene(number + 50)))
        save(tmp_path / "eval15" / "low" / f"{number}.png", dark(scene(number)))
        save(tmp_path / "eval15" / "high" / f"{number}.png", scene(number))
    found = find_set(LOL, roots=[tmp_path])
    assert names(found) == ["1", "2", "10"]
    for case, number in zip(found.cases, (1, 2, 10), strict=True):
        shown = case.show()
        np.testing.assert_array_equal(shown.targets[""], scene(number))
        np.testing.assert_array_equal(to_u8(shown.lq), dark(scene(number)))


def test_the_variable_and_the_case_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pairs(tmp_path / "b" / "x", lq="Eval15/LOW", gt="eval15/High", count=2)
    monkeypatch.setenv("PAIRSMITH_SETS", f"{tmp_path / 'gone'}:{tmp_path / 'b'}")
    assert names(find_set(LOL, roots=sets_roots([]))) == ["1", "2"]
    with pytest.raises(FileNotFoundError, match=r"--root .*gone: no such folder"):
        sets_roots([tmp_path / "gone"])


def test_what_is_not_there_says_what_to_download(tmp_path: Path) -> None:
    save(tmp_path / "holiday.png", scene(1))
    with pytest.raises(FileNotFoundError) as caught:
        find_set(LOL, roots=[tmp_path])
    message = str(caught.value)
    assert LOL.download in message and "PAIRSMITH_SETS" in message
    assert "Looked at:" in message and "eval15" in message


def test_a_file_alone_is_named_before_anything_is_read(tmp_path: Path) -> None:
    make_pairs(tmp_path, lq="eval15/low", gt="eval15/high", count=3)
    (tmp_path / "eval15" / "high" / "2.png").unlink()
    found = find_set(LOL, roots=[tmp_path])
    with pytest.raises(ValueError, match=r"low/2\.png: has no partner"):
        check_set(LOL, found, report=quiet)


def test_every_expert_is_a_target_of_the_same_input(tmp_path: Path) -> None:
    msec = BENCHMARKS["msec"]
    evs = ("N1.5", "N1", "0", "P1", "P1.5")
    for number in (1, 2):
        for ev in evs:
            save(tmp_path / "testing/INPUT_IMAGES" / f"a{number}-x_{ev}.png", scene(number))
        for place, expert in enumerate("abcde"):
            target = scene(100 * number + place)
            save(tmp_path / f"testing/expert_{expert}_testing_set" / f"a{number}-x.png", target)
    found = find_set(msec, roots=[tmp_path])
    assert len(found.cases) == 10
    case = next(case for case in found.cases if case.name == "a2-x-ev-1.5")
    assert case.groups == ("under",)
    shown = case.show()
    assert list(shown.targets) == [f"expert_{letter}" for letter in "abcde"]
    np.testing.assert_array_equal(shown.targets["expert_c"], scene(202))
    groups = [group for case in found.cases for group in case.groups]
    assert (groups.count("under"), groups.count("over")) == (4, 6)
    (tmp_path / "testing/expert_d_testing_set" / "a2-x.png").unlink()
    gone = find_set(msec, roots=[tmp_path])
    assert "a2-x-ev-1 has no target of expert_d" in gone.alone


def test_two_views_become_six_channels_and_lists_make_groups(tmp_path: Path) -> None:
    import cv2

    dual = BENCHMARKS["dpdd-dual"]
    for number in (1, 2, 3):
        for side, shift in (("inputL", 0), ("inputR", 10), ("target", 20)):
            deep = scene(number + shift).astype(np.uint16) * 257
            path = tmp_path / "test/DPDD" / side / f"1P0A{number:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), deep[..., ::-1])
    np.save(tmp_path / "test/DPDD" / "indoor_labels.npy", np.array([1, 3]))
    np.save(tmp_path / "test/DPDD" / "outdoor_labels.npy", np.array([2]))
    found = find_set(dual, roots=[tmp_path])
    assert [case.groups for case in found.cases] == [("indoor",), ("outdoor",), ("indoor",)]
    shown = found.cases[1].show()
    assert shown.lq.shape == (48, 64, 6)
    np.testing.assert_allclose(shown.lq[..., :3], scene(2) / 255.0, atol=1e-6)
    np.testing.assert_allclose(shown.lq[..., 3:], scene(12) / 255.0, atol=1e-6)
    assert shown.targets[""].dtype == np.uint16
    for name in ("indoor", "outdoor"):
        (tmp_path / "test/DPDD" / f"{name}_labels.npy").unlink()
    assert "indoor_labels.npy is not beside" in find_set(dual, roots=[tmp_path]).notes[0]


def test_numbers_sort_as_numbers() -> None:
    assert sorted(["x10", "x2", "X1", "a"], key=natural) == ["a", "X1", "x2", "x10"]


def test_the_bundled_set_needs_nothing() -> None:
    demo = BENCHMARKS["demo-x4"]
    found = find_set(demo, roots=[])
    check_set(demo, found, report=quiet)
    shown = found.cases[0].show()
    assert shown.targets[""].shape == (512, 512, 3) and shown.lq.shape == (128, 128, 3)
    gray = find_set(BENCHMARKS["demo-gray-25"], roots=[]).cases[0].show()
    assert gray.lq.shape == (512, 512, 1)
    assert replace(demo, count=5).digest != demo.digest
