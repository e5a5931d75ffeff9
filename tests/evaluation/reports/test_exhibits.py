"""Which cases are kept, whatever the order and the kills, and what of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degrade.images import read_picture
from evaluation.reports import exhibits
from evaluation.reports.exhibits import Cases, Pictures, choose_cases, kept_exhibits, offer_exhibit

INF = math.inf
FLAT = Pictures(*(np.full((8, 8, 3), value, np.uint8) for value in (10, 20, 30)))
SCORES = st.one_of(st.none(), st.sampled_from([INF, -INF, math.nan, 1.0, 2.0]), st.floats(0, 50))


@pytest.mark.parametrize(
    ("scores", "better", "worst", "best"),
    [
        ([3.0], "higher", (0,), ()),
        ([3.0, 1.0], "higher", (1,), (0,)),
        ([3.0, 1.0, 2.0], "higher", (1, 2), (0,)),
        ([3.0, 1.0, 2.0], "lower", (0, 2), (1,)),
        ([float(n) for n in range(10)], "higher", (0, 1, 2, 3), (9, 8, 7, 6)),
        ([float(n) for n in range(10)], "lower", (9, 8, 7, 6), (0, 1, 2, 3)),
        ([5.0] * 10, "higher", (0, 1, 2, 3), (4, 5, 6, 7)),
        ([INF, None, math.nan, 1.0], "higher", (3,), (0,)),
    ],
)
def test_cases_chosen(
    scores: list[float | None], better: str, worst: tuple[int, ...], best: tuple[int, ...]
) -> None:
    assert choose_cases(dict(enumerate(scores)), better=better) == Cases(worst, best)


def test_without_scores_the_first_are_chosen() -> None:
    assert choose_cases(dict.fromkeys(range(9)), better="lower") == Cases(unranked=(0, 1, 2, 3))
    assert choose_cases({}, better="higher") == Cases()


def test_better_is_one_of_two() -> None:
    with pytest.raises(ValueError, match="better 'up': one of higher, lower"):
        choose_cases({}, better="up")


@settings(max_examples=40, deadline=None)
@given(
    scores=st.lists(SCORES, min_size=7, max_size=16),
    better=st.sampled_from(["higher", "lower"]),
    data=st.data(),
)
def test_a_killed_run_keeps_what_an_unbroken_one_keeps(
    tmp_path_factory: pytest.TempPathFactory,
    scores: list[float | None],
    better: str,
    data: st.DataObject,
) -> None:
    """Rows in any order; a kill may fall between a row's files and its record, which does the row
    again, and may leave a part of its files."""
    folder = tmp_path_factory.mktemp("exhibits")
    done: dict[int, float | None] = {}
    # waiting for the disk is no part of this law
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exhibits, "write_whole", Path.write_bytes)
        for index in data.draw(st.permutations(range(len(scores)))):
            now = {**done, index: scores[index]}
            if data.draw(st.booleans()):  # killed before the row was recorded, then done again
                offer_exhibit(folder, index=index, scores=now, better=better, pictures=FLAT)
                for path in kept_exhibits(folder).get(index, {}).values():
                    if data.draw(st.booleans()):
                        path.unlink()
            offer_exhibit(folder, index=index, scores=now, better=better, pictures=FLAT)
            done = now
    kept = kept_exhibits(folder)
    assert set(kept) == choose_cases(done, better=better).all
    assert all(set(files) == {"input", "output", "target"} for files in kept.values())


def test_says_whether_a_row_is_kept_and_cleans_up(tmp_path: Path) -> None:
    folder = tmp_path / "exhibits"
    scores: dict[int, float | None] = {}
    for index, score in enumerate((4.0, 0.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0)):
        scores[index] = score
        assert offer_exhibit(folder, index=index, scores=scores, better="higher", pictures=FLAT)
    assert set(kept_exhibits(folder)) == {1, 2, 3, 4, 5, 6, 7, 8}
    (folder / ".tmp-00ff-0009-input.png").write_bytes(b"cut short")
    scores[9] = 4.5
    assert not offer_exhibit(folder, index=9, scores=scores, better="higher", pictures=FLAT)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 8 * 3
    assert names[:3] == ["0001-input.png", "0001-output.png", "0001-target.png"]


def test_rows_beyond_9999_keep_their_number(tmp_path: Path) -> None:
    offer_exhibit(tmp_path, index=12345, scores={12345: 1.0}, better="higher", pictures=FLAT)
    assert set(kept_exhibits(tmp_path)) == {12345}


def test_without_target_there_is_none(tmp_path: Path) -> None:
    offer_exhibit(tmp_path, index=0, scores={0: 1.0}, better="lower", pictures=FLAT)
    alone = Pictures(FLAT.lq, FLAT.output, None)
    offer_exhibit(tmp_path, index=0, scores={0: 1.0}, better="lower", pictures=alone)
    assert set(kept_exhibits(tmp_path)[0]) == {"input", "output"}


def offered(folder: Path, pictures: Pictures) -> dict[str, np.ndarray]:
    """The pictures that are kept of one row."""
    offer_exhibit(folder, index=0, scores={0: 1.0}, better="higher", pictures=pictures)
    return {kind: read_picture(path) for kind, path in kept_exhibits(folder)[0].items()}


def noise(height: int, width: int) -> np.ndarray:
    generator = np.random.Generator(np.random.PCG64(3))
    return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_small_pictures_are_whole_and_inputs_enlarged_by_nearest(tmp_path: Path) -> None:
    target = noise(120, 480)
    lq = noise(30, 120)
    kept = offered(tmp_path, Pictures(lq.astype(np.float64) / 255, target, target))
    assert np.array_equal(kept["output"], target)
    assert np.array_equal(kept["input"], lq.repeat(4, axis=0).repeat(4, axis=1))


@pytest.mark.parametrize(
    ("place", "top", "left"),
    [((700, 900), 460, 660), ((5, 5), 0, 0), ((999, 1399), 520, 920), ((5, 700), 0, 460)],
)
def test_large_pictures_are_cropped_around_the_largest_error(
    tmp_path: Path, place: tuple[int, int], top: int, left: int
) -> None:
    target = noise(1000, 1400)
    output = target.copy()
    y, x = place
    output[max(y - 16, 0) : y + 17, max(x - 16, 0) : x + 17] ^= 0x80
    output[300, 300] ^= 0x80  # a single pixel does not draw the window
    lq = noise(500, 700)
    kept = offered(tmp_path, Pictures(lq, output, target))
    window = (slice(top, top + 480), slice(left, left + 480))
    if (top, left) == (460, 660):  # away from edges the mean is largest at one place only
        assert np.array_equal(kept["target"], target[window])
    assert kept["target"].shape == kept["output"].shape == kept["input"].shape == (480, 480, 3)
    # where several windows hold the whole error any of them may be taken: find which it was
    starts = np.lib.stride_tricks.sliding_window_view(target[..., 0], 8, axis=1)
    (found,) = np.argwhere((starts == kept["target"][0, :8, 0]).all(axis=-1))
    assert abs(int(found[0]) - top) <= 16
    assert abs(int(found[1]) - left) <= 16
    own = (slice(found[0], found[0] + 480), slice(found[1], found[1] + 480))
    assert np.array_equal(kept["output"], output[own])
    assert np.array_equal(kept["input"], lq.repeat(2, axis=0).repeat(2, axis=1)[own])


def test_without_target_the_middle_is_shown(tmp_path: Path) -> None:
    output = noise(600, 1000)
    kept = offered(tmp_path, Pictures(output, output, None))
    assert np.array_equal(kept["output"], output[60:540, 260:740])


def test_a_flat_picture_loses_no_height(tmp_path: Path) -> None:
    target = noise(100, 900)
    kept = offered(tmp_path, Pictures(target, target, target))
    assert kept["output"].shape == (100, 480, 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_channels_become_three(tmp_path: Path, channels: int) -> None:
    output = noise(16, 16)
    lq = np.concatenate([output, output[..., ::-1]], axis=2)[..., :channels]
    kept = offered(tmp_path, Pictures(lq, output, output))
    expected = output if channels >= 3 else output[..., :1].repeat(3, axis=2)
    assert np.array_equal(kept["input"], expected)


def test_floats_are_clipped_and_sixteen_bits_reduced(tmp_path: Path) -> None:
    output = np.array([[[-0.5, 0.5, 1.5]]])
    target = np.array([[[0, 257 * 77, 65535]]], np.uint16)
    kept = offered(tmp_path, Pictures(output, output, target))
    assert kept["output"].tolist() == [[[0, 128, 255]]]
    assert kept["target"].tolist() == [[[0, 77, 255]]]


def test_output_and_target_are_of_one_size(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="output is 8x8, its target 9x8"):
        offered(tmp_path, Pictures(FLAT.lq, FLAT.output, np.zeros((8, 9, 3), np.uint8)))


def test_no_folder_keeps_nothing(tmp_path: Path) -> None:
    assert kept_exhibits(tmp_path / "none") == {}
    assert exhibits.exhibit_name(7, kind="output") == "0007-output.png"
