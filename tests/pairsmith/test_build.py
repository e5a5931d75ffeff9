"""`build-dataset exposure` as a user types it: results, messages and exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from built import build_here, retouch, save_prophoto, take_raw, take_raws

from builders.kinds.exposure_arguments import Wishes
from builders.manifest import load_manifest
from builders.pairs import open_pairs
from builders.planning import Store
from builders.sources import Root
from builders.verify import verify
from pairsmith.main import app, build_dataset

Run = Callable[..., tuple[int, str, str]]
QUICK = ("--size", "64", "--ev", "-1", "--ev", "1", "--workers", "1", "--split", "train=1")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = take_raws(tmp_path_factory.mktemp("sources") / "raw", parts=("cup", "cat"))
    (folder / "nothing.dng").touch()
    return folder


@pytest.fixture
def built(raw: Path, tmp_path: Path) -> Path:
    """What QUICK builds, made without the command line."""
    wishes, store = Wishes(size=64, ev=[-1.0, 1.0]), Store(split="train=1")
    return build_here(raw, tmp_path / "built", wishes=wishes, store=store)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `build-dataset exposure ...` in this process: exit code, output, error output."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            build_dataset(["exposure", *(str(argument) for argument in arguments)])
        said = capfd.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


def test_a_build_says_what_came_of_it(raw: Path, built: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "set"
    code, said, err = run("--raw", raw, "--out", out, *QUICK)
    assert code == 0
    assert err.startswith("note: no --target: the render at EV +0 is the target")
    assert said.splitlines() == [
        f"{out}: 4 pairs of 2 scenes (train 4)",
        f"1 dropped (1 empty-file): see {out / 'drops.jsonl'}",
        f"look at it: {out / 'preview.png'}",
    ]
    assert verify(out) == []
    assert load_manifest(out).shards == load_manifest(built).shards
    again = run("--raw", raw, "--out", out, *QUICK)
    assert again == (0, said, err), "the same command again finds all of it done"


def test_the_long_name_is_the_same_verb(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        app(["build", "exposure", "--raw", str(raw), "--format", "zip"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: --format zip: one of hdf5, hf, folder\n"


def test_another_plan_is_refused_and_named(raw: Path, built: Path, run: Run) -> None:
    wanted = ("--raw", raw, "--out", built, "--size", "80", "--seed", "5", "--ev", "-1",
              "--split", "train=1")  # fmt: skip
    code, _, err = run(*wanted)
    assert code == 1
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    for text in (
        f"{built} was begun with another plan", "seed: 0 was planned, now 5",
        "argument size: 64 was planned, now 80", "argument ev: [-1.0, 1.0] was planned, now [-1.0]",
        "Use another --out, --append to add new files, or --overwrite",
    ):  # fmt: skip
        assert text in line
    assert verify(built) == []


def test_another_cut_into_shards_is_refused(raw: Path, built: Path, run: Run) -> None:
    code, _, err = run("--raw", raw, "--out", built, *QUICK, "--scenes-per-shard", "1")
    assert code == 1
    assert "the scenes are cut into shards differently: 1 shards were planned, now 3" in err


def test_overwrite_begins_again(raw: Path, built: Path, run: Run) -> None:
    (built / "a-note-of-mine.txt").touch()
    code, _, _ = run("--raw", raw, "--out", built, "--size", "64", "--ev", "2",
                     "--overwrite", "--workers", "1")  # fmt: skip
    assert code == 0
    assert {key.partition("/")[2] for key in open_pairs(built).keys()} == {"ev+2"}  # noqa: SIM118
    assert verify(built) == []


@pytest.mark.parametrize("flag", ["", "--overwrite"])
def test_a_folder_that_holds_something_else_is_left_as_it_is(
    flag: str, raw: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("dear")
    words = ("--raw", raw, "--out", tmp_path / "photos", *QUICK, *filter(None, [flag]))
    code, _, err = run(*words)
    assert code == 2
    assert "photos: holds something else; name a new or an empty folder" in err
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["holiday.jpg"]
    code, _, err = run("--raw", raw, "--out", tmp_path / "photos" / "holiday.jpg", *QUICK)
    assert code == 2
    assert "holiday.jpg: a file, not a folder" in err
    assert (tmp_path / "photos" / "holiday.jpg").read_text() == "dear"


def test_a_build_folder_of_another_program_is_no_dataset(
    raw: Path, run: Run, tmp_path: Path
) -> None:
    """Swift's package manager, among others, keeps a `.build` of its own beside the sources."""
    project = tmp_path / "project"
    (project / ".build" / "debug").mkdir(parents=True)
    (project / "main.swift").write_text("dear")
    run("--raw", raw, "--out", project, *QUICK, "--overwrite")
    assert (project / "main.swift").is_file()


