"""From wishes to a plan: defaults, targets found, what does not go together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.kinds.exposure_arguments import (
    MSEC_EVS,
    ExposureArguments,
    Wishes,
    ev_name,
    input_evs,
    resolve,
)
from builders.kinds.exposure_plan import plan_exposure
from builders.planning import Planned, Store, planned_counts
from builders.sources import Root

# The lengths of the splits of Afifi et al., CVPR 2021: scenes, and inputs at five EVs.
PAPER = {"train": 3535, "val": 150, "test": 1181}
PAPER_INPUTS = {"train": 17_675, "val": 750, "test": 5905}


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def planned(raw: Path, *, target: Path | None = None, wishes: Wishes | None = None,
            store: Store | None = None) -> Planned:  # fmt: skip
    return plan_exposure(
        [Root(raw)], target=target, wishes=wishes or Wishes(), store=store or Store()
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    touch(*(tmp_path / "raw" / f"{name}.dng" for name in "abcd"))
    return tmp_path / "raw"


def fivek(folder: Path, stems: list[str], *, experts: str = "abcde") -> Path:
    """FiveK's own tree, with files of no bytes."""
    touch(*(folder / "raw_photos" / "HQa1to700" / "photos" / f"{stem}.dng" for stem in stems))
    touch(*(folder / f"tiff16_{letter}" / f"{stem}.tif" for letter in experts for stem in stems))
    return folder


def test_defaults(raw: Path) -> None:
    made = planned(raw)
    plan = made.plan
    assert (plan.kind, plan.format, plan.naming, plan.seed) == ("exposure", "hdf5", "pairs", 0)
    assert plan.arguments == {
        "ev": [-1.5, -1.0, 0.0, 1.0, 1.5], "size": 512, "fraction": None, "resize": "linear",
        "patch": None, "gt_kind": "render", "gt_ev": 0.0, "demosaic": "ahd", "style": "srgb",
        "encode": "png", "gt_encode": "png", "bits": 8, "screens": False,
    }  # fmt: skip
    assert planned_counts(plan) == {"train": 8, "val": 4, "test": 4}
    assert len(made.notes) == 1
    assert "the render at EV +0 is the target and is not an input" in made.notes[0]
    assert "backlit" in made.notes[0]
    assert "a retouched target is better" in made.notes[0]


def test_the_targets_own_ev_is_no_input() -> None:
    assert input_evs(resolve(Wishes(), retouched=False)) == [-1.5, -1.0, 1.0, 1.5]
    assert input_evs(resolve(Wishes(gt_ev=1.0), retouched=False)) == [-1.5, -1.0, 0.0, 1.5]
    assert input_evs(resolve(Wishes(gt_ev=0.5), retouched=False)) == list(MSEC_EVS)
    assert input_evs(resolve(Wishes(), retouched=True)) == list(MSEC_EVS)


@pytest.mark.parametrize(
    ("ev", "name"),
    [(-1.5, "ev-1.5"), (0.0, "ev+0"), (-0.0, "ev+0"), (1.0, "ev+1"), (0.25, "ev+0.25")],
)
def test_names_of_evs(ev: float, name: str) -> None:
    assert ev_name(ev) == name


def test_patches_are_screened_and_whole_pictures_are_not() -> None:
    def screens(**wishes: object) -> bool:
        return resolve(Wishes(**wishes), retouched=True).screens  # type: ignore[arg-type]

    assert not screens()
    assert screens(patch=64)
    assert screens(screens=True)
    assert not screens(patch=64, screens=False)
    assert not screens(preset="msec")


def test_size_and_fraction_exclude_each_other() -> None:
    def sizes(wishes: Wishes) -> tuple[int | None, float | None]:
        arguments = resolve(wishes, retouched=True)
        return arguments.size, arguments.fraction

    assert sizes(Wishes(fraction=0.5)) == (None, 0.5)
    assert sizes(Wishes(size=64)) == (64, None)
    assert sizes(Wishes(preset="msec")) == (None, 0.3)
    assert sizes(Wishes(preset="msec", size=64)) == (64, None)
    assert sizes(Wishes(preset="msec", fraction=0.5)) == (None, 0.5)


