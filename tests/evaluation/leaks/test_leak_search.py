"""evaluation.leaks: planted copies of every kind are found, and nothing else is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from degrade.images import read_picture
from degrade.reading.clean import read_clean
from evaluation.leaks.fingerprints import take_fingerprint
from evaluation.leaks.search import Listed, Prints, find_leaks, similarity, take_prints
from evaluation.leaks.sheet import SHEET_PAIRS, Leak, Leaks, leaks_csv, write_report
from evaluation.pictures import Samples

Picture = NDArray[np.uint8]
Change = Callable[[Picture], Picture]


def _expose(picture: Picture, ev: float) -> Picture:
    light = (picture / 255.0) ** 2.2 * 2.0**ev
    return np.rint(np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def _gamma(picture: Picture, gamma: float) -> Picture:
    return np.rint((picture / 255.0) ** gamma * 255).astype(np.uint8)


def _jpeg(picture: Picture, quality: int) -> Picture:
    done, data = cv2.imencode(".jpg", picture, [int(cv2.IMWRITE_JPEG_QUALITY), quality])
    assert done
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _resize(picture: Picture, factor: float) -> Picture:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way), np.uint8)


def _crop(picture: Picture, share: float, down: float = 0.37, right: float = 0.61) -> Picture:
    height, width = picture.shape[:2]
    high, wide = round(height * share), round(width * share)
    top, left = round((height - high) * down), round((width - wide) * right)
    return picture[top : top + high, left : left + wide].copy()


def _noise(picture: Picture, sigma: float) -> Picture:
    noise = np.random.default_rng(3).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _mirror(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


# What is done to a picture -> the relation that is reported.
CHANGES: dict[str, tuple[Change, str]] = {
    "jpeg 30": (lambda p: _jpeg(p, 30), "re-encoded"),
    "quarter": (lambda p: _resize(p, 0.25), "resized"),
    "double": (lambda p: _resize(p, 2.0), "resized"),
    "2 ev up": (lambda p: _expose(p, 2.0), "exposure"),
    "2 ev down": (lambda p: _expose(p, -2.0), "exposure"),
    "gamma 2.2": (lambda p: _gamma(p, 2.2), "exposure"),
    "gamma 1/2.2": (lambda p: _gamma(p, 1 / 2.2), "exposure"),
    "mirror": (_mirror, "mirrored"),
    "mirror, quarter": (lambda p: _resize(_mirror(p), 0.25), "mirrored + resized"),
    "dark with noise": (lambda p: _noise(_expose(p, -2.0), 25), "exposure"),
    "crop of half the side": (lambda p: _crop(p, 0.5), "crop"),
    "crop at a corner": (lambda p: _crop(p, 0.5, 0.0, 1.0), "crop"),
    "crop of 0.8": (lambda p: _crop(p, 0.8), "crop"),
    "crop, 2 ev up": (lambda p: _expose(_crop(p, 0.5), 2.0), "crop + exposure"),
    "crop, 2 ev down": (lambda p: _expose(_crop(p, 0.6), -2.0), "crop + exposure"),
    "crop, enlarged": (lambda p: _resize(_crop(p, 0.5), 2.0), "crop + resized"),
    "crop, mirrored": (lambda p: _mirror(_crop(p, 0.5)), "mirrored + crop"),
    "crop, jpeg 30": (lambda p: _jpeg(_crop(p, 0.5), 30), "crop"),
}


def _texture(seed: int) -> Picture:
    """Smooth blobs of random grey: a picture with nothing in it that has a name."""
    field = np.random.default_rng(seed).standard_normal((300, 360)).astype(np.float32)
    blurred = sum(cv2.GaussianBlur(field, (0, 0), sigma) * sigma for sigma in (2.0, 6.0, 15.0))
    plane = cv2.normalize(np.asarray(blurred), np.zeros(0), 0, 255, cv2.NORM_MINMAX)
    return np.repeat(np.rint(plane).astype(np.uint8)[..., None], 3, axis=2)


def _photographs() -> dict[str, Picture]:
    names = ("astronaut", "coffee", "chelsea", "rocket", "retina", "immunohistochemistry")
    found = {name: np.asarray(getattr(skimage.data, name)(), np.uint8) for name in names}
    for name in ("camera", "coins", "moon", "page", "text", "brick", "grass", "gravel"):
        found[name] = np.repeat(getattr(skimage.data, name)()[..., None], 3, axis=2)
    return found


def _listed(pictures: Mapping[str, Samples], group: str = "") -> list[Listed]:
    return [
        Listed(name, read=lambda picture=picture: picture, group=group)
        for name, picture in pictures.items()
    ]


def _prints(pictures: Mapping[str, Samples], group: str = "") -> Prints:
    return take_prints(_listed(pictures, group))


@pytest.fixture(scope="module")
def known() -> Prints:
    textures = {f"texture {seed}": _texture(seed) for seed in range(3)}
    return _prints({**_photographs(), **textures})


ORIGINALS = {name: _photographs()[name] for name in ("astronaut", "coffee", "chelsea")}
ORIGINALS["texture 1"] = _texture(1)


@pytest.mark.parametrize("name", ORIGINALS)
def test_planted_copies_are_found_and_named(known: Prints, name: str) -> None:
    copies = {change: make(ORIGINALS[name]) for change, (make, _) in CHANGES.items()}
    found = find_leaks(known, _prints(copies)).found
    assert {leak.a for leak in found} == {name} and len(found) == len(CHANGES)
    assert {leak.b: leak.relation for leak in found} == {
        change: relation for change, (_, relation) in CHANGES.items()
    }
    for leak in found:
        assert 0.7 <= leak.score <= 1.0
        if "crop" in leak.relation and leak.b != "crop of 0.8":
            assert leak.cover_a < 0.5 and leak.cover_b > 0.95


def test_the_counterpart_is_found_whichever_set_it_is_in(known: Prints) -> None:
    small = _prints({"crop": _expose(_crop(ORIGINALS["astronaut"], 0.5), -2.0)})
    there, back = find_leaks(known, small).found, find_leaks(small, known).found
    assert [(leak.a, leak.b) for leak in there] == [("astronaut", "crop")]
    assert [(leak.b, leak.a) for leak in back] == [("astronaut", "crop")]


def test_different_pictures_are_not_leaks(known: Prints) -> None:
    assert find_leaks(known).found == []


def test_faces_are_not_alike() -> None:
    faces = skimage.data.lfw_subset()[:100]  # 100 faces of 25 x 25, cut out the same way
    shown = {f"{at}": cv2.resize(face, (100, 100))[..., None] for at, face in enumerate(faces)}
    assert find_leaks(_prints(shown)).found == []


def _plain(size: tuple[int, int]) -> dict[str, Picture]:
    """Frames with nothing in them, or nothing but noise or a slope."""
    rng = np.random.default_rng(size[0])
    plain = {f"{level}": np.full((*size, 3), level, np.uint8) for level in (0, 3, 128, 255)}
    slope = np.linspace(0, 255, size[1]).astype(np.uint8)
    plain["across"] = np.broadcast_to(slope[None, :, None], (*size, 3)).copy()
    plain["down"] = np.broadcast_to(
        np.linspace(20, 90, size[0]).astype(np.uint8)[:, None, None], (*size, 3)
    ).copy()
    plain["noise"] = rng.integers(0, 256, (*size, 3), np.uint8)
    plain["dark noise"] = rng.poisson(1.5, (*size, 3)).astype(np.uint8)
    return plain


def test_flat_pictures_match_nothing(known: Prints) -> None:
    flat, other = _prints(_plain((200, 300))), _prints(_plain((210, 280)))
    assert find_leaks(flat, other).found == []
    assert find_leaks(known, flat).found == []
    assert find_leaks(flat).found == []
    assert find_leaks(flat, other).flat >= 8


def test_equal_pixels_and_equal_files() -> None:
    picture, black = ORIGINALS["coffee"], np.zeros((8, 8, 3), np.uint8)
    item = Listed("file", read=lambda: picture, data=lambda: b"file")
    same = Listed("same", read=lambda: picture, data=lambda: b"file")
    other = Listed("other", read=lambda: picture, data=lambda: b"another file")
    dark = Listed("black", read=lambda: black)
    found = find_leaks(take_prints([item, dark]), take_prints([same, other, dark])).found
    assert [(leak.relation, leak.a, leak.b) for leak in found] == [
        ("same pixels", "black", "black"),
        ("same pixels", "file", "other"),
        ("identical bytes", "file", "same"),
    ]
    assert {leak.score for leak in found} == {1.0}


def test_within_a_set_pairs_count_once_and_groups_are_left_out() -> None:
    picture = ORIGINALS["coffee"]
    views = {"a": picture, "b": _expose(picture, -1.0)}
    assert [(leak.a, leak.b) for leak in find_leaks(_prints(views)).found] == [("a", "b")]
    assert find_leaks(_prints(views, group="one scene")).found == []
    between = find_leaks(_prints(views, group="s"), _prints({"c": _crop(picture, 0.7)}, group="s"))
    assert {(leak.a, leak.b) for leak in between.found} == {("a", "c"), ("b", "c")}


def test_bad_pictures_are_named_and_the_rest_is_searched(tmp_path: Path) -> None:
    def fail() -> Samples:
        raise ValueError("no whole picture")

    absent = tmp_path / "absent.png"
    bad = [Listed("broken", read=fail), Listed(str(absent), read=lambda: read_clean(absent))]
    shown: list[tuple[int, int]] = []
    prints = take_prints(
        [*bad, *_listed(ORIGINALS)], report=lambda done, of: shown.append((done, of))
    )
    assert shown == [(done, 6) for done in range(1, 7)]
    leaks = find_leaks(prints, _prints({"copy": _mirror(ORIGINALS["chelsea"])}))
    assert [leak.a for leak in leaks.found] == ["chelsea"]
    assert leaks.bad[0] == "broken: no whole picture" and str(absent) in leaks.bad[1]
    assert (leaks.pictures_a, leaks.pictures_b) == (4, 1)


def test_empty_sets_have_no_leaks() -> None:
    some, none = _prints(ORIGINALS), _prints({})
    assert find_leaks(some, none).found == find_leaks(none, some).found == []


def test_is_deterministic(known: Prints) -> None:
    copies = _prints({name: _crop(picture, 0.6) for name, picture in ORIGINALS.items()})
    assert find_leaks(known, copies) == find_leaks(known, copies)


@pytest.mark.parametrize(("scale", "angle"), [(1.0, 0.0), (0.4, 0.3), (2.0, -1.2)])
def test_similarity_is_found_among_wrong_matches(scale: float, angle: float) -> None:
    rng = np.random.default_rng(5)
    b = rng.uniform(0, 1, (60, 4)).astype(np.float32)
    b[:, 2] = rng.uniform(0.01, 0.05, 60)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    a = b.copy()
    a[:, :2] = b[:, :2] @ turn.T + (0.2, -0.1)
    a[:, 2:] = np.stack([b[:, 2] * scale, b[:, 3] + angle], axis=1)
    a[:40] = rng.uniform(0.01, 1, (40, 4))  # two thirds are wrong
    found = similarity(a, b)
    assert found is not None
    matrix, count = found
    np.testing.assert_allclose(matrix[:, :2], turn, atol=0.01)
    np.testing.assert_allclose(matrix[:, 2], (0.2, -0.1), atol=0.01)
    assert 20 <= count <= 24
    assert similarity(a[:40], b[:40]) is None or similarity(a[:40], b[:40])[1] < 8  # type: ignore[index]


def test_a_real_picture_is_found_among_its_likes(testdata: Path) -> None:
    files = sorted((testdata / "bsds200").glob("*.jpg"))[:40]
    pictures = {path.stem: read_clean(path) for path in files}
    planted = files[17].stem
    change = _expose(_crop(np.asarray(pictures[planted], np.uint8), 0.55), 1.5)
    others = sorted((testdata / "bsds200").glob("*.jpg"))[40:60]
    searched = {"planted": change, **{path.stem: read_clean(path) for path in others}}
    found = find_leaks(_prints(pictures), _prints(searched)).found
    assert [(leak.a, leak.b) for leak in found] == [(planted, "planted")]
    assert found[0].relation == "crop + exposure"


def _leak(at: int, a: str = "astronaut") -> Leak:
    return Leak("crop", 0.9 - at / 1000, a, "coffee, black", 9, 0.25, 1.0)


def test_report(tmp_path: Path) -> None:
    a, b = _listed(ORIGINALS), _listed({"coffee, black": ORIGINALS["coffee"].astype(np.uint16)})
    many = [_leak(at) for at in range(SHEET_PAIRS + 1)]
    (tmp_path / "sheet-7.png").write_bytes(b"of an earlier search")
    (tmp_path / "sheet-mine.png").write_bytes(b"somebody's")
    leaks = Leaks(many, 4, 1, 0, ["x: broken"])
    made = write_report(leaks, out=tmp_path, a=a, b=b)
    names = ["leaks.csv", "leaks.json", "sheet.png", "sheet-2.png"]
    assert [path.name for path in made] == names
    assert {path.name for path in tmp_path.iterdir()} == {*names, "sheet-mine.png"}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "leaks.csv").read_text())))
    assert len(rows) == len(many) and rows[0]["b"] == "coffee, black"
    assert json.loads((tmp_path / "leaks.json").read_text())["bad"] == ["x: broken"]
    first, second = read_picture(tmp_path / "sheet.png"), read_picture(tmp_path / "sheet-2.png")
    assert first.shape[0] > 10 * second.shape[0]


def test_report_without_leaks_and_with_a_picture_that_is_gone(tmp_path: Path) -> None:
    def gone() -> Samples:
        raise FileNotFoundError("gone.png: no such file")

    made = write_report(Leaks([], 1, 0, 0, []), out=tmp_path, a=_listed(ORIGINALS))
    assert [path.name for path in made] == ["leaks.csv", "leaks.json"]
    assert (tmp_path / "leaks.csv").read_text() == leaks_csv([])
    items = [Listed("astronaut", read=gone), *_listed({"coffee, black": ORIGINALS["coffee"]})]
    write_report(Leaks([_leak(0)], 2, 0, 0, []), out=tmp_path, a=items)
    assert read_picture(tmp_path / "sheet.png").shape[2] == 3


def test_fingerprints_do_not_keep_the_picture() -> None:
    one = take_fingerprint(np.tile(ORIGINALS["coffee"], (3, 3, 1)))
    arrays = [value for value in vars(one).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) < 80_000
    assert all(array.base is None or array.base.nbytes < 200_000 for array in arrays)
