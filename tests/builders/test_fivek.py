"""FiveK's own tree, and the MSEC release that is made of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from built import HEIGHT, WIDTH, build_here, retouch, save_prophoto, take_raw
from PIL import Image

from builders.kinds.exposure_arguments import Wishes
from builders.layouts.fivek import beside, find_experts
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from builders.verify import verify

STEMS = {"a0001-jmac": "cup", "a0002-dgw": "face", "a0003-NKIM": "cat"}
# libjpeg's tables at quality 75, first eight entries of luminance in zigzag order.
LUMA_75 = [8, 6, 5, 8, 12, 20, 26, 31]


def experts(folder: Path, *letters: str) -> None:
    for letter in letters:
        (folder / f"tiff16_{letter}").mkdir(parents=True)


def test_expert_c_comes_first(tmp_path: Path) -> None:
    experts(tmp_path, *"abcde")
    found = find_experts(tmp_path)
    assert list(found) == [f"expert_{letter}" for letter in "cabde"]
    assert found["expert_a"] == tmp_path / "tiff16_a"


def test_experts_are_found_some_levels_down_and_not_further(tmp_path: Path) -> None:
    experts(tmp_path / "1" / "2", "c")
    experts(tmp_path / "1" / "2" / "3", "c", "d")
    found = find_experts(tmp_path)
    assert found == {"expert_c": tmp_path / "1" / "2" / "tiff16_c"}
    assert find_experts(tmp_path, depth=4)["expert_d"].parent.name == "3"
    assert find_experts(tmp_path, depth=1) == {}


def test_the_case_of_a_folder_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "TIFF16_C").mkdir()
    assert find_experts(tmp_path) == {"expert_c": tmp_path / "TIFF16_C"}


def test_experts_beside_the_one_that_was_named(tmp_path: Path) -> None:
    experts(tmp_path, *"abc")
    assert list(beside(tmp_path / "tiff16_b")) == ["expert_b", "expert_c", "expert_a"]
    assert beside(tmp_path) == {}


@pytest.fixture(scope="module")
def fivek(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FiveK's tree with three scenes and five experts, each a little brighter than the last."""
    folder = tmp_path_factory.mktemp("data") / "fivek"
    for stem, part in STEMS.items():
        raw = folder / "raw_photos" / "HQa1to700" / "photos" / f"{stem}.dng"
        take_raw(raw, part=part)
        for index, letter in enumerate("abcde"):
            made = retouch(raw, bits=16, ev=0.2 + 0.1 * index)
            save_prophoto(folder / f"tiff16_{letter}" / f"{stem}.tif", made)
    return folder


@pytest.fixture(scope="module")
def release(fivek: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's form of it: one scene in each split."""
    folder = tmp_path_factory.mktemp("release")
    names = folder / "split.json"
    names.write_text('{"train": ["a0001-jmac"], "val": ["a0002-dgw"], "test": ["a0003-NKIM"]}')
    return build_here(
        fivek, folder / "msec", wishes=Wishes(preset="msec"), store=Store(split_file=names)
    )


def test_the_release_has_the_papers_folders_and_names(release: Path) -> None:
    held = sorted(p.relative_to(release).as_posix() for p in release.rglob("*.[jJ][pP][gG]"))
    wanted = []
    for folder, stem in zip(("training", "validation", "testing"), STEMS, strict=True):
        wanted += [
            f"{folder}/INPUT_IMAGES/{stem}_{ev}.JPG" for ev in ("0", "N1", "N1.5", "P1", "P1.5")
        ]
        gts = [f"expert_{x}_testing_set" for x in "abcde"] if folder == "testing" else ["GT_IMAGES"]
        wanted += [f"{folder}/{gt}/{stem}.jpg" for gt in gts]
    assert held == sorted(wanted)
    assert load_manifest(release).splits == {"train": 5, "val": 5, "test": 5}
    assert load_manifest(release).drops == {}
    assert verify(release) == []


def test_the_releases_pictures_have_its_size_and_quality(release: Path) -> None:
    size = (math.ceil(0.3 * WIDTH), math.ceil(0.3 * HEIGHT))
    for path in release.rglob("*.[jJ][pP][gG]"):
        with Image.open(path) as opened:
            assert opened.size == size
            tables = opened.quantization  # type: ignore[attr-defined]
            wanted = LUMA_75 if path.suffix == ".JPG" else [1] * 8
            assert tables[0][:8] == wanted, path
    assert size == (48, 39)


def test_ev_0_is_an_input_and_the_retouch_is_its_target(release: Path) -> None:
    pairs = open_pairs(release, split="test")
    pair = pairs[pairs.find("a0003-NKIM/ev+0")]
    assert not pair.identical
    assert pair.record["gt"]["target"] == "expert_c"
    assert pair.record["style"] == "acr-like"
    with Image.open(release / "testing" / "expert_c_testing_set" / "a0003-NKIM.jpg") as opened:
        assert opened.tobytes() == pair.gt.tobytes()


def test_a_flipped_byte_in_another_experts_picture_is_found(release: Path, tmp_path: Path) -> None:
    import shutil

    out = shutil.copytree(release, tmp_path / "msec")
    victim = out / "testing" / "expert_d_testing_set" / "a0003-NKIM.jpg"
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    (fault,) = verify(out)
    assert fault.startswith(f"{victim}: its sha256 is not the one in test-")


def test_fiveks_tree_alone_is_enough(fivek: Path, tmp_path: Path) -> None:
    out = build_here(fivek, tmp_path / "set", wishes=Wishes(size=64), store=Store(split="train=1"))
    pairs = open_pairs(out)
    assert len(pairs) == 15
    assert {pair.record["gt"]["target"] for pair in pairs} == {"expert_c"}
    assert {pair.scene for pair in pairs} == set(STEMS)
