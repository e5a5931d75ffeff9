"""Exposure pairs from small real DNGs: what the pictures, targets, patches and records are."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from built import HEIGHT, WIDTH, build_here, retouch, save_prophoto, take_raw, take_raws
from PIL import Image

from builders import dng
from builders.demosaic import demosaic
from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.pairs import Pair, open_pairs
from builders.planning import Store
from builders.raw import read_raw
from builders.render import develop, render
from degrade.images import Picture, encode_picture

ALL_TRAIN = Store(split="train=1")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_raws(tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def targets(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Retouches of every kind: 8-bit PNG, 16-bit ProPhoto TIFF, a wrong size, another scene."""
    folder = tmp_path_factory.mktemp("targets")
    (folder / "cup.png").write_bytes(encode_picture(retouch(raw / "cup.dng", bits=8), codec="png"))
    save_prophoto(folder / "face.tif", retouch(raw / "face.dng", bits=16))
    save_prophoto(folder / "cat.tif", retouch(raw / "cat.dng", bits=16)[:-12])
    save_prophoto(folder / "helmet.tif", retouch(raw / "face.dng", bits=16))
    return folder


def pairs_of(out: Path) -> dict[str, Pair]:
    return {pair.key: pair for pair in open_pairs(out)}


def drops_of(out: Path) -> dict[str, str]:
    """path -> 'reason: message' of each drop."""
    lines = map(json.loads, (out / "drops.jsonl").read_text().splitlines())
    return {line["path"]: f"{line['reason']}: {line['message']}" for line in lines}


def mean_error(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(float) - other).mean() / np.iinfo(one.dtype).max)


def test_the_pairs_are_the_renders(raw: Path, tmp_path: Path) -> None:
    out = build_here(raw, tmp_path / "set", wishes=Wishes(fraction=1.0), store=ALL_TRAIN)
    pairs = pairs_of(out)
    names = ("ev-1.5", "ev-1", "ev+1", "ev+1.5")
    assert set(pairs) == {f"{s}/{ev}" for s in ("cat", "cup", "face", "helmet") for ev in names}
    scene = develop(demosaic(read_raw(raw / "cup.dng")))
    for name in names:
        pair = pairs[f"cup/{name}"]
        assert np.array_equal(pair.lq, render(scene, ev=float(name[2:])))
        assert np.array_equal(pair.gt, render(scene, ev=0.0))
        assert not pair.identical
        assert pair.gt_name == "gt"
    assert load_manifest(out).identical == 0


def test_an_ev_that_is_no_change_is_marked_identical(raw: Path, tmp_path: Path) -> None:
    wishes = Wishes(size=64, ev=[1e-9, 1.0])
    out = build_here(raw, tmp_path / "set", wishes=wishes, store=Store(split="train=1", limit=1))
    assert [pair.identical for pair in open_pairs(out)] == [True, False]
    assert [np.array_equal(pair.lq, pair.gt) for pair in open_pairs(out)] == [True, False]
    assert load_manifest(out).identical == 1


@pytest.mark.parametrize(("size", "shape"), [(80, (64, 80)), (512, (HEIGHT, WIDTH))])
def test_size_is_the_long_side_and_never_enlarges(
    size: int, shape: tuple[int, int], raw: Path, tmp_path: Path
) -> None:
    wishes = Wishes(size=size, ev=[1.0])
    out = build_here(raw, tmp_path / "set", wishes=wishes, store=Store(limit=1))
    (pair,) = open_pairs(out)
    assert pair.lq.shape == pair.gt.shape == (*shape, 3)
    assert pair.record["size"] == list(shape)


