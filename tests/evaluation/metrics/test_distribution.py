"""FID and KID: Gaussians of known distance, sums written out, pictures through a small network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from degrade.images import encode_picture
from degrade.option_error import OptionError
from evaluation import reachable
from evaluation.metrics import distribution
from evaluation.metrics.distribution import (
    DISTANCES,
    distance_by,
    fid,
    frechet_distance,
    kid,
    open_distribution,
)
from evaluation.metrics.metric import Unavailable


def test_frechet_distance_of_diagonal_gaussians() -> None:
    first, second = np.array([1.0, 4.0, 9.0, 0.0]), np.array([4.0, 4.0, 1.0, 25.0])
    apart = np.array([1.0, 0.0, -2.0, 0.5])
    expected = (apart**2).sum() + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    found = frechet_distance((apart, np.diag(first)), (np.zeros(4), np.diag(second)))
    assert found == pytest.approx(expected, rel=1e-12)


def test_frechet_distance_turns_with_its_axes() -> None:
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    factors = rng.normal(size=(2, 5, 5))
    first, second = (factor @ factor.T for factor in factors)
    mean = rng.normal(size=5)
    straight = frechet_distance((mean, first), (np.zeros(5), second))
    turned = frechet_distance(
        (turn @ mean, turn @ first @ turn.T), (np.zeros(5), turn @ second @ turn.T)
    )
    assert turned == pytest.approx(straight, rel=1e-10)
    swapped = frechet_distance((np.zeros(5), second), (mean, first))
    assert swapped == pytest.approx(straight, rel=1e-10)


def test_fid_of_fewer_pictures_than_features() -> None:
    features = np.random.default_rng(1).normal(size=(4, 50))
    # the same set again, 3 further away along each axis: the covariances cancel
    assert fid(features, features + 3.0) == pytest.approx(50 * 9.0, rel=1e-9)
    # roots of round-off: sqrt(1e-16) times the features' scale
    assert fid(features, features) == pytest.approx(0.0, abs=1e-5)


def test_fid_of_large_samples_is_that_of_their_gaussians() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(20000, 3)), rng.normal(1.0, 2.0, size=(20000, 3))
    # 3 * (1 + (2 - 1)^2), within the spread of 20000 samples
    assert fid(first, second) == pytest.approx(6.0, rel=0.05)


def test_kid_is_the_sum_over_pairs() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(4, 7)), rng.normal(0.5, 1.0, size=(6, 7))

    def k(a: NDArray[Any], b: NDArray[Any]) -> float:
        return (float(a @ b) / 7 + 1) ** 3

    within_x = sum(k(x[i], x[j]) for i in range(4) for j in range(4) if i != j) / (4 * 3)
    within_y = sum(k(y[i], y[j]) for i in range(6) for j in range(6) if i != j) / (6 * 5)
    across = sum(k(a, b) for a in x for b in y) / (4 * 6)
    assert kid(x, y) == pytest.approx(within_x + within_y - 2 * across, rel=1e-12)


def test_kid_of_equal_distributions_is_zero_on_average() -> None:
    rng = np.random.default_rng(4)
    values = [kid(rng.normal(size=(20, 5)), rng.normal(size=(20, 5))) for _ in range(400)]
    spread = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * spread
    assert min(values) < 0  # unbiased: it is not clipped


def tiny_network(pictures: NDArray[np.float32]) -> NDArray[Any]:
    """Random convolutions, fixed: [N,8] features."""
    import torch

    generator = torch.Generator().manual_seed(0)
    kernels = torch.randn(8, 3, 13, 13, generator=generator) / 255
    made = torch.nn.functional.conv2d(torch.from_numpy(pictures), kernels, stride=13)
    return made.relu().mean((2, 3)).numpy()


@pytest.fixture
def sides(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    """20 pictures of several sizes and the same, darker."""
    rng = np.random.default_rng(5)
    outputs, targets = [], []
    for index in range(20):
        picture = rng.integers(0, 256, (40 + index, 60, 3), dtype=np.uint8)
        for side, paths, shown in (("o", outputs, picture), ("t", targets, picture // 2)):
            path = tmp_path / f"{side}{index:02d}.png"
            path.write_bytes(encode_picture(shown, codec="png"))
            paths.append(path)
    return outputs, targets


@pytest.mark.parametrize("name", DISTANCES)
def test_sets_of_pictures(name: str, sides: tuple[list[Path], list[Path]]) -> None:
    distance = distance_by(tiny_network, name=name)
    outputs, targets = sides
    apart = distance(outputs, targets)
    # convolutions in float32: another order of batches changes the last digits
    assert distance(outputs[::-1], targets) == pytest.approx(apart, rel=1e-4)
    assert abs(distance(outputs, outputs)) < 0.2 * apart
    assert distance(outputs[:15], targets) > 0
    with pytest.raises(ValueError, match=f"{name}: 1 outputs, it takes 2 or more"):
        distance(outputs[:1], targets)


def test_a_file_that_is_no_picture_is_named(sides: tuple[list[Path], list[Path]]) -> None:
    outputs, targets = sides
    outputs[3].write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"o03\.png"):
        distance_by(tiny_network, name="fid")(outputs, targets)


def test_resizing_is_clean_fids(sides: tuple[list[Path], list[Path]]) -> None:
    pytest.importorskip("pyiqa")
    from pyiqa.archs.fid_arch import ResizeDataset

    path = sides[0][7]
    theirs = ResizeDataset([path], mode="clean")[0].numpy()
    assert (distribution._resized(path) == theirs).all()


def test_without_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyiqa")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(reachable, "answers", lambda *_, **__: False)
    with pytest.raises(Unavailable, match="kid: its weights are not on this machine") as caught:
        open_distribution("kid", device="cpu")
    assert caught.value.file == "pt_inception-2015-12-05-6726825d.pth"
    assert caught.value.where == str(tmp_path / "hub" / "pyiqa")


def test_unknown_distance() -> None:
    with pytest.raises(OptionError, match="--metrics lpips: a score of sets is one of fid, kid"):
        open_distribution("lpips", device="cpu")
