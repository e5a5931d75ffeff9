"""Noise builds: the noise is the camera's, the pairs differ by nothing else, and all of it is
stored, found again and made again like any other dataset."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from built import take_raws
from camera_sets import ALL_TRAIN, build_camera, linear_of, plan_camera, write_light

from builders.camera_simulation import develop_light, expose_light, sensor_light
from builders.dng import DngColor, write_dng
from builders.kinds.camera_arguments import (
    DEFAULT_BLUR,
    DEFAULT_CAMERA,
    DEFAULT_EVS,
    CameraWishes,
    resolve_lowlight,
    resolve_noise,
    resolve_rawsr,
)
from builders.manifest import load_manifest
from builders.pairs import Pair, open_pairs
from builders.planning import Store
from builders.raw import read_raw
from builders.rebuild import rebuild
from builders.render import render
from builders.verify import verify
from degrade.cameras import CAMERAS, CameraNoise, camera_noise_at
from degrade.images import encode_picture, read_picture
from degrade.option_error import OptionError
from pairsmith import build_raw
from pairsmith.main import build_dataset

KINDS = ("noise", "clean", "lowlight", "rawsr")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_raws(tmp_path_factory.mktemp("raw"), parts=("cup", "cat"))


@pytest.fixture(scope="module")
def clean(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clean pictures, one of 16 bits."""
    folder = tmp_path_factory.mktemp("clean")
    for name, bits in (("cup", 8), ("cat", 16)):
        frame = read_raw(raw / f"{name}.dng")
        sensor = sensor_light(frame)
        picture = render(develop_light(sensor, light=sensor.light, method="ahd"), ev=0, bits=bits)
        (folder / f"{name}.png").write_bytes(encode_picture(picture, codec="png"))
    return folder


def pairs_of(out: Path) -> dict[str, Pair]:
    return {pair.key: pair for pair in open_pairs(out)}


def test_variance_is_gain_times_signal_plus_read_noise_on_every_site(tmp_path: Path) -> None:
    light = np.full((400, 400), 0.3, np.float32)
    write_light(tmp_path / "raw" / "grey.dng", light)
    # 'half' takes the red sites as they are; 16 bits keep what noise is finer than 8
    wishes = CameraWishes(camera="oppo-reno-10x", iso=(1600,), demosaic="half", patch=0, bits=16)
    out = build_camera(plan_camera("noise", tmp_path / "raw", wishes), tmp_path / "set")
    (pair,) = open_pairs(out)
    noise = pair.record["noise"]
    span = noise["white"] - noise["black"]
    # plus 1/12: whole numbers of the camera
    wanted = (noise["gain"] * 0.3 * span + noise["sigma"] ** 2 + 1 / 12) / span**2
    red = linear_of(pair.lq)[..., 0]
    assert red.shape == (200, 200)
    # 40,000 samples: a variance is known to sqrt(2/n) = 0.7 %, four of which are 2.8 %
    assert red.var() == pytest.approx(wanted, rel=0.03)
    assert red.mean() == pytest.approx(0.3, abs=4 * np.sqrt(wanted / red.size))
    assert linear_of(pair.gt)[1:, 1:, 0].std() < 1e-4, "the gt has noise of its own"


def test_rows_are_shifted_together(tmp_path: Path) -> None:
    write_light(tmp_path / "raw" / "grey.dng", np.full((800, 400), 0.001, np.float32))
    wishes = CameraWishes(camera="canon-70d", iso=(6400,), demosaic="half", patch=0, bits=16)
    sensor = sensor_light(read_raw(tmp_path / "raw" / "grey.dng"))
    planned = plan_camera("noise", tmp_path / "raw", wishes)
    noise = camera_noise_at("canon-70d", iso=6400, seed=0, key="grey/iso-6400")
    assert planned.plan.arguments["camera"] == noise.name
    noisy = expose_light(sensor.light, noise=noise, seed=1) * (noise.white - noise.black)
    across = noisy.mean(axis=1).var()
    down = noisy.mean(axis=0).var()
    alone = noisy.var(axis=1).mean() / 400
    # 800 rows: 5 % each way, times four; without row noise it would be `alone`
    assert across == pytest.approx(noise.row**2 + alone, rel=0.2)
    assert across > 3 * alone
    assert down < 2 * noisy.var() / 800, "columns are shifted too"