def test_retouched_targets_pair_by_stem_and_the_rest_is_dropped_by_measure(
    raw: Path, targets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for path in raw.iterdir():
        (folder / path.name).symlink_to(path)
    take_raw(folder / "lonely.dng")
    out = build_here(folder, tmp_path / "set", target=targets, wishes=Wishes(fraction=1.0),
                     store=ALL_TRAIN)  # fmt: skip
    pairs = pairs_of(out)
    assert {pair.scene for pair in pairs.values()} == {"cup", "face"}
    assert len(pairs) == 10  # EV 0 is an input here: the target is no render
    assert np.array_equal(pairs["cup/ev+0"].gt, retouch(raw / "cup.dng", bits=8))
    # ProPhoto and back at 8 bits: what sRGB holds survives to a level
    assert mean_error(pairs["face/ev+0"].gt, retouch(raw / "face.dng", bits=8)) < 1 / 255
    gt = pairs["face/ev+0"].record["gt"]
    assert (gt["kind"], gt["target"], gt["path"]) == ("retouch", "target", "face.tif")
    assert gt["correlation"] > 0.8
    assert len(gt["sha256"]) == 64
    drops = drops_of(out)
    assert drops["lonely.dng"] == "no-target: lonely.dng: no target with the stem lonely"
    assert drops["cat.dng"].startswith(
        f"target-size: target/cat.tif: {WIDTH}x{HEIGHT - 12} pixels, the render has {WIDTH}x"
    )
    assert drops["helmet.dng"].startswith("misaligned: target/helmet.tif")
    assert "0.3" in drops["helmet.dng"], "neither the bound nor a measured value"
    assert load_manifest(out).drops == {"misaligned": 1, "no-target": 1, "target-size": 1}


def test_a_target_at_another_scale_is_brought_to_the_renders_size(
    raw: Path, tmp_path: Path
) -> None:
    big = Image.fromarray(retouch(raw / "cup.dng", bits=8)).resize((2 * WIDTH, 2 * HEIGHT))
    (tmp_path / "t").mkdir()
    big.save(tmp_path / "t" / "cup.png")
    store = Store(split_file=tmp_path / "split.json")
    (tmp_path / "split.json").write_text('{"train": ["cup"]}')
    out = build_here(raw, tmp_path / "set", target=tmp_path / "t", wishes=Wishes(size=80),
                     store=store)  # fmt: skip
    assert pairs_of(out)["cup/ev+0"].gt.shape == (64, 80, 3)


@pytest.mark.parametrize(("patch", "count"), [(128, 8), (256, 4)])
def test_patches_lie_at_one_place_in_every_ev(patch: int, count: int, tmp_path: Path) -> None:
    take_raw(tmp_path / "raw" / "cat.dng", part="cat", size=(220, 300))
    if patch == 256:
        patch, count = 64, 16  # the same rule, at a side that this picture holds
    wishes, store = Wishes(fraction=1.0, ev=[-1.0, 1.0]), Store(split="train=1")
    whole = pairs_of(build_here(tmp_path / "raw", tmp_path / "a", wishes=wishes, store=store))
    wishes = Wishes(fraction=1.0, ev=[-1.0, 1.0], patch=patch)
    pairs = pairs_of(build_here(tmp_path / "raw", tmp_path / "b", wishes=wishes, store=store))
    assert len(pairs) == 2 * count
    places = set()
    for index in range(count):
        for ev in ("ev-1", "ev+1"):
            pair = pairs[f"cat/{ev}-p{index:02d}"]
            top, left, side = pair.record["patch"]
            assert side == patch
            part = (slice(top, top + side), slice(left, left + side))
            assert np.array_equal(pair.lq, whole[f"cat/{ev}"].lq[part])
            assert np.array_equal(pair.gt, whole[f"cat/{ev}"].gt[part])
            places.add((index, top, left))
    assert len(places) == count


def test_validation_gets_half_the_patches(raw: Path, tmp_path: Path) -> None:
    wishes = Wishes(fraction=1.0, ev=[1.0], patch=64, screens=False)
    store = Store(split="train=0.5,val=0.5")
    out = build_here(raw, tmp_path / "set", wishes=wishes, store=store)
    assert load_manifest(out).splits == {"train": 32, "val": 16}


def test_screens_drop_dark_and_flat_targets(tmp_path: Path) -> None:
    take_raw(tmp_path / "raw" / "dark.dng")
    take_raw(tmp_path / "raw" / "flat.dng", part="cat")
    folder = tmp_path / "raw"
    dark = build_here(folder, tmp_path / "dark", store=ALL_TRAIN,
                      wishes=Wishes(size=64, ev=[1.0], gt_ev=-10.0, screens=True))  # fmt: skip
    assert load_manifest(dark).drops == {"too-dark": 2}
    assert "below the screen's bound 0.02" in drops_of(dark)["dark.dng"]
    white = build_here(folder, tmp_path / "white", store=ALL_TRAIN,
                       wishes=Wishes(size=64, ev=[1.0], gt_ev=10.0, screens=True))  # fmt: skip
    assert drops_of(white)["flat.dng"].startswith("too-bright: the picture: mean is 0.9")
    flat = build_here(folder, tmp_path / "flat", store=ALL_TRAIN,
                      wishes=Wishes(size=64, ev=[1.0], gt_ev=-8.0, screens=True))  # fmt: skip
    assert load_manifest(flat).drops == {"too-flat": 2}
    patches = build_here(folder, tmp_path / "patches", store=ALL_TRAIN,
                         wishes=Wishes(size=96, patch=32, ev=[1.0], gt_ev=-8.0))  # fmt: skip
    assert set(load_manifest(patches).drops) <= {"too-flat", "too-dark"}
    assert "32 of 32 patches of 32 not found in 200 tries" in drops_of(patches)["flat.dng"]
    off = build_here(folder, tmp_path / "off", store=ALL_TRAIN,
                     wishes=Wishes(size=64, ev=[1.0], gt_ev=-10.0))  # fmt: skip
    assert load_manifest(off).drops == {}


@pytest.mark.parametrize("storage", ["hdf5", "hf", "folder"])
def test_sixteen_bits_are_sixteen_bits(storage: str, raw: Path, tmp_path: Path) -> None:
    store = Store(format=storage, limit=1)
    out = build_here(raw, tmp_path / "set", wishes=Wishes(bits=16, ev=[-1.0]), store=store)
    (pair,) = open_pairs(out)
    for picture in (pair.lq, pair.gt):
        assert picture.dtype == np.uint16
        assert len(np.unique(picture)) > 1000
        assert len(np.unique(picture % 257)) > 200, "8 bits, stretched"


def test_sixteen_bit_targets_keep_their_levels(raw: Path, targets: Path, tmp_path: Path) -> None:
    out = build_here(raw, tmp_path / "set", target=targets, store=ALL_TRAIN,
                     wishes=Wishes(bits=16, fraction=1.0, ev=[0.0]))  # fmt: skip
    gt = pairs_of(out)["face/ev+0"].gt
    assert gt.dtype == np.uint16
    assert len(np.unique(gt)) > 1000
    assert mean_error(gt, retouch(raw / "face.dng", bits=16)) < 0.003


def test_raw_samples_equal_the_png(raw: Path, tmp_path: Path) -> None:
    made = {
        encode: pairs_of(build_here(raw, tmp_path / encode, store=ALL_TRAIN,
                                    wishes=Wishes(size=64, ev=[1.0], encode=encode)))
        for encode in ("png", "raw", "jpeg75")
    }  # fmt: skip
    for key, pair in made["png"].items():
        assert np.array_equal(pair.lq, made["raw"][key].lq)
        assert np.array_equal(pair.gt, made["raw"][key].gt)
        assert np.array_equal(pair.gt, made["jpeg75"][key].gt), "a target is never degraded"
        assert 0 < mean_error(made["jpeg75"][key].lq, pair.lq) < 0.05


def test_style_and_demosaic_are_used_and_recorded(raw: Path, tmp_path: Path) -> None:
    store = Store(limit=1)
    plain = build_here(raw, tmp_path / "plain", wishes=Wishes(ev=[1.0]), store=store)
    for name, wishes in (
        ("style", Wishes(ev=[1.0], style="acr-like")),
        ("demosaic", Wishes(ev=[1.0], demosaic="linear")),
    ):
        (other,) = open_pairs(build_here(raw, tmp_path / name, wishes=wishes, store=store))
        (pair,) = open_pairs(plain)
        assert not np.array_equal(pair.lq, other.lq)
        assert (other.record["style"], other.record["capture"]["demosaic"]) == (
            wishes.style or "srgb", wishes.demosaic
        )  # fmt: skip


def test_the_record_holds_every_parameter(raw: Path, targets: Path, tmp_path: Path) -> None:
    out = build_here(raw, tmp_path / "set", target=targets, wishes=Wishes(size=64), store=ALL_TRAIN)
    record = pairs_of(out)["cup/ev+1.5"].record
    assert set(record) == {
        "version", "kind", "recipe", "ev", "gain", "source", "capture", "style", "resize", "size",
        "fraction", "bits", "encode", "gt_encode", "gt",
    }  # fmt: skip
    assert (record["kind"], record["ev"]) == ("exposure", 1.5)
    assert math.isclose(record["gain"], 2**1.5)
    assert record["source"]["path"] == "cup.dng"
    assert set(record["capture"]) == {
        "kind", "sidecar_sha256", "demosaic", "pattern", "black", "white", "white_balance",
        "white_balance_source", "matrix", "matrix_source", "crop", "orientation", "camera", "iso",
        "shutter",
    }  # fmt: skip
    assert (record["capture"]["camera"], record["capture"]["iso"]) == ("test camera", 100)
    assert record["gt"]["kind"] == "retouch"


def test_nothing_of_the_photographer_is_in_the_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Serial number, owner and place are in the RAW's tags, and stay there."""
    ours = dng._shot_tags
    place = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a exif:GPSLatitude="SECRET,52N"/></x:xmpmeta>'
    secrets = [
        (315, 2, 0, "SECRET Artist", True),
        (700, 1, len(place), place, True),
        (33432, 2, 0, "SECRET Copyright", True),
        (50735, 2, 0, "SECRET-SERIAL-1", True),
    ]
    monkeypatch.setattr(dng, "_shot_tags", lambda shot, shape: [*ours(shot, shape), *secrets])
    raw = take_raw(tmp_path / "raw" / "a.dng")
    assert raw.read_bytes().count(b"SECRET") == 4
    for storage in ("hdf5", "hf", "folder"):
        out = build_here(tmp_path / "raw", tmp_path / storage, wishes=Wishes(size=64),
                         store=Store(format=storage))  # fmt: skip
        for path in out.rglob("*"):
            assert not path.is_file() or b"SECRET" not in path.read_bytes(), path


@pytest.mark.parametrize("storage", ["hdf5", "hf", "folder"])
def test_no_place_of_this_machine_is_in_the_dataset(
    storage: str, raw: Path, targets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for path in raw.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "broken.dng").write_bytes((raw / "cup.dng").read_bytes()[:3000])
    (folder / "text.dng").write_text("no RAW")
    (folder / "empty.dng").touch()
    for name in ("headless", "described"):
        (folder / f"{name}.raw").write_bytes(b"\1\2" * 4000)
    (folder / "described.raw.json").write_text('{"shape": [1]}')
    out = build_here(folder, tmp_path / "set", target=targets, wishes=Wishes(size=64),
                     store=Store(split="train=1", format=storage))  # fmt: skip
    files = [path for path in out.rglob("*") if path.is_file() and ".build" not in path.parts]
    assert {"dataset.json", "drops.jsonl", "README.md"} <= {path.name for path in files}
    for path in files:
        assert str(tmp_path).encode() not in path.read_bytes(), path
        assert str(targets.parent).encode() not in path.read_bytes(), path
    assert len(drops_of(out)) == 7  # two of them for the sake of their targets
    assert all(not path.startswith("/") for path in drops_of(out))