def test_no_source_that_gives_a_pair_is_a_failure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.dng").touch()
    out = tmp_path / "set"
    code, said, err = run("--raw", tmp_path / "raw", "--out", out, *QUICK)
    assert code == 1
    assert "1 dropped (1 empty-file)" in said
    assert err.splitlines()[-1] == (f"error: {out}: no source gave a pair; drops.jsonl says why")


def test_fiveks_tree_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for stem, part in (("a1", "cup"), ("a2", "cat")):
        shot = take_raw(
            Path("fivek", "raw_photos", "HQa1to700", "photos", f"{stem}.dng"), part=part
        )
        for letter in "abcde":
            save_prophoto(Path("fivek", f"tiff16_{letter}", f"{stem}.tif"), retouch(shot, bits=16))
    code, said, err = run("--raw", "fivek/", "--size", "64", "--workers", "1")
    assert code == 0
    assert err == ("note: FiveK's tree: Expert C's retouches in fivek/tiff16_c are the targets\n")
    assert said.startswith("datasets/exposure-fivek: 10 pairs of 2 scenes (")
    pairs = open_pairs(tmp_path / "datasets" / "exposure-fivek")
    assert {pair.record["gt"]["path"] for pair in pairs} == {"a1.tif", "a2.tif"}
    assert verify(tmp_path / "datasets" / "exposure-fivek") == []


def test_dry_run_counts_the_papers_inputs_and_builds_nothing(run: Run, tmp_path: Path) -> None:
    lengths = {"train": 3535, "val": 150, "test": 1181}
    stems = [f"a{index:04d}" for index in range(sum(lengths.values()))]
    for name, suffix in (("raw", ".dng"), ("c", ".tif")):
        (tmp_path / name).mkdir()
        for stem in stems:
            (tmp_path / name / f"{stem}{suffix}").touch()
    left = iter(stems)
    splits = {name: [next(left) for _ in range(count)] for name, count in lengths.items()}
    (tmp_path / "split.json").write_text(json.dumps(splits))
    code, said, _ = run(
        "--raw", tmp_path / "raw", "--target", tmp_path / "c", "--preset", "msec", "--split-file",
        tmp_path / "split.json", "--out", tmp_path / "set", "--dry-run",
    )  # fmt: skip
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == "would build 24330 pairs (train 17675, val 750, test 5905)"
    assert lines[1].startswith("from 4866 sources in ")
    assert lines[1].endswith(f" shards, folder, in {tmp_path / 'set'}")
    assert lines[2] == "disk, time, memory: not known, none of the first sources could be used"
    assert not (tmp_path / "set").exists()


