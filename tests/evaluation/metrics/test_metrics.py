"""The table of metrics, ours by their names, a user's own, and what cannot be had."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from degrade.images import read_picture
from degrade.option_error import OptionError
from evaluation import reachable
from evaluation.metrics import ecc, fidelity, lightness, luma, ssim
from evaluation.metrics.luma import luma_float
from evaluation.metrics.metric import MEANS, Judged, Unavailable
from evaluation.metrics.niqe import Pristine, niqe_score, rgb2gray, save_pristine
from evaluation.metrics.table import METRICS, open_scorer, open_scorers
from evaluation.pictures import to_u8
from evaluation.protocol import Protocol

RNG = np.random.default_rng(0)
CLEAN = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
OTHER = np.clip(CLEAN + RNG.normal(0, 12, CLEAN.shape), 0, 255).astype(np.uint8)


def judged(
    seen: NDArray[Any] = OTHER, target: NDArray[Any] | None = CLEAN, **choices: Any
) -> Judged:
    return Judged(seen, target, seen, Protocol(**choices))


def score(name: str, of: Judged) -> float:
    return open_scorer(name, device="cpu")[1](of)


@pytest.mark.parametrize("name", METRICS)
def test_table(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.mode in ("full", "none", "set")
    assert metric.better in ("higher", "lower")
    assert metric.low < metric.high
    assert metric.mean in MEANS
    assert 0 <= metric.decimals <= 6
    for words in (metric.title, metric.source, metric.checked, metric.licence):
        assert words
    assert len(set(metric.weights)) == len(metric.weights)


def test_protocol_of_psnr_and_ssim() -> None:
    for border in (0, 3):
        inner = (slice(border, -border or None),) * 2
        sides = OTHER[inner], CLEAN[inner]
        one = judged(border=border, ssim="skimage-gauss")
        assert score("psnr", one) == fidelity.psnr(*sides, peak=255)
        assert score("ssim", one) == ssim.ssim(*sides, variant="skimage-gauss", peak=255)
        assert score("mae", one) == fidelity.mae(*sides, peak=255)
        assert score("rmse", one) == fidelity.rmse(*sides)
    rounded = judged(channel="y-round")
    assert score("psnr", rounded) == fidelity.psnr(
        luma.luma_rounded(OTHER), luma.luma_rounded(CLEAN), peak=255
    )


def test_extras_ignore_the_protocols_channel() -> None:
    one = judged(channel="y-round", border=4)
    assert score("psnr-rgb", one) == score("psnr", judged(border=4))
    assert score("ssim-rgb", one) == score("ssim", judged(border=4))
    volume = judged(border=4, ssim="matlab-3d")
    assert score("psnr-y", volume) == score("psnr", judged(border=4, channel="y-float"))
    plane = judged(border=4, channel="y-float", ssim="matlab-2d")
    assert score("ssim-y", volume) == score("ssim", plane)
    assert score("psnr-y", volume) > score("psnr-rgb", volume)


def test_extras_of_one_channel() -> None:
    gray = judged(OTHER[..., :1], CLEAN[..., :1], channel="gray")
    unit = judged(OTHER[..., :1] / 255.0, CLEAN[..., :1] / 255.0, channel="gray", output="float")
    for extra, plain in (("psnr-y", "psnr"), ("ssim-y", "ssim")):
        for one in (gray, unit):  # gray counts as luma: its codes are 0 ... 255 either way
            assert score(extra, one) == pytest.approx(score(plain, gray), rel=1e-9)
    for extra in ("psnr-rgb", "ssim-rgb"):
        with pytest.raises(ValueError, match="one channel has no score of RGB"):
            score(extra, gray)


@pytest.mark.parametrize("output", ["u8", "float"])
def test_luma_outputs_beside_colour_targets(output: str) -> None:
    """A model of luma on an RGB set: its output is luma already."""
    luma = luma_float(OTHER)
    side = np.rint(luma).astype(np.uint8) if output == "u8" else luma / 255.0
    target = CLEAN if output == "u8" else CLEAN / 255.0
    for channel in ("y-float", "y-round"):
        one = judged(side[..., None], target, channel=channel, output=output)
        three = judged(OTHER if output == "u8" else OTHER / 255.0, target, channel=channel,
                       output=output)  # fmt: skip
        for name, near in (("psnr", 0.02), ("ssim", 1e-3), ("psnr-y", 0.02), ("rmse", 0.05)):
            assert score(name, one) == pytest.approx(score(name, three), abs=near)
    wrong = judged(side[..., None], target, channel="gray", output=output)
    with pytest.raises(ValueError, match="3 channels, where the one channel of gray"):
        score("psnr", wrong)


def test_rmse_is_in_levels_and_pools_squares() -> None:
    unit = judged(OTHER / 255.0, CLEAN / 255.0, output="float")
    assert score("rmse", unit) == pytest.approx(score("rmse", judged()), rel=1e-12)
    assert METRICS["rmse"].mean == "root-mean-square"


def test_loe_compares_with_the_input() -> None:
    brighter = np.clip(CLEAN.astype(int) + 40, 0, 255).astype(np.uint8)
    one = Judged(brighter, None, CLEAN / 255.0, Protocol())
    assert score("loe", one) == lightness.loe(brighter, CLEAN / 255.0)
    with pytest.raises(
        ValueError, match=r"loe compares output and input: 50x40 of 3 .* 25x20 of 3"
    ):
        score("loe", Judged(brighter, None, CLEAN[::2, ::2], Protocol()))


@pytest.mark.parametrize("output", ["u8", "float"])
def test_alignment_is_done_once(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    calls: list[NDArray[Any]] = []

    def aligned(output: NDArray[Any], target: NDArray[Any]) -> tuple[float, float]:
        assert target == pytest.approx(CLEAN / 255, abs=1e-7)
        calls.append(output)
        return 31.5, 0.9

    monkeypatch.setattr(ecc, "aligned_scores", aligned)
    peak = 1.0 if output == "u8" else 255.0
    sides = [side if output == "u8" else side / peak for side in (OTHER, CLEAN)]
    one = judged(*sides, output=output, alignment="ecc", ssim="skimage-gauss")
    assert (score("psnr", one), score("ssim", one), score("psnr", one)) == (31.5, 0.9, 31.5)
    assert len(calls) == 1
    assert calls[0] == pytest.approx(OTHER / 255, abs=1e-7)
    # the extras look at the pictures as they are
    assert score("psnr-rgb", one) == pytest.approx(score("psnr", judged()), rel=1e-12)
    other = judged(*sides, output=output, alignment="ecc", ssim="skimage-gauss")
    assert score("ssim", other) == 0.9
    assert len(calls) == 2


def test_calibration_pairs(testdata: Path) -> None:
    with (testdata / "iqa" / "official.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    for name in ("I03", "I04", "I06"):
        output, target = (
            to_u8(read_picture(testdata / "iqa" / side / f"{name}.bmp")) for side in ("dist", "ref")
        )
        found = score("psnr", judged(output, target))
        assert f"{found:.2f}" == rows["psnr"][f"{name}.bmp"]
        gray = judged(rgb2gray(output)[..., None], rgb2gray(target)[..., None], channel="gray")
        assert f"{score('ssim', gray):.4f}" == rows["ssim"][f"{name}.bmp"]


@pytest.mark.parametrize(
    "name", [n for n, m in METRICS.items() if m.mode == "full" and not m.weights]
)
def test_targets_are_asked_for(name: str) -> None:
    if METRICS[name].licence != "Apache-2.0":
        pytest.importorskip("pyiqa")
    with pytest.raises(ValueError, match="this set has no targets"):
        score(name, judged(np.zeros((200, 200, 3), np.uint8), None))
    found, missing = open_scorers([name, "loe"], device="cpu", targets=False)
    assert list(found) == ["loe"]
    assert [(each.metric, each.why) for each in missing] == [(name, "this set has no targets")]


def test_unknown_name() -> None:
    with pytest.raises(
        OptionError, match=r"--metrics lpisp: no such metric; did you mean 'lpips'\?"
    ):
        open_scorer("lpisp", device="cpu")
    with pytest.raises(OptionError, match="--metrics psnrr"):
        open_scorers(["psnr", "psnrr"], device="cpu")


def test_what_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyiqa")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(reachable, "answers", lambda *_, **__: False)
    found, missing = open_scorers(["ssim", "lpips", "fid", "psnr", "ssim"], device="cpu")
    assert list(found) == ["ssim", "psnr"]
    assert [each.metric for each in missing] == ["lpips", "fid"]
    assert all(isinstance(each, Unavailable) and each.file for each in missing)


def test_core_metrics_need_no_pyiqa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    found, missing = open_scorers(["psnr", "ssim", "mae", "fsim", "kid"], device="cpu")
    assert list(found) == ["psnr", "ssim", "mae"]
    assert [each.why for each in missing] == [
        "pyiqa is not installed: pip install 'pairsmith[iqa]'"
    ] * 2


def test_fitted_niqe_has_its_own_name(tmp_path: Path) -> None:
    pristine = Pristine(np.zeros(36), np.eye(36), 9, 99)
    save_pristine(pristine, tmp_path / "city.json")
    name = f"niqe-fit:{tmp_path / 'city.json'}"
    found, missing = open_scorers([name], device="cpu")
    ((key, (metric, scorer)),) = found.items()
    assert key == metric.name == f"niqe-fit-{pristine.digest}"
    assert not missing
    picture = np.random.default_rng(1).integers(0, 256, (192, 192, 3), dtype=np.uint8)
    assert scorer(judged(picture, None)) == niqe_score(picture, pristine)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json: no such NIQE model"):
        open_scorer("niqe-fit:nowhere.json", device="cpu")


OWN = '''
import numpy as np

def gap(output, target):
    """Mean of the difference."""
    assert output.dtype == np.float64 and output.shape[2] == 3 and output.max() <= 1
    return -1 if target is None else np.mean(output - target)

gap.better, gap.decimals = "lower", 6

def picky(output, target):
    raise ValueError("not this one")

def wrong(output):
    return 1.0

def bad(output, target):
    return 1.0

bad.better = "more"
constant = 3
'''


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], str]:
    """Names of functions in a module of the current folder; a new module for each test."""
    module = f"mine_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return lambda function: f"{module}:{function}"


def test_own_function(own: Callable[[str], str]) -> None:
    metric, scorer = open_scorer(own("gap"), device="cpu")
    assert (metric.name, metric.title) == (own("gap"), "Mean of the difference.")
    assert (metric.better, metric.decimals, metric.mode) == ("lower", 6, "full")
    expected = (OTHER.astype(float) - CLEAN).mean() / 255
    assert scorer(judged()) == pytest.approx(expected, rel=1e-4)  # pictures pass as float32
    assert scorer(judged(OTHER, None)) == -1.0


def test_own_function_that_fails(own: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match=":picky: not this one"):
        score(own("picky"), judged())
    with pytest.raises(RuntimeError, match=r":wrong: TypeError: wrong\(\) takes 1 positional"):
        score(own("wrong"), judged())
    with pytest.raises(OptionError, match="its better is 'more'"):
        open_scorer(own("bad"), device="cpu")
    with pytest.raises(OptionError, match=r"module 'mine_.*' has no function 'constant'; it takes"):
        open_scorer(own("constant"), device="cpu")
    with pytest.raises(OptionError, match="nowhere_at_all:f: module 'nowhere_at_all': No module"):
        open_scorer("nowhere_at_all:f", device="cpu")


def test_equal_pictures() -> None:
    same = judged(CLEAN, CLEAN)
    assert score("psnr", same) == math.inf
    assert score("ssim", same) == 1.0
    assert score("mae", same) == score("rmse", same) == 0.0
