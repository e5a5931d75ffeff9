"""Benchmarks of Gaussian denoising: the table is whole and says what it is compared with."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from builders.layouts.layout import pattern
from evaluation.benchmarks.denoise import DENOISE, SIGMAS
from evaluation.inputs import GaussianNoise, channels_of, make_shown
from evaluation.sets.reading import read_stored

GRAY = {"set12": 12, "bsd68": 68, "urban100": 100}
COLOR = {"cbsd68": 68, "kodak24": 24, "mcmaster": 18, "urban100": 100}


def test_the_benchmarks_are_these() -> None:
    names = [f"{name}-gray-{sigma}" for name in GRAY for sigma in SIGMAS]
    colour = [f"{name}-color-{sigma}" for name in COLOR for sigma in SIGMAS]
    names += [*colour, *(f"{name}-swinir" for name in colour)]
    assert set(DENOISE) == set(names)


@pytest.mark.parametrize("name", DENOISE)
def test_every_benchmark_is_whole(name: str) -> None:
    made = DENOISE[name]
    found = re.fullmatch(r"([a-z0-9]+)-(gray|color)-(15|25|50)(-swinir)?", name)
    assert found
    gray = found[2] == "gray"
    assert (made.name, made.task) == (name, "denoise")
    assert made.count == (GRAY if gray else COLOR)[found[1]]
    assert made.inputs == GaussianNoise(
        sigma=int(found[3]), seed=0, gray=gray, order="bgr" if found[4] else "rgb"
    )
    protocol = made.protocol
    assert (protocol.channel, protocol.border) == ("gray" if gray else "rgb", 0)
    assert (protocol.output, protocol.ssim) == ("u8", "wang")
    assert made.citation
    assert "ROOT/" in made.download
    counts = made.sizes.counts
    assert sum(counts.values()) == made.count or made.sizes.least
    assert made.channels in ((), (1,) if gray else (3,))


@pytest.mark.parametrize("name", DENOISE)
def test_layouts_compile_and_have_targets_alone(name: str) -> None:
    layout = DENOISE[name].layout
    assert layout is not None
    assert layout.name == name
    assert layout.preferred
    assert layout.splits() == [DENOISE[name].split]
    for branch in (branch for form in layout.forms for branch in form):
        assert not branch.lq
        assert "name" in pattern(branch.gt, anchored=False).groupindex


def test_digests_and_titles_tell_all_of_them_apart() -> None:
    assert len({made.digest for made in DENOISE.values()}) == len(DENOISE)
    assert len({made.title for made in DENOISE.values()}) == len(DENOISE)


def test_what_differs_is_said() -> None:
    """Gray tables have DnCNN's generator in them, colour tables SwinIR's order of channels; and
    Kodak24 is not Kodak's originals."""
    for name, made in DENOISE.items():
        assert ("MATLAB" if "-gray-" in name else "BGR") in made.differs
    assert "768x512" in DENOISE["kodak24-color-25"].differs


def test_sizes_are_those_of_the_pictures(testdata: Path) -> None:
    sizes = [read_stored(path).shape[:2] for path in (testdata / "set12").glob("*.png")]
    assert {size: sizes.count(size) for size in sizes} == DENOISE["set12-gray-25"].sizes.counts


def test_inputs_have_the_noise_of_their_name(testdata: Path) -> None:
    """Mean and deviation over a million samples; the same field in pictures of one size."""
    made = DENOISE["set12-gray-25"]
    first, second = (read_stored(testdata / f"set12/{name}.png") for name in ("08", "09"))
    shown = [make_shown(made.inputs, picture).lq for picture in (first, second)]
    fields = [lq * 255 - picture for lq, picture in zip(shown, (first, second), strict=True)]
    assert shown[0].shape[2] == channels_of(made.inputs) == 1
    # 512 x 512 samples: the mean's own deviation is 0.05, the deviation's 0.035; four of each
    assert abs(float(fields[0].mean())) < 0.2
    assert abs(float(fields[0].std()) - 25) < 0.14
    # float32 keeps sums near 1 to 6e-8, 1.5e-5 of 255; sums below 2 to twice that, in both
    np.testing.assert_allclose(fields[0], fields[1], atol=6e-5)