def test_noise_below_black_survives_the_demosaic(tmp_path: Path) -> None:
    write_light(tmp_path / "black.dng", np.zeros((300, 300), np.float32))
    sensor = sensor_light(read_raw(tmp_path / "black.dng"))
    noise = camera_noise_at("canon-700d", iso=6400, seed=0, key="a")
    light = expose_light(sensor.light, noise=noise, seed=3)
    developed = develop_light(sensor, light=light, method="linear")
    mean = developed.pixels.mean() * developed.scale
    assert light.min() < -0.01
    # had the lower half been cut, the mean would be 0.4 of the deviation
    assert abs(mean) < 0.03 * light.std()


def test_what_is_at_white_stays_there() -> None:
    light = np.full((100, 100), 1.0, np.float32)
    noise = camera_noise_at("nikon-d850", iso=6400, seed=0, key="a")
    assert (expose_light(light, noise=noise, seed=3) == 1.0).all()
    assert expose_light(light * 0.99, noise=noise, seed=3).max() <= 1.0


def test_sites_above_white_are_white(raw: Path) -> None:
    frame = read_raw(next(iter(sorted(raw.glob("*.dng")))))
    mosaic = frame.mosaic.copy()
    mosaic[8:12, 8:12] = 65535  # a defect, or a white level set below what the sensor gives
    light = sensor_light(dataclasses.replace(frame, mosaic=mosaic)).light
    assert light.max() == 1.0
    assert (light[8:12, 8:12] == 1.0).all()


def test_pairs_differ_by_the_noise_only(raw: Path, tmp_path: Path) -> None:
    wishes = CameraWishes(camera="nikon-d850", iso=(100, 6400), patch=0)
    pairs = pairs_of(build_camera(plan_camera("noise", raw, wishes), tmp_path / "set"))
    assert set(pairs) == {f"{s}/iso-{i}" for s in ("cat", "cup") for i in (100, 6400)}
    for scene in ("cat", "cup"):
        small, large = pairs[f"{scene}/iso-100"], pairs[f"{scene}/iso-6400"]
        assert np.array_equal(small.gt, large.gt)
        assert small.record["noise"]["seed"] != large.record["noise"]["seed"]
        errors = [float(np.abs(p.lq.astype(float) - p.gt).mean()) for p in (small, large)]
        assert 0.2 < errors[0] < errors[1] / 3
        # the same curve, balance and place: what is left is centred
        assert abs((small.lq.astype(float) - small.gt).mean()) < 0.1


def test_a_record_makes_its_picture_again_without_a_draw(raw: Path, tmp_path: Path) -> None:
    out = build_camera(plan_camera("noise", raw, CameraWishes(copies=2, patch=0)), tmp_path / "set")
    for pair in open_pairs(out):
        sensor = sensor_light(read_raw(raw / pair.record["source"]["path"]))
        says = dict(pair.record["noise"])
        seed = says.pop("seed")
        light = expose_light(sensor.light, noise=CameraNoise(**says), seed=seed)
        made = render(develop_light(sensor, light=light, method="ahd"), ev=0.0)
        assert np.array_equal(made, pair.lq)


