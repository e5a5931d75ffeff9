"""The curves: a PNG of the panels that there is something for."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from baselines.configs.config import Config, Stage
from baselines.watching.curves import DPI, EDGE, ENTRY, GAP, PANEL, WIDTH, draw_curves
from baselines.watching.lines import Line, Printed, Scores, Steps
from tests.baselines.training.toy_run import toy_config

CONFIG = toy_config()


def drawn(path: Path, lines: list[Line], *, config: Config = CONFIG) -> np.ndarray:
    """The picture, [H,W,3]."""
    draw_curves(path, lines=lines, config=config)
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))


def steps(count: int, **terms: float) -> list[Line]:
    """Lines of terms that fall."""
    return [
        Steps(step=10 * n, stage=0, terms={name: value / n for name, value in terms.items()},
              norms={}, rates={}, seconds=1.0, waiting=0.0, left=0.0)
        for n in range(1, count + 1)
    ]  # fmt: skip


def scores(step: int, *, of: str = "model", **values: float | str) -> Scores:
    """A line of scores."""
    return Scores(step=step, of=of, set="s", digest="d", pictures=2, scores=values)


@pytest.mark.parametrize(
    ("lines", "panels"),
    [
        (steps(3, pixel=1.0), 1),
        (steps(300, pixel=1.0, adversarial=0.1), 1),
        (steps(3, pixel=1.0, psnr=-30.0), 2),
        ([*steps(3, pixel=1.0), scores(0, of="identity", psnr=20.0, ssim=0.5)], 3),
        ([scores(10, psnr=20.0)], 1),
    ],
)
def test_size_follows_from_the_panels(tmp_path: Path, lines: list[Line], panels: int) -> None:
    picture = drawn(tmp_path / "curves.png", lines)
    wanted = (round((PANEL * panels + 2 * EDGE) * DPI), round(WIDTH * DPI))
    assert np.abs(np.subtract(picture.shape[:2], wanted)).max() <= 1
    colourful = np.ptp(picture.astype(int), axis=2) > 40  # neither paper nor text
    for panel in range(panels):
        top = round((EDGE + panel * PANEL) * DPI)
        assert colourful[top : top + round(PANEL * DPI), : round(0.72 * WIDTH * DPI)].sum() > 30


def test_what_is_marked_is_seen(tmp_path: Path) -> None:
    lines = [*steps(3, pixel=1.0), scores(10, psnr=20.0), scores(30, psnr=21.0)]
    plain = drawn(tmp_path / "plain.png", lines)
    words = msgspec.structs.replace(CONFIG, published="30.43 dB on Set12")
    figure = {"psnr": Printed(figure="22.5", method="DnCNN-S", source="Table III")}
    with_it = [*lines[:-1], msgspec.structs.replace(scores(30, psnr=21.0), printed=figure)]
    two = msgspec.structs.replace(
        CONFIG, stages=(Stage(steps=15, batch=2, patch=8), Stage(steps=15, batch=1, patch=16))
    )
    start = scores(0, of="bicubic", psnr=19.0)
    one_stage = msgspec.structs.replace(CONFIG, stages=(Stage(steps=30, batch=2, patch=8),))
    others = [
        drawn(tmp_path / "words.png", lines, config=words),
        drawn(tmp_path / "printed.png", with_it),
        drawn(tmp_path / "two.png", lines, config=two),
        drawn(tmp_path / "one.png", lines, config=one_stage),
        drawn(tmp_path / "start.png", [start, *lines]),
    ]
    for number, other in enumerate(others):
        for before in [plain, *others[:number]]:
            assert not np.array_equal(before, other)


def test_what_has_no_place_is_left_out(tmp_path: Path) -> None:
    draw_curves(tmp_path / "none.png", lines=[scores(10, psnr="inf")], config=CONFIG)
    assert not (tmp_path / "none.png").exists()
    with_it = drawn(tmp_path / "a.png", [scores(10, psnr="inf"), scores(20, psnr=20.0)])
    without = drawn(tmp_path / "b.png", [scores(20, psnr=20.0)])
    assert np.array_equal(with_it, without)


def test_words_of_the_config_are_no_line(tmp_path: Path) -> None:
    lines = [*steps(3, pixel=1.0), scores(10, psnr=20.0), scores(30, psnr=21.0)]
    plain = drawn(tmp_path / "plain.png", lines)
    words = msgspec.structs.replace(CONFIG, published="PSNR 22.50, SSIM 0.9587 (Set5, x2)")
    with_words = drawn(tmp_path / "words.png", lines, config=words)
    below = round(EDGE * DPI)  # what stands above the panels
    assert np.array_equal(plain[below:], with_words[below:])
    assert not np.array_equal(plain, with_words)


def labels(picture: np.ndarray) -> int:
    """Numbers beside the first panel: runs of rows with ink left of it."""
    panel = picture[: round((EDGE + PANEL) * DPI), : round(0.07 * WIDTH * DPI)]
    ink = panel[round((EDGE + GAP / 2) * DPI) :].min(axis=(1, 2)) < 160
    return int(ink[0]) + int((np.diff(ink.astype(int)) == 1).sum())


@pytest.mark.parametrize("first", [0.0213, 0.999])
@pytest.mark.parametrize("ratio", [1.001, 2.9, 3.1, 9.0, 11.0, 99.0, 101.0, 1e5])
def test_every_range_of_losses_has_numbers(tmp_path: Path, first: float, ratio: float) -> None:
    made = steps(2, pixel=first)
    second = msgspec.structs.replace(made[1], terms={"pixel": first / ratio})
    assert 2 <= labels(drawn(tmp_path / "curves.png", [made[0], second])) <= 10


def test_panels_are_as_high_as_their_legends(tmp_path: Path) -> None:
    terms = {f"restorer/term-{number}": 1.0 + number for number in range(20)}
    picture = drawn(
        tmp_path / "curves.png",
        [*steps(3, **terms), msgspec.structs.replace(scores(30, psnr=21.0), best=True)],
    )
    wanted = 20 * ENTRY + (PANEL - GAP) + 2 * GAP + 2 * EDGE
    assert abs(picture.shape[0] - wanted * DPI) <= 1
    legend = picture[:, round(0.73 * WIDTH * DPI) :]
    ink = legend.min(axis=(1, 2)) < 160
    assert (np.diff(ink.astype(int)) == 1).sum() == 22  # 20 terms, the set, its best: all apart