def test_dry_run_measures_disk_time_and_memory(raw: Path, run: Run, tmp_path: Path) -> None:
    code, said, _ = run("--raw", raw, "--out", tmp_path / "deep" / "set", *QUICK, "--dry-run")
    assert code == 0
    assert [line.partition(":")[0] for line in said.splitlines()[2:5]] == [
        "disk", "time", "memory"
    ]  # fmt: skip
    assert "(measured on cat.dng)" in said
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("--raw NOWHERE", 1, "nowhere: no such folder"),
        ("--raw EMPTY", 1, "no camera RAW file in it or below it; it holds no file at all"),
        ("--raw FILE", 1, "cat.dng: a file; give the folder that holds it"),
        ("--raw RAW:0", 2, "the weight is 0, it must be above 0 and finite"),
        ("--raw RAW --target NOWHERE", 1, "nowhere: no such folder .--target"),
        ("--raw RAW --target EMPTY", 1, "no target picture in it or below it"),
        ("--raw RAW --preset msec", 2, "--preset msec: .*give their folder with --target"),
        ("--raw RAW --ev 50", 2, r"--ev 50: within \+-10 stops"),
        ("--raw RAW --ev 0", 2, "--ev 0: it is the target's own EV, .* or --gt-ev"),
        ("--raw RAW --size 4", 2, "--size 4: at least 16 pixels"),
        ("--raw RAW --size 64 --fraction 0.5", 2, "--size and --fraction: give one of them"),
        ("--raw RAW --patch 900", 2, "--patch 900: no picture of --size 512 holds it"),
        ("--raw RAW --bits 12", 2, "--bits 12: 8 or 16"),
        ("--raw RAW --bits 16 --encode jpeg75", 2, "--encode jpeg75 holds 8 bits: --bits 8, or"),
        ("--raw RAW --style film", 2, "--style film: one of srgb, acr-like"),
        ("--raw RAW --demosaic dht", 2, "--demosaic dht: refused: .*; one of ahd"),
        ("--raw RAW --format lmdb", 2, "--format lmdb: one of hdf5, hf, folder"),
        ("--raw RAW --format hf --encode raw", 2, "--format hf .* use --encode png or jpeg75"),
        ("--raw RAW --split train=0.5", 2, "--split train=0.5: the fractions sum to 0.5, not 1"),
        ("--raw RAW --split-file NOWHERE", 1, "nowhere: no such file .--split-file"),
        ("--raw RAW --split-file FILE", 1, r"it must be \{split: \[scene, ...\]\}"),
        ("--raw RAW --limit 0", 2, "--limit 0: at least 1 source"),
        ("--raw RAW --shard 2/2", 2, "--shard 2/2: write i/n with i from 0 to n - 1"),
        ("--raw RAW --append", 2, "--append: .* holds no build to add to"),
        ("--raw RAW --dask tcp://a:1 --shard 0/2", 2, "--dask with --shard: .* give one"),
        ("--raw RAW --overwrite --shard 0/2", 2, "--overwrite with --shard"),
        ("--raw RAW --overwrite --append", 2, "--overwrite with --append"),
        ("--raw RAW --raw RAW", 2, "overlap; give one"),
    ],
)
def test_mistakes_are_one_line_that_names_value_and_remedy(
    arguments: str, code: int, said: str, raw: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"RAW": raw, "NOWHERE": tmp_path / "nowhere", "EMPTY": tmp_path / "empty",
              "FILE": raw / "cat.dng", "RAW:0": f"{raw}:0"}  # fmt: skip
    words = [places.get(word, word) for word in arguments.split()]
    got, out, err = run(*words, "--out", tmp_path / "set", "--workers", "1")
    lines = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert (got, out, len(lines)) == (code, "", 1)
    assert lines[0].startswith("error: ")
    assert re.search(said, lines[0]), lines[0]


def test_debug_shows_the_traceback(raw: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from pairsmith.main import build_dataset; build_dataset()"]
    words = ["exposure", "--raw", str(raw), "--out", str(tmp_path / "set"), "--size", "4"]
    for debug in ([], ["--debug"]):
        done = subprocess.run(
            [*command, *debug, *words], capture_output=True, text=True, check=False
        )
        assert ("Traceback (most recent call last)" in done.stderr) == bool(debug)
        assert "--size 4: at least 16 pixels" in done.stderr
        assert done.returncode == (1 if debug else 2)


def test_demo_is_made_beside_the_dataset(run: Run, tmp_path: Path) -> None:
    code, said, err = run("--raw", "demo", "--out", tmp_path / "set", *QUICK, "--limit", "2",
                          "--licence", "CC0-1.0")  # fmt: skip
    assert code == 0
    assert f"note: 7 demo RAW files in {tmp_path / 'demo-raw'}" in err
    assert said.startswith(f"{tmp_path / 'set'}: 4 pairs of 2 scenes (train 4)")
    assert "NASA: Eileen Collins" in (tmp_path / "set" / "README.md").read_text()
    assert load_manifest(tmp_path / "set").licence == "CC0-1.0"


def test_store_options_reach_the_plan(raw: Path, run: Run, tmp_path: Path) -> None:
    """Options that no other test sets, against the same build through the library."""
    out = tmp_path / "set"
    code, _, _ = run(
        "--raw", f"{raw}:2", "--out", out, "--size", "96", "--patch", "32", "--gt-ev", "0.5",
        "--demosaic", "linear", "--style", "acr-like", "--no-screens", "--encode", "raw",
        "--bits", "16", "--format", "folder", "--split", "train=0.5,val=0.5", "--seed", "4",
        "--attribution", "Ada", "--scenes-per-shard", "1", "--timeout", "60", "--workers", "1",
        "--ev", "1",
    )  # fmt: skip
    assert code == 0
    wishes = Wishes(size=96, patch=32, gt_ev=0.5, demosaic="linear", style="acr-like",
                    screens=False, encode="raw", bits=16, ev=[1.0])  # fmt: skip
    store = Store(format="folder", split="train=0.5,val=0.5", seed=4, attribution="Ada",
                  scenes_per_shard=1)  # fmt: skip
    same = build_here([Root(raw, 2.0)], tmp_path / "other" / "set", wishes=wishes, store=store)
    assert (out / "dataset.json").read_bytes() == (same / "dataset.json").read_bytes()
