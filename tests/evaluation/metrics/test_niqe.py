"""NIQE: the authors' figures, the fit, its files, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from degrade.images import read_picture
from evaluation.metrics import niqe
from evaluation.metrics.niqe import (
    PATCH,
    Pristine,
    fit_niqe,
    load_pristine,
    niqe_score,
    rgb2gray,
    save_pristine,
)


def scene(seed: int, *, height: int = 384, width: int = 384) -> NDArray[np.uint8]:
    """A picture with the 1/f spectrum of natural scenes (Field, 1987): [H,W,1]."""
    rng = np.random.default_rng(seed)
    across = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    across[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.normal(size=(height, width))) / across
    plane = np.fft.ifft2(spectrum).real
    plane = (plane - plane.mean()) / plane.std() * 40 + 128
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)[..., None]


@pytest.fixture(scope="module")
def fitted() -> Pristine:
    return fit_niqe([scene(seed) for seed in range(8)])


@pytest.fixture
def released(testdata: Path) -> Pristine:
    """The authors' own model."""
    with np.load(testdata / "iqa" / "niqe_pris_params.npz") as held:
        return Pristine(held["mu_pris_param"].ravel(), held["cov_pris_param"])


# I04 has no flat parts: the same sums in another order. The others have: in the authors' MATLAB the
# sign of a flat pixel's round-off counts, and orders of summation differ by up to 0.08 % there.
@pytest.mark.parametrize(("name", "tolerance"), [("I03", 1e-3), ("I04", 1e-9), ("I06", 1e-3)])
def test_authors_figures(testdata: Path, released: Pristine, name: str, tolerance: float) -> None:
    with (testdata / "iqa" / "official.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    score = niqe_score(read_picture(testdata / "iqa" / "dist" / f"{name}.bmp"), released)
    assert score == pytest.approx(float(rows["niqe"][f"{name}.bmp"]), rel=tolerance)


def test_luma_is_rgb2gray() -> None:
    # MATLAB: rgb2gray(uint8(cat(3, ...))) of the primaries; BT.601 in full range, rounded
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert rgb2gray(primaries).tolist() == [[76, 150, 29, 255]]
    levels = np.arange(256, dtype=np.uint8)[None, :, None]
    assert (rgb2gray(levels.repeat(3, axis=2)) == levels[..., 0]).all()


def test_one_channel_is_three_equal_ones(fitted: Pristine) -> None:
    picture = scene(50)
    assert niqe_score(picture, fitted) == niqe_score(picture.repeat(3, axis=2), fitted)
    assert niqe_score(picture / np.float32(255), fitted) == niqe_score(picture, fitted)


def test_what_is_left_of_whole_patches_does_not_count(fitted: Pristine) -> None:
    picture = scene(51)
    wider = np.pad(picture, ((0, PATCH - 1), (0, PATCH - 1), (0, 0)), mode="reflect")
    assert niqe_score(wider, fitted) == niqe_score(picture, fitted)


def test_distortions_move_away_from_the_model(fitted: Pristine) -> None:
    picture = scene(52)
    noise = np.random.default_rng(0).normal(0, 40, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    coarse = (picture[::8, ::8]).repeat(8, axis=0).repeat(8, axis=1)
    clean = niqe_score(picture, fitted)
    assert clean < niqe_score(noisy, fitted)
    assert clean < niqe_score(coarse, fitted)


@pytest.mark.parametrize(("shape", "draw"), [(1.0, "laplace"), (2.0, "normal")])
def test_shape_of_known_distributions(shape: float, draw: str) -> None:
    rng = np.random.default_rng(3)
    size = (4, 400, 400)
    samples = np.abs(getattr(rng, draw)(size=size))
    for ratio in (1.0, 2.0):
        # eq. 7 is continuous at 0, so the wider side has more of the samples too
        on_left = rng.random(size) < ratio / (1 + ratio)
        found, left, right = niqe._asymmetric(np.where(on_left, -ratio * samples, samples))
        # 160000 samples: the shape's own spread is about 1 %
        assert found == pytest.approx(shape, rel=0.05)
        assert left / right == pytest.approx(ratio, rel=0.03)


def test_fit_takes_the_sharp_patches_alone() -> None:
    calm = (scene(60).astype(int) - 128) // 8 + 128
    half = scene(60).copy()
    half[:, 192:] = calm[:, 192:].astype(np.uint8)
    full = fit_niqe([scene(60, height=960, width=960)])
    assert full.patches > 80
    with pytest.raises(ValueError, match=r"of 1 pictures has [1-8] sharp patches of 96x96"):
        fit_niqe([half])


def test_fit_is_repeatable_and_named_by_its_figures(fitted: Pristine) -> None:
    again = fit_niqe([scene(seed) for seed in range(8)])
    assert (again.digest, again.source) == (fitted.digest, fitted.source)
    assert (fitted.pictures, fitted.patches) == (8, again.patches)
    other = fit_niqe([scene(seed) for seed in range(1, 9)])
    assert other.digest != fitted.digest
    assert other.source != fitted.source


def test_file_gives_the_same_scores(fitted: Pristine, tmp_path: Path) -> None:
    save_pristine(fitted, tmp_path / "model.json")
    read = load_pristine(tmp_path / "model.json")
    assert read.digest == fitted.digest
    assert (read.pictures, read.patches, read.source) == (8, fitted.patches, fitted.source)
    assert niqe_score(scene(53), read) == niqe_score(scene(53), fitted)


def test_files_that_are_refused(fitted: Pristine, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    with pytest.raises(FileNotFoundError, match=r"model\.json: no such NIQE model"):
        load_pristine(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"model\.json: not a NIQE model"):
        load_pristine(path)
    save_pristine(fitted, path)
    path.write_text(path.read_text().replace(repr(float(fitted.mean[0])), "1.5", 1))
    with pytest.raises(ValueError, match=r"model\.json: its figures have digest .* fit it again"):
        load_pristine(path)
    save_pristine(Pristine(fitted.mean[:35], fitted.cov), path)
    with pytest.raises(ValueError, match=r"mean \(35,\).*has format .* mean \(36,\)"):
        load_pristine(path)


def test_pictures_that_have_no_score(fitted: Pristine) -> None:
    with pytest.raises(ValueError, match=r"191x100: it takes 2 whole patches .* 96x192 at the"):
        niqe_score(scene(54)[:100, :191], fitted)
    flat = np.full((192, 192, 3), 7, np.uint8)
    with pytest.raises(ValueError, match=r"0 of 4 patches have structure.*flat"):
        niqe_score(flat, fitted)
    with pytest.raises(ValueError, match=r"shape \(192, 192, 4\)"):
        niqe_score(np.zeros((192, 192, 4), np.uint8), fitted)
    with pytest.raises(ValueError, match="50x200: no patch of 96x96 fits"):
        fit_niqe([scene(55, height=200, width=50)])
    with pytest.raises(ValueError, match="of 0 pictures has 0 sharp patches"):
        fit_niqe([])
