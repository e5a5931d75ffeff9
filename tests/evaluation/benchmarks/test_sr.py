"""Benchmarks of super-resolution: the table is whole, and its bicubic row is the published one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from builders.layouts.layout import pattern
from degrade.resize import resize_matlab
from evaluation.benchmark import Benchmark
from evaluation.benchmarks.sr import SCALES, SR
from evaluation.inputs import Bicubic, LumaBicubic, make_shown, scale_of
from evaluation.metrics.metric import Judged
from evaluation.pictures import to_u8
from evaluation.sets.reading import read_stored

SETS = {"set5": 5, "set14": 14, "bsd100": 100, "urban100": 100, "manga109": 109, "div2k-val": 100}


def test_the_benchmarks_are_these() -> None:
    names = {f"{name}-x{scale}" for name in SETS for scale in SCALES}
    names |= {
        f"{name}-x{scale}-classic" for name in SETS if name != "div2k-val" for scale in SCALES
    }
    names |= {f"{name}-x{scale}-basicsr" for name in SETS for scale in (2, 3, 4)}
    assert set(SR) == names


@pytest.mark.parametrize("name", SR)
def test_every_benchmark_is_whole(name: str) -> None:
    made = SR[name]
    found = re.fullmatch(r"([a-z0-9]+|div2k-val)-x([2348])(|-classic|-basicsr)", name)
    assert found
    of, scale, kind = found[1], int(found[2]), found[3]
    assert (made.name, made.task, made.count) == (name, "sr", SETS[of])
    assert f"x{scale}" in made.title
    assert made.citation
    assert "ROOT/" in made.download
    assert made.folders
    assert scale_of(made.inputs) == scale
    assert isinstance(made.inputs, LumaBicubic) == (kind == "-classic")
    assert (made.protocol.output, made.protocol.ssim) == ("u8", "wang")
    counts = made.sizes.counts
    assert sum(counts.values()) in (0, made.count)
    assert (
        counts or made.sizes.among or made.sizes.least or made.sizes.long_side or of == "manga109"
    )


@pytest.mark.parametrize("name", SR)
def test_layouts_compile_and_are_of_the_set(name: str) -> None:
    layout = SR[name].layout
    assert layout is not None
    assert layout.name == name
    assert layout.preferred
    assert layout.splits() == [SR[name].split]
    for branch in (branch for form in layout.forms for branch in form):
        for template in filter(None, (branch.lq, branch.gt)):
            assert "name" in pattern(template, anchored=False).groupindex
        assert branch.gt


def test_digests_tell_all_of_them_apart() -> None:
    assert len({made.digest for made in SR.values()}) == len(SR)


def test_titles_tell_all_of_them_apart() -> None:
    assert len({made.title for made in SR.values()}) == len(SR)


@pytest.mark.parametrize(
    ("name", "channel", "border", "crop"),
    [
        ("set5-x4", "y-float", 4, 0),
        ("set5-x3-classic", "luma", 3, None),
        ("set5-x4-basicsr", "rgb", 4, 12),
        ("div2k-val-x2", "rgb", 8, 0),  # EDSR shaves scale + 6 of DIV2K
        ("div2k-val-x2-basicsr", "rgb", 2, 0),  # BasicSR's option files give DIV2K no crop
    ],
)
def test_protocols_are_those_of_the_tables(
    name: str, channel: str, border: int, crop: int | None
) -> None:
    made = SR[name]
    assert (made.protocol.channel, made.protocol.border) == (channel, border)
    assert (made.inputs.crop if isinstance(made.inputs, Bicubic) else None) == crop


def bicubic_psnr(made: Benchmark, path: Path) -> float:
    """PSNR in decibels of what imresize makes of the input, uint8 of uint8 or double of double."""
    shown = make_shown(made.inputs, read_stored(path))
    scale = scale_of(made.inputs)
    if isinstance(made.inputs, LumaBicubic):
        output = to_u8(resize_matlab(shown.lq, scale=scale, reading="matlab-bicubic-double"))
    else:
        output = resize_matlab(to_u8(shown.lq), scale=scale)
    judged = Judged(output, shown.targets[""], shown.lq, made.protocol)
    ours, target, peak = judged.pair
    error = ours.astype(np.float64) - target
    return float(10 * np.log10(peak**2 / np.mean(error**2)))


@pytest.mark.parametrize(
    ("name", "published"),
    # The bicubic row of SRCNN's, VDSR's and LapSRN's tables, PSNR of luma.
    [("set5-x2-classic", 33.66), ("set5-x3-classic", 30.39), ("set5-x4-classic", 28.42)],
)
def test_the_bicubic_row_of_set5(name: str, published: float, testdata: Path) -> None:
    """To the two decimals that are printed; and the modern protocol stays beside it."""
    paths = sorted((testdata / "set5/HR").glob("*.png"))
    classic = np.mean([bicubic_psnr(SR[name], path) for path in paths])
    assert round(float(classic), 2) == published
    modern = np.mean([bicubic_psnr(SR[name.removesuffix("-classic")], path) for path in paths])
    # 8-bit colour on the way instead of luma in double: up to 0.02 dB
    assert 0 < modern - classic < 0.02


@pytest.mark.parametrize("scale", [2, 4])
def test_made_inputs_are_the_distributed_ones(scale: int, testdata: Path) -> None:
    for path in sorted((testdata / "set5/HR").glob("*.png")):
        made = make_shown(SR[f"set5-x{scale}"].inputs, read_stored(path)).lq
        stored = testdata / f"set5/LR_bicubic/X{scale}/{path.stem}x{scale}.png"
        np.testing.assert_array_equal(to_u8(made), read_stored(stored))


def test_sizes_are_those_of_the_pictures(testdata: Path) -> None:
    sizes = [read_stored(path).shape[:2] for path in (testdata / "set5/HR").glob("*.png")]
    assert {size: sizes.count(size) for size in sizes} == SR["set5-x4"].sizes.counts