def test_codecs() -> None:
    def codecs(wishes: Wishes) -> tuple[str, str]:
        arguments: ExposureArguments = resolve(wishes, retouched=True)
        return arguments.encode, arguments.gt_encode

    assert codecs(Wishes()) == ("png", "png")
    assert codecs(Wishes(encode="jpeg75")) == ("jpeg75", "png")
    assert codecs(Wishes(encode="raw")) == ("raw", "raw")
    assert codecs(Wishes(preset="msec")) == ("jpeg75", "jpeg100")


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(preset="mesc"), "--preset mesc: one of msec"),
        (Wishes(ev=[11]), r"--ev 11: within \+-10 stops"),
        (Wishes(ev=[float("nan")]), "--ev nan: within"),
        (Wishes(ev=[1, 0, 1]), "--ev 1 0 1: one is repeated"),
        (Wishes(ev=[1.00000001, 1.00000002]), "--ev 1 1: one is repeated"),
        (Wishes(ev=[0.0]), "--ev 0: it is the target's own EV, so no input is left"),
        (Wishes(gt_ev=12), r"--gt-ev 12: within \+-10 stops"),
        (Wishes(gt_ev=float("nan")), "--gt-ev nan: within"),
        (Wishes(size=512, fraction=0.3), "--size and --fraction: give one of them"),
        (Wishes(size=8), "--size 8: at least 16 pixels"),
        (Wishes(size=0), "--size 0: at least 16 pixels"),
        (Wishes(fraction=0), "--fraction 0: above 0, at most 1"),
        (Wishes(fraction=1.5), "--fraction 1.5: above 0, at most 1"),
        (Wishes(patch=4), "--patch 4: at least 8 pixels"),
        (Wishes(patch=600), "--patch 600: no picture of --size 512 holds it; enlarge --size"),
        (Wishes(bits=10), "--bits 10: 8 or 16"),
        (Wishes(style="acr"), "--style acr: one of srgb, acr-like"),
        (Wishes(encode="jpg"), "--encode jpg: one of png, jpeg75, raw"),
        (Wishes(encode="jpeg75", bits=16), "--encode jpeg75 holds 8 bits: --bits 8, or png"),
        (Wishes(demosaic="rcd"), "--demosaic rcd: one of ahd, linear"),
        (Wishes(demosaic="dht"), "--demosaic dht: refused: "),
        (Wishes(preset="msec"), "--preset msec: its targets are Expert C's .* --target"),
    ],
)
def test_wishes_that_cannot_be(wishes: Wishes, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        resolve(wishes, retouched=False)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(gt_ev=0.5), "--gt-ev: the target is a retouch, not a render; leave one"),
        (Wishes(preset="msec", patch=64), "--preset msec with --patch 64: .* whole pictures"),
        (Wishes(preset="msec", encode="png"), "--preset msec with --encode png: .* JPEG 75"),
    ],
)
def test_wishes_that_a_retouch_or_the_release_excludes(wishes: Wishes, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        resolve(wishes, retouched=True)


@pytest.mark.parametrize(
    ("store", "wishes", "said"),
    [
        (Store(format="lmdb"), Wishes(), "--format lmdb: one of hdf5, hf, folder"),
        (Store(limit=0), Wishes(), "--limit 0: at least 1 source"),
        (Store(scenes_per_shard=0), Wishes(), "--scenes-per-shard 0: at least 1"),
        (Store(split="train=2"), Wishes(), "--split train=2: "),
        (Store(format="hf"), Wishes(encode="raw"), "--format hf stores coded pictures: use --enc"),
    ],
)
def test_stores_that_cannot_be(store: Store, wishes: Wishes, said: str, raw: Path) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        planned(raw, wishes=wishes, store=store)


def test_a_target_folder_that_is_not_there_or_fits_nothing(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none: no such folder \(--target\)"):
        planned(raw, target=tmp_path / "none")
    touch(tmp_path / "t" / "x.txt")
    with pytest.raises(FileNotFoundError, match=r"t: no target picture in it .* \(1 other files\)"):
        planned(raw, target=tmp_path / "t")
    touch(tmp_path / "t" / "other.png")
    with pytest.raises(FileNotFoundError, match=r"none of its pictures has the stem of .* 4 sour"):
        planned(raw, target=tmp_path / "t")


def test_targets_are_matched_by_stem_and_the_missing_are_kept_for_a_drop(
    raw: Path, tmp_path: Path
) -> None:
    touch(tmp_path / "t" / "B.PNG", tmp_path / "t" / "deep" / "c.tif")
    made = planned(raw, target=tmp_path / "t")
    targets = {scene.scene: scene.targets for scene in made.plan.scenes}
    assert targets == {"a": {}, "b": {"target": "B.PNG"}, "c": {"target": "deep/c.tif"}, "d": {}}
    (note,) = made.notes
    assert "ProPhoto" in note  # of the TIFF
    assert made.plan.arguments["gt_kind"] == "retouch"


def test_fivek_is_known_by_its_tree_and_that_is_said(tmp_path: Path) -> None:
    made = planned(fivek(tmp_path / "fivek", ["a1", "a2", "a3"]))
    (note,) = made.notes
    assert note.startswith("FiveK's tree: Expert C's retouches in ")
    assert note.endswith("fivek/tiff16_c are the targets")
    assert {name for scene in made.plan.scenes for name in scene.targets} == {"expert_c"}
    paths = sorted(scene.path for scene in made.plan.scenes)
    assert paths[0] == "raw_photos/HQa1to700/photos/a1.dng"


def test_a_tree_without_expert_c_is_not_fiveks(tmp_path: Path) -> None:
    made = planned(fivek(tmp_path / "fivek", ["a1"], experts="ab"))
    assert made.plan.arguments["gt_kind"] == "render"


@pytest.mark.parametrize("letter", "ace")
def test_the_expert_asked_for_is_the_target(letter: str, tmp_path: Path) -> None:
    folder = fivek(tmp_path / "fivek", ["a1", "a2"])
    made = planned(folder, target=folder / f"tiff16_{letter}")
    assert {name for scene in made.plan.scenes for name in scene.targets} == {f"expert_{letter}"}


def test_msec_takes_expert_c_and_five_experts_for_its_test_set(tmp_path: Path) -> None:
    folder = fivek(tmp_path / "fivek", [f"a{index}" for index in range(10)])
    made = planned(folder, wishes=Wishes(preset="msec"), store=Store(split="train=0.5,test=0.5"))
    plan = made.plan
    assert (plan.format, plan.naming) == ("folder", "msec")
    for scene in plan.scenes:
        wanted = ["expert_c"] if scene.split == "train" else [f"expert_{x}" for x in "cabde"]
        assert list(scene.targets) == wanted
    with pytest.raises(ValueError, match="its targets are Expert C's, --target gives expert_a's"):
        planned(folder, target=folder / "tiff16_a", wishes=Wishes(preset="msec"))
    with pytest.raises(ValueError, match=r"^--format hf: --preset msec makes the release's fold"):
        planned(folder, wishes=Wishes(preset="msec"), store=Store(format="hf"))


def papers_sources(folder: Path) -> tuple[Path, Path]:
    """4,866 sources and targets without a byte, and a split file of the paper's lengths."""
    stems = [f"a{index:04d}" for index in range(sum(PAPER.values()))]
    for place, suffix in ((folder / "raw", ".dng"), (folder / "c", ".tif")):
        place.mkdir(parents=True)
        for stem in stems:
            (place / f"{stem}{suffix}").touch()
    left = iter(stems)
    splits = {name: [next(left) for _ in range(count)] for name, count in PAPER.items()}
    (folder / "split.json").write_text(json.dumps(splits))
    return folder / "raw", folder / "c"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[Path, Path, Path]]:
    folder = tmp_path_factory.mktemp("paper")
    raw, target = papers_sources(folder)
    return lambda: (raw, target, folder / "split.json")


def test_the_papers_split_gives_the_papers_counts(
    paper: Callable[[], tuple[Path, Path, Path]],
) -> None:
    raw, target, names = paper()
    wishes, store = Wishes(preset="msec"), Store(split_file=names)
    plan = planned(raw, target=target, wishes=wishes, store=store).plan
    assert planned_counts(plan) == PAPER_INPUTS
    assert plan.split_rule == "file split.json"
    assert len(plan.scenes) == 4866


def test_the_patches_of_the_paper(paper: Callable[[], tuple[Path, Path, Path]]) -> None:
    raw, target, names = paper()
    store = Store(split_file=names)
    for patch, count in ((128, 8), (256, 4), (512, 2)):
        plan = planned(raw, target=target, wishes=Wishes(patch=patch), store=store).plan
        halves = {"train": count, "val": count // 2, "test": count // 2}
        assert planned_counts(plan) == {
            name: inputs * halves[name] for name, inputs in PAPER_INPUTS.items()
        }


def test_sources_outside_the_split_file_are_left_out_and_counted(raw: Path) -> None:
    names = raw / "split.json"
    names.write_text('{"test": ["c"], "train": ["a"]}')
    made = planned(raw, store=Store(split_file=names))
    assert [(scene.scene, scene.split) for scene in made.plan.scenes] == [
        ("c", "test"), ("a", "train")
    ]  # fmt: skip
    assert f"2 sources are not in {names} and are left out" in made.notes
    names.write_text('{"train": ["a", "x", "y"]}')
    with pytest.raises(ValueError, match="names 2 scenes that are not among the 4 sources: x, y"):
        planned(raw, store=Store(split_file=names))