def test_an_iso_not_said_is_drawn_for_each_copy(raw: Path, tmp_path: Path) -> None:
    wishes = CameraWishes(camera="sony-a7s2", copies=3, size=64)
    pairs = pairs_of(build_camera(plan_camera("noise", raw, wishes), tmp_path / "a"))
    assert set(pairs) == {f"{s}/copy-0{i}" for s in ("cat", "cup") for i in range(3)}
    isos = [pair.record["noise"]["iso"] for pair in pairs.values()]
    assert len(set(isos)) == 6
    assert all(100 <= iso <= 6400 for iso in isos)
    fewer = CameraWishes(camera="sony-a7s2", copies=1, size=64)
    first = pairs_of(build_camera(plan_camera("noise", raw, fewer), tmp_path / "b"))
    assert np.array_equal(first["cup/copy-00"].lq, pairs["cup/copy-00"].lq)
    assert first["cup/copy-00"].lq.shape == (51, 64, 3)


def test_clean_pictures_come_back_as_they_were_but_for_the_mosaic(
    clean: Path, tmp_path: Path
) -> None:
    wishes = CameraWishes(camera="google-pixel", iso=(400,))
    pairs = pairs_of(build_camera(plan_camera("clean", clean, wishes), tmp_path / "set"))
    pair = pairs["cup/iso-400"]
    source = read_picture(clean / "cup.png").astype(float)
    assert pair.gt.shape == source.shape
    # a bilinear-like loss at edges, no shift of colour or light: means agree to half a code
    assert np.abs(pair.gt - source).mean() < 3.0
    assert np.abs((pair.gt - source).mean(axis=(0, 1))).max() < 0.5
    drawn = pair.record["unprocess"]
    assert {"nexus_6p", "rgb_gain", "red", "blue", "pattern", "demosaic"} <= set(drawn)
    assert 1.9 <= drawn["red"] <= 2.4
    assert pairs["cat/iso-400"].record["unprocess"]["red"] != drawn["red"]
    assert not np.array_equal(pair.lq, pair.gt)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_holds_the_same_and_any_pair_is_made_again(
    kind: str, raw: Path, clean: Path, tmp_path: Path
) -> None:
    source = clean if kind == "clean" else raw
    wishes = CameraWishes(iso=(800,), patch=48, screens=False)
    found = {}
    for storage in ("hdf5", "hf", "folder"):
        store = Store(format=storage, split="train=1", limit=1)
        planned = plan_camera(kind, source, wishes, store=store)
        out = build_camera(planned, tmp_path / storage, store=store)
        assert verify(out) == []
        found[storage] = pairs_of(out)
        key = sorted(found[storage])[-1]
        assert rebuild(out, key=key).verdict == "bytes"
        assert (out / "preview.png").is_file()
    keys = set(found["hdf5"])
    assert len(keys) == 21
    channels = 4 if kind == "rawsr" else 3
    for key in keys:
        ours = found["hdf5"][key]
        assert ours.lq.shape[2] == channels
        for other in (found["hf"][key], found["folder"][key]):
            assert np.array_equal(ours.lq, other.lq)
            assert np.array_equal(ours.gt, other.gt)
            assert ours.record == other.record


def test_one_worker_two_workers_and_none_give_the_same_bytes(raw: Path, tmp_path: Path) -> None:
    wishes = CameraWishes(iso=(800,), patch=48, screens=False)
    here = build_camera(plan_camera("rawsr", raw, wishes), tmp_path / "here")
    options = "--iso 800 --patch 48 --no-screens --scale 2 --split train=1 --workers 2"
    with pytest.raises(SystemExit) as stop:
        build_dataset(
            ["rawsr", "--raw", str(raw), "--out", str(tmp_path / "two"), *options.split()]
        )
    assert not stop.value.code
    assert load_manifest(tmp_path / "two").shards == load_manifest(here).shards


