"""Low-light builds: photons first, noise afterwards, and the same render for both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from camera_sets import build_camera, linear_of, plan_camera, write_light

from builders.kinds.camera_arguments import CameraWishes
from builders.pairs import Pair, open_pairs

# Red sites as they are, no white balance: linear light can be read off the picture.
SITES = CameraWishes(camera="oppo-reno-10x", iso=(800,), demosaic="half", patch=0, bits=16)


def only_pair(kind_out: Path) -> Pair:
    (pair,) = open_pairs(kind_out)
    return pair


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grey")
    write_light(folder / "grey.dng", np.full((400, 400), 0.4, np.float32))
    return folder


@pytest.mark.parametrize("stops", [0.0, 1.0, 3.5])
def test_the_mean_falls_by_the_ratio(stops: float, grey: Path, tmp_path: Path) -> None:
    planned = plan_camera("lowlight", grey, SITES, amplify=False, darker=(stops, stops))
    pair = only_pair(build_camera(planned, tmp_path / "set"))
    assert pair.record["ratio"] == pytest.approx(2.0**stops)
    assert pair.record["ev"] == -stops
    light = linear_of(pair.lq)[..., 0]
    assert light.mean() == pytest.approx(0.4 / 2.0**stops, rel=0.005)
    assert linear_of(pair.gt)[..., 0].mean() == pytest.approx(0.4, rel=1e-3)


@pytest.mark.parametrize("stops", [2.0, 5.0])
def test_amplified_light_has_the_noise_of_few_photons(
    stops: float, grey: Path, tmp_path: Path
) -> None:
    planned = plan_camera("lowlight", grey, SITES, darker=(stops, stops))
    pair = only_pair(build_camera(planned, tmp_path / "set"))
    noise, ratio = pair.record["noise"], 2.0**stops
    span = noise["white"] - noise["black"]
    sensor = noise["gain"] * 0.4 / ratio * span + noise["sigma"] ** 2 + 1 / 12
    light = linear_of(pair.lq)[..., 0]
    # at 5 stops the deviation is 0.08: neither 0 nor white is within four of it
    assert light.mean() == pytest.approx(0.4, rel=0.01)
    assert light.var() == pytest.approx(ratio**2 * sensor / span**2, rel=0.03)


def test_blown_parts_stay_neutral(tmp_path: Path) -> None:
    light = np.full((120, 120), 0.1, np.float32)
    light[:, 60:] = 1.0
    balance = (2.0, 1.0, 1.5)
    write_light(tmp_path / "raw" / "blown.dng", light, balance=balance)
    wishes = CameraWishes(iso=(100,), patch=0, bits=16)
    for amplify in (False, True):
        planned = plan_camera(
            "lowlight", tmp_path / "raw", wishes, amplify=amplify, darker=(2.0, 2.0)
        )
        pair = only_pair(build_camera(planned, tmp_path / str(amplify)))
        white = linear_of(pair.lq)[:, 70:110].mean(axis=(0, 1))
        assert white == pytest.approx(np.full(3, 1.0 if amplify else 0.25), rel=0.02)
        assert pair.gt[:, 70:110].min() == 65535


def test_stops_are_drawn_within_the_range_and_shared_by_the_isos(
    grey: Path, tmp_path: Path
) -> None:
    wishes = CameraWishes(iso=(200, 1600), copies=4, size=32)
    planned = plan_camera("lowlight", grey, wishes, darker=(1.0, 4.0))
    pairs = {pair.variant: pair for pair in open_pairs(build_camera(planned, tmp_path / "set"))}
    stops = [-pairs[f"iso-200-0{copy}"].record["ev"] for copy in range(4)]
    assert stops == [-pairs[f"iso-1600-0{copy}"].record["ev"] for copy in range(4)]
    assert len(set(stops)) == 4
    assert all(1.0 <= k <= 4.0 for k in stops)
    assert all(pair.record["amplify"] for pair in pairs.values())
