"""The demo RAWs: same bytes each time, natural colours, stated noise, licences, idempotent."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import rawpy

from builders import demo
from builders.alignment import check
from builders.demo import DEMO_SCENES, PHOTOGRAPHS, make_demo
from builders.demosaic import demosaic
from builders.raw import read_raw
from builders.render import develop, render
from builders.sources import read_notes
from degrade.images import read_picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    make_demo(made)
    return made


def original(name: str) -> np.ndarray:
    scene = DEMO_SCENES[name]
    top, left, height, width = scene.crop
    picture = read_picture(demo.photograph_path(PHOTOGRAPHS[scene.photograph].file))
    return picture[top : top + height, left : left + width]


def test_the_table_is_sound() -> None:
    assert 6 <= len(DEMO_SCENES) <= 8
    assert {scene.pattern for scene in DEMO_SCENES.values()} == {"RGGB", "BGGR", "GRBG", "GBRG"}
    assert {scene.photograph for scene in DEMO_SCENES.values()} == set(PHOTOGRAPHS)
    for name, scene in DEMO_SCENES.items():
        assert name.rpartition("-")[0] == scene.photograph
        assert original(name).shape[:2] == scene.crop[2:]
        assert 256 <= min(scene.crop[2:]) <= max(scene.crop[2:]) <= 512


def test_no_two_scenes_share_a_pixel() -> None:
    for photograph in PHOTOGRAPHS:
        seen = np.zeros((600, 700), int)
        for scene in DEMO_SCENES.values():
            if scene.photograph == photograph:
                top, left, height, width = scene.crop
                seen[top : top + height, left : left + width] += 1
        assert seen.max() == 1


def test_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    paths = make_demo(tmp_path / "again")
    assert [path.name for path in paths] == [f"{name}.dng" for name in DEMO_SCENES]
    for path in [*paths, tmp_path / "again" / "sources.json"]:
        assert path.read_bytes() == (folder / path.name).read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*(p.name for p in paths), "sources.json"]
    )


def test_a_complete_folder_is_left_alone_and_a_missing_file_made(tmp_path: Path) -> None:
    paths = make_demo(tmp_path)
    paths[0].write_bytes(b"mine")
    paths[1].unlink()
    (tmp_path / "sources.json").write_text("{}")
    stamp = paths[2].stat().st_mtime_ns
    assert make_demo(tmp_path) == paths
    assert paths[0].read_bytes() == b"mine"
    assert paths[1].stat().st_size > 100_000
    assert paths[2].stat().st_mtime_ns == stamp
    assert (tmp_path / "sources.json").read_text() == "{}"


def test_sources_json_names_licence_and_group(folder: Path) -> None:
    notes = json.loads((folder / "sources.json").read_text())
    assert set(notes) == {f"{name}.dng" for name in DEMO_SCENES}
    for note in notes.values():
        assert note["licence"] in ("CC0-1.0", "public domain")
        assert note["attribution"]
        assert "skimage.data" in note["source"]
    groups = {path: note.group for path, note in read_notes(folder).items()}
    assert groups == {f"{name}.dng": scene.photograph for name, scene in DEMO_SCENES.items()}


@pytest.mark.parametrize("name", DEMO_SCENES)
def test_the_render_is_the_photograph(folder: Path, name: str) -> None:
    """At the EV that undoes the exposure, the render is the photograph but for noise and mosaic."""
    frame = read_raw(folder / f"{name}.dng")
    developed = develop(demosaic(frame))
    assert frame.white_balance_source == "camera"
    assert np.allclose(frame.white_balance, demo.daylight_gains(), rtol=1e-4)
    assert frame.iso == DEMO_SCENES[name].iso
    assert set(np.unique(frame.black)) == {demo.BLACK}
    target = original(name).astype(float)
    result = render(developed, ev=float(-np.log2(demo.EXPOSURE))).astype(float)
    assert result.shape == target.shape
    # No cast: each channel's mean over what is neither blown nor black.
    kept = (target.max(axis=2) < 220) & (target.min(axis=2) > 20)
    bias = (result - target)[kept].mean(axis=0)
    assert np.abs(bias).max() < 2.0, bias
    assert np.median(np.abs(result - target)) < 6
    check(render(developed, ev=0.0), original(name).astype(np.uint8), name=name)


def test_highlights_have_headroom_and_no_cast(folder: Path) -> None:
    developed = develop(demosaic(read_raw(folder / "astronaut-b.dng")))
    assert 0.005 < (np.asarray(developed.clipped) > 0).mean() < 0.05
    blown = np.all(original("astronaut-b") >= 250, axis=2)
    assert blown.sum() > 200
    dark = render(developed, ev=-1.5).astype(float)[blown]
    assert np.abs(dark[:, 0] - dark[:, 1]).mean() < 8
    assert np.abs(dark[:, 2] - dark[:, 1]).mean() < 8
    # Pure gain alone would leave white at 160: what lies above white comes back.
    assert np.median(dark) > 200


def test_noise_is_as_stated() -> None:
    for iso, level in ((200, 0.02), (1600, 0.5)):
        shot, read = demo.camera_noise(iso)
        flat = np.full((400, 401), level)
        numbers = demo.expose(flat, shot=shot, read=read, seed=7)
        signal = (numbers - demo.BLACK) / (demo.WHITE - demo.BLACK)
        quantisation = (1 / (demo.WHITE - demo.BLACK)) ** 2 / 12
        assert signal.mean() == pytest.approx(level, rel=1e-3)
        assert signal.var() == pytest.approx(shot * level + read + quantisation, rel=0.02)


def test_noise_survives_below_black_and_is_cut_at_white() -> None:
    dark = demo.expose(np.zeros((50, 50)), shot=1e-4, read=1e-6, seed=1)
    assert (dark < demo.BLACK).mean() == pytest.approx(0.5, abs=0.05)
    assert np.all(demo.expose(np.full((9, 9), 2.0), shot=1e-4, read=1e-6, seed=1) == demo.WHITE)


def test_noise_has_a_golden_value() -> None:
    numbers = demo.expose(np.full((1, 5), 0.25), shot=1e-3, read=1e-6, seed=3)
    assert numbers.tolist() == [[4508, 4509, 4288, 4391, 3914]]


def test_take_mosaic() -> None:
    signal = np.arange(3 * 5 * 3, dtype=float).reshape(3, 5, 3)
    mosaic = demo.take_mosaic(signal, pattern="GRBG")
    expected = [[1, 3, 7, 9, 13], [17, 19, 23, 25, 29], [31, 33, 37, 39, 43]]
    assert mosaic.tolist() == expected


def test_rawpy_opens_them(folder: Path) -> None:
    with rawpy.imread(str(folder / "coffee-b.dng")) as raw:
        assert raw.raw_image.shape == (400, 300)
        assert raw.color_desc == b"RGBG"


def test_without_the_photographs_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name else name)
    with pytest.raises(FileNotFoundError, match=r"astronaut\.png.*--raw"):
        make_demo(tmp_path / "demo")
    assert not list((tmp_path / "demo").iterdir())