def test_what_has_no_mosaic_is_dropped_and_counted(raw: Path, tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "cup.dng").symlink_to(raw / "cup.dng")
    flat = np.arange(60 * 60 * 3, dtype=np.uint16).reshape(60, 60, 3)
    write_dng(folder / "linear.dng", flat, color=DngColor(pattern=None))
    write_light(folder / "small.dng", np.full((40, 40), 0.5, np.float32))
    for kind in ("noise", "lowlight", "rawsr"):
        wishes = CameraWishes(patch=64, screens=False)
        out = build_camera(plan_camera(kind, folder, wishes), tmp_path / kind)
        assert load_manifest(out).drops == {"too-small": 1, "unsupported": 1}
        lines = [json.loads(line) for line in (out / "drops.jsonl").read_text().splitlines()]
        assert "sensor noise belongs on a mosaic" in lines[0]["message"] or kind == "rawsr"
        assert "--patch" in lines[1]["message"]


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (CameraWishes(camera="nikon-d85"), "--camera nikon-d85: the nearest is nikon-d850; one of"),
        (
            CameraWishes(iso=(25600,)),
            "--iso 25600: ISO 25600 of nikon-d850: the",
        ),
        (CameraWishes(iso=(800, 800)), "--iso 800 800: one is repeated"),
        (CameraWishes(copies=0), "--copies 0: 1 to 100"),
        (CameraWishes(encode="jpeg75"), "--encode jpeg75: one of png, raw"),
        (CameraWishes(bits=10), "--bits 10: 8 or 16"),
        (CameraWishes(patch=4), "--patch 4: at least 8 pixels, or 0 for none"),
        (CameraWishes(patch=256, size=128), "--patch 256: no picture of --size 128 holds it"),
        (CameraWishes(style="film"), "--style film: one of srgb, acr-like"),
        (CameraWishes(demosaic="dht"), "--demosaic dht: refused"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(wishes: CameraWishes, said: str) -> None:
    with pytest.raises(OptionError) as error:
        resolve_noise(wishes, clean=False)
    assert str(error.value).startswith(said)


def test_an_option_of_one_kind_alone() -> None:
    with pytest.raises(OptionError, match=r"^--style acr-like with --gt"):
        resolve_noise(CameraWishes(style="acr-like"), clean=True)
    with pytest.raises(OptionError, match=r"^--ev-range 6 2: the least and the greatest"):
        resolve_lowlight(CameraWishes(), darker=(6, 2))
    with pytest.raises(OptionError, match=r"^--scale 9: 2 to 8"):
        resolve_rawsr(CameraWishes(), scales=(9,))
    with pytest.raises(OptionError, match=r"^--patch 100: a multiple of 8"):
        resolve_rawsr(CameraWishes(patch=100), scales=(2, 4))
    with pytest.raises(OptionError, match=r"^--blur 0 1: "):
        resolve_rawsr(CameraWishes(), blur=(0.0, 1.0))
    assert resolve_rawsr(CameraWishes(), scales=(2, 3)).patch == 504
    assert resolve_noise(CameraWishes(), clean=False).patch == 512
    assert resolve_noise(CameraWishes(), clean=True).patch is None
    assert resolve_noise(CameraWishes(size=300), clean=False).patch is None


def test_a_build_wants_raw_files_or_clean_pictures(capfd: pytest.CaptureFixture[str]) -> None:
    for options in ([], ["--raw", "a", "--gt", "b"]):
        with pytest.raises(SystemExit) as stop:
            build_dataset(["noise", *options])
        assert stop.value.code == 2
        assert "--raw or --gt: give one of them" in capfd.readouterr().err


def test_the_defaults_of_the_command_line_are_those_of_the_library() -> None:
    assert build_raw.CAMERA == DEFAULT_CAMERA
    assert DEFAULT_CAMERA in CAMERAS
    assert (build_raw.EVS, build_raw.BLUR) == (DEFAULT_EVS, DEFAULT_BLUR)


def test_what_to_know_is_said(raw: Path) -> None:
    notes = plan_camera("noise", raw, CameraWishes(size=64), store=ALL_TRAIN).notes
    assert "low ISO" in notes[0]
    assert notes[1].startswith("--size 64: a smaller render averages the noise")
